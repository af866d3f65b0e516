#include "actors/deterministic.hpp"
#include "reprise/host.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace deterministic;
using namespace notes;
using namespace std::chrono_literals;
using fault = faulty_journal::fault;
using kind = reprise::outcome_kind;
using reprise::host_config;
using reprise::outcome;
using reprise::timestamp;

namespace {

outcome recorded(std::uint64_t version, std::uint32_t events = 1) {
  return {kind::accepted, version, events, {}};
}
outcome not_taken(std::uint64_t version) {
  return {kind::not_taken, version, 0, {}};
}
outcome out_of_window(std::uint64_t version) {
  return {kind::out_of_window, version, 0, {}};
}

timestamp at(std::int64_t seconds) {
  return timestamp{std::chrono::seconds(1'700'000'000 + seconds)};
}

/// A stage whose aggregate `a` is ready, with the word `one` at version 1.
struct with_one_word : stage<notebook> {
  explicit with_one_word(host_config config = {}) : stage(std::move(config)) {
    send("a", note{"one"}, "one");
    run();
  }
};

/// A stage with a clock that is set by hand, and a window of a minute.
struct with_clock : stage<notebook> {
  with_clock() : with_clock(std::make_shared<timestamp>(at(0))) {}
  explicit with_clock(std::shared_ptr<timestamp> t)
      : stage({.dedup_age = 60s, .clock = [t] { return *t; }}), now(std::move(t)) {}

  std::shared_ptr<timestamp> now;
};

}  // namespace

// -- what it says --------------------------------------------------------------------------------------------------

TEST_CASE("the outcome of a command is what its answer told, whatever happened since") {
  stage<notebook> s;
  s.send("a", note_all{{"one", "two"}}, "id");
  s.send("a", tear_out{}, "other");
  s.run();
  for (int life = 0; life < 3; ++life) {
    const auto& first = s.outcome("a", "id");
    const auto& other = s.outcome("a", "other");
    s.run();
    CHECK(first.outcome() == recorded(2, 2));
    CHECK(other.outcome() == recorded(3));
    if (life == 0) s.passivate("a");
    if (life == 1) s.restart();
    s.run();
  }
}

TEST_CASE("a command that recorded nothing was not taken") {
  stage<notebook> s;
  s.send("a", tear_out{}, "refused");
  s.send("a", note{"one"}, "one");
  s.send("a", end_with{"one"}, "already so");
  s.send("a", crash{}, "crashed");
  s.run();
  for (const char* id : {"refused", "already so", "crashed", "never sent"}) {
    const auto& asked = s.outcome("a", id);
    s.run();
    CHECK(asked.outcome() == not_taken(1));
  }
  const auto& one = s.outcome("a", "one");
  s.run();
  CHECK(one.outcome() == recorded(1));
}

TEST_CASE("of an aggregate that never was, nothing was taken, and it is still none") {
  stage<notebook> s;
  const auto& asked = s.outcome("a", "id");
  s.run();
  CHECK(asked.outcome() == not_taken(0));
  CHECK(s.journal().stats().commits == 0);
}

TEST_CASE("a question decides nothing") {
  with_one_word s;
  s.outcome("a", "two");
  s.run();
  const auto& two = s.send("a", note{"two"}, "two");
  s.run();
  CHECK(two.answer() == accepted(2));
}

TEST_CASE("an outcome is printed on one line") {
  const auto printed = [](const outcome& o) {
    std::ostringstream out;
    out << o;
    return out.str();
  };
  CHECK(printed(recorded(7)) == "accepted at version 7, 1 event");
  CHECK(printed(not_taken(7)) == "not_taken at version 7");
  CHECK(printed(out_of_window(7)) == "out_of_window at version 7");
  CHECK(printed({kind::unavailable, 0, 0, "why"}) == "unavailable: why");
}

// -- durable -------------------------------------------------------------------------------------------------------

TEST_CASE("the outcome of a command in flight is told when that is durable") {
  with_one_word s;
  s.hold("writer");
  s.send("a", note{"two"}, "two");
  const auto& two = s.outcome("a", "two");
  const auto& three = s.outcome("a", "three");
  const auto& one = s.outcome("a", "one");
  s.run();
  CHECK_FALSE(two.is_answered());
  CHECK_FALSE(three.is_answered());
  CHECK(one.outcome() == recorded(1));  // it is durable already
  s.release("writer");
  s.run();
  CHECK(two.outcome() == recorded(2));
  CHECK(three.outcome() == not_taken(2));
}

TEST_CASE("after a failed write the outcome is not known until the journal is opened again") {
  for (const fault how : {fault::fail_before, fault::fail_after}) {
    with_one_word s;
    s.hold("writer");
    s.send("a", note{"two"}, "two");
    const auto& rides_with_it = s.outcome("a", "two");
    s.run();
    s.journal().fail(how);
    s.release("writer");
    s.run();
    CHECK(rides_with_it.kind() == kind::unknown);
    const auto& later = s.outcome("a", "two");
    const auto& neighbour = s.outcome("b", "two");
    s.run();
    CHECK(later.kind() == kind::unavailable);
    CHECK(neighbour.kind() == kind::unavailable);

    s.restart();
    const auto& after = s.outcome("a", "two");
    s.run();
    CHECK(after.outcome() == (how == fault::fail_after ? recorded(2) : not_taken(1)));
  }
}

TEST_CASE("what is in flight when its aggregate crashes is told by the successor") {
  with_one_word s;
  s.hold("writer");
  s.send("a", note{"two"}, "two");
  s.run();
  s.crash("a");
  const auto& two = s.outcome("a", "two");
  s.run();
  CHECK_FALSE(two.is_answered());
  s.release("writer");
  s.run();
  CHECK(two.outcome() == recorded(2));
}

// -- another writer ------------------------------------------------------------------------------------------------

TEST_CASE("that a command was not taken is said only if no other writer has stored it") {
  for (const bool is_busy : {false, true}) {
    with_one_word s;
    s.hold("writer");
    if (is_busy) s.send("a", note{"here"}, "here");
    const auto& asked = s.outcome("a", "id");
    s.run();
    CHECK_FALSE(asked.is_answered());
    s.store_elsewhere("a", {written{"there"}}, "id");
    s.release("writer");
    s.run();
    CHECK(asked.outcome() == recorded(2));
  }
}

// -- commands whose time is over -----------------------------------------------------------------------------------

TEST_CASE("a late command that still waits is never decided, so that it was not taken is final") {
  // Wherever it waits when its time is over: on its way, at its aggregate, or for the history.
  for (const char* where : {"supervisor", "@a", "recovery"}) {
    CAPTURE(where);
    with_one_word s;
    // Only one that has no actor is spawned, and reads its history.
    if (where != std::string("@a")) s.restart();
    s.hold(where);
    const auto& two = s.send("a", note{"two"}, "two");
    s.run();
    s.pass_the_timeout();
    CHECK(two.kind() == answer_kind::unknown);
    const auto& asked = s.outcome("a", "two");
    s.run();
    CHECK_FALSE(asked.is_answered());
    s.release_all();
    s.run();
    CHECK(asked.outcome() == not_taken(1));
    CHECK(s.stored("a").words == words{"one"});
  }
}

TEST_CASE("a late command that comes back from a conflict is never decided") {
  with_one_word s;
  s.hold("writer");
  const auto& two = s.send("a", note{"two"}, "two");
  s.run();
  s.pass_the_timeout();
  CHECK(two.kind() == answer_kind::unknown);
  s.store_elsewhere("a", {written{"other"}});
  const auto& asked = s.outcome("a", "two");
  s.release("writer");
  s.run();
  CHECK(asked.outcome() == not_taken(2));
  CHECK(s.stored("a").words == words{"one", "other"});
}

TEST_CASE("a late command that the journal has stored was accepted") {
  with_one_word s;
  s.hold("writer");
  s.send("a", note{"two"}, "two");
  s.run();
  s.pass_the_timeout();
  const auto& asked = s.outcome("a", "two");
  s.release("writer");
  s.run();
  CHECK(asked.outcome() == recorded(2));
}

TEST_CASE("a sending that is not answered yet may be taken behind the question") {
  with_one_word s;
  const auto& asked = s.outcome("a", "two");
  const auto& two = s.send("a", note{"two"}, "two");
  s.run();
  CHECK(asked.outcome() == not_taken(1));
  CHECK(two.answer() == accepted(2));
}

TEST_CASE("in every order of turns an outcome is true, and not taken is final") {
  const things lives[] = {
      {[](auto& s) { s.send("a", note{"one"}, "id"); }, [](auto& s) { s.pass_the_timeout(); },
       [](auto& s) { s.outcome("a", "id"); }, [](auto& s) { s.outcome("a", "id"); }},
      {[](auto& s) { s.send("a", note{"one"}, "id"); }, [](auto& s) { s.crash("a"); },
       [](auto& s) { s.pass_the_timeout(); }, [](auto& s) { s.outcome("a", "id"); }},
      {[](auto& s) { s.send("a", note{"one"}, "id"); }, [](auto& s) { s.passivate("a"); },
       [](auto& s) { s.pass_the_timeout(); }, [](auto& s) { s.outcome("a", "id"); }},
      {[](auto& s) { s.send("a", note{"one"}, "id"); }, [](auto& s) { s.pass_the_timeout(); },
       [](auto& s) { s.store_elsewhere("a", {written{"other"}}); },
       [](auto& s) { s.outcome("a", "id"); }},
  };
  for (const things& life : lives) {
    // What each must be is in the account that the stage keeps.
    in_every_order(life, [](auto& s) {
      const auto& first = s.questions().front();
      CHECK((first.kind() == kind::accepted || first.kind() == kind::not_taken));
    });
  }
}

// -- the window ----------------------------------------------------------------------------------------------------

TEST_CASE("what has left the window by number cannot be told, unless nothing since then has") {
  auto now = std::make_shared<timestamp>(at(0));
  stage<notebook> s{{.dedup_window = 2, .clock = [now] { return *now; }}};
  for (const char* id : {"1", "2", "3"}) {
    s.send("a", note{id}, id);
    s.run();
    *now += 1s;
  }
  for (int life = 0; life < 2; ++life) {
    const auto& first = s.outcome("a", "1");
    const auto& second = s.outcome("a", "2");
    const auto& never = s.outcome("a", "never");
    const auto& recent = s.outcome("a", "recent", at(1));
    s.run();
    CHECK(first.outcome() == out_of_window(3));
    CHECK(second.outcome() == recorded(2));
    CHECK(never.outcome() == out_of_window(3));
    CHECK(recent.outcome() == not_taken(3));
    s.restart();
  }
}

TEST_CASE("what has left the window by age cannot be told, unless nothing since then has") {
  with_clock s;
  s.send("a", note{"one"}, "one");
  s.run();
  *s.now = at(30);
  s.send("a", note{"two"}, "two");
  s.run();
  *s.now = at(61);
  for (int life = 0; life < 2; ++life) {
    const auto& one = s.outcome("a", "one");
    const auto& two = s.outcome("a", "two");
    const auto& recent = s.outcome("a", "recent", at(1));
    s.run();
    CHECK(one.outcome() == out_of_window(2));
    CHECK(two.outcome() == recorded(2));
    CHECK(recent.outcome() == not_taken(2));
    s.restart();
  }
}

TEST_CASE(
    "what has left the window cannot be told after a snapshot either, whichever way the clock "
    "stepped") {
  for (const std::uint64_t every : {0U, 3U}) {
    CAPTURE(every);
    auto now = std::make_shared<timestamp>(at(10));
    stage<notebook> s{{.dedup_window = 2, .clock = [now] { return *now; }},
                      {.every_events = every}};
    s.send("a", note{"one"}, "one");
    s.run();
    *now = at(5);
    for (const char* id : {"two", "three"}) s.send("a", note{id}, id);
    s.run();
    for (int life = 0; life < 2; ++life) {
      const auto& one = s.outcome("a", "one", at(9));
      const auto& recent = s.outcome("a", "recent", at(11));
      s.run();
      CHECK(one.outcome() == out_of_window(3));
      CHECK(recent.outcome() == not_taken(3));
      s.restart();
    }
  }
}

TEST_CASE("what has left the window by age, between others that have not, cannot be told after a "
          "snapshot either") {
  auto now = std::make_shared<timestamp>(at(0));
  stage<notebook> s{{.dedup_age = 60s, .clock = [now] { return *now; }}, {.every_events = 3}};
  s.send("a", note{"one"}, "one");
  s.run();
  *now = at(-120);
  s.send("a", note{"two"}, "two");
  s.run();
  *now = at(0);
  s.restart();
  s.send("a", note{"three"}, "three");
  s.run();
  for (int life = 0; life < 2; ++life) {
    const auto& two = s.outcome("a", "two");
    const auto& never = s.outcome("a", "never", at(-119));
    s.run();
    CHECK(two.outcome() == out_of_window(3));
    CHECK(never.outcome() == not_taken(3));
    s.restart();
  }
}

TEST_CASE("without an earliest time, a command of before 1970 that has left the window cannot be "
          "told") {
  stage<notebook> s{{.dedup_window = 1, .clock = [] { return timestamp{-1000s}; }}};
  for (const char* id : {"one", "two"}) s.send("a", note{id}, id);
  s.run();
  std::vector<outcome> answers;
  s.aggregates().outcome("a", "one", [&answers](outcome o) { answers.push_back(std::move(o)); });
  s.run();
  CHECK(answers == std::vector{out_of_window(2)});
}

TEST_CASE("an aggregate that remembers no ids cannot tell, once it has recorded a command") {
  stage<notebook> s{{.dedup_window = 0}};
  const auto& before = s.outcome("a", "one");
  s.send("a", note{"one"}, "one");
  const auto& after = s.outcome("a", "one");
  s.run();
  CHECK(before.outcome() == not_taken(0));
  CHECK(after.outcome() == out_of_window(1));
}

// -- what else may be said -----------------------------------------------------------------------------------------

TEST_CASE("a question beyond a limit is refused") {
  stage<notebook> s;
  const auto& no_id = s.outcome("a", "");
  const auto& long_id = s.outcome("a", std::string(129, 'x'));
  const auto& no_aggregate = s.outcome("", "id");
  const auto& longest = s.outcome("a", std::string(128, 'x'));
  s.run();
  CHECK(no_id.outcome() == outcome{kind::refused, 0, 0, "the command id is empty"});
  CHECK(
      long_id.outcome()
      == outcome{kind::refused, 0, 0, "the command id has 129 bytes; max_command_id_bytes is 128"});
  CHECK(no_aggregate.kind() == kind::refused);
  CHECK(longest.outcome() == not_taken(0));
}

TEST_CASE("a question waits for the recovery among the others, and counts in flight") {
  stage<notebook> s{{.max_in_flight = 3, .max_waiting = 2}};
  s.hold("recovery");
  s.send("a", note{"one"}, "one");
  const auto& waits = s.outcome("a", "one");
  s.run();
  const auto& one_too_many = s.outcome("a", "one");
  s.run();
  CHECK(one_too_many.kind() == kind::overloaded);
  s.send("b", note{"one"});
  const auto& in_all = s.outcome("b", "one");
  CHECK(in_all.outcome()
        == outcome{kind::overloaded, 0, 0, "max_in_flight is reached: 3 commands are in flight"});
  s.release("recovery");
  s.run();
  CHECK(waits.outcome() == recorded(1));
}

TEST_CASE("a question to what cannot be read, or to a host that stops, is answered unavailable") {
  with_one_word s;
  s.journal().damage("notebook/b", "wrong checksum");
  const auto& broken = s.outcome("b", "id");
  s.run();
  CHECK(broken.kind() == kind::unavailable);
  CHECK(broken.outcome().reason.find("wrong checksum") != std::string::npos);
  s.close();
  const auto& late = s.outcome("a", "one");
  CHECK(late.outcome() == outcome{kind::unavailable, 0, 0, "the host is stopping"});
}

TEST_CASE("a question has its own time, and can be asked again") {
  with_one_word s;
  s.hold("writer");
  s.send("a", note{"two"}, "two");
  const auto& asked = s.outcome("a", "two");
  s.run();
  s.pass_the_timeout();
  CHECK(asked.kind() == kind::unavailable);
  const auto& again = s.outcome("a", "two");
  s.release("writer");
  s.run();
  CHECK(again.outcome() == recorded(2));
}

TEST_CASE("a question that is lost on its way is answered") {
  std::vector<outcome> answers;
  {
    const reprise::outcome_delivery lost(
        reprise::model_of<notebook>(), "a", {"id"},
        [&answers](outcome o) { answers.push_back(std::move(o)); });
  }
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == kind::unknown);
}

TEST_CASE("a host tells outcomes through a future") {
  reprise::host host{{.journal = reprise::in_memory()}};
  const auto books = host.aggregates<notebook>();
  books.send("a", note{"one"}, {.id = "id"}).get();
  CHECK(books.outcome("a", "id").get() == recorded(1));
  CHECK(books.outcome("a", "other").get() == not_taken(1));
  host.stop(10s);
  CHECK(books.outcome("a", "id").get().kind == kind::unavailable);
}
