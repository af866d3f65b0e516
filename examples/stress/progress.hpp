#pragma once

#include "cart/status_line.hpp"
#include "reprise/answer.hpp"
#include "reprise/host.hpp"
#include "stress/result.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace stress {

/// What a run did in each interval: a line for people, and one of a table for programs.
class progress {
 public:
  using clock = std::chrono::steady_clock;

  /// `timeseries` is the file that the table is written to; empty: none. Throws `std::runtime_error` if it does not
  /// open. `status` outlives it.
  progress(simulation::status_line& status,
           std::chrono::nanoseconds interval,
           const std::filesystem::path& timeseries);

  /// The first interval begins now.
  void begin(clock::time_point now);

  /// Counts an answer.
  void count(const reprise::answer& a, bool is_view, std::chrono::nanoseconds latency);

  /// Returns when the interval is over.
  clock::time_point due() const noexcept { return due_; }

  /// Ends the interval. `phase` is what the table has it as a part of: resend, warmup or load. `note` says what people
  /// are told beside the figures. Throws `std::runtime_error` if the table cannot be written.
  void end_interval(clock::time_point now,
                    const reprise::host_stats& stats,
                    std::string_view phase,
                    const std::string& note);

  /// Gives what was answered since the last line of the table one of its own, if anything was: no line is of two
  /// phases. Throws what `end_interval` throws.
  void end_phase(clock::time_point now, const reprise::host_stats& stats, std::string_view phase);

 private:
  void draw(clock::time_point now, const reprise::host_stats& stats, const std::string& note);
  void write(clock::time_point now, const reprise::host_stats& stats, std::string_view phase);
  void end_line(clock::time_point now, const reprise::host_stats& stats, std::string_view phase);
  double rate(clock::time_point now) const;
  void check_written() const;

  simulation::status_line& status_;
  std::chrono::nanoseconds interval_;
  std::string name_;
  std::ofstream table_;
  clock::time_point begin_;
  clock::time_point interval_begin_;
  clock::time_point due_;
  command_figures figures_;
};

}  // namespace stress
