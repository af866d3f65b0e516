#include "cart/shoppers.hpp"
#include "stress/hdr.hpp"
#include "stress/latency_histogram.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <vector>

using std::chrono::nanoseconds;
using stress::latency_histogram;

namespace {

/// Returns what a histogram says of a duration that is not its largest.
std::int64_t seen_as(std::int64_t value) {
  latency_histogram h;
  h.record(nanoseconds(value));
  h.record(latency_histogram::longest);
  return h.percentile(0.5).count();
}

/// Returns durations of every size, with those at the ends of doublings.
std::vector<std::int64_t> durations() {
  std::vector<std::int64_t> values{0, 1};
  simulation::dice luck{7};
  for (int bits = 1; bits < 42; ++bits) {
    const std::int64_t power = std::int64_t{1} << bits;
    values.insert(values.end(), {power - 1, power, power + 1});
    for (int i = 0; i < 20; ++i)
      values.push_back(power
                       + static_cast<std::int64_t>(luck.below(static_cast<std::uint64_t>(power))));
  }
  return values;
}

}  // namespace

TEST_CASE("a duration below 2,048 ns is kept exactly") {
  for (std::int64_t value = 0; value < 2'048; ++value) CHECK(seen_as(value) == value);
}

TEST_CASE("a longer one is never too short, and too long by less than a thousandth") {
  for (const auto value : durations()) {
    CAPTURE(value);
    const auto seen = seen_as(value);
    CHECK(seen >= value);
    CHECK((seen - value) * 1'000 <= value);
  }
}

TEST_CASE("percentiles are the least duration that so many do not pass") {
  latency_histogram h;
  for (std::int64_t value = 1'000; value > 0; --value) h.record(nanoseconds(value));
  CHECK(h.count() == 1'000);
  CHECK(h.percentile(0) == nanoseconds(1));
  CHECK(h.percentile(0.001) == nanoseconds(1));
  CHECK(h.percentile(0.5) == nanoseconds(500));
  CHECK(h.percentile(0.5001) == nanoseconds(501));
  CHECK(h.percentile(0.999) == nanoseconds(999));
  CHECK(h.percentile(1) == nanoseconds(1'000));
  CHECK(h.mean() == doctest::Approx(500.5));
  CHECK(h.deviation() == doctest::Approx(std::sqrt((1'000.0 * 1'000.0 - 1) / 12)));
}

TEST_CASE("the largest duration is exact, however long it is") {
  latency_histogram h;
  const auto days = std::chrono::hours(48) + nanoseconds(1);
  h.record(days);
  CHECK(h.max() == days);
  CHECK(h.percentile(1) == days);
  h.record(nanoseconds(-5));
  CHECK(h.percentile(0.5) == nanoseconds(0));
}

TEST_CASE("nothing was measured: every percentile is 0") {
  latency_histogram h;
  CHECK(h.percentile(0.99) == nanoseconds(0));
  CHECK(h.mean() == 0);
  h.record(nanoseconds(3'000'000));
  h.clear();
  CHECK(h.count() == 0);
  CHECK(h.percentile(1) == nanoseconds(0));
}

TEST_CASE("merged histograms are as one that recorded everything") {
  latency_histogram both, one, other;
  for (const auto value : durations()) {
    both.record(nanoseconds(value));
    (value % 2 == 0 ? one : other).record(nanoseconds(value));
  }
  one.merge(other);
  CHECK(one.count() == both.count());
  CHECK(one.max() == both.max());
  for (int part = 0; part <= 1'000; ++part)
    CHECK(one.percentile(part / 1'000.0) == both.percentile(part / 1'000.0));
}

TEST_CASE("percentiles are printed as HdrHistogram prints them") {
  latency_histogram h;
  for (int i = 1; i <= 4; ++i) h.record(std::chrono::nanoseconds(i * 1'000'000));
  std::ostringstream out;
  print_percentiles(out, h);
  // What is printed for a value is the end of its bucket, of which the third digit is not the last.
  CHECK(out.str()
        == "       Value     Percentile TotalCount 1/(1-Percentile)\n"
           "\n"
           "       1.000 0.000000000000          1           1.00\n"
           "       1.000 0.100000000000          1           1.11\n"
           "       1.000 0.200000000000          1           1.25\n"
           "       2.001 0.300000000000          2           1.43\n"
           "       2.001 0.400000000000          2           1.67\n"
           "       2.001 0.500000000000          2           2.00\n"
           "       3.000 0.550000000000          3           2.22\n"
           "       3.000 0.600000000000          3           2.50\n"
           "       3.000 0.650000000000          3           2.86\n"
           "       3.000 0.700000000000          3           3.33\n"
           "       3.000 0.750000000000          3           4.00\n"
           "       4.000 1.000000000000          4\n"
           "#[Mean    =        2.500, StdDeviation   =        1.118]\n"
           "#[Max     =        4.000, Total count    =            4]\n"
           "#[Buckets =           31, SubBuckets     =         2048]\n");
}
