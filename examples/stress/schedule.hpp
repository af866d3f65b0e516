#pragma once

#include "cart/shoppers.hpp"
#include "stress/options.hpp"

#include <chrono>

namespace stress {

/// The times at which something is due, at a rate.
class schedule {
 public:
  using clock = std::chrono::steady_clock;

  /// `per_second` is above 0. The first time is one step after `begin`. What would be due more than a hundred years
  /// later is due then, and never before.
  schedule(clock::time_point begin, double per_second, arrivals how, simulation::dice luck);

  /// Returns the time that is next.
  clock::time_point due() const noexcept { return begin_ + std::chrono::nanoseconds(next_); }

  /// Goes on to the time after it.
  void advance() noexcept;

 private:
  clock::time_point begin_;
  double mean_step_;  ///< in nanoseconds
  arrivals how_;
  simulation::dice luck_;
  double exact_ = 0;  ///< nanoseconds from the begin, so that what is rounded off does not add up
  std::int64_t next_ = 0;
};

}  // namespace stress
