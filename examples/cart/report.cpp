#include "cart/report.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace simulation {

namespace {

double per(double amount, double units) {
  return units > 0 ? amount / units : 0;
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

void latencies::add(std::chrono::nanoseconds time) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  micros_.push_back(static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(micros, 0, std::numeric_limits<std::uint32_t>::max())));
}

std::chrono::microseconds latencies::percentile(double part, std::size_t from) const {
  if (from >= micros_.size()) return {};
  std::vector<std::uint32_t> sorted(micros_.begin() + static_cast<std::ptrdiff_t>(from),
                                    micros_.end());
  const auto last = sorted.size() - 1;
  const auto rank = std::min(static_cast<std::size_t>(part * static_cast<double>(sorted.size())),
                             last);
  const auto chosen = sorted.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(sorted.begin(), chosen, sorted.end());
  return std::chrono::microseconds(*chosen);
}

std::uint64_t report::refused_count() const {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& r) { return sum + r.second; });
}

double report::commands_per_second() const {
  return per(static_cast<double>(commands), seconds(time));
}

double report::commits_per_write() const {
  return per(static_cast<double>(journal.commits), static_cast<double>(journal.synced_writes));
}

double report::replayed_per_second() const {
  return per(static_cast<double>(replayed_events), seconds(replay_time));
}

int exit_status(const report& r) {
  if (r.difference_count > 0) return 3;
  if (!r.failure.empty()) return 2;
  return r.was_interrupted ? 130 : 0;
}

}  // namespace simulation
