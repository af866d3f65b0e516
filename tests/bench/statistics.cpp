#include "bench/statistics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <sys/resource.h>

namespace bench {

spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[half]
                                               : (values[half - 1] + values[half]) / 2;
  return {values.front(), median, values.back()};
}

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::size_t latency_histogram::bucket_of(std::uint64_t nanoseconds) noexcept {
  if (nanoseconds < steps_per_doubling) return nanoseconds;
  const auto doublings = static_cast<std::size_t>(std::bit_width(nanoseconds / steps_per_doubling));
  const std::size_t step = (nanoseconds >> (doublings - 1)) - steps_per_doubling;
  return std::min(doublings * steps_per_doubling + step, buckets - 1);
}

std::uint64_t latency_histogram::upper_end(std::size_t bucket) noexcept {
  if (bucket < steps_per_doubling) return bucket;
  const std::size_t doublings = bucket / steps_per_doubling;
  const std::uint64_t step = bucket % steps_per_doubling + steps_per_doubling;
  return ((step + 1) << (doublings - 1)) - 1;
}

void latency_histogram::record(std::chrono::nanoseconds latency) noexcept {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  counts_[bucket_of(value)].fetch_add(1, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
  std::uint64_t highest = max_.load(std::memory_order_relaxed);
  while (value > highest
         && !max_.compare_exchange_weak(highest, value, std::memory_order_relaxed)) {}
}

std::chrono::nanoseconds latency_histogram::percentile(double part) const noexcept {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count())));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    seen += counts_[bucket].load(std::memory_order_relaxed);
    if (seen >= wanted && seen != 0) {
      const std::uint64_t end = std::min(upper_end(bucket), max_.load(std::memory_order_relaxed));
      return std::chrono::nanoseconds(end);
    }
  }
  return {};
}

std::chrono::nanoseconds latency_histogram::max() const noexcept {
  return std::chrono::nanoseconds(max_.load(std::memory_order_relaxed));
}

}  // namespace bench
