#include "stress/timed_journal.hpp"

#include <algorithm>
#include <chrono>

namespace stress {

void write_times::record(std::chrono::nanoseconds time) {
  const std::lock_guard lock(mutex_);
  times_.record(time);
}

latency_histogram write_times::so_far() const {
  const std::lock_guard lock(mutex_);
  return times_;
}

void write_times::clear() {
  const std::lock_guard lock(mutex_);
  times_.clear();
}

std::vector<reprise::append_result> timed_journal::append(std::span<const reprise::commit> batch) {
  const auto begin = std::chrono::steady_clock::now();
  auto results = to_->append(batch);
  const auto time = std::chrono::steady_clock::now() - begin;
  const bool was_written = std::any_of(results.begin(), results.end(),
                                       [](const auto& r) { return r.position != 0; });
  if (was_written) times_.record(time);
  return results;
}

void timed_journal::read_stream(std::string_view stream,
                                std::uint64_t from_version,
                                const reprise::commit_visitor& visit) const {
  to_->read_stream(stream, from_version, visit);
}

void timed_journal::read_all(std::uint64_t from_position,
                             const reprise::commit_visitor& visit) const {
  to_->read_all(from_position, visit);
}

void timed_journal::verify(const reprise::commit_visitor& visit,
                           const reprise::damage_visitor& report) const {
  to_->verify(visit, report);
}

std::uint64_t timed_journal::last_position() const {
  return to_->last_position();
}

reprise::journal_stats timed_journal::stats() const {
  return to_->stats();
}

}  // namespace stress
