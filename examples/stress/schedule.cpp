#include "stress/schedule.hpp"

#include <cmath>

namespace stress {

schedule::schedule(clock::time_point begin, double per_second, arrivals how, simulation::dice luck)
    : begin_(begin), mean_step_(1e9 / per_second), how_(how), luck_(luck) {
  advance();
}

void schedule::advance() noexcept {
  exact_ += how_ == arrivals::fixed ? mean_step_ : -std::log1p(-luck_.fraction()) * mean_step_;
  next_ = static_cast<std::int64_t>(exact_);
}

}  // namespace stress
