#pragma once

#include "checker/ack_log.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace checker {

/// The ways in which a run can break what is promised.
enum class violation_kind : std::uint8_t {
  lost,             ///< acknowledged, and not in the journal
  misplaced,        ///< in the journal with another version, or other events, than its answer said
  stored_twice,     ///< in the journal more than once
  stored_unasked,   ///< in the journal, and every sending of it was told that it would not be
  foreign,          ///< in the journal, and nobody sent it, or not to this cart
  wrong_events,     ///< not the events that the command leads to
  wrong_judgement,  ///< a refusal, or "already so", that the rules do not give at that version
  impossible_version,  ///< judged, or seen, at a version that the cart never had
  judged_again,        ///< a command that was stored before was judged once more
  answers_differ,      ///< two answers of one id tell of different events
  surplus_answer,      ///< more answers than sendings
  impossible_answer,   ///< what none of its kind says: a refusal with events
  wrong_order,         ///< sent after an answer whose version it should have come after
  gap,                 ///< a version, or a position, is missing or there twice
  damaged,             ///< what is stored cannot be read
  wrong_recovery       ///< the recovered cart is not the fold of its events
};

inline constexpr std::size_t violation_kinds = 16;

/// Returns the kind's name as it is written above.
std::string_view to_string(violation_kind kind) noexcept;

/// Something that must not be. What is not known, or does not apply, is empty or 0.
struct violation {
  violation_kind kind{};
  std::string cart;
  std::uint64_t version = 0;
  std::string id;
  std::string expected;
  std::string found;
};

/// What was told to the senders, and what of it is stored.
struct answer_counts {
  std::uint64_t sent = 0;  ///< sendings, retries and views included
  std::uint64_t ids = 0;
  std::array<std::uint64_t, command_kinds> ids_by_command{};
  std::uint64_t views = 0;           ///< among those that were sent
  std::uint64_t views_accepted = 0;  ///< with a version
  std::uint64_t accepted = 0;        ///< with events
  std::uint64_t already_so = 0;
  std::uint64_t refused = 0;
  std::uint64_t overloaded = 0;  ///< views included, as in the next three
  std::uint64_t unavailable = 0;
  std::uint64_t unknown = 0;
  std::uint64_t no_answer = 0;

  /// Ids of commands that no answer settles: how many there are whose last word is unknown, or that have no answer,
  /// and how many of them are in the journal.
  std::uint64_t unknown_ids = 0;
  std::uint64_t unknown_stored = 0;
  std::uint64_t unanswered_ids = 0;
  std::uint64_t unanswered_stored = 0;
};

/// What a check did and found.
struct findings {
  log_size log;
  answer_counts answers;

  bool journal_is_read = false;  ///< to its end
  std::uint64_t commits = 0;
  std::uint64_t events = 0;
  std::uint64_t carts = 0;           ///< in the log or in the journal
  std::uint64_t foreign_events = 0;  ///< of commands that nobody sent, if they are allowed
  std::uint64_t judgements =
      0;  ///< refusals, "already so" and views that were held against the model
  std::uint64_t unjudged =
      0;  ///< those of carts whose history is damaged, or at a version that was trimmed
  std::uint64_t trimmed =
      0;  ///< acknowledged commands of which nothing is left to compare, because they were trimmed
  std::uint64_t sent_too_late =
      0;  ///< sendings of stored commands whose ids were not remembered any more

  bool recovery_is_skipped = false;
  std::uint64_t recovered = 0;  ///< carts that were asked for their state

  bool was_interrupted = false;
  std::string failure;  ///< why it could not go on; empty if it could
  std::uint64_t violation_count = 0;
  std::array<std::uint64_t, violation_kinds> by_kind{};
  std::vector<violation> violations;  ///< the first hundred thousand

  void add(violation v);

  /// Returns whether everything that was asked for was checked. If not, that nothing was found says nothing.
  bool is_finished() const noexcept;
};

}  // namespace checker
