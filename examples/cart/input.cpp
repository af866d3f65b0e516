#include "cart/input.hpp"

#include "shopping_cart/shopping_cart_json.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace simulation {

namespace {

/// A command is small. A line without an end would otherwise fill the memory.
constexpr std::size_t longest_line = 1024 * 1024;

/// A line of nothing else is empty.
constexpr std::string_view blanks = " \t\r";

}  // namespace

json_lines::json_lines(const std::string& path) : name_(path == "-" ? "standard input" : path) {
  if (path == "-") {
    file_ = STDIN_FILENO;
    return;
  }
  file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0 && errno == EINTR)
    return;  // The program was interrupted, and will see that itself.
  if (file_ < 0) throw bad_input(name_ + ": " + std::strerror(errno));
  struct stat what {};
  if (fstat(file_, &what) == 0 && S_ISDIR(what.st_mode)) {
    throw bad_input(name_
                    + " is a directory; it takes a file of commands, or - for the standard input");
  }
}

json_lines::~json_lines() {
  if (file_ > STDIN_FILENO) close(file_);
}

std::uint64_t json_lines::count_commands() const {
  struct stat what {};
  if (fstat(file_, &what) != 0 || !S_ISREG(what.st_mode)) return 0;
  std::uint64_t commands = 0;
  bool is_empty = true;
  std::array<char, 65536> chunk;
  ssize_t size = 0;
  for (off_t at = lseek(file_, 0, SEEK_CUR);
       (size = pread(file_, chunk.data(), chunk.size(), at)) > 0; at += size) {
    for (const char c : std::string_view(chunk.data(), static_cast<std::size_t>(size))) {
      if (c == '\n') {
        is_empty = true;
      } else if (is_empty && blanks.find(c) == std::string_view::npos) {
        is_empty = false;
        ++commands;
      }
    }
  }
  return commands;
}

std::optional<step> json_lines::next() {
  while (const auto line = next_line()) {
    ++line_;
    if (line->find_first_not_of(blanks) == std::string::npos) continue;
    try {
      auto command = shop::command_from_json(*line);
      return step{std::move(command.cart), std::move(command.command), std::move(command.id)};
    } catch (const shop::no_command& why) {
      refuse(why.what());
    }
  }
  return std::nullopt;
}

std::optional<std::string> json_lines::next_line() {
  for (;;) {
    const auto end = buffer_.find('\n', begin_);
    if (end != std::string::npos || (at_end_ && begin_ < buffer_.size())) {
      std::string line = buffer_.substr(begin_, end - begin_);
      begin_ = end == std::string::npos ? buffer_.size() : end + 1;
      return line;
    }
    if (at_end_) return std::nullopt;
    if (buffer_.size() - begin_ > longest_line) {
      ++line_;
      refuse("the line is longer than " + std::to_string(longest_line) + " bytes");
    }
    const auto before = buffer_.size() - begin_;
    read_some();
    if (!at_end_ && buffer_.size() - begin_ == before) return std::nullopt;
  }
}

void json_lines::read_some() {
  pollfd ready{file_, POLLIN, 0};
  if (poll(&ready, 1, 0) <= 0) return;
  buffer_.erase(0, begin_);
  begin_ = 0;
  std::array<char, 65536> chunk;
  const ssize_t size = read(file_, chunk.data(), chunk.size());
  if (size > 0) buffer_.append(chunk.data(), static_cast<std::size_t>(size));
  if (size == 0) at_end_ = true;
  if (size < 0 && errno != EINTR && errno != EAGAIN) {
    const std::string why = std::strerror(errno);
    at_end_ = true;
    throw bad_input(name_ + ": " + why);
  }
}

void json_lines::refuse(const std::string& why) {
  at_end_ = true;
  buffer_.clear();
  begin_ = 0;
  throw bad_input(name_ + ":" + std::to_string(line_) + ": " + why);
}

}  // namespace simulation
