#include "reprise/host_config.hpp"

#include <chrono>
#include <string>

namespace reprise {

namespace {

void check(const char* field, std::size_t value, std::size_t least, std::size_t most) {
  if (value >= least && value <= most) return;
  throw invalid_config(std::string("host_config.") + field + " is " + std::to_string(value)
                       + "; it takes " + std::to_string(least) + " to " + std::to_string(most));
}

void check_time(const char* field,
                std::chrono::milliseconds value,
                std::chrono::milliseconds most) {
  constexpr std::chrono::milliseconds least(10);
  if (value.count() == 0 || (value >= least && value <= most)) return;
  throw invalid_config(std::string("host_config.") + field + " is " + std::to_string(value.count())
                       + " ms; it takes " + std::to_string(least.count()) + " to "
                       + std::to_string(most.count()) + " ms, or 0 for none");
}

/// Checks a time in its own unit, which `unit` names.
template <class Time>
void check_time(const char* field, Time value, Time least, Time most, const std::string& unit) {
  if (value >= least && value <= most) return;
  throw invalid_config(std::string("host_config.") + field + " is " + std::to_string(value.count())
                       + unit + "; it takes " + std::to_string(least.count()) + " to "
                       + std::to_string(most.count()) + unit);
}

void check_backoff(const host_config& config) {
  using std::chrono::milliseconds;
  constexpr milliseconds most = std::chrono::hours(24);
  const milliseconds least = config.restart_backoff_min;
  check_time("restart_backoff_min", least, milliseconds(1), most, " ms");
  check_time("restart_backoff_max", config.restart_backoff_max, least, most, " ms");
  check("restart_jitter_percent", config.restart_jitter_percent, 0, 100);
}

}  // namespace

timestamp host_config::system_time() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

void validate(const host_config& config) {
  if (!config.journal) throw invalid_config("host_config.journal is empty; a host needs a journal");
  if (!config.clock)
    throw invalid_config("host_config.clock is empty; leave it out for the system's time");
  check("scheduler_threads", config.scheduler_threads, 0, 1'024);
  check("recovery_threads", config.recovery_threads, 1, 256);
  check("max_recoveries", config.max_recoveries, 1, 1'000'000);
  check("max_in_flight", config.max_in_flight, 1, 10'000'000);
  check("max_waiting", config.max_waiting, 1, 1'000'000);
  check("max_in_flight_per_aggregate", config.max_in_flight_per_aggregate, 1, 10'000'000);
  check("max_live", config.max_live, 1, 100'000'000);
  check_time("command_timeout", config.command_timeout, std::chrono::hours(24));
  check_time("passivate_after", config.passivate_after, std::chrono::hours(24 * 366));
  check("max_aggregate_id_bytes", config.max_aggregate_id_bytes, 1, max_aggregate_id_bytes);
  check("max_command_id_bytes", config.max_command_id_bytes, 1, max_command_id_bytes);
  check("max_events_per_commit", config.max_events_per_commit, 1, max_events_per_commit);
  check("max_commit_bytes", config.max_commit_bytes, 64, max_commit_bytes);
  check("max_batch_commits", config.max_batch_commits, 1, 100'000);
  check("max_batch_bytes", config.max_batch_bytes, 64 * 1024, max_batch_bytes - max_commit_bytes);
  check("dedup_window", config.dedup_window, 0, 100'000);
  check_time<std::chrono::seconds>("dedup_age", config.dedup_age, std::chrono::seconds(1),
                                   std::chrono::hours(24 * 3'650), " s");
  check_backoff(config);
}

}  // namespace reprise
