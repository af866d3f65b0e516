#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace reprise {

/// Counts the commands and queries that a host has taken and not yet answered, and takes no more past a
/// limit, or once it is closed. Safe on any thread.
class admission {
 public:
  enum class verdict : std::uint8_t { admitted, full, closed };

  explicit admission(std::size_t limit) : limit_(limit) {}

  /// Takes one more, unless it is full or closed. Each `admitted` is followed by one `leave`.
  verdict enter() noexcept;
  void leave() noexcept;

  /// Enters once more in any case, for a caller that is inside already and will be busy behind its answer.
  void stay() noexcept { count_.fetch_add(1, std::memory_order_acq_rel); }

  /// Enters beyond the limit, for a caller that brings no command; false once it is closed. Each true is followed
  /// by one `leave`.
  bool enter_beside() noexcept;

  /// From now on nothing more is admitted.
  void close() noexcept;

  /// Waits until everything that was admitted has left; returns whether it has by `deadline`. After `close`.
  bool wait_until_empty(std::chrono::steady_clock::time_point deadline);

  std::size_t in_flight() const noexcept;
  std::size_t limit() const noexcept { return limit_; }

 private:
  static constexpr std::size_t closed_bit = ~(~std::size_t{0} >> 1U);

  const std::size_t limit_;
  std::atomic<std::size_t> count_{0};  ///< with `closed_bit` once closed
  std::mutex mutex_;
  std::condition_variable empty_;
};

}  // namespace reprise
