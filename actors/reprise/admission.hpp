#pragma once

#include "reprise/deadlines.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace reprise {

/// Counts the commands and queries that a host has taken and not yet answered, and takes no more past a
/// limit, or once it is closed. Safe on any thread.
///
/// One that was answered because its time was over is not in flight any more, but takes up its room until it is freed:
/// else a journal that hangs would collect any number of them.
class admission {
 public:
  enum class verdict : std::uint8_t { admitted, full, closed };

  explicit admission(std::size_t limit,
                     std::chrono::milliseconds timeout = std::chrono::milliseconds(0))
      : limit_(limit), deadlines_(timeout) {}

  /// Takes one more, unless it is full or closed. Each `admitted` is followed by one `leave`.
  verdict enter() noexcept;
  void leave() noexcept;

  /// From now on nothing more is admitted.
  void close() noexcept;

  /// Waits until everything that was admitted has left; returns whether it has by `deadline`. After `close`.
  bool wait_until_empty(std::chrono::steady_clock::time_point deadline);

  /// Counts one that is inside as late, until it is `freed`. Before it leaves.
  void be_late() noexcept { late_.fetch_add(1, std::memory_order_acq_rel); }
  void freed() noexcept { late_.fetch_sub(1, std::memory_order_acq_rel); }

  /// Counts one that is inside among those that wait for their aggregate to recover, until `end_wait`. Returns false, and
  /// has not counted it, if three quarters of as many as may be inside wait so: the rest is for aggregates in memory.
  bool begin_wait() noexcept;
  void end_wait() noexcept { waiting_.fetch_sub(1, std::memory_order_acq_rel); }

  /// Returns how many may wait so.
  std::size_t most_waiting() const noexcept { return limit_ - limit_ / 4; }

  std::size_t in_flight() const noexcept;
  std::size_t late() const noexcept { return late_.load(std::memory_order_acquire); }
  std::size_t limit() const noexcept { return limit_; }

  /// Returns how long those inside may be so.
  reprise::deadlines& deadlines() noexcept { return deadlines_; }

 private:
  static constexpr std::size_t closed_bit = ~(~std::size_t{0} >> 1U);

  const std::size_t limit_;
  std::atomic<std::size_t> count_{0};  ///< with `closed_bit` once closed
  std::atomic<std::size_t> late_{0};
  std::atomic<std::size_t> waiting_{0};
  std::mutex mutex_;
  std::condition_variable empty_;
  reprise::deadlines deadlines_;
};

}  // namespace reprise
