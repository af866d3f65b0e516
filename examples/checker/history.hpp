#pragma once

#include "checker/ack_log.hpp"
#include "checker/text_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace checker {

inline constexpr std::uint32_t none = ~std::uint32_t{0};

/// What is known of one sending of a command: 40 bytes.
struct sending {
  /// When it was sent, or an earlier sending of its id that it cannot be told from: one that had no answer yet either.
  std::uint64_t sent_at = 0;
  std::uint64_t answered_at = ~std::uint64_t{0};
  std::uint64_t version = 0;
  std::uint32_t command = none;
  std::uint32_t previous = none;  ///< of the same command, answered or open like this one
  std::uint32_t reason =
      none;  ///< of what was judged, in `history::reasons`; none if it was not given
  std::uint16_t events = 0;
  checker::result result = result::unknown;
  bool is_answered = false;

  bool recorded_events() const noexcept {
    return is_answered && result == result::accepted && events > 0;
  }

  /// It was judged on the cart at `version`, and recorded nothing.
  bool is_judgement() const noexcept {
    return is_answered
           && (result == result::refused || (result == result::accepted && events == 0));
  }

  /// Its sender cannot know whether it was stored.
  bool is_open() const noexcept { return !is_answered || result == result::unknown; }
};

/// One id, and everything that was sent under it: 72 bytes.
struct sent_command {
  std::int64_t quantity = 0;
  std::optional<std::int64_t> unit_price;
  std::uint64_t stored_version = 0;    ///< after the commit of this command; 0 if none was met
  std::uint64_t first_open_at = 0;     ///< when the first of the sendings that wait was sent
  std::uint32_t cart = none;           ///< in `history::carts`
  std::uint32_t product = none;        ///< in `history::products`
  std::uint32_t last_open = none;      ///< in `history::sendings`, the last without an answer
  std::uint32_t last_answered = none;  ///< in `history::sendings`, the last with one
  std::uint32_t surplus_answers = 0;   ///< that came when every sending had one
  std::uint16_t stored_events = 0;
  command_kind kind = command_kind::view;
};

/// A surplus answer that says something else than the one before it to the same command.
struct different_answer {
  std::uint32_t before = none;  ///< in `history::sendings`
  answer_line answer;
};

/// An acknowledgement log as the checker keeps it. A command that was sent once takes about 120 bytes and its id.
///
/// An answer says the id of a command, not which of its sendings it answers. It is taken for the last one that waits,
/// and dated from the first one that waits, so that what cannot be told is never held against the runtime.
class history {
 public:
  /// Adds a line of the log. Throws `bad_log`, without a place, if it contradicts the lines before it: an answer to
  /// nothing that was sent, one from before its sending, another command or another cart under an id.
  void add(const ack_line& line);

  /// Returns what a command asks for. It is no view.
  shop::shopping_cart::command command_of(const sent_command& c) const;

  /// Returns whether the format has no room for the cart's id or the command's, so that it is refused unjudged.
  bool is_past_limits(std::uint32_t command) const;

  /// Returns whether the format has no room for a cart's id, so that there is no such cart.
  bool is_cart_past_limits(std::uint32_t cart) const;

  /// Calls `use(const sending&)` for every sending of a command.
  template <class Use>
  void each_sending(const sent_command& c, const Use& use) const {
    for (const std::uint32_t last : {c.last_open, c.last_answered}) {
      for (std::uint32_t s = last; s != none; s = sendings[s].previous) use(sendings[s]);
    }
  }

  text_pool ids;  ///< the number of an id is the number of its command
  text_pool carts;
  text_pool products;
  text_pool reasons;
  std::deque<sent_command> commands;
  std::deque<sending> sendings;
  std::unordered_map<std::uint32_t, different_answer>
      different_surplus;  ///< the first of each command

 private:
  void add_line(const send_line& line);
  void add_line(const answer_line& line);
  bool is_same(const sending& s, const answer_line& line) const;
};

}  // namespace checker
