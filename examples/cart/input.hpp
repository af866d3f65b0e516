#pragma once

#include "cart/shoppers.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace simulation {

/// A line of the input that is no command, or an input that cannot be read: `cart.jsonl:7: "cart" is missing`.
class bad_input : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Commands of the user's own, one JSON object a line, from a file or, called `-`, from the standard input. Empty
/// lines are passed over. It never waits: a pipe that has nothing yet has nothing yet.
class json_lines {
 public:
  /// Throws `bad_input` if the file cannot be opened.
  explicit json_lines(const std::string& path);
  json_lines(const json_lines&) = delete;
  json_lines& operator=(const json_lines&) = delete;
  ~json_lines();

  /// Returns the next command, or nothing if there is none yet or at the end. Throws `bad_input` for a line that
  /// is no command; it is then at its end.
  std::optional<step> next();

  bool is_at_end() const noexcept { return at_end_ && buffer_.size() == begin_; }

  /// Returns how many commands a file has from where it is read, or 0 for what is no file: it cannot be read twice.
  std::uint64_t count_commands() const;

 private:
  std::optional<std::string> next_line();
  void read_some();
  [[noreturn]] void refuse(const std::string& why);

  std::string name_;
  int file_ = -1;
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of what was not handed out yet
  bool at_end_ = false;
  std::uint64_t line_ = 0;
};

}  // namespace simulation
