#include "actors/deterministic.hpp"
#include "actors/waiting.hpp"
#include "reprise/host.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace deterministic;
using namespace notes;
using namespace std::chrono_literals;
using fault = faulty_journal::fault;
using part = reprise::host_context::part;
using reprise::host_config;
using waiting::comes_true;

namespace {

/// A stage whose aggregate `a` is ready, with the word `one` at version 1.
struct with_one_word : stage<notebook> {
  explicit with_one_word(host_config config = {}) : stage(std::move(config)) {
    send("a", note{"one"});
    run();
  }

  /// Returns how many actors of aggregates there are, whatever they do.
  std::uint64_t actors() { return context().running(part::aggregate); }
};

}  // namespace

// -- leaving -------------------------------------------------------------------------------------------------------

TEST_CASE("a passivated aggregate is gone from memory, and comes back with all it stored") {
  with_one_word s;
  s.passivate("a");
  s.run();
  CHECK(s.context().live == 0);
  CHECK(s.actors() == 0);
  const auto& query = s.look("a");
  const auto& two = s.send("a", note{"two"});
  s.run();
  CHECK(query.seen->words == words{"one"});
  CHECK(two.answer() == accepted(2));
  CHECK(s.context().live == 1);
  CHECK(s.context().conflicts == 0);
}

TEST_CASE("an id without an actor is neither passivated nor crashed, and gets none by it") {
  stage<notebook> s;
  for (const std::string& id : {std::string("a"), std::string(), std::string(100'000, 'x')}) {
    s.passivate(id);
    s.crash(id);
  }
  s.run();
  CHECK(s.context().running(part::aggregate) == 0);
  CHECK(s.context().recovered == 0);
  const auto& one = s.send("a", note{"one"});
  s.run();
  CHECK(one.answer() == accepted(1));
}

TEST_CASE(
    "what an aggregate has in flight is settled before it leaves, and what comes later waits") {
  with_one_word s;
  const auto& two = s.send("a", note{"two"});
  const auto& query = s.look("a");
  s.hold("writer");
  s.run();
  s.passivate("a");
  s.run();
  const auto& three = s.send("a", note{"three"});
  const auto& later = s.look("a");
  s.run();
  CHECK_FALSE(two.is_answered());
  CHECK_FALSE(three.is_answered());
  CHECK(s.actors() == 1);
  s.release("writer");
  s.run();
  CHECK(two.answer() == accepted(2));
  CHECK(query.seen->words == words{"one", "two"});
  CHECK(three.answer() == accepted(3));
  CHECK(later.seen->words == words{"one", "two", "three"});
  CHECK(s.context().recovered == 2);
}

TEST_CASE("what was sent before a passivation is decided before it") {
  with_one_word s;
  s.hold("@a");
  const auto& two = s.send("a", note{"two"});
  const auto& three = s.send("a", note{"three"});
  s.passivate("a");
  const auto& four = s.send("a", note{"four"});
  s.run();
  s.release("@a");
  s.run();
  CHECK(two.answer() == accepted(2));
  CHECK(three.answer() == accepted(3));
  CHECK(four.answer() == accepted(4));
  CHECK(s.context().recovered == 2);
}

TEST_CASE("an aggregate that is passivated twice at once leaves once") {
  with_one_word s;
  s.passivate("a");
  s.passivate("a");
  s.run();
  const auto& two = s.send("a", note{"two"});
  s.run();
  CHECK(two.answer() == accepted(2));
  CHECK(s.context().recovered == 2);
  CHECK(s.actors() == 1);
}

TEST_CASE("a hundred passivations in a row leave nothing behind") {
  with_one_word s;
  for (std::uint64_t i = 2; i <= 101; ++i) {
    s.passivate("a");
    if (i % 3 != 0) s.run();
    const auto& next = s.send("a", note{"more"}, "command " + std::to_string(i));
    const auto& again = s.send("a", note{"more"}, "command " + std::to_string(i));
    s.run();
    CHECK(next.answer() == accepted(i));
    CHECK(again.answer() == accepted(i));
    CHECK(s.actors() == 1);
  }
  s.passivate("a");
  s.run();
  CHECK(s.actors() == 0);
  CHECK(s.context().recovered == 101);
}

// -- in every phase ------------------------------------------------------------------------------------------------

TEST_CASE(
    "an aggregate that is passivated while it recovers answers those that wait, then leaves") {
  stage<notebook> s;
  s.hold("recovery");
  const auto& one = s.send("a", note{"one"});
  s.run();
  s.passivate("a");
  const auto& two = s.send("a", note{"two"});
  s.run();
  CHECK_FALSE(one.is_answered());
  s.release("recovery");
  s.run();
  CHECK(one.answer() == accepted(1));
  CHECK(two.answer() == accepted(2));
  CHECK(s.context().recovered == 2);
}

TEST_CASE("an aggregate that recovers for nobody leaves at once") {
  with_one_word s;
  const auto& crashed = s.send("a", spoil{});
  s.hold("recovery");
  s.run();
  CHECK(crashed.kind() == answer_kind::unavailable);
  CHECK(s.context().recovering == 1);
  s.passivate("a");
  s.run();
  CHECK(s.actors() == 0);
  const auto& two = s.send("a", note{"two"});
  s.release("recovery");
  s.run();
  CHECK(two.answer() == accepted(2));
}

TEST_CASE("an aggregate that is passivated while it waits to read again decides what came back") {
  with_one_word s;
  s.store_elsewhere("a", {written{"other"}});
  s.send("a", note{"two"});
  s.hold("recovery");
  s.hold("writer");
  s.run();
  s.step("writer");
  s.step("writer");
  s.step("@a");
  CHECK(s.context().conflicts == 1);
  CHECK(s.context().recovering == 1);
  const auto& three = s.send("a", note{"three"});
  s.run();
  s.passivate("a");
  const auto& four = s.send("a", note{"four"});
  s.run();
  s.release_all();
  s.run();
  CHECK(three.answer() == accepted(4));
  CHECK(four.answer() == accepted(5));
  CHECK(s.stored("a").words == words{"one", "other", "two", "three", "four"});
}

TEST_CASE("an aggregate that is passivated while broken is read again") {
  with_one_word s;
  s.restart();
  s.journal().damage("notebook/a", "a bit has flipped");
  const auto& broken = s.look("a");
  s.run();
  CHECK(broken.kind() == answer_kind::unavailable);
  CHECK(s.context().broken == 1);
  s.passivate("a");
  s.run();
  CHECK(s.context().broken == 0);
  CHECK(s.actors() == 0);
  s.journal().damage("notebook/a", "");
  const auto& two = s.send("a", note{"two"});
  s.run();
  CHECK(two.answer() == accepted(2));
}

TEST_CASE("an aggregate that breaks while it leaves answers what waits, then leaves") {
  with_one_word s;
  s.restart();
  s.journal().damage("notebook/a", "a bit has flipped");
  s.hold("recovery");
  const auto& waits = s.send("a", note{"two"});
  s.run();
  s.passivate("a");
  s.run();
  s.release("recovery");
  s.run();
  CHECK(waits.reason().find("a bit has flipped") != std::string::npos);
  CHECK(s.actors() == 0);
}

TEST_CASE("what comes back to a broken aggregate that leaves is answered as not stored") {
  with_one_word s{{.max_batch_commits = 1}};
  s.journal().damage("notebook/a", "a bit has flipped");
  const auto& two = s.send("a", note{"two"});
  const auto& three = s.send("a", note{"three"});
  s.hold("journal");
  s.run();
  s.release("journal");
  s.passivate("a");
  s.run();
  CHECK(two.kind() != answer_kind::accepted);
  CHECK(three.kind() != answer_kind::accepted);
  CHECK(s.context().live == 0);
  s.journal().damage("notebook/a", "");
  const auto& next = s.send("a", note{"four"});
  s.run();
  CHECK(next.answer() == accepted(2));
}

// -- another writer ------------------------------------------------------------------------------------------------

TEST_CASE("a passivated aggregate comes back behind what another writer stored meanwhile") {
  with_one_word s;
  s.passivate("a");
  s.run();
  s.store_elsewhere("a", {written{"other"}});
  const auto& two = s.send("a", note{"two"});
  s.run();
  CHECK(two.answer() == accepted(3));
  CHECK(s.context().conflicts == 0);
}

TEST_CASE("a query that another writer overtakes is answered though its aggregate leaves") {
  with_one_word s{{.max_batch_commits = 1}};
  const auto& two = s.send("a", note{"two"});
  const auto& query = s.look("a");
  s.queue_up();
  s.step("writer");  // "two" is durable, and the query is behind it
  s.step("journal");
  CHECK(two.answer() == accepted(2));
  s.store_elsewhere("a", {written{"other"}});
  s.passivate("a");
  s.run();
  s.release("writer");
  s.run();
  CHECK(query.seen->words == words{"one", "two", "other"});
}

// -- a journal that fails ------------------------------------------------------------------------------------------

TEST_CASE(
    "an aggregate whose journal has failed is not passivated, and goes on answering queries") {
  with_one_word s;
  s.journal().fail(fault::fail_before);
  s.send("b", note{"one"});
  s.run();
  s.passivate("a");
  s.run();
  const auto& query = s.look("a");
  s.run();
  CHECK(query.seen->words == words{"one"});
}

TEST_CASE("a write that fails while an aggregate leaves denies nothing that it may have stored") {
  with_one_word s;
  const auto& two = s.send("a", note{"two"}, "two");
  s.hold("writer");
  s.run();
  s.passivate("a");
  s.run();
  const auto& again = s.send("a", note{"two"}, "two");
  s.journal().fail(fault::fail_after);
  s.release("writer");
  s.run();
  CHECK(two.kind() == answer_kind::unknown);
  CHECK(again.kind() == answer_kind::unknown);
}

// -- stopping ------------------------------------------------------------------------------------------------------

TEST_CASE("what waits for an aggregate to leave is answered when the host stops") {
  with_one_word s;
  s.send("a", note{"two"});
  s.hold("writer");
  s.run();
  s.passivate("a");
  const auto& waits = s.send("a", note{"three"});
  s.run();
  CHECK_FALSE(waits.is_answered());
  s.tell_to_stop();
  s.run();
  CHECK(waits.is_answered());
}

TEST_CASE("handles that outlive their host passivate and crash nothing") {
  auto host = std::make_unique<reprise::host>(host_config{.journal = reprise::in_memory()});
  const auto books = host->aggregates<notebook>();
  books.send("a", note{"one"}).get();
  host.reset();
  books.passivate("a");
  books.crash("a");
  CHECK(books.send("a", note{"two"}).get().kind == answer_kind::unavailable);
}

// -- crashing ------------------------------------------------------------------------------------------------------

TEST_CASE("an actor that crashes loses what waits in it, and nothing that is sent later") {
  stage<notebook> s;
  s.hold("recovery");
  const auto& waits = s.send("a", note{"one"});
  s.run();
  s.crash("a");
  const auto& later = s.send("a", note{"one"});
  s.run();
  s.release("recovery");
  s.run();
  CHECK(waits.kind() == answer_kind::unavailable);
  CHECK(later.answer() == accepted(1));
}

TEST_CASE("the successor of an actor that crashed waits for what that one had in flight") {
  with_one_word s;
  const auto& two = s.send("a", note{"two"}, "two");
  s.hold("writer");
  s.run();
  s.crash("a");
  const auto& again = s.send("a", note{"two"}, "two");
  s.run();
  CHECK_FALSE(again.is_answered());
  s.release("writer");
  s.run();
  CHECK(two.answer() == accepted(2));
  CHECK(again.answer() == accepted(2));
  CHECK(s.stored("a").words == words{"one", "two"});
}

TEST_CASE("the successor of an actor that crashed can be passivated before it has recovered") {
  with_one_word s;
  s.send("a", note{"two"});
  s.hold("writer");
  s.run();
  s.crash("a");
  s.run();
  s.passivate("a");
  s.run();
  s.release("writer");
  s.run();
  CHECK(s.actors() == 0);
  const auto& query = s.look("a");
  s.run();
  CHECK(query.seen->words == words{"one", "two"});
}

// -- every order ---------------------------------------------------------------------------------------------------

TEST_CASE("in every order of turns commands around a passivation are all taken, in their order") {
  in_every_order(
      {[](auto& s) { s.send("a", note{"one"}); }, [](auto& s) { s.send("a", note{"two"}, "two"); },
       [](auto& s) { s.passivate("a"); }, [](auto& s) { s.send("a", note{"two"}, "two"); },
       [](auto& s) { s.send("a", note{"three"}); }},
      [](auto& s) {
        CHECK(s.account()[0].answer() == accepted(1));
        CHECK(s.account()[1].answer() == accepted(2));
        CHECK(s.account()[2].answer() == accepted(2));
        CHECK(s.account()[3].answer() == accepted(3));
        CHECK(s.context().conflicts == 0);
      });
}

TEST_CASE("in every order of turns there is, a command that meets a passivation is taken") {
  const auto any_number = std::numeric_limits<std::size_t>::max();
  in_every_order(
      {[](auto& s) {
         s.send("a", note{"one"});
         s.run();
         s.passivate("a");
       },
       [](auto& s) { s.send("a", note{"two"}); }},
      [](auto& s) {
        CHECK(s.account()[1].answer() == accepted(2));
        CHECK(s.stored("a").words == words{"one", "two"});
        CHECK(s.context().conflicts == 0);
      },
      any_number);
}

TEST_CASE("in every order of turns two passivations lose no query and no refusal") {
  in_every_order({[](auto& s) { s.send("a", tear_out{}); }, [](auto& s) { s.passivate("a"); },
                  [](auto& s) { s.send("a", note{"one"}); }, [](auto& s) { s.passivate("a"); },
                  [](auto& s) { s.look("a"); }},
                 [](auto& s) {
                   CHECK(s.account()[0].answer() == refused(0, "nothing_written"));
                   CHECK(s.account()[1].answer() == accepted(1));
                   CHECK(s.account()[2].seen->words == words{"one"});
                   CHECK(s.context().running(part::aggregate) <= 1);
                 });
}

TEST_CASE("in every order of turns another writer's commit takes nothing from one that leaves") {
  in_every_order({[](auto& s) { s.send("a", note{"one"}); }, [](auto& s) { s.look("a"); },
                  [](auto& s) { s.store_elsewhere("a", {written{"other"}}); },
                  [](auto& s) { s.passivate("a"); }, [](auto& s) { s.send("a", note{"two"}); }},
                 [](auto& s) {
                   auto all = s.stored("a").words;
                   CHECK(all.size() == 3);
                   all.erase(std::find(all.begin(), all.end(), "other"));
                   CHECK(all == words{"one", "two"});
                   for (const auto& e : s.account()) CHECK(e.kind() == answer_kind::accepted);
                 });
}

TEST_CASE("in every order of turns a write that fails around a passivation is not acknowledged") {
  in_every_order({[](auto& s) { s.send("a", note{"one"}, "id"); },
                  [](auto& s) { s.journal().fail(fault::fail_after); },
                  [](auto& s) { s.passivate("a"); },
                  [](auto& s) { s.send("a", note{"one"}, "id"); }},
                 [](auto& s) {
                   const auto& again = s.account()[1];
                   if (s.account()[0].kind() == answer_kind::unknown) {
                     CHECK(again.kind() == answer_kind::unknown);
                   }
                 });
}

TEST_CASE(
    "in every order of turns a crash denies nothing that is stored, and what follows is taken") {
  in_every_order({[](auto& s) { s.send("a", note{"one"}); }, [](auto& s) { s.crash("a"); },
                  [](auto& s) { s.send("a", note{"two"}); }},
                 [](auto& s) { CHECK(s.account()[1].kind() == answer_kind::accepted); });
}

TEST_CASE("in every order of turns one that leaves can crash") {
  in_every_order({[](auto& s) { s.send("a", note{"one"}); }, [](auto& s) { s.passivate("a"); },
                  [](auto& s) { s.crash("a"); }, [](auto& s) { s.send("a", note{"two"}); }},
                 [](auto& s) { CHECK(s.account()[1].kind() == answer_kind::accepted); });
}

// -- on real threads -----------------------------------------------------------------------------------------------

TEST_CASE("callers on many threads lose nothing to passivations, and each finds its own order") {
  reprise::host host{{.journal = reprise::in_memory()}};
  const auto books = host.aggregates<notebook>();
  constexpr std::size_t callers = 3, commands = 400;
  std::atomic<std::size_t> at_work{callers};
  std::vector<std::vector<std::future<answer>>> answers(callers);
  std::vector<std::thread> threads;
  for (std::size_t caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      for (std::size_t i = 0; i < commands; ++i) {
        answers[caller].push_back(books.send(i % 2 == 0 ? "a" : "b", note{std::to_string(caller)}));
        if (i % 20 == 0) answers[caller].back().wait();
      }
      --at_work;
    });
  }
  while (at_work != 0) {
    books.passivate("a");
    books.passivate("b");
    std::this_thread::yield();
  }
  for (auto& thread : threads) thread.join();
  for (auto& of_caller : answers) {
    std::uint64_t last[2] = {0, 0};
    for (std::size_t i = 0; i < of_caller.size(); ++i) {
      REQUIRE(of_caller[i].wait_for(20s) == std::future_status::ready);
      const answer a = of_caller[i].get();
      CHECK(a.kind == answer_kind::accepted);
      CHECK(a.version > last[i % 2]);
      last[i % 2] = a.version;
    }
  }
  CHECK(books.query("a").get().value->words.size() == callers * commands / 2);
  CHECK(host.stats().conflicts == 0);
  CHECK(host.stats().recovered > 2);
  books.passivate("a");
  books.passivate("b");
  CHECK(comes_true([&host] { return host.stats().live + host.stats().recovering == 0; }));
}
