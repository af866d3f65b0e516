#include "crash/fault_plan.hpp"

#include "crash/real_calls.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace reprise::crash {

namespace {

constexpr std::string_view names[] = {
    "seed",
    "kill_before_sync",
    "kill_after_sync",
    "kill_before_snapshot",
    "kill_after_snapshot",
    "kill_in_write",
    "kill_at_read",
    "kill_at_operation",
    "lose_power",
    "fail_sync",
    "fail_log_sync",
    "drop_pages",
    "full_after",
    "short_writes",
    "read_only",
    "hang_sync",
    "hang_syncs",
    "hang_ms",
    "slow_sync_ms",
};

[[noreturn]] void refuse(const std::string& reason) {
  const std::string line = "crash_faults: " + reason + "\n";
  static_cast<void>(real().write(STDERR_FILENO, line.data(), line.size()));
  std::abort();
}

std::map<std::string, std::uint64_t, std::less<>> parse(const std::string& text) {
  std::map<std::string, std::uint64_t, std::less<>> numbers;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string part = text.substr(at, end - at);
    const std::size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    if (equals == std::string::npos
        || std::find(std::begin(names), std::end(names), name) == std::end(names)) {
      refuse("there is no fault called " + part);
    }
    numbers[name] = std::strtoull(part.c_str() + equals + 1, nullptr, 10);
    at = end + 1;
  }
  return numbers;
}

}  // namespace

fault_plan* fault_plan::get() {
  static fault_plan* const plan = []() -> fault_plan* {
    const char* directory = std::getenv("CRASH_DIRECTORY");
    const char* report = std::getenv("CRASH_REPORT");
    const char* faults = std::getenv("CRASH_FAULTS");
    if (directory == nullptr) return nullptr;
    if (report == nullptr || faults == nullptr) refuse("CRASH_REPORT or CRASH_FAULTS is not set");
    return new fault_plan(directory, report, faults);
  }();
  return plan;
}

fault_plan::fault_plan(const char* directory, const char* report, const char* faults)
    : disk(directory), report_(report), numbers_(parse(faults)) {
  random.seed(number("seed"));
}

std::uint64_t fault_plan::number(std::string_view fault) const {
  const auto found = numbers_.find(fault);
  return found == numbers_.end() ? 0 : found->second;
}

bool fault_plan::is_due(std::string_view fault, std::uint64_t times) {
  const auto found = numbers_.find(fault);
  if (found == numbers_.end()) return false;
  const std::uint64_t count = ++counts_[found->first];
  return count >= found->second && count - found->second < times;
}

void fault_plan::die_if_due(std::string_view fault, std::string_view where) {
  if (is_due(fault)) die(fault, where);
}

void fault_plan::die(std::string_view fault, std::string_view where) {
  if (number("lose_power") == 0) {
    disk.carry_over();
  } else {
    const auto lost = disk.lose_power(random, number("lose_power") > 1);
    if (lost.bytes != 0) report("lost_bytes", std::to_string(lost.bytes));
    if (lost.torn != 0) report("torn_files", std::to_string(lost.torn));
    if (lost.entries != 0) report("lost_entries", std::to_string(lost.entries));
    if (lost.bytes_in_folders != 0) {
      report("lost_bytes_in_folder", std::to_string(lost.bytes_in_folders));
    }
    if (lost.entries_in_folders != 0) {
      report("lost_entries_in_folder", std::to_string(lost.entries_in_folders));
    }
    if (lost.folders != 0) report("lost_folder", std::to_string(lost.folders));
    if (lost.directory) report("lost_directory", "");
    report("lost_power", where);
  }
  report(fault, where);
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

/// One write of one line, so that it is there as a whole or not.
void fault_plan::report(std::string_view fault, std::string_view details) const {
  const int file = real().open(report_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto at = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  const std::string line = std::string(fault) + ' ' + std::to_string(at) + ' '
                           + std::string(details) + '\n';
  if (file < 0 || real().write(file, line.data(), line.size()) < 0)
    refuse("cannot write " + report_);
  ::close(file);
}

bool fault_plan::is_full() const {
  return number("full_after") != 0 && space_taken_ >= number("full_after");
}

std::uint64_t fault_plan::take_space(std::uint64_t bytes) {
  if (number("full_after") == 0) return bytes;
  const std::uint64_t left = number("full_after") - std::min(space_taken_, number("full_after"));
  space_taken_ += std::min(bytes, left);
  return std::min(bytes, left);
}

}  // namespace reprise::crash
