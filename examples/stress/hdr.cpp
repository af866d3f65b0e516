#include "stress/hdr.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <ostream>

namespace stress {

namespace {

constexpr double steps_per_halving = 5;

double millis(double nanoseconds) {
  return nanoseconds / 1e6;
}

double millis(std::chrono::nanoseconds time) {
  return millis(static_cast<double>(time.count()));
}

/// Returns the step from a percentage to the next one, which depends on how far it is from 100.
double step_behind(double percent) {
  const double halvings = std::floor(std::log2(100 / (100 - percent))) + 1;
  return 100 / (steps_per_halving * std::exp2(halvings));
}

template <class... Values>
void print(std::ostream& out, const char* format, Values... values) {
  std::array<char, 160> line{};
  std::snprintf(line.data(), line.size(), format, values...);
  out << line.data();
}

}  // namespace

void print_percentiles(std::ostream& out, const latency_histogram& histogram) {
  print(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
  const auto total = static_cast<unsigned long long>(histogram.count());
  double percent = 0;
  histogram.for_each_value([&](std::chrono::nanoseconds value, std::uint64_t so_far) {
    const double reached = 100 * static_cast<double>(so_far) / static_cast<double>(total);
    // Several steps may end in one bucket.
    for (; percent <= reached && so_far < total; percent += step_behind(percent)) {
      print(out, "%12.3f %2.12f %10llu %14.2f\n", millis(value), percent / 100,
            static_cast<unsigned long long>(so_far), 100 / (100 - percent));
    }
  });
  if (total > 0) print(out, "%12.3f %2.12f %10llu\n", millis(histogram.max()), 1.0, total);
  print(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", millis(histogram.mean()),
        millis(histogram.deviation()));
  print(out, "#[Max     = %12.3f, Total count    = %12llu]\n", millis(histogram.max()), total);
  print(out, "#[Buckets = %12d, SubBuckets     = %12d]\n", latency_histogram::doublings,
        latency_histogram::fine_buckets);
}

}  // namespace stress
