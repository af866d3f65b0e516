#include "checker/ack_log.hpp"

#include "reprise/limits.hpp"
#include "reprise/text.hpp"
#include "shopping_cart/json_text.hpp"
#include "shopping_cart/shopping_cart_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <limits>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace checker {

namespace {

using json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 5> command_names{"add_product", "remove_product",
                                                        "change_quantity", "check_out", "view"};
constexpr std::array<std::string_view, 5> result_names{"accepted", "refused", "overloaded",
                                                       "unavailable", "unknown"};

/// A line is small. One without an end would otherwise fill the memory.
constexpr std::size_t longest_line = 1024 * 1024;

/// How long a reader waits for a pipe before it asks again whether it is interrupted.
constexpr int patience_ms = 50;

constexpr auto largest_integer = static_cast<std::uint64_t>(
    std::numeric_limits<std::int64_t>::max());

/// A line that is not even JSON, as the last one is when its writer was killed.
class no_json : public bad_log {
 public:
  using bad_log::bad_log;
};

std::string quoted(std::string_view name) {
  return '"' + std::string(name) + '"';
}

// -- members -------------------------------------------------------------------

const json& member(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) throw bad_log(quoted(name) + " is missing");
  return *found;
}

/// A misspelt member would otherwise be one that is missing without a word.
void check_members(const json& object, std::initializer_list<std::string_view> known) {
  for (const auto& item : object.items()) {
    if (std::find(known.begin(), known.end(), item.key()) == known.end())
      throw bad_log("there is no member " + reprise::printable(item.key()) + " in this line");
  }
}

std::uint64_t number_member(const json& object, const char* name) {
  const json& value = member(object, name);
  if (!value.is_number_unsigned())
    throw bad_log(quoted(name) + " is to be a whole number of 64 bits");
  return value.get<std::uint64_t>();
}

/// The clock counts in a signed number.
std::uint64_t time_member(const json& object) {
  const std::uint64_t at = number_member(object, "at");
  if (at > largest_integer) {
    throw bad_log("\"at\" is to be nanoseconds of the clock, which ends at "
                  + std::to_string(largest_integer));
  }
  return at;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  throw bad_log("\"hex\" is to be pairs of the digits 0 to 9 and a to f");
}

std::string from_hex(const std::string& digits) {
  if (digits.size() % 2 != 0) throw bad_log("\"hex\" is to be pairs of digits");
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    bytes += static_cast<char>(digit(digits[i]) * 16 + digit(digits[i + 1]));
  return bytes;
}

std::string text_member(const json& object, const char* name) {
  const json& value = member(object, name);
  if (value.is_string()) return value.get<std::string>();
  const bool is_hex = value.is_object() && value.size() == 1 && value.contains("hex")
                      && value["hex"].is_string();
  if (!is_hex) throw bad_log(quoted(name) + " is to be a string, or an object with its \"hex\"");
  return from_hex(value["hex"].get<std::string>());
}

std::string id_member(const json& object) {
  std::string id = text_member(object, "id");
  if (id.empty()) throw bad_log("\"id\" is empty, and tells no command from another");
  return id;
}

std::int64_t integer_member(const json& data, const char* name) {
  const json& value = member(data, name);
  const bool fits = value.is_number_integer()
                    && (!value.is_number_unsigned()
                        || value.get<std::uint64_t>() <= largest_integer);
  if (!fits) throw bad_log(quoted(name) + " is to be an integer of 64 bits");
  return value.get<std::int64_t>();
}

/// Returns the place of a member's text in a list of names, as the enum that the names are of.
template <class Enum, std::size_t Size>
Enum name_member(const json& object,
                 const char* member_name,
                 const std::array<std::string_view, Size>& names) {
  const std::string name = text_member(object, member_name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw bad_log("there is no " + std::string(member_name) + ' ' + reprise::printable(name));
  return static_cast<Enum>(found - names.begin());
}

// -- lines ---------------------------------------------------------------------

send_line send_of(const json& object) {
  check_members(object, {"t", "at", "id", "cart", "command", "data"});
  send_line line;
  line.at = time_member(object);
  line.id = id_member(object);
  line.cart = text_member(object, "cart");
  line.command = name_member<command_kind>(object, "command", command_names);
  const json& data = member(object, "data");
  if (!data.is_object()) throw bad_log("\"data\" is to be an object");
  switch (line.command) {
  case command_kind::add_product:
    check_members(data, {"product_id", "quantity", "unit_price"});
    line.quantity = integer_member(data, "quantity");
    if (data.contains("unit_price")) line.unit_price = integer_member(data, "unit_price");
    break;
  case command_kind::change_quantity:
    check_members(data, {"product_id", "quantity"});
    line.quantity = integer_member(data, "quantity");
    break;
  case command_kind::remove_product: check_members(data, {"product_id"}); break;
  case command_kind::check_out:
  case command_kind::view: check_members(data, {}); return line;
  }
  line.product_id = text_member(data, "product_id");
  return line;
}

answer_line answer_of(const json& object) {
  check_members(object, {"t", "at", "id", "result", "version", "events", "reason"});
  answer_line line;
  line.at = time_member(object);
  line.id = id_member(object);
  line.result = name_member<result>(object, "result", result_names);
  const bool is_judged = line.result == result::accepted || line.result == result::refused;
  if (is_judged || object.contains("version")) line.version = number_member(object, "version");
  if (line.result == result::accepted || object.contains("events")) {
    const auto events = number_member(object, "events");
    if (events > reprise::max_events_per_commit) throw bad_log("\"events\" is too large");
    line.events = static_cast<std::uint32_t>(events);
  }
  if (object.contains("reason")) line.reason = text_member(object, "reason");
  return line;
}

json parsed(std::string_view text) {
  try {
    return shop::json_from(text);
  } catch (const shop::no_json& why) {
    throw no_json(why.what());
  } catch (const shop::bad_json& why) {
    throw bad_log(why.what());
  }
}

json text(const std::string& bytes) {
  return json::parse(shop::json_string(bytes));
}

json json_of_line(const send_line& line) {
  json data = json::object();
  if (line.command < command_kind::check_out) data["product_id"] = text(line.product_id);
  if (line.command == command_kind::add_product || line.command == command_kind::change_quantity)
    data["quantity"] = line.quantity;
  if (line.unit_price) data["unit_price"] = *line.unit_price;
  return {{"t", "send"},
          {"at", line.at},
          {"id", text(line.id)},
          {"cart", text(line.cart)},
          {"command", to_string(line.command)},
          {"data", std::move(data)}};
}

json json_of_line(const answer_line& line) {
  json object{{"t", "answer"},           {"at", line.at},
              {"id", text(line.id)},     {"result", to_string(line.result)},
              {"version", line.version}, {"events", line.events}};
  if (!line.reason.empty()) object["reason"] = text(line.reason);
  return object;
}

// -- reading -------------------------------------------------------------------

/// The lines of a file or a pipe, of which never more is kept than the longest line and what was read with its end.
class line_reader {
 public:
  line_reader(const std::string& path, const std::function<bool()>& is_interrupted)
      // A pipe that nobody writes to yet opens at once, and is waited for where an interrupt is seen.
      : path_(path),
        is_interrupted_(is_interrupted),
        file_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (file_ < 0) fail();
  }
  line_reader(const line_reader&) = delete;
  line_reader& operator=(const line_reader&) = delete;
  ~line_reader() { close(file_); }

  /// Returns the next line without its end, or the beginning of one that is too long; nothing at the end of the file, or if
  /// it is interrupted. It lasts until the next call.
  std::optional<std::string_view> next() {
    auto end = buffer_.find('\n', begin_);
    while (end == buffer_.npos && !at_end_ && buffer_.size() - begin_ <= longest_line) {
      const auto searched = buffer_.size() - begin_;
      if (!read_some()) return std::nullopt;
      end = buffer_.find('\n', searched);
    }
    has_end_ = end != buffer_.npos;
    if (!has_end_ && begin_ == buffer_.size()) return std::nullopt;
    const auto line = std::string_view(buffer_).substr(begin_, end - begin_);
    begin_ = has_end_ ? end + 1 : buffer_.size();
    return line;
  }

  /// Whether the last line had its end.
  bool has_end() const noexcept { return has_end_; }

 private:
  /// Moves what was not handed out yet to the front, and adds to it. Returns false if it is interrupted.
  bool read_some() {
    buffer_.erase(0, std::exchange(begin_, 0));
    std::array<char, 65536> chunk;
    while (!is_interrupted_()) {
      pollfd ready{file_, POLLIN, 0};
      if (poll(&ready, 1, patience_ms) <= 0) continue;
      const ssize_t size = ::read(file_, chunk.data(), chunk.size());
      if (size < 0 && errno != EINTR && errno != EAGAIN) fail();
      if (size < 0) continue;
      at_end_ = size == 0;
      buffer_.append(chunk.data(), static_cast<std::size_t>(size));
      return true;
    }
    return false;
  }

  [[noreturn]] void fail() const { throw bad_log(path_ + ": " + std::strerror(errno)); }

  const std::string& path_;
  const std::function<bool()>& is_interrupted_;
  int file_;
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of what was not handed out yet
  bool at_end_ = false;
  bool has_end_ = false;
};

}  // namespace

std::string_view to_string(command_kind kind) noexcept {
  return command_names.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(result r) noexcept {
  return result_names.at(static_cast<std::size_t>(r));
}

std::optional<shop::shopping_cart::command> command_of(const send_line& line) {
  switch (line.command) {
  case command_kind::add_product:
    return shop::add_product{line.product_id, line.quantity, line.unit_price};
  case command_kind::remove_product: return shop::remove_product{line.product_id};
  case command_kind::change_quantity: return shop::change_quantity{line.product_id, line.quantity};
  case command_kind::check_out: return shop::check_out{};
  case command_kind::view: break;
  }
  return std::nullopt;
}

ack_line ack_line_from_json(std::string_view text) {
  const json object = parsed(text);
  if (!object.is_object())
    throw bad_log(std::string("a JSON object is expected, not ") + object.type_name());
  const std::string kind = text_member(object, "t");
  if (kind == "send") return send_of(object);
  if (kind == "answer") return answer_of(object);
  throw bad_log("\"t\" is to be \"send\" or \"answer\", not " + reprise::printable(kind));
}

std::string json_of(const ack_line& line) {
  return std::visit([](const auto& l) { return json_of_line(l).dump(); }, line);
}

log_size read_ack_log(const std::string& path,
                      const std::function<bool(const ack_line&)>& use,
                      const std::function<bool()>& is_interrupted) {
  line_reader file(path, is_interrupted);
  log_size size;
  bool goes_on = true;
  while (goes_on) {
    const auto line = file.next();
    if (!line) break;
    const std::uint64_t number = size.lines + 1;
    try {
      if (line->size() > longest_line)
        throw bad_log("the line is longer than " + std::to_string(longest_line) + " bytes");
      const ack_line read = ack_line_from_json(*line);
      ++size.lines;
      goes_on = use(read);
    } catch (const bad_log& bad) {
      if (!file.has_end() && dynamic_cast<const no_json*>(&bad) != nullptr) {
        size.cut_off = 1;
        break;
      }
      throw bad_log(path + ':' + std::to_string(number) + ": " + bad.what());
    }
  }
  return size;
}

}  // namespace checker
