#include "reprise/host_config.hpp"

#include <chrono>

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

void check_age(std::chrono::seconds value) {
  constexpr std::chrono::seconds least(1), most = std::chrono::hours(24 * 3'650);
  if (value >= least && value <= most) return;
  throw invalid_config("host_config.dedup_age is " + std::to_string(value.count()) + " s; it takes "
                       + std::to_string(least.count()) + " to " + std::to_string(most.count())
                       + " s");
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
  check("max_in_flight", config.max_in_flight, 1, 10'000'000);
  check("max_waiting", config.max_waiting, 1, 1'000'000);
  check("max_in_flight_per_aggregate", config.max_in_flight_per_aggregate, 1, 10'000'000);
  check("max_live", config.max_live, 1, 100'000'000);
  check_time("command_timeout", config.command_timeout, std::chrono::hours(24));
  check_time("passivate_after", config.passivate_after, std::chrono::hours(24 * 366));
  check("max_batch_commits", config.max_batch_commits, 1, 100'000);
  check("max_batch_bytes", config.max_batch_bytes, 64 * 1024, 1024 * 1024 * 1024);
  check("dedup_window", config.dedup_window, 0, 100'000);
  check_age(config.dedup_age);
}

}  // namespace reprise
