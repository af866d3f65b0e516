#include "stress/zipf.hpp"

#include <algorithm>
#include <cmath>

namespace stress {

namespace {

constexpr double tiny = 1e-8;

/// Returns log(1 + x) / x, also where x is 0.
double log_ratio(double x) {
  return std::abs(x) > tiny ? std::log1p(x) / x : 1 - x / 2;
}

/// Returns (exp(x) - 1) / x, also where x is 0.
double exp_ratio(double x) {
  return std::abs(x) > tiny ? std::expm1(x) / x : 1 + x / 2;
}

}  // namespace

zipf::zipf(std::uint64_t size, double exponent)
    : size_(static_cast<double>(size)),
      exponent_(exponent),
      first_area_(integral(1.5) - 1),
      last_area_(integral(size_ + 0.5)),
      threshold_(2 - inverse(integral(2.5) - density(2))) {}

std::uint64_t zipf::choose(simulation::dice& d) const {
  for (;;) {
    const double area = last_area_ + d.fraction() * (first_area_ - last_area_);
    const double x = inverse(area);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, size_);
    if (rank - x <= threshold_ || area >= integral(rank + 0.5) - density(rank))
      return static_cast<std::uint64_t>(rank) - 1;
  }
}

double zipf::density(double x) const {
  return std::exp(-exponent_ * std::log(x));
}

double zipf::integral(double x) const {
  const double log_x = std::log(x);
  return exp_ratio((1 - exponent_) * log_x) * log_x;
}

double zipf::inverse(double area) const {
  // Rounding may leave the range of the function by a little.
  const double t = std::max(area * (1 - exponent_), -1.0);
  return std::exp(log_ratio(t) * area);
}

}  // namespace stress
