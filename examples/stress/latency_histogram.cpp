#include "stress/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace stress {

namespace {

constexpr std::uint64_t fine_buckets = latency_histogram::fine_buckets;
constexpr std::uint64_t buckets_of_a_doubling = fine_buckets / 2;
constexpr int fine_bits = std::bit_width(fine_buckets - 1);

/// Returns how many low bits of a value its bucket does not tell apart.
constexpr int dropped_bits(std::uint64_t value) {
  return std::max(static_cast<int>(std::bit_width(value)) - fine_bits, 0);
}

constexpr std::size_t bucket_of(std::uint64_t value) {
  const int dropped = dropped_bits(value);
  return static_cast<std::size_t>(static_cast<std::uint64_t>(dropped) * buckets_of_a_doubling
                                  + (value >> static_cast<unsigned>(dropped)));
}

constexpr std::uint64_t lower_end(std::size_t bucket) {
  if (bucket < fine_buckets) return bucket;
  const auto dropped = bucket / buckets_of_a_doubling - 1;
  return (bucket - dropped * buckets_of_a_doubling) << dropped;
}

constexpr std::uint64_t upper_end(std::size_t bucket) {
  return lower_end(bucket + 1) - 1;
}

constexpr auto longest_value = static_cast<std::uint64_t>(latency_histogram::longest.count());
constexpr std::size_t buckets = bucket_of(longest_value) + 1;

static_assert(bucket_of(fine_buckets - 1) + 1 == bucket_of(fine_buckets));
static_assert(upper_end(buckets - 1) == longest_value);
static_assert(buckets == fine_buckets + latency_histogram::doublings * buckets_of_a_doubling);

}  // namespace

latency_histogram::latency_histogram() : counts_(buckets, 0) {}

void latency_histogram::record(std::chrono::nanoseconds latency) noexcept {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  ++counts_[bucket_of(std::min(value, longest_value))];
  ++count_;
  max_ = std::max(max_, value);
}

void latency_histogram::merge(const latency_histogram& other) noexcept {
  for (std::size_t i = 0; i < buckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

void latency_histogram::clear() noexcept {
  if (count_ != 0) std::fill(counts_.begin(), counts_.end(), 0);
  count_ = 0;
  max_ = 0;
}

std::chrono::nanoseconds latency_histogram::percentile(double part) const noexcept {
  if (count_ == 0) return {};
  const double exact_rank = std::ceil(part * static_cast<double>(count_));
  const auto rank = std::clamp(static_cast<std::uint64_t>(std::max(exact_rank, 1.0)),
                               std::uint64_t{1}, count_);
  // The largest is known exactly, however long it is.
  if (rank == count_) return max();
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  while ((seen += counts_[bucket]) < rank) ++bucket;
  return value_of(bucket);
}

std::chrono::nanoseconds latency_histogram::value_of(std::size_t bucket) const noexcept {
  return std::chrono::nanoseconds(std::min(upper_end(bucket), max_));
}

template <class Visit>
void latency_histogram::for_each_bucket(Visit visit) const {
  for (std::size_t i = 0; i < buckets; ++i) {
    if (counts_[i] == 0) continue;
    visit((static_cast<double>(lower_end(i)) + static_cast<double>(upper_end(i))) / 2,
          static_cast<double>(counts_[i]));
  }
}

double latency_histogram::mean() const noexcept {
  double sum = 0;
  for_each_bucket([&](double value, double times) { sum += value * times; });
  return count_ == 0 ? 0 : sum / static_cast<double>(count_);
}

double latency_histogram::deviation() const noexcept {
  const double middle = mean();
  double sum = 0;
  for_each_bucket(
      [&](double value, double times) { sum += (value - middle) * (value - middle) * times; });
  return count_ == 0 ? 0 : std::sqrt(sum / static_cast<double>(count_));
}

}  // namespace stress
