#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace stress {

/// Counts durations in buckets that are less than a thousandth of their value wide, so that three digits of every
/// percentile hold. Its memory, 270 KB, does not depend on how many are recorded.
///
/// The buckets are those of HdrHistogram (http://hdrhistogram.org) with three significant digits: as wide as a
/// nanosecond up to 2,048 ns, and from there on 1,024 to each doubling.
///
/// One thread at a time.
class latency_histogram {
 public:
  /// What is longer is counted as this, about 73 minutes; `max` alone remembers it.
  static constexpr std::chrono::nanoseconds longest{(std::int64_t{1} << 42) - 1};

  /// Values below so many nanoseconds have a bucket each; the rest of the range has so many doublings, of half as many
  /// buckets.
  static constexpr int fine_buckets = 2'048;
  static constexpr int doublings = 31;

  latency_histogram();

  /// Counts a duration. A negative one counts as 0.
  void record(std::chrono::nanoseconds latency) noexcept;

  /// Counts everything that another one counted.
  void merge(const latency_histogram& other) noexcept;

  void clear() noexcept;

  std::uint64_t count() const noexcept { return count_; }

  /// Returns the largest duration, exactly; 0 if there are none.
  std::chrono::nanoseconds max() const noexcept { return std::chrono::nanoseconds(max_); }

  /// Returns the least duration, to a thousandth above it, that the given part of all, 0 to 1, does not pass; 0 if
  /// there are none. Part 1 is `max`.
  std::chrono::nanoseconds percentile(double part) const noexcept;

  /// Returns the mean and the standard deviation in nanoseconds, each duration taken as the middle of its bucket; 0
  /// if there are none.
  double mean() const noexcept;
  double deviation() const noexcept;

  /// Calls `visit(value, so_far)` for each bucket that has something in it, upwards: its largest duration, or `max`,
  /// and how many durations are not above it.
  template <class Visit>
  void for_each_value(Visit visit) const;

 private:
  template <class Visit>
  void for_each_bucket(Visit visit) const;

  std::chrono::nanoseconds value_of(std::size_t bucket) const noexcept;

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

template <class Visit>
void latency_histogram::for_each_value(Visit visit) const {
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    so_far += counts_[i];
    visit(value_of(i), so_far);
  }
}

}  // namespace stress
