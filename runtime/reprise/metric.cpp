#include "reprise/metric.hpp"

#include <algorithm>

namespace reprise {

// -- busy_counts ---------------------------------------------------------------

busy_counts::busy_counts(std::size_t size)
    : lines_((size + line::size - 1) / line::size),
      lines_of_all_(std::make_unique<line[]>(lines_ * stripes)) {}

std::uint64_t busy_counts::value(std::size_t index) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t stripe = 0; stripe < stripes; ++stripe) {
    const std::size_t cell = stripe * lines_ * line::size + index;
    sum += lines_of_all_[cell / line::size].cells[cell % line::size].load(
        std::memory_order_relaxed);
  }
  return sum;
}

std::size_t busy_counts::stripe_of_this_thread() noexcept {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed) % stripes;
  return mine;
}

// -- histogram -----------------------------------------------------------------

histogram::histogram(std::span<const std::uint64_t> bounds)
    : bounds_(bounds), counts_(bounds.size() + 2) {}

void histogram::observe(std::uint64_t value) noexcept {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_.add(static_cast<std::size_t>(bucket));
  counts_.add(bounds_.size() + 1, value);
}

histogram::reading histogram::read() const {
  reading now;
  now.sum = counts_.value(bounds_.size() + 1);
  for (std::size_t i = 0; i <= bounds_.size(); ++i) {
    now.buckets.push_back(counts_.value(i));
    now.count += now.buckets.back();
  }
  return now;
}

}  // namespace reprise
