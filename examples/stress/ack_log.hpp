#pragma once

#include "reprise/answer.hpp"
#include "stress/generator.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace stress {

/// The acknowledgement log cannot be opened, read or written. `what` says which and why.
class ack_log_failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file that another process can judge a run by after this one was killed: what was sent, and what was answered, a
/// JSON object a line.
///
///     {"t":"send","at":ns,"id":"…","cart":"…","command":"add_product","data":{"product_id":"tea","quantity":2}}
///     {"t":"answer","at":ns,"id":"…","result":"accepted","version":7,"events":1,"reason":""}
///
/// `at` is CLOCK_MONOTONIC, which all processes share until the machine starts anew. The line of a command is
/// written before it is sent, and its `at` is from before that; the `at` of an answer is from after it came. So
/// where one command's answer is before another's send, it really was. A command that is sent again has one
/// line more for each sending and each answer, under the same id.
///
/// A view is a `"view"` with no data; its answer has the version that it saw. It is not in the journal.
///
/// Each line is handed to the system as a whole, which writes it page by page: a process that is killed leaves whole lines,
/// but for a last one that may end where a page does.
///
/// A pipe is written at the pace of its reader.
class ack_log {
 public:
  /// Opens the file to append to it, so that one log can tell several lives; makes it if it is not there. What a killed
  /// process left of its last line is cut off: such a command was not sent, such an answer counts as none. A last line
  /// that only lacks its end gets it.
  ///
  /// Throws `ack_log_failure` if it does not open, is a pipe that nobody reads, has a last line that is none of a log, or
  /// ends in the middle of one that another process may be writing. With a pipe, SIGPIPE is ignored from now on: that its
  /// reader left is an error of a write.
  explicit ack_log(const std::filesystem::path& file);
  ack_log(const ack_log&) = delete;
  ack_log& operator=(const ack_log&) = delete;
  ~ack_log();

  /// Both throw `ack_log_failure` if the line is not written as a whole: the file takes no more, the reader of a pipe left,
  /// or takes nothing for a second after an interrupt.
  void sending(const order& what, const std::string& id);
  void answered(const std::string& id,
                const reprise::answer& answer,
                std::chrono::steady_clock::time_point at);

 private:
  void write_line();
  void wait_for_reader() const;
  [[noreturn]] void fail(const std::string& why) const;

  std::string name_;
  std::string line_;
  int file_ = -1;
};

}  // namespace stress
