#include "stress/result.hpp"
#include "stress/settings.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace stress;
using namespace std::chrono_literals;

TEST_CASE("a time has a unit, or is in seconds") {
  CHECK(duration_from("10s") == 10s);
  CHECK(duration_from("10") == 10s);
  CHECK(duration_from("250us") == 250us);
  CHECK(duration_from("1.5ms") == 1500us);
  CHECK(duration_from("2m") == 120s);
  CHECK(duration_from("1h") == 3600s);
  CHECK(duration_from("0", {}) == 0s);
  for (const std::string bad :
       {"", "s", "0", "-1s", "5 s", "1e3s", "nan", "inf", "9999999h", "10x"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(static_cast<void>(duration_from(bad)), bad_setting);
  }
}

TEST_CASE("a mix names the shares of commands, and what it does not name is not sent") {
  CHECK(mix_from("add=60,remove=20,view=15,checkout=5") == command_mix{});
  CHECK(mix_from("checkout=1").weights == std::array<std::uint32_t, 4>{0, 0, 0, 1});
  for (const std::string bad :
       {"", "add", "add=", "add=-1", "add=x", "steal=3", "add=0", "add=1;view=2", "add=1,",
        ",add=1", "add=1,,view=2", "add=1,add=2"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(static_cast<void>(mix_from(bad)), bad_setting);
  }
}

TEST_CASE("a distribution has the numbers that its shape takes") {
  using shape = cart_distribution::shape;
  CHECK(distribution_from("uniform").form == shape::uniform);
  CHECK(distribution_from("latest").form == shape::latest);
  CHECK(distribution_from("zipf:1.2").exponent == 1.2);
  const auto hot = distribution_from("hot:1%@90%");
  CHECK(hot.form == shape::hot);
  CHECK(hot.hot_carts == doctest::Approx(0.01));
  CHECK(hot.hot_commands == doctest::Approx(0.9));
  for (const std::string bad : {"", "zipf", "zipf:", "zipf:0", "zipf:-1", "zipf:11", "zipf:1x",
                                "hot:1@90", "hot:1%", "hot:0%@5%", "hot:101%@5%", "normal"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(static_cast<void>(distribution_from(bad)), bad_setting);
  }
}

TEST_CASE("rates are within their bounds") {
  CHECK(rate_from("0.5") == 0.5);
  CHECK(rate_from("5000/s") == 5'000);
  for (const std::string bad : {"", "0", "-1", "1/m", "1e9"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(static_cast<void>(rate_from(bad)), bad_setting);
  }
}

TEST_CASE("harm that is not named is not done") {
  const auto chaos = chaos_from("crash=5/s,restart=0.1/s");
  CHECK(chaos.crash == 5);
  CHECK(chaos.passivate == 0);
  CHECK(chaos.restart == 0.1);
  for (const std::string bad : {"", "crash", "crash=5", "crash=0/s", "fire=1/s", "crash=-1/s",
                                "crash=5/s,crash=0/s", "crash=5/s,"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(static_cast<void>(chaos_from(bad)), bad_setting);
  }
}

TEST_CASE("a threshold that does not read is refused") {
  for (const std::string bad : {"", "p99", "p99>", "p99>20", "p99=20ms", "p98>1ms", "p99>>1ms",
                                "rate<3ms", "accepted<1/m", "p99>1ms,p50>1ms", ">5"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(static_cast<void>(threshold_from(bad)), bad_setting);
  }
}

namespace {

/// A hundred accepted commands in two seconds, of 1 to 100 ms, and one that was turned away at once.
result sample() {
  const reprise::answer accepted{
      .kind = reprise::answer_kind::accepted, .version = 1, .events = 1, .reason = {}};
  const reprise::answer overloaded{
      .kind = reprise::answer_kind::overloaded, .version = 0, .events = 0, .reason = "full"};
  result r;
  r.time = 2s;
  for (int i = 1; i <= 100; ++i) r.commands[0].add(accepted, false, std::chrono::milliseconds(i));
  r.commands[0].add(overloaded, false, 1us);
  return r;
}

bool fails(const result& measured, const std::string& text) {
  result r = measured;
  r.options.fail_if.push_back(threshold_from(text));
  CHECK(exit_status(r) == (failed_thresholds(r).empty() ? 0 : 4));
  return !failed_thresholds(r).empty();
}

}  // namespace

TEST_CASE("a result fails what it meets, and nothing else") {
  const auto r = sample();
  CHECK(fails(r, "max>99ms"));
  CHECK_FALSE(fails(r, "max>100ms"));
  CHECK(fails(r, "max>=100ms"));
  CHECK(fails(r, "p50>49ms"));
  CHECK_FALSE(fails(r, "p50>51ms"));
  CHECK(fails(r, "p90<1s"));
  CHECK(fails(r, "rate<51/s"));
  CHECK(fails(r, "rate<=50"));
  CHECK_FALSE(fails(r, "rate<50"));
  CHECK(fails(r, "accepted<101"));
  CHECK_FALSE(fails(r, "accepted<100"));
  CHECK(fails(r, "accepted<51/s"));
  CHECK(fails(r, "overloaded>0"));
  CHECK_FALSE(fails(r, "unknown>0"));
  CHECK(fails(r, "unknown<=0"));
}

TEST_CASE("what is turned away has no part in latencies and rates") {
  const auto r = sample();
  CHECK(r.total().latency.count() == 100);
  CHECK(r.total().latency.percentile(0) >= 1ms);
  CHECK(r.goodput() == 50);
  CHECK(r.total().answers.overloaded == 1);
}

TEST_CASE("a result without an answer fails every threshold about times") {
  const result nothing;
  CHECK(fails(nothing, "p99>1h"));
}

TEST_CASE("a difference counts for more than a failure, and that for more than an interrupt or a "
          "threshold") {
  result r = sample();
  r.options.fail_if.push_back(threshold_from("max>1ms"));
  CHECK(exit_status(r) == 4);
  r.was_interrupted = true;
  CHECK(exit_status(r) == 130);
  r.failure = "the journal failed";
  CHECK(exit_status(r) == 2);
  r.verdict.emplace();
  CHECK(exit_status(r) == 2);
  r.verdict->difference_count = 1;
  CHECK(exit_status(r) == 3);
}
