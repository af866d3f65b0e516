#pragma once

#include "shopping_cart/shopping_cart.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

namespace checker {

/// A log that cannot be read, or a line of it that is none: `run.acks:7: "at" is missing`.
class bad_log : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a line says was asked for. A view is a query: it records nothing.
enum class command_kind : std::uint8_t {
  add_product,
  remove_product,
  change_quantity,
  check_out,
  view
};

inline constexpr std::size_t command_kinds = 5;

/// Returns the kind's name as it is written above, and in a log.
std::string_view to_string(command_kind kind) noexcept;

/// What a line says that the sender was told.
enum class result : std::uint8_t { accepted, refused, overloaded, unavailable, unknown };

std::string_view to_string(result r) noexcept;

/// A command is about to be sent.
struct send_line {
  std::uint64_t at = 0;  ///< nanoseconds of CLOCK_MONOTONIC
  std::string id;
  std::string cart;
  command_kind command = command_kind::view;
  std::string product_id;                    ///< of the commands that name a product
  std::int64_t quantity = 0;                 ///< of the commands that name one
  std::optional<std::int64_t> unit_price{};  ///< of an add_product that names one

  friend bool operator==(const send_line&, const send_line&) = default;
};

/// Returns the command of a line; nothing for a view.
std::optional<shop::shopping_cart::command> command_of(const send_line& line);

/// Its answer has arrived.
struct answer_line {
  std::uint64_t at = 0;
  std::string id;
  checker::result result = result::unknown;
  std::uint64_t version = 0;  ///< the cart's after the command, or that it was judged at
  std::uint32_t events = 0;   ///< that it recorded
  std::string reason;         ///< may be empty

  friend bool operator==(const answer_line&, const answer_line&) = default;
};

using ack_line = std::variant<send_line, answer_line>;

/// Reads a line, which is a JSON object:
///
///     {"t":"send","at":17,"id":"4711","cart":"cart-42","command":"add_product","data":{"product_id":"tea","quantity":2}}
///     {"t":"send","at":18,"id":"4712","cart":"cart-42","command":"view","data":{}}
///     {"t":"answer","at":19,"id":"4711","result":"accepted","version":7,"events":1}
///
/// `version` and `events` are needed with `accepted`, `version` with `refused`; `reason` never is. The data of an
/// add_product may have a `unit_price`. A member that it does not name is an error, since it might be a misspelt one, and so
/// is one that is there twice, and an `at` that is no time of the clock. A string that is not UTF-8 is `{"hex":"ff"}`.
/// Throws `bad_log` that says what is wrong, without a place.
ack_line ack_line_from_json(std::string_view text);

/// Returns a line as `ack_line_from_json` reads it, without an end of line.
std::string json_of(const ack_line& line);

/// What was read of a log.
struct log_size {
  std::uint64_t lines = 0;    ///< that were whole
  std::uint64_t cut_off = 0;  ///< 1 if the last one was not, and was passed over
};

/// Reads a log from its beginning to its end, and calls `use` for each line. A last line without its end of line,
/// that is no JSON, is what a killed writer leaves. Any other line that is none throws `bad_log` with the file and
/// the line, and so does what `use` throws as `bad_log`. Of a line that is longer than a mebibyte, which is none, no more
/// than that is read.
///
/// Stops early if `use` returns false, or `is_interrupted` true, which is asked while it waits for a pipe too.
log_size read_ack_log(
    const std::string& path,
    const std::function<bool(const ack_line&)>& use,
    const std::function<bool()>& is_interrupted = [] { return false; });

}  // namespace checker
