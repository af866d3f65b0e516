#include "cart/status_line.hpp"

#include <cstdio>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace simulation {

namespace {

constexpr std::chrono::milliseconds between_drawings{100};
constexpr std::chrono::seconds between_lines{5};

/// Returns the columns of the terminal, which may change at any time.
std::size_t columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

/// Returns what fits on a line. A line that wraps could not be redrawn. Every character is one column wide.
std::string cut(const std::string& text, std::size_t width) {
  std::size_t shown = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_character = (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U;
    if (begins_character && shown++ == width) return text.substr(0, i);
  }
  return text;
}

/// Returns whether a write does not wait: a reader may have stopped reading, and a terminal showing.
bool takes_more() {
  pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
  return poll(&standard_error, 1, 0) != 0;
}

}  // namespace

status_line::status_line()
    : is_terminal_(isatty(STDERR_FILENO) == 1),
      next_(std::chrono::steady_clock::now()
            + (is_terminal_ ? std::chrono::seconds(0) : between_lines)) {}

status_line::~status_line() {
  wipe();
}

bool status_line::is_due() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::steady_clock::now() >= next_;
}

void status_line::draw(const std::string& text) {
  const std::lock_guard lock(mutex_);
  next_ = std::chrono::steady_clock::now() + (is_terminal_ ? between_drawings : between_lines);
  if (!takes_more()) return;
  if (is_terminal_) {
    std::fprintf(stderr, "\r%s\x1b[K", cut(text, columns() - 1).c_str());
    is_drawn_ = true;
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  std::fflush(stderr);
}

void status_line::note(const std::string& text) {
  const std::lock_guard lock(mutex_);
  wipe_locked();
  std::fprintf(stderr, "%s\n", text.c_str());
}

void status_line::wipe() {
  const std::lock_guard lock(mutex_);
  wipe_locked();
}

void status_line::wipe_locked() {
  if (!is_drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  is_drawn_ = false;
}

}  // namespace simulation
