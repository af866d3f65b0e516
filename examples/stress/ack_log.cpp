#include "stress/ack_log.hpp"

#include "cart/interrupt.hpp"
#include "checker/ack_log.hpp"
#include "shopping_cart/shopping_cart_json.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <variant>

namespace stress {

namespace {

using clock = std::chrono::steady_clock;

std::string nanoseconds_of(clock::time_point at) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
}

std::string product_member(const std::string& product_id) {
  return "\"product_id\":" + shop::json_string(product_id);
}

std::string name_and_data(const shop::add_product& c) {
  return R"("add_product","data":{)" + product_member(c.product_id)
         + ",\"quantity\":" + std::to_string(c.quantity)
         + (c.unit_price ? ",\"unit_price\":" + std::to_string(*c.unit_price) : "") + '}';
}
std::string name_and_data(const shop::remove_product& c) {
  return R"("remove_product","data":{)" + product_member(c.product_id) + '}';
}
std::string name_and_data(const shop::change_quantity& c) {
  return R"("change_quantity","data":{)" + product_member(c.product_id)
         + ",\"quantity\":" + std::to_string(c.quantity) + '}';
}
std::string name_and_data(const shop::check_out&) {
  return R"("check_out","data":{})";
}

/// What each line begins with, whole or cut off.
constexpr std::string_view beginning = R"({"t":")";

/// Longer than any line, as the lengths of ids and products are limited.
constexpr off_t longest_line = off_t{1} << 20;

/// How long a reader that takes nothing is waited for after an interrupt.
constexpr std::chrono::milliseconds patience{1'000};
constexpr std::chrono::milliseconds between_looks{50};

/// Returns the last lines of a file: nothing of one that is no ordinary one.
std::string end_of(int file) {
  struct stat what {};
  if (fstat(file, &what) != 0 || !S_ISREG(what.st_mode)) return {};
  std::string end(static_cast<std::size_t>(std::min(what.st_size, longest_line)), '\0');
  const ssize_t read = pread(file, end.data(), end.size(),
                             what.st_size - static_cast<off_t>(end.size()));
  end.resize(static_cast<std::size_t>(std::max<ssize_t>(read, 0)));
  return end;
}

bool is_line(std::string_view text) {
  try {
    static_cast<void>(checker::ack_line_from_json(text));
    return true;
  } catch (const checker::bad_log&) {
    return false;
  }
}

/// Returns whether these bytes can be the first ones of a line of a log.
bool begins_like_a_line(std::string_view bytes) {
  const std::size_t shorter = std::min(bytes.size(), beginning.size());
  return bytes.substr(0, shorter) == beginning.substr(0, shorter);
}

/// Gives a file that nobody else writes to the end of its last line, or cuts off as much of it as is there.
bool mend(int file, std::string_view last) {
  struct stat what {};
  if (flock(file, LOCK_EX | LOCK_NB) != 0 || fstat(file, &what) != 0) return false;
  if (is_line(last)) return write(file, "\n", 1) == 1;
  return ftruncate(file, what.st_size - static_cast<off_t>(last.size())) == 0;
}

/// Has a file end with a whole line. Returns what is wrong with one that cannot be gone on with, or nothing.
std::string make_ready(int file) {
  const std::string end = end_of(file);
  const std::size_t whole = end.rfind('\n') + 1;
  const std::string_view last = std::string_view(end).substr(whole);
  if (whole > 0) {
    const std::string_view lines = std::string_view(end).substr(0, whole - 1);
    if (!is_line(lines.substr(lines.rfind('\n') + 1)))
      return "has a last line that is none of a log";
  }
  const bool is_of_a_log = begins_like_a_line(last) || is_line(last);
  if (last.empty() || (is_of_a_log && mend(file, last))) return {};
  return "ends in the middle of a line: it is of something else, or another process writes to it";
}

}  // namespace

ack_log::ack_log(const std::filesystem::path& file) : name_(file.string()) {
  std::error_code unknown;
  const bool is_pipe = std::filesystem::is_fifo(file, unknown);
  // Who can read a pipe would be a reader of its own, and never be told that there is no other one.
  const int access = is_pipe ? O_WRONLY : O_RDWR;
  file_ = open(name_.c_str(), access | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644);
  if (file_ < 0) {
    const std::string why = is_pipe && errno == ENXIO
                                ? "nobody reads the pipe; begin with its reader"
                                : std::strerror(errno);
    throw ack_log_failure("cannot open the log " + name_ + ": " + why);
  }
  if (const std::string wrong = make_ready(file_); !wrong.empty()) {
    close(file_);
    throw ack_log_failure("the log " + name_ + ' ' + wrong + "; take another file");
  }
  if (is_pipe) std::signal(SIGPIPE, SIG_IGN);
  flock(file_, LOCK_SH);
}

ack_log::~ack_log() {
  close(file_);
}

void ack_log::sending(const order& what, const std::string& id) {
  line_ = R"({"t":"send","at":)" + nanoseconds_of(clock::now()) + ",\"id\":" + shop::json_string(id)
          + ",\"cart\":" + shop::json_string(what.cart) + ",\"command\":";
  line_ += what.command ? std::visit([](const auto& c) { return name_and_data(c); }, *what.command)
                        : R"("view","data":{})";
  write_line();
}

void ack_log::answered(const std::string& id, const reprise::answer& answer, clock::time_point at) {
  line_ = R"({"t":"answer","at":)" + nanoseconds_of(at) + ",\"id\":" + shop::json_string(id)
          + ",\"result\":\"" + std::string(to_string(answer.kind)) + "\",\"version\":"
          + std::to_string(answer.version) + ",\"events\":" + std::to_string(answer.events)
          + ",\"reason\":" + shop::json_string(answer.reason);
  write_line();
}

void ack_log::write_line() {
  line_ += "}\n";
  for (std::string_view left = line_; !left.empty();) {
    const ssize_t written = write(file_, left.data(), left.size());
    if (written >= 0) {
      left.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      wait_for_reader();
    } else if (errno != EINTR) {
      fail(std::strerror(errno));
    }
  }
}

void ack_log::wait_for_reader() const {
  pollfd reader{file_, POLLOUT, 0};
  for (auto left = patience; left.count() > 0;) {
    if (poll(&reader, 1, static_cast<int>(between_looks.count())) > 0) return;
    if (simulation::was_interrupted()) left -= between_looks;
  }
  fail("its reader takes nothing");
}

void ack_log::fail(const std::string& why) const {
  throw ack_log_failure("cannot write to the log " + name_ + ": " + why);
}

}  // namespace stress
