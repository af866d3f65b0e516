#pragma once

#include "cart/status_line.hpp"
#include "reprise/answer.hpp"
#include "reprise/host.hpp"
#include "stress/result.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>

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

  /// Counts an answer, also one of the warm-up.
  void count(const reprise::answer& a, bool is_view, std::chrono::nanoseconds latency);

  /// Returns when the interval is over.
  clock::time_point due() const noexcept { return due_; }

  /// Ends the interval. `note` says what there is to say beside the figures. Throws `std::runtime_error` if the table
  /// cannot be written.
  void end_interval(clock::time_point now,
                    const reprise::host_stats& stats,
                    const std::string& note);

 private:
  void draw(double seconds, const reprise::host_stats& stats, const std::string& note);
  void write(double seconds, const reprise::host_stats& stats);
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
