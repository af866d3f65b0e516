#include "reprise/log_throttle.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

using namespace std::chrono_literals;
using reprise::log_cause;
using reprise::log_throttle;

namespace {

/// Lines that come to a throttle, whose clock only the test moves.
struct lines {
  log_throttle throttle;
  log_throttle::time now{};

  std::optional<std::string> come(const std::string& stream,
                                  const std::string& reason = "it broke",
                                  log_cause cause = log_cause::crash) {
    return throttle.pass({cause, stream, reason}, now);
  }
  bool passes(const std::string& stream,
              const std::string& reason = "it broke",
              log_cause cause = log_cause::crash) {
    return come(stream, reason, cause).has_value();
  }

  /// Lets as many different lines come as are told apart.
  void fill() {
    for (std::size_t i = 0; i < log_throttle::most_keys; ++i)
      CHECK(passes("cart/" + std::to_string(i)));
  }
};

}  // namespace

TEST_CASE("the first of a key passes, and then one in each period, with how many were left out") {
  lines l;
  CHECK(l.come("cart/1") == "");
  for (int i = 0; i < 3; ++i) CHECK_FALSE(l.passes("cart/1"));
  l.now += log_throttle::period - 1ns;
  CHECK_FALSE(l.passes("cart/1"));
  l.now += 1ns;
  CHECK(l.come("cart/1") == " (repeated 4 times)");
  CHECK_FALSE(l.passes("cart/1"));
  l.now += 1h;
  CHECK(l.come("cart/1") == " (repeated 1 time)");
  l.now += 1h;
  CHECK(l.come("cart/1") == "");
}

TEST_CASE("lines of another stream, reason or cause are other lines") {
  lines l;
  CHECK(l.passes("cart/1"));
  CHECK(l.passes("cart/2"));
  CHECK(l.passes("cart/1", "it fell"));
  CHECK(l.passes("cart/1", "it broke", log_cause::restart));
  CHECK(l.passes("cart/1it", " broke"));
  for (const char* stream : {"cart/1", "cart/2"}) CHECK_FALSE(l.passes(stream));
}

TEST_CASE("reasons that differ only far behind their beginning are one") {
  lines l;
  const std::string beginning(256, 'x');
  CHECK(l.passes("cart/1", beginning + "1"));
  CHECK_FALSE(l.passes("cart/1", beginning + "2"));
}

TEST_CASE("past the keys that there is room for, the lines of one cause are one") {
  lines l;
  l.fill();
  CHECK(l.come("cart/a") == "");
  for (int i = 0; i < 1'000; ++i) CHECK_FALSE(l.passes("other/" + std::to_string(i)));
  CHECK(l.passes("cart/a", "it broke", log_cause::snapshot));
  CHECK_FALSE(l.passes("cart/b", "it broke", log_cause::snapshot));
  l.now += log_throttle::period / 2;
  CHECK_FALSE(l.passes("cart/0"));
  CHECK_FALSE(l.passes("cart/a"));
}

TEST_CASE("there is room for new keys again when the period of old ones is over") {
  lines l;
  l.fill();
  CHECK(l.passes("cart/a"));
  CHECK_FALSE(l.passes("cart/b"));
  l.now += log_throttle::period;
  CHECK(l.come("cart/b") == "");
  CHECK(l.come("cart/a") == "");
}

TEST_CASE("what was left out of lines that were taken together is told with the next of them") {
  lines l;
  l.fill();
  CHECK(l.passes("cart/a"));
  for (int i = 0; i < 5; ++i) CHECK_FALSE(l.passes("cart/b"));
  l.now += log_throttle::period;
  l.fill();
  CHECK(l.come("cart/c") == " (repeated 5 times, for other aggregates or reasons too)");
}
