#pragma once

#include "stress/latency_histogram.hpp"

#include <iosfwd>

namespace stress {

/// Prints a histogram as HdrHistogram's `outputPercentileDistribution` does, in milliseconds, with five steps to each
/// halving of what is left of 100 percent: what its plotter (http://hdrhistogram.github.io/HdrHistogram/plotFiles.html)
/// reads.
void print_percentiles(std::ostream& out, const latency_histogram& histogram);

}  // namespace stress
