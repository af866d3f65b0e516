#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace reprise {

/// Numbers that tell what a program does, cheap enough to be counted for every command.
///
/// All of them are safe on any thread, and nobody waits for anybody. Whoever learns in any way that something has
/// happened reads a number in which it is counted, if it was counted first.

// -- counting ------------------------------------------------------------------

/// Some numbers that only grow, and grow all the time. Threads add to cache lines of their own, as far as there are
/// enough of them; a reader sums these up.
class busy_counts {
 public:
  /// Makes so many numbers, which are 0.
  explicit busy_counts(std::size_t size);

  void add(std::size_t index, std::uint64_t n = 1) noexcept {
    const std::size_t cell = stripe_of_this_thread() * lines_ * line::size + index;
    lines_of_all_[cell / line::size].cells[cell % line::size].fetch_add(n,
                                                                        std::memory_order_relaxed);
  }

  std::uint64_t value(std::size_t index) const noexcept;

 private:
  static constexpr std::size_t stripes = 16;

  struct alignas(64) line {
    static constexpr std::size_t size = 8;
    std::array<std::atomic<std::uint64_t>, size> cells{};
  };

  static std::size_t stripe_of_this_thread() noexcept;

  std::size_t lines_;  ///< of one stripe
  std::unique_ptr<line[]> lines_of_all_;
};

/// How often something happened, by the reason that it had: a number for each value of an enum. `names_of(Reason)`,
/// found beside the enum, returns the names of its values, in order and without a gap.
template <class Reason>
class counts_by {
 public:
  static constexpr auto names = names_of(Reason{});

  void add(Reason why, std::uint64_t n = 1) noexcept {
    counts_[static_cast<std::size_t>(why)].fetch_add(n, std::memory_order_relaxed);
  }

  std::uint64_t value(Reason why) const noexcept {
    return counts_[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
  }

  std::uint64_t sum() const noexcept {
    std::uint64_t all = 0;
    for (const auto& count : counts_) all += count.load(std::memory_order_relaxed);
    return all;
  }

 private:
  std::array<std::atomic<std::uint64_t>, names.size()> counts_{};
};

// -- distributions -------------------------------------------------------------

/// How some numbers are distributed: how many there were up to each of some bounds, and their sum.
class histogram {
 public:
  /// `bounds` ascend; each belongs to its bucket, and behind the last is one more. They live as long as this.
  explicit histogram(std::span<const std::uint64_t> bounds);

  void observe(std::uint64_t value) noexcept;

  struct reading {
    std::vector<std::uint64_t> buckets;  ///< how many fell into each; the last is behind all bounds
    std::uint64_t count = 0;             ///< of all buckets
    std::uint64_t sum = 0;               ///< of what was observed
  };
  reading read() const;

  std::span<const std::uint64_t> bounds() const noexcept { return bounds_; }

 private:
  std::span<const std::uint64_t> bounds_;
  busy_counts counts_;  ///< of each bucket; behind them the sum
};

/// Bounds for times in nanoseconds: 10 µs to 60 s.
inline constexpr std::array<std::uint64_t, 22> time_bounds{
    10'000,         25'000,         50'000,         100'000,       250'000,       500'000,
    1'000'000,      2'500'000,      5'000'000,      10'000'000,    25'000'000,    50'000'000,
    100'000'000,    250'000'000,    500'000'000,    1'000'000'000, 2'500'000'000, 5'000'000'000,
    10'000'000'000, 20'000'000'000, 40'000'000'000, 60'000'000'000};

}  // namespace reprise
