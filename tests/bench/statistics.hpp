#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

struct spread {
  double min = 0;
  double median = 0;
  double max = 0;
};

/// Returns the spread of at least one value.
spread spread_of(std::vector<double> values);

/// Returns the seconds of all processors that this process has used so far. Unlike a rate, what is used for one
/// command hardly depends on what else the machine does.
double processor_seconds();

/// Counts durations in buckets of three percent, so that recording one takes no memory and few nanoseconds.
/// Any number of threads may record.
class latency_histogram {
 public:
  void record(std::chrono::nanoseconds latency) noexcept;

  /// Returns the duration that the given part of all recorded ones does not pass; 0 if there are none.
  std::chrono::nanoseconds percentile(double part) const noexcept;

  std::chrono::nanoseconds max() const noexcept;
  std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t steps_per_doubling = 32;
  static constexpr std::size_t buckets = 60 * steps_per_doubling;

  static std::size_t bucket_of(std::uint64_t nanoseconds) noexcept;
  static std::uint64_t upper_end(std::size_t bucket) noexcept;

  std::array<std::atomic<std::uint64_t>, buckets> counts_{};
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint64_t> max_{0};
};

}  // namespace bench
