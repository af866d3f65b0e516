#pragma once

#include <chrono>
#include <mutex>
#include <string>

namespace simulation {

/// One line on the standard error that says how far a program is: redrawn in place on a terminal, elsewhere printed
/// now and then. Any thread may use it.
class status_line {
 public:
  status_line();

  /// Wipes the line away.
  ~status_line();
  status_line(const status_line&) = delete;
  status_line& operator=(const status_line&) = delete;

  /// Returns whether it is time to draw it again, so that nobody composes what is not shown.
  bool is_due() const;

  /// A line that nobody takes at once is left out: what it tells of does not wait for its reader.
  void draw(const std::string& text);

  /// Prints a line that stays.
  void note(const std::string& text);

  /// Wipes the line away until it is drawn again.
  void wipe();

 private:
  void wipe_locked();

  mutable std::mutex mutex_;
  const bool is_terminal_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace simulation
