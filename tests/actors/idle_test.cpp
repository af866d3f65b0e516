#include "actors/deterministic.hpp"
#include "actors/waiting.hpp"
#include "reprise/host.hpp"
#include "reprise/memory_journal.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace deterministic;
using namespace notes;
using namespace std::chrono_literals;
using fault = faulty_journal::fault;
using part = reprise::host_context::part;
using reprise::host;
using reprise::host_config;

namespace {

host_config with_max_live(std::size_t most) {
  host_config config;
  config.max_live = most;
  return config;
}

host_config with_max_in_flight_per_aggregate(std::size_t most) {
  host_config config;
  config.max_in_flight_per_aggregate = most;
  return config;
}

/// Lets all `ids` record a word, one after the other.
void write_one(book_stage& s, const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    s.send(id, note{"one"});
    s.run();
  }
}

/// Returns whether the actor of an aggregate is there: whether a query needs no recovery.
bool is_live(book_stage& s, const std::string& id) {
  const std::uint64_t before = s.context().recovered;
  s.look(id);
  s.run();
  return s.context().recovered == before;
}

}  // namespace

// -- idle ----------------------------------------------------------------------------------------------------------

TEST_CASE("an aggregate that nothing was sent to for the whole idle time leaves, and comes back") {
  book_stage s;
  write_one(s, {"a"});
  for (std::size_t i = 0; i < reprise::router::idle_rounds; ++i) s.pass_an_idle_round();
  s.run();
  CHECK(s.context().live == 1);
  s.pass_an_idle_round();
  s.run();
  CHECK(s.context().live == 0);
  CHECK(s.context().running(part::aggregate) == 0);
  const auto& two = s.send("a", note{"two"});
  s.run();
  CHECK(two.answer() == accepted(2));
}

TEST_CASE("an aggregate that is used now and then stays") {
  book_stage s;
  write_one(s, {"a", "b"});
  for (int i = 0; i < 50; ++i) {
    s.pass_an_idle_round();
    if (i % 8 == 7) s.look("a");
    s.run();
  }
  CHECK(s.context().live == 1);
  CHECK(is_live(s, "a"));
  CHECK_FALSE(is_live(s, "b"));
}

TEST_CASE("an aggregate that waits for the journal is not idle, however long that takes") {
  book_stage s;
  write_one(s, {"a"});
  s.hold("writer");
  const auto& two = s.send("a", note{"two"});
  s.run();
  for (int i = 0; i < 20; ++i) s.pass_an_idle_round();
  s.run();
  CHECK(s.context().live == 1);
  s.release("writer");
  s.run();
  CHECK(two.answer() == accepted(2));
  CHECK(s.context().recovered == 1);
}

TEST_CASE("nothing leaves once the journal has failed, because it could not be read again") {
  book_stage s;
  write_one(s, {"a", "b"});
  s.journal().fail(fault::fail_before);
  s.send("b", note{"two"});
  s.run();
  for (int i = 0; i < 20; ++i) s.pass_an_idle_round();
  s.run();
  const auto& query = s.look("a");
  s.run();
  CHECK(query.answer() == already_so(1));
}

TEST_CASE("a command that comes in as an idle aggregate leaves is answered, in every order") {
  in_every_order({[](book_stage& s) { s.send("a", note{"one"}, "first"); },
                  [](book_stage& s) {
                    for (int i = 0; i < 20; ++i) s.pass_an_idle_round();
                  },
                  [](book_stage& s) { s.send("a", note{"two"}, "second"); },
                  [](book_stage& s) { s.look("a"); }},
                 [](book_stage& s) {
                   CHECK(s.account()[0].answer() == accepted(1));
                   CHECK(s.account()[1].answer() == accepted(2));
                   CHECK(s.account()[2].seen->words == words{"one", "two"});
                 });
}

TEST_CASE("a host lets idle aggregates leave by its clock") {
  host h{{.journal = reprise::in_memory(), .passivate_after = 80ms}};
  const auto books = h.aggregates<notebook>();
  waiting::get(books.send("a", note{"one"}));
  CHECK(h.stats().live == 1);
  CHECK(waiting::comes_true([&h] { return h.stats().live == 0; }));
  CHECK(waiting::get(books.query("a")).value->words == words{"one"});
}

TEST_CASE("after the journal has failed, what would need room is told that, and not to try again") {
  book_stage s{with_max_live(2)};
  write_one(s, {"a", "b"});
  s.journal().fail(fault::fail_before);
  write_one(s, {"a"});
  const auto& command = s.send("c", note{"one"});
  const auto& query = s.look("c");
  s.run();
  for (const auto* e : {&command, &query}) {
    CHECK(e->kind() == answer_kind::unavailable);
    CHECK(e->reason() == "the journal failed: the disk is gone");
  }
  CHECK(s.context().metrics.limits_hit.sum() == 0);
}

// -- max_live ------------------------------------------------------------------------------------------------------

TEST_CASE("past max_live the aggregate that was used least recently leaves") {
  book_stage s{with_max_live(3)};
  write_one(s, {"a", "b", "c"});
  s.look("a");
  s.run();
  write_one(s, {"d"});
  CHECK(s.context().live == 3);
  CHECK(is_live(s, "c"));
  CHECK(is_live(s, "a"));
  CHECK(is_live(s, "d"));
  CHECK_FALSE(is_live(s, "b"));
}

TEST_CASE("no more than max_live stay, however many come") {
  book_stage s{with_max_live(1'000)};
  for (int i = 0; i < 5'000; ++i) {
    const auto& one = s.send("book " + std::to_string(i), note{"one"});
    s.run();
    REQUIRE(one.answer() == accepted(1));
    REQUIRE(s.context().running(part::aggregate) <= 1'000);
  }
  CHECK(s.context().live > 900);
}

TEST_CASE("an aggregate that is busy does not leave for another, which is answered overloaded") {
  book_stage s{with_max_live(2)};
  write_one(s, {"a", "b"});
  s.hold("writer");
  const auto& two = s.send("a", note{"two"});
  const auto& other = s.send("b", note{"two"});
  const auto& third = s.send("c", note{"one"});
  s.run();
  CHECK(third.kind() == answer_kind::overloaded);
  CHECK(third.reason()
        == "max_live is reached: none of the 2 aggregates that may be in memory in this one's part "
           "of "
           "2 is idle");
  s.release("writer");
  s.run();
  CHECK(two.answer() == accepted(2));
  CHECK(other.answer() == accepted(2));
  const auto& again = s.send("c", note{"one"});
  s.run();
  CHECK(again.answer() == accepted(1));
  CHECK(s.context().live == 2);
}

TEST_CASE("those that leave slowly do not let any number of others in") {
  book_stage s{with_max_live(8)};
  write_one(s, {"a", "b", "c", "d", "e", "f", "g", "h"});
  // Nobody takes a turn, so nobody leaves.
  std::size_t overloaded = 0;
  for (int i = 0; i < 50; ++i) {
    if (s.send("other " + std::to_string(i), note{"one"}).is_answered()) ++overloaded;
  }
  CHECK(overloaded == 48);
  s.run();
  CHECK(s.context().live <= 8);
}

TEST_CASE("a host with little room serves very many aggregates, each with all that it stored") {
  const auto journal = reprise::in_memory();
  host h{{.journal = journal, .max_live = 50}};
  const auto books = h.aggregates<notebook>();
  std::atomic<std::uint64_t> accepted_ones{0};
  std::vector<std::thread> senders;
  for (int t = 0; t < 2; ++t) {
    senders.emplace_back([&, t] {
      for (int i = 0; i < 1'500; ++i) {
        const std::string id = std::to_string(t) + "/" + std::to_string(i % 300);
        for (;;) {
          const auto a = waiting::get(books.send(id, note{"x"}));
          if (a.kind == answer_kind::overloaded) continue;
          if (a.kind == answer_kind::accepted
              && a.version == static_cast<std::uint64_t>(i) / 300 + 1) {
            ++accepted_ones;
          }
          break;
        }
      }
    });
  }
  for (auto& sender : senders) sender.join();
  CHECK(accepted_ones == 3'000);
  CHECK(h.stats().live <= 50);
}

// -- max_in_flight_per_aggregate -------------------------------------------------------------------------------------

TEST_CASE("a hot aggregate takes no more than its share, and leaves the others theirs") {
  book_stage s{with_max_in_flight_per_aggregate(3)};
  write_one(s, {"a", "b"});
  s.hold("writer");
  s.send("a", note{"two"});
  s.look("a");
  s.send("a", note{"three"});
  s.run();
  const auto& fourth = s.send("a", note{"four"});
  const auto& other = s.send("b", note{"two"});
  CHECK(fourth.kind() == answer_kind::overloaded);
  CHECK(fourth.reason()
        == "max_in_flight_per_aggregate is reached: 3 commands are in flight for this aggregate");
  s.release("writer");
  s.run();
  CHECK(other.answer() == accepted(2));
  const auto& later = s.send("a", note{"four"});
  s.run();
  CHECK(later.answer() == accepted(4));
}

TEST_CASE("what waits while an aggregate is spawned or leaves counts in its share too") {
  book_stage s{with_max_in_flight_per_aggregate(2)};
  s.hold("supervisor");
  s.send("a", note{"one"});
  s.send("a", note{"two"});
  CHECK(s.send("a", note{"three"}).kind() == answer_kind::overloaded);
  s.release("supervisor");
  s.run();
  s.hold("@a");
  s.passivate("a");
  s.send("a", note{"three"});
  s.send("a", note{"four"});
  CHECK(s.send("a", note{"five"}).kind() == answer_kind::overloaded);
}

// -- forgetting ----------------------------------------------------------------------------------------------------

TEST_CASE("ids that have left are forgotten") {
  book_stage s;
  for (int i = 0; i < 100; ++i) {
    s.hold("journal");
    const std::string id = "book " + std::to_string(i);
    s.send(id, note{"one"});
    s.passivate(id);
    s.run();
    s.release("journal");
    s.run();
  }
  s.pass_an_idle_round();
  CHECK(s.known_ids() == 0);
}

TEST_CASE("an id that has left is forgotten, though an answer of it was still on its way") {
  book_stage s;
  s.hold("writer");
  // So many that the writer leaves the answers to the journal actor.
  for (int i = 0; i < 20; ++i) s.send("a", note{"one"});
  s.run();
  s.hold("journal");
  s.release("writer");
  s.run();
  s.crash("a");
  s.run();
  CHECK(s.context().running(part::aggregate) == 0);
  CHECK(s.known_ids() == 1);
  s.release("journal");
  s.run();
  s.pass_an_idle_round();
  CHECK(s.known_ids() == 0);
}

TEST_CASE(
    "an aggregate that is passivated before it is spawned answers what came before, then leaves") {
  book_stage s;
  s.hold("supervisor");
  const auto& one = s.send("a", note{"one"});
  s.passivate("a");
  const auto& two = s.send("a", note{"two"});
  s.passivate("a");
  s.release("supervisor");
  s.run();
  CHECK(one.answer() == accepted(1));
  CHECK(two.answer() == accepted(2));
  CHECK(s.context().recovered == 2);
  CHECK(s.context().running(part::aggregate) == 0);
}
