#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace reprise {

class admission;
class delivery;

/// What links a delivery to those that were taken just before and after it. Only `deadlines` touches it.
struct deadline_hook {
  deadline_hook* before = nullptr;
  deadline_hook* after = nullptr;
  std::uint64_t round = 0;  ///< in which it was linked
};

/// The deliveries of a host that wait for their answer, oldest first, and how long they may. Safe on any thread.
///
/// Time is counted in rounds, which `sweep` ends: a command costs no look at a clock, and none is answered early because
/// a clock has jumped. It holds no reference to a delivery, so that each is freed as soon as its last holder is done.
class deadlines {
 public:
  /// `limit` is `host_config::command_timeout`; 0 is none, and then nothing is linked.
  explicit deadlines(std::chrono::milliseconds limit);
  deadlines(const deadlines&) = delete;
  deadlines& operator=(const deadlines&) = delete;

  bool is_limited() const noexcept { return rounds_ != 0; }

  /// Returns how far apart the ends of two rounds are to be, at least.
  std::chrono::milliseconds interval() const noexcept { return interval_; }

  /// Returns how many whole rounds a delivery may wait; it is answered at the end of the next one.
  std::uint64_t rounds() const noexcept { return rounds_; }

  /// Begins the time of one that is owned by a std::shared_ptr. Whatever else is to be set in it was set before.
  void link(delivery& d) noexcept;

  /// Ends it. Called once for each that was linked, by whoever is about to answer it.
  void unlink(delivery& d) noexcept;

  /// Ends a round: answers those whose time is over, on this thread and without a lock, a command `unknown` and a
  /// query `unavailable`.
  void sweep() noexcept;

 private:
  /// Deliveries are spread over several lists by their address, so that threads seldom wait for each other.
  struct alignas(64) shard {
    shard() { ends.before = ends.after = &ends; }

    std::mutex mutex;
    deadline_hook ends;  ///< closes the ring: `ends.after` is the oldest
    std::uint64_t round = 0;
  };

  /// How many are answered at a time: a lock is held for no longer than it takes to collect so many.
  using expired = std::array<std::shared_ptr<delivery>, 64>;

  shard& shard_of(const delivery& d) noexcept;
  std::size_t take_expired(shard& from, expired& into) noexcept;

  const std::chrono::milliseconds interval_;
  const std::uint64_t rounds_;
  const std::string reason_;
  std::array<shard, 16> shards_;
};

}  // namespace reprise
