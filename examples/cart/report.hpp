#pragma once

#include "cart/check.hpp"
#include "cart/simulation_options.hpp"
#include "cart/stores.hpp"

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace simulation {

/// How long commands took. Every one is kept, so that the percentiles are exact: four bytes each.
class latencies {
 public:
  void add(std::chrono::nanoseconds time);
  std::size_t count() const noexcept { return micros_.size(); }

  /// Returns the time within which this part of all commands, 0.99 or so, from number `from` on were answered; 0 if
  /// there are none.
  std::chrono::microseconds percentile(double part, std::size_t from = 0) const;

 private:
  std::vector<std::uint32_t> micros_;
};

/// What a simulation did and found.
struct report {
  simulation_options options;

  // -- the commands --
  std::uint64_t carts = 0;          ///< that a shopper came to
  std::uint64_t events_before = 0;  ///< that a journal had when it was taken up
  std::uint64_t commands = 0;       ///< answered
  std::uint64_t accepted = 0;       ///< with events
  std::uint64_t already_so = 0;
  std::map<std::string, std::uint64_t> refused;  ///< by reason
  std::uint64_t overloaded = 0;
  std::uint64_t unavailable = 0;
  std::uint64_t unknown = 0;
  std::uint64_t looks = 0;
  std::uint64_t events = 0;
  std::chrono::nanoseconds
      time{};  ///< from the first command to the last answer, as long as a runtime was there
  latencies latency;

  // -- the journal --
  reprise::journal_stats journal;

  // -- the restart, and recovery --
  bool was_restarted = false;
  std::uint64_t restarted_after = 0;      ///< answers
  std::uint64_t sent_again = 0;           ///< commands that came while the runtime was stopping
  std::chrono::nanoseconds stop_time{};   ///< until everything that it had taken was answered
  std::chrono::nanoseconds start_time{};  ///< until it was there again
  std::uint64_t recovered = 0;            ///< carts that had a history, as often as they recovered
  std::uint64_t replayed_events = 0;
  std::chrono::nanoseconds replay_time{};  ///< summed over the threads that replay

  // -- the check --
  bool is_checked = false;    ///< to the end
  std::uint64_t checked = 0;  ///< carts
  std::uint64_t difference_count = 0;
  std::vector<difference> differences;  ///< the first ones

  // -- the end --
  bool was_interrupted = false;
  std::string failure;  ///< why it could not go on; empty if it could

  std::uint64_t refused_count() const;
  double commands_per_second() const;
  double commits_per_write() const;
  double replayed_per_second() const;
};

/// Returns what the program's exit status says of a report: 0, 2 for a failure, 3 for a difference, 130.
int exit_status(const report& r);

void print_table(std::ostream& out, const report& r);

/// Its `schema` is `reprise.simulate/1`; what a schema has stays, and means the same.
void print_json(std::ostream& out, const report& r);

}  // namespace simulation
