#pragma once

#include "cart/shoppers.hpp"

#include <cstdint>

namespace stress {

/// Chooses among `size` ranks, the n-th 1 / n^exponent times as often as the first.
///
/// A draw takes the same time and no memory however many ranks there are: rejection-inversion, W. Hörmann and
/// G. Derflinger, Rejection-inversion to generate variates from monotone discrete distributions, ACM TOMACS 6 (1996).
class zipf {
 public:
  /// `size` is not 0, and `exponent` is above 0.
  zipf(std::uint64_t size, double exponent);

  /// Returns a rank from 0, the most frequent one, to `size` - 1.
  std::uint64_t choose(simulation::dice& d) const;

 private:
  /// The density that lies over the frequencies, its integral, and the inverse of that.
  double density(double x) const;
  double integral(double x) const;
  double inverse(double area) const;

  double size_;
  double exponent_;
  double first_area_;
  double last_area_;
  double threshold_;
};

}  // namespace stress
