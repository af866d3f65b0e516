#include "actors/deterministic.hpp"
#include "actors/waiting.hpp"
#include "reprise/host.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace deterministic;
using namespace notes;
using namespace std::chrono_literals;
using fault = faulty_journal::fault;
using reprise::host_config;
using waiting::comes_true;

namespace {

/// A stage without jitter, whose aggregates `a` and `b` are ready, each with the word `one` at version 1.
struct with_one_word : stage<notebook> {
  explicit with_one_word(host_config config = {}) : stage(without_jitter(std::move(config))) {
    send("a", note{"one"});
    send("b", note{"one"});
    run();
  }

  static host_config without_jitter(host_config config) {
    config.restart_jitter_percent = 0;
    return config;
  }

  /// Sends what `evolve` crashes on; returns the reason.
  std::string spoil_it() {
    const auto& crashed = send("a", spoil{});
    run();
    CHECK(crashed.kind() == answer_kind::unavailable);
    return crashed.reason();
  }

  std::string ask() {
    const auto& query = look("a");
    run();
    return query.reason();
  }
};

std::string in_ms(std::uint64_t time) {
  return "; it is read again in " + std::to_string(time) + " ms at the earliest";
}

/// The waits of an aggregate that fails again and again, in milliseconds.
constexpr std::uint64_t doubling_to_30_s[] = {100,   200,    400,    800,    1'600, 3'200,
                                              6'400, 12'800, 25'600, 30'000, 30'000};

/// A number that is dropped by the `holds_for`th assignment.
struct glass {
  glass() = default;
  glass(const glass&) = default;
  glass(glass&&) = default;
  glass& operator=(const glass&) = default;
  // That it throws is what it is for. NOLINTNEXTLINE(performance-noexcept-move-constructor)
  glass& operator=(glass&& other) {
    if (--holds_for == 0) throw std::runtime_error("it broke");
    full = other.full;
    return *this;
  }
  ~glass() = default;

  static inline int holds_for = 0;
  int full = 0;
};

struct poured {
  static constexpr std::string_view event_name = "poured";
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};
struct pour {};

struct bar {
  static constexpr std::string_view category = "bar";
  using command = std::variant<pour>;
  using event = std::variant<poured>;
  glass first;
};

reprise::decision<bar> decide(const bar&, const pour&) {
  return {poured{}};
}
bar evolve(bar b, const poured&) {
  ++b.first.full;
  return b;
}

/// A stage whose aggregate `a` loses its state even if it evolves on a copy.
struct with_glass : stage<bar> {
  with_glass() : stage({.restart_jitter_percent = 0}) {
    send("a", pour{});
    run();
  }
  ~with_glass() { glass::holds_for = 0; }
  with_glass(const with_glass&) = delete;
  with_glass& operator=(const with_glass&) = delete;

  /// Lets the next pouring lose the state in a ready aggregate, and returns its answer.
  answer drop() {
    const auto& dropped = send("a", pour{});
    // The copy is assigned to once by the event, and then taken over.
    glass::holds_for = is_careful_ ? 2 : 1;
    is_careful_ = true;
    run();
    glass::holds_for = 0;
    return dropped.answer();
  }

  answer pour_one() {
    const auto& one = send("a", pour{});
    run();
    return one.answer();
  }

 private:
  bool is_careful_ = false;
};

answer unavailable(std::string reason) {
  return {answer_kind::unavailable, 0, 0, std::move(reason)};
}

}  // namespace

// -- a command that crashes evolve -----------------------------------------------------------------------------------

TEST_CASE("a command that crashes evolve every time restarts its aggregate once, and the others of "
          "it are served") {
  with_one_word s;
  const auto recovered = s.context().recovered.load();
  for (std::uint64_t i = 0; i < 20; ++i) {
    const auto& before = s.send("a", note{"before"});
    const auto& crashed = s.send("a", spoil{i % 2 == 0}, "spoiled");
    const auto& query = s.look("a");
    const auto& after = s.send("a", note{"after"});
    s.run();
    CHECK(before.answer() == accepted(2 + 2 * i));
    CHECK(crashed.kind() == answer_kind::unavailable);
    CHECK(query.seen->words.size() == 2 + 2 * i);
    CHECK(query.seen->words.back() == "before");
    CHECK(after.answer() == accepted(3 + 2 * i));
    s.pass(1s);
  }
  CHECK(s.context().recovered == recovered + 1);
  CHECK(s.context().crashes == 20);
  CHECK(s.stored("a").words.size() == 41);
}

TEST_CASE("the first restart is at once") {
  with_one_word s;
  CHECK(s.spoil_it() == "evolve threw: ink on the page");
  const auto& two = s.send("a", note{"two"});
  s.run();
  CHECK(two.answer() == accepted(2));
}

TEST_CASE("an aggregate that was calm for long enough restarts at once again") {
  with_one_word s{{.restart_backoff_max = 10s}};
  const auto recovered = s.context().recovered.load();
  const auto spoil_after = [&s](auto time) {
    s.pass(time);
    s.spoil_it();
    const auto& next = s.send("a", note{"next"});
    s.run();
    CHECK(next.kind() == answer_kind::accepted);
    return s.context().recovered.load();
  };
  CHECK(spoil_after(0s) == recovered + 1);
  CHECK(spoil_after(9'999ms) == recovered + 1);
  CHECK(spoil_after(9'999ms) == recovered + 1);  // the last crash counts
  CHECK(spoil_after(10s) == recovered + 2);
  CHECK(spoil_after(1ms) == recovered + 2);
}

TEST_CASE("a crash in decide costs its command, and no restart") {
  with_one_word s;
  const auto recovered = s.context().recovered.load();
  for (int i = 0; i < 3; ++i) {
    const auto& crashed = s.send("a", crash{});
    const auto& oddly = s.send("a", crash_oddly{});
    s.run();
    CHECK(crashed.answer() == unavailable("decide threw: the pencil broke"));
    CHECK(oddly.kind() == answer_kind::unavailable);
  }
  CHECK(s.context().recovered == recovered);
}

// -- an aggregate that crashes again and again -----------------------------------------------------------------------

TEST_CASE("an aggregate that loses its state again and again restarts ever more slowly") {
  with_glass s;
  CHECK(s.drop() == unavailable("evolve threw: it broke"));
  CHECK(s.pour_one() == accepted(2));
  std::uint64_t version = 2;
  for (const std::uint64_t wait : doubling_to_30_s) {
    CHECK(s.drop() == unavailable("evolve threw: it broke"));
    const auto recovered = s.context().recovered.load();
    CHECK(s.pour_one() == unavailable("evolve threw: it broke" + in_ms(wait)));
    s.pass(std::chrono::milliseconds(wait) - 1us);
    CHECK(s.pour_one() == unavailable("evolve threw: it broke" + in_ms(1)));
    CHECK(s.context().recovered == recovered);
    s.pass(1us);
    CHECK(s.pour_one() == accepted(++version));
    CHECK(s.context().recovered == recovered + 1);
  }
}

TEST_CASE("what was in flight when an aggregate broke is answered for what it is, and not denied") {
  with_glass s;
  s.drop();
  s.pour_one();
  s.hold("writer");
  const auto& in_flight = s.send("a", pour{}, "in flight");
  s.run();
  s.drop();
  const auto& again = s.send("a", pour{}, "in flight");
  const auto& new_one = s.send("a", pour{});
  s.run();
  CHECK_FALSE(in_flight.is_answered());
  CHECK(again.kind() == answer_kind::unknown);
  CHECK(new_one.kind() == answer_kind::unavailable);
  s.pass(100ms);
  const auto& in_time = s.send("a", pour{}, "in flight");
  const auto& next = s.send("a", pour{});
  s.run();
  CHECK_FALSE(in_time.is_answered());  // it is read behind what is in flight
  s.release("writer");
  s.run();
  CHECK(in_flight.answer() == accepted(3));
  CHECK(in_time.answer() == accepted(3));
  CHECK(next.answer() == accepted(4));
}

TEST_CASE("what another writer overtakes while an aggregate is broken is answered") {
  with_glass s;
  s.drop();
  s.pour_one();
  s.hold("writer");
  const auto& in_flight = s.send("a", pour{});
  s.run();
  s.drop();
  s.store_elsewhere("a", {poured{}});
  s.release("writer");
  s.run();
  CHECK(in_flight.kind() != answer_kind::accepted);
  s.pass(100ms);
  CHECK(s.pour_one() == accepted(4));
}

TEST_CASE("a write that fails while an aggregate is broken leaves it so") {
  with_glass s;
  s.drop();
  s.pour_one();
  s.hold("writer");
  s.send("a", pour{}, "in flight");
  s.run();
  s.drop();
  s.journal().fail(fault::fail_after);
  s.release("writer");
  s.run();
  s.pass(1h);
  const auto& again = s.send("a", pour{}, "in flight");
  const auto& next = s.send("a", pour{});
  s.run();
  CHECK(again.kind() == answer_kind::unknown);
  CHECK(next.answer() == unavailable("evolve threw: it broke"));
}

// -- a history that cannot be read -----------------------------------------------------------------------------------

TEST_CASE("an aggregate whose history could not be read is read again after a while") {
  with_one_word s;
  s.restart();
  s.journal().damage("notebook/a", "the disk is away");
  const auto& first = s.send("a", note{"two"});
  s.run();
  const std::string why = "stream \"notebook/a\": the disk is away";
  CHECK(first.answer() == unavailable(why + in_ms(100)));
  s.journal().damage("notebook/a", "");
  const auto reads = s.journal().reads();
  s.pass(99'999us);
  CHECK(s.ask() == why + in_ms(1));
  CHECK(s.journal().reads() == reads);
  s.pass(1us);
  const auto& two = s.send("a", note{"two"});
  const auto& three = s.send("a", note{"three"});
  s.run();
  CHECK(two.answer() == accepted(2));
  CHECK(three.answer() == accepted(3));
  CHECK(s.journal().reads() == reads + 1);
  CHECK(s.context().broken == 0);
}

TEST_CASE("a history that stays damaged is read ever more seldom, and only if somebody asks") {
  with_one_word s;
  s.restart();
  s.journal().damage("notebook/a", "wrong checksum");
  s.ask();
  for (const std::uint64_t wait : doubling_to_30_s) {
    const auto reads = s.journal().reads();
    CHECK(s.ask().ends_with(in_ms(wait)));
    s.pass(std::chrono::milliseconds(wait) - 1us);
    s.run();
    CHECK(s.ask().ends_with(in_ms(1)));
    CHECK(s.journal().reads() == reads);
    s.pass(wait % 800 == 0 ? 1us : 10s);
    s.run();
    CHECK(s.journal().reads() == reads);
    s.ask();
    CHECK(s.journal().reads() == reads + 1);
  }
}

TEST_CASE("that a history cannot be read is logged once, and that it can again") {
  with_one_word s;
  s.restart();
  for (int time = 1; time <= 2; ++time) {
    s.journal().damage("notebook/a", "wrong checksum");
    for (int i = 0; i < 5; ++i) {
      s.ask();
      s.pass(1h);
    }
    CHECK(s.logged("cannot be recovered") == static_cast<std::size_t>(time));
    s.journal().damage("notebook/a", "");
    s.ask();
    s.look("a");
    s.run();
    CHECK(s.logged("is available again") == static_cast<std::size_t>(time));
    CHECK(s.log().back() == "\"notebook/a\" is available again");
    s.passivate("a");
    s.run();
  }
}

TEST_CASE("many that come when it is time are read for once, in their order") {
  with_one_word s;
  s.restart();
  s.journal().damage("notebook/a", "wrong checksum");
  s.ask();
  s.journal().damage("notebook/a", "");
  s.pass(100ms);
  const auto reads = s.journal().reads();
  for (int i = 0; i < 10; ++i) s.send("a", note{std::to_string(i)});
  const auto& query = s.look("a");
  s.run();
  CHECK(query.seen->words == words{"one", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
  CHECK(s.journal().reads() == reads + 1);
}

TEST_CASE("an aggregate that a write found damaged is read again after a while") {
  with_one_word s;
  s.journal().damage("notebook/a", "wrong checksum");
  const auto& two = s.send("a", note{"two"}, "two");
  s.run();
  CHECK(two.reason().ends_with("wrong checksum" + in_ms(100)));
  s.journal().damage("notebook/a", "");
  s.pass(100ms);
  const auto& again = s.send("a", note{"two"}, "two");
  s.run();
  CHECK(again.answer() == accepted(2));
  CHECK(s.logged("is available again") == 1);
}

TEST_CASE("an aggregate that crashed, and then cannot be read, is read again after a while") {
  with_one_word s;
  s.hold("recovery");
  s.spoil_it();
  s.journal().damage("notebook/a", "wrong checksum");
  s.release("recovery");
  s.run();
  CHECK(s.ask().ends_with(in_ms(200)));  // it is the second failure
  s.journal().damage("notebook/a", "");
  s.pass(200ms);
  const auto& two = s.send("a", note{"two"});
  s.run();
  CHECK(two.answer() == accepted(2));
}

TEST_CASE("nothing is read again after the journal has failed") {
  with_one_word s;
  s.journal().damage("notebook/c", "wrong checksum");
  s.look("c");
  s.run();
  s.journal().fail(fault::fail_before);
  s.send("a", note{"two"});
  s.run();
  s.pass(1h);
  const auto reads = s.journal().reads();
  const auto& damaged = s.look("c");
  const auto& lost = s.look("a");
  s.run();
  CHECK(s.journal().reads() == reads);
  CHECK(damaged.reason().ends_with("wrong checksum"));
  CHECK(lost.reason().ends_with("the disk is gone"));
}

TEST_CASE("waits are shortened by chance, differ, and are the same for the same seed") {
  const host_config config{.restart_backoff_min = 10s, .restart_jitter_percent = 20};
  reprise::host_context one(config, {.seed = 7}), same(config, {.seed = 7}),
      other(config, {.seed = 8});
  std::set<std::chrono::milliseconds> different;
  bool all_the_same = true;
  for (int i = 0; i < 1'000; ++i) {
    const auto wait = one.backoff(1);
    CHECK(wait >= 8s);
    CHECK(wait <= 10s);
    different.insert(wait);
    CHECK(same.backoff(1) == wait);
    all_the_same = all_the_same && other.backoff(1) == wait;
  }
  CHECK(different.size() > 700);
  CHECK(*different.begin() < 8'050ms);
  CHECK(*different.rbegin() > 9'950ms);
  CHECK_FALSE(all_the_same);
}

TEST_CASE("a wait is never none, and never past its limit, however often an aggregate failed") {
  reprise::host_context all_chance({.restart_backoff_min = 1ms, .restart_jitter_percent = 100});
  reprise::host_context none(
      {.restart_backoff_min = 1ms, .restart_backoff_max = 24h, .restart_jitter_percent = 0});
  CHECK(all_chance.backoff(0) == 0ms);
  for (const std::uint32_t failures : {1U, 2U, 63U, 64U, 65U, ~0U}) {
    for (int i = 0; i < 100; ++i) CHECK(all_chance.backoff(failures) >= 1ms);
    CHECK(none.backoff(failures) <= 24h);
  }
  CHECK(none.backoff(~0U) == 24h);
}

// -- out of memory, and back -----------------------------------------------------------------------------------------

namespace {

/// A stage in which one aggregate is in memory, so that a look at another makes `a` leave.
struct with_room_for_one : with_one_word {
  explicit with_room_for_one(host_config config = {}) : with_one_word(for_one(std::move(config))) {}

  static host_config for_one(host_config config) {
    config.max_live = 1;
    return config;
  }

  void make_it_leave() {
    look("b");
    run();
    CHECK(context().broken == 0);
  }

  std::uint64_t failed_reads() { return context().metrics.failed_recoveries; }
};

}  // namespace

TEST_CASE("leaving memory for another does not have a damaged history read, or told, again") {
  with_room_for_one s;
  s.restart();
  s.journal().damage("notebook/a", "wrong checksum");
  for (int i = 0; i < 20; ++i) {
    CHECK(s.ask() == "stream \"notebook/a\": wrong checksum" + in_ms(100));
    s.make_it_leave();
  }
  CHECK(s.failed_reads() == 1);
  CHECK(s.log().size() == 1);
}

TEST_CASE("a wait goes on, and the next is twice as long, though the aggregate left in between") {
  with_room_for_one s;
  s.restart();
  s.journal().damage("notebook/a", "wrong checksum");
  s.ask();
  for (const std::uint64_t wait : doubling_to_30_s) {
    const auto reads = s.failed_reads();
    s.make_it_leave();
    CHECK(s.ask().ends_with(in_ms(wait)));
    s.pass(std::chrono::milliseconds(wait) - 1us);
    s.make_it_leave();
    CHECK(s.ask().ends_with(in_ms(1)));
    CHECK(s.failed_reads() == reads);
    s.pass(1us);
    s.make_it_leave();
    s.ask();
    CHECK(s.failed_reads() == reads + 1);
  }
  s.journal().damage("notebook/a", "");
  s.pass(30s);
  s.make_it_leave();
  const auto& two = s.send("a", note{"two"});
  s.run();
  CHECK(two.answer() == accepted(2));
  CHECK(s.log().size() == 2);
  CHECK(s.log().back() == "\"notebook/a\" is available again");
}

TEST_CASE("being idle does not have a damaged history read again before it is time") {
  with_one_word s{{.restart_backoff_min = 1h, .restart_backoff_max = 1h}};
  s.restart();
  s.journal().damage("notebook/a", "wrong checksum");
  for (int i = 0; i < 20; ++i) {
    CHECK(s.ask().ends_with(in_ms(3'600'000)));
    for (int round = 0; round < 20; ++round) s.pass_an_idle_round();
    s.run();
    CHECK(s.context().running(reprise::host_context::part::aggregate) == 0);
  }
  CHECK(s.context().metrics.failed_recoveries == 1);
}

TEST_CASE("an aggregate that is asked to leave is read again at once, and told of no second time") {
  with_one_word s;
  s.restart();
  s.journal().damage("notebook/a", "wrong checksum");
  s.ask();
  s.passivate("a");
  s.run();
  CHECK(s.ask().ends_with(in_ms(200)));
  CHECK(s.context().metrics.failed_recoveries == 2);
  CHECK(s.log().size() == 1);
}

TEST_CASE(
    "a command that crashes an aggregate every time restarts it once, wherever it was since") {
  with_room_for_one s;
  for (int i = 0; i < 20; ++i) {
    s.spoil_it();
    s.make_it_leave();
  }
  CHECK(s.context().metrics.restarts.value(reprise::restart_reason::crash) == 1);
}

TEST_CASE("an aggregate grows calm in memory and out of it") {
  with_room_for_one s;
  s.spoil_it();
  s.pass(15s);
  s.make_it_leave();
  s.ask();
  s.pass(15s);
  s.spoil_it();
  // It evolved in place, and so lost its state.
  CHECK(s.context().metrics.restarts.value(reprise::restart_reason::crash) == 2);
}

TEST_CASE("an aggregate that was killed while broken is not read again before it is time") {
  with_one_word s;
  s.restart();
  s.journal().damage("notebook/a", "wrong checksum");
  s.ask();
  s.kill("a");
  s.run();
  CHECK(s.ask().ends_with(in_ms(100)));
  CHECK(s.context().metrics.failed_recoveries == 1);
}

TEST_CASE("the successor of a broken one that was killed answers for what that one had in flight") {
  with_glass s;
  s.drop();
  s.pour_one();
  s.hold("writer");
  const auto& in_flight = s.send("a", pour{}, "in flight");
  s.run();
  s.drop();
  s.kill("a");
  s.run();
  const auto& again = s.send("a", pour{}, "in flight");
  s.run();
  CHECK_FALSE(again.is_answered());
  s.release("writer");
  s.run();
  CHECK(in_flight.answer() == accepted(3));
  CHECK(again.kind() == answer_kind::unknown);  // it does not know what is stored
  CHECK(again.reason() == "evolve threw: it broke" + in_ms(100));
  const auto& query = s.look("a");
  s.run();
  CHECK(query.kind() == answer_kind::unavailable);
  s.pass(100ms);
  CHECK(s.pour_one() == accepted(4));
}

TEST_CASE("a host whose memory is full of broken aggregates makes room for a sound one") {
  with_one_word s{{.max_live = 4}};
  for (int i = 0; i < 40; ++i) {
    const std::string id = "broken " + std::to_string(i);
    s.journal().damage("notebook/" + id, "wrong checksum");
    s.look(id);
    s.run();
  }
  const auto& two = s.send("a", note{"two"});
  s.run();
  CHECK(two.answer() == accepted(2));
}

TEST_CASE("waits of so many broken aggregates are remembered, those that end last the longest") {
  constexpr std::size_t most = reprise::router::most_troubles_a_shard;
  with_room_for_one s;
  const auto fail = [&s](std::size_t number) {
    const std::string id = std::to_string(number);
    s.journal().damage("notebook/" + id, "wrong checksum");
    const auto before = s.failed_reads();
    s.look(id);
    s.run();
    s.pass(1us);
    return s.failed_reads() != before;
  };
  // One of them is still in memory.
  for (std::size_t i = 0; i <= most + 1; ++i) CHECK(fail(i));
  CHECK_FALSE(fail(most + 1));
  CHECK_FALSE(fail(1));
  CHECK(fail(0));
}

// -- leaving, and every order ------------------------------------------------------------------------------------------

TEST_CASE("an aggregate that leaves is not read again before it has left") {
  with_one_word s;
  s.restart();
  s.journal().damage("notebook/a", "wrong checksum");
  s.ask();
  s.pass(1h);
  const auto reads = s.journal().reads();
  s.hold("writer");
  s.passivate("a");
  const auto& waits = s.look("a");
  s.run();
  CHECK(s.journal().reads() == reads);
  s.journal().damage("notebook/a", "");
  s.release("writer");
  s.run();
  CHECK(waits.seen->words == words{"one"});
}

TEST_CASE("what comes back late to a broken aggregate that leaves does not make it stay") {
  with_one_word s{{.max_batch_commits = 1}};
  s.hold("writer");
  s.send("a", note{"two"});
  const auto& three = s.send("a", note{"three"});
  s.run();
  s.journal().damage("notebook/a", "wrong checksum");
  while (s.context().broken == 0) {
    REQUIRE(s.step("writer"));
    s.run();
  }
  s.passivate("a");
  s.run();
  s.journal().damage("notebook/a", "");
  s.pass(1h);
  const auto reads = s.journal().reads();
  s.release("writer");
  s.run();
  CHECK(three.kind() != answer_kind::accepted);
  CHECK(s.journal().reads() == reads);
  CHECK(s.context().running(reprise::host_context::part::aggregate) == 1);  // its neighbour
}

TEST_CASE("in every order of turns a history that could not be read is served in the end") {
  const things lives[] = {
      {[](auto& s) { s.journal().damage("notebook/a", "wrong checksum"); },
       [](auto& s) { s.send("a", note{"one"}, "id"); },
       [](auto& s) { s.journal().damage("notebook/a", ""); }, [](auto& s) { s.pass(1h); },
       [](auto& s) { s.send("a", note{"one"}, "id"); }, [](auto& s) { s.passivate("a"); }},
      {[](auto& s) { s.send("a", note{"one"}, "id"); }, [](auto& s) { s.send("a", spoil{}); },
       [](auto& s) { s.journal().damage("notebook/a", "wrong checksum"); },
       [](auto& s) { s.pass(1h); }, [](auto& s) { s.send("a", note{"one"}, "id"); },
       [](auto& s) { s.journal().damage("notebook/a", ""); }},
      {[](auto& s) { s.send("a", note{"one"}, "id"); }, [](auto& s) { s.send("a", spoil{}); },
       [](auto& s) { s.store_elsewhere("a", {written{"other"}}); },
       [](auto& s) { s.send("a", spoil{}); }, [](auto& s) { s.send("a", note{"one"}, "id"); }},
  };
  for (const things& life : lives) {
    in_every_order(life, [](auto& s) {
      s.pass(1h);
      const auto& last = s.send("a", note{"one"}, "id");
      s.run();
      CHECK(last.kind() == answer_kind::accepted);
      const auto all = s.stored("a").words;
      CHECK(std::count(all.begin(), all.end(), "one") == 1);
    });
  }
}

// -- on real threads -----------------------------------------------------------------------------------------------------

TEST_CASE("a host serves an aggregate again soon after its history can be read") {
  const auto journal = std::make_shared<faulty_journal>();
  journal->damage("notebook/a", "the disk is away");
  reprise::host host{{.journal = journal, .restart_backoff_min = 1ms, .restart_backoff_max = 20ms}};
  const auto books = host.aggregates<notebook>();
  for (int i = 0; i < 3; ++i) {
    CHECK(books.send("a", note{"one"}).get().kind == answer_kind::unavailable);
  }
  journal->damage("notebook/a", "");
  const reprise::command_options with_id{.id = "id"};
  CHECK(comes_true([&] { return books.send("a", note{"one"}, with_id).get() == accepted(1); }));
  CHECK(host.stats().broken == 0);
}
