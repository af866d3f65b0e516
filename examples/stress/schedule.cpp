#include "stress/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stress {

namespace {

/// Nanoseconds after which nothing is due any more: over a hundred years, and far from the end of the clock.
constexpr double never = 4e18;

}  // namespace

schedule::schedule(clock::time_point begin, double per_second, arrivals how, simulation::dice luck)
    : begin_(begin),
      // No part of an infinite step would be a number.
      mean_step_(std::min(1e9 / per_second, std::numeric_limits<double>::max())),
      how_(how),
      luck_(luck) {
  advance();
}

void schedule::advance() noexcept {
  exact_ += how_ == arrivals::fixed ? mean_step_ : -std::log1p(-luck_.fraction()) * mean_step_;
  next_ = static_cast<std::int64_t>(std::min(exact_, never));
}

}  // namespace stress
