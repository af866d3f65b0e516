#include "actors/deterministic.hpp"
#include "actors/waiting.hpp"
#include "reprise/host.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace deterministic;
using namespace notes;
using namespace std::chrono_literals;
using fault = faulty_journal::fault;
using waiting::comes_true;
using waiting::get;

namespace {

const std::string reason = "command_timeout is reached: it was not answered within 30000 ms";
const answer late_command{answer_kind::unknown, 0, 0, reason};
const answer late_query{answer_kind::unavailable, 0, 0, reason};

/// A stage whose journal hangs.
struct hanging : stage<notebook> {
  explicit hanging(reprise::host_config config = {}) : stage(std::move(config)) { hold("writer"); }

  void come_back() {
    release("writer");
    run();
  }
};

/// Lets a host end even if its test has failed. Made behind the host.
struct release_at_end {
  std::shared_ptr<faulty_journal> journal;
  ~release_at_end() { journal->release(); }
};

}  // namespace

// -- one command ---------------------------------------------------------------------------------------------------

TEST_CASE("a command that the journal keeps is answered unknown when its time is over") {
  hanging s;
  const auto& one = s.send("a", note{"one"});
  s.run();
  for (auto left = s.context().gate->deadlines().rounds(); left != 0; --left) s.pass_a_round();
  CHECK_FALSE(one.is_answered());
  s.pass_a_round();
  CHECK(one.answer() == late_command);
}

TEST_CASE("what the journal makes of a late command is stored, and changes no answer") {
  hanging s;
  const auto& one = s.send("a", note{"one"});
  s.run();
  s.pass_the_timeout();
  s.come_back();
  CHECK(one.answers.size() == 1);
  CHECK(s.stored("a").words == words{"one"});
  const auto& two = s.send("a", note{"two"});
  s.run();
  CHECK(two.answer() == accepted(2));
}

TEST_CASE("a late command that is sent again gets the first answer") {
  hanging s;
  s.send("a", note{"one"}, "id");
  s.run();
  s.pass_the_timeout();
  const auto& meanwhile = s.send("a", note{"one"}, "id");
  s.come_back();
  const auto& afterwards = s.send("a", note{"one"}, "id");
  s.run();
  CHECK(meanwhile.answer() == accepted(1));
  CHECK(afterwards.answer() == accepted(1));
  CHECK(s.stored("a").words == words{"one"});
}

TEST_CASE("a command that is answered in time is not answered again") {
  stage<notebook> s;
  const auto& one = s.send("a", note{"one"});
  s.run();
  s.pass_the_timeout();
  CHECK(one.answer() == accepted(1));
}

TEST_CASE("those that were sent later are late later") {
  hanging s;
  const auto& one = s.send("a", note{"one"});
  s.pass_a_round();
  const auto& two = s.send("a", note{"two"});
  for (auto left = s.context().gate->deadlines().rounds(); left != 0; --left) s.pass_a_round();
  CHECK(one.is_answered());
  CHECK_FALSE(two.is_answered());
  s.pass_a_round();
  CHECK(two.answer() == late_command);
}

TEST_CASE("a failed write of late commands leaves what it leaves of any") {
  hanging s;
  const auto& one = s.send("a", note{"one"}, "id");
  s.run();
  s.pass_the_timeout();
  s.journal().fail(fault::fail_after);
  s.come_back();
  CHECK(one.answer() == late_command);
  s.restart();
  const auto& again = s.send("a", note{"one"}, "id");
  s.run();
  CHECK(again.answer() == accepted(1));
}

TEST_CASE("a late command that meets another writer is not decided again until it is sent again") {
  hanging s;
  s.send("a", note{"one"}, "id");
  s.run();
  s.pass_the_timeout();
  s.store_elsewhere("a", {written{"other"}});
  s.come_back();
  CHECK(s.stored("a").words == words{"other"});
  const auto& again = s.send("a", note{"one"}, "id");
  s.run();
  CHECK(again.answer() == accepted(2));
}

TEST_CASE("a command that is late before it was decided is not decided until it is sent again") {
  stage<notebook> s;
  s.hold("recovery");
  const auto& one = s.send("a", note{"one"}, "id");
  s.run();
  s.pass_the_timeout();
  s.release_all();
  s.run();
  CHECK(one.answer() == late_command);
  CHECK(s.stored("a").words.empty());
  const auto& again = s.send("a", note{"one"}, "id");
  s.run();
  CHECK(again.answer() == accepted(1));
}

TEST_CASE("without command_timeout a command waits as long as the journal does") {
  hanging s{{.command_timeout = 0ms}};
  const auto& one = s.send("a", note{"one"});
  s.run();
  for (int i = 0; i < 1'000; ++i) s.pass_the_timeout();
  CHECK_FALSE(one.is_answered());
  s.come_back();
  CHECK(one.answer() == accepted(1));
}

// -- queries -------------------------------------------------------------------------------------------------------

TEST_CASE("a query that waits for what is not durable is unavailable when its time is over") {
  hanging s;
  s.send("a", note{"one"});
  const auto& query = s.look("a");
  s.run();
  s.pass_the_timeout();
  CHECK(query.answer() == late_query);
  s.come_back();
  CHECK(query.answers.size() == 1);
  CHECK_FALSE(query.seen.has_value());
}

TEST_CASE("a query that is answered does not look any more") {
  stage<notebook> s;
  s.hold("recovery");
  bool has_looked = false;
  std::vector<answer_kind> kinds;
  s.aggregates().query(
      "a", [&has_looked](const notebook&) { return has_looked = true; },
      [&kinds](const reprise::observed<bool>& o) { kinds.push_back(o.kind); });
  s.run();
  s.pass_the_timeout();
  s.release_all();
  s.run();
  CHECK(kinds == std::vector{answer_kind::unavailable});
  CHECK_FALSE(has_looked);
}

TEST_CASE("a query that is looking is not answered meanwhile") {
  stage<notebook> s;
  std::vector<answer_kind> kinds, kinds_while_looking;
  s.aggregates().query(
      "a",
      [&](const notebook&) {
        s.pass_the_timeout();
        kinds_while_looking = kinds;
        return true;
      },
      [&kinds](const reprise::observed<bool>& o) { kinds.push_back(o.kind); });
  s.run();
  CHECK(kinds_while_looking.empty());
  CHECK(kinds == std::vector{answer_kind::accepted});
}

TEST_CASE("a query whose look throws is answered once, and no later than any") {
  hanging s;
  s.send("a", note{"one"});
  std::vector<answer_kind> kinds;
  s.aggregates().query(
      "a", [](const notebook&) -> bool { throw std::runtime_error("no"); },
      [&kinds](const reprise::observed<bool>& o) { kinds.push_back(o.kind); });
  s.run();
  s.pass_the_timeout();
  CHECK(kinds == std::vector{answer_kind::unavailable});
}

// -- many ----------------------------------------------------------------------------------------------------------

TEST_CASE("late commands are not in flight any more, but take up their room until they are done") {
  hanging s{{.max_in_flight = 2}};
  s.send("a", note{"one"});
  s.send("b", note{"one"});
  s.run();
  s.pass_the_timeout();
  CHECK(s.context().gate->in_flight() == 0);
  CHECK(s.context().gate->late() == 2);
  CHECK(s.send("c", note{"one"}).kind() == answer_kind::overloaded);
  s.come_back();
  CHECK(s.context().gate->late() == 0);
  const auto& next = s.send("c", note{"one"});
  s.run();
  CHECK(next.answer() == accepted(1));
}

TEST_CASE("any number are late at once, and whoever is told may send again from there") {
  hanging s;
  constexpr int count = 1'000;
  int answers = 0, answers_of_answered = 0;
  for (int i = 0; i < count; ++i) {
    s.aggregates().send("a", note{"x"}, [&](const answer&) {
      ++answers;
      s.aggregates().send("b", note{"x"}, [&](const answer&) { ++answers_of_answered; });
    });
  }
  s.run();
  s.pass_the_timeout();
  CHECK(answers == count);
  s.come_back();
  CHECK(answers_of_answered == count);
  CHECK(s.stored("b").words.size() == count);
}

TEST_CASE("late commands are no obstacle to an end") {
  hanging s;
  const auto& one = s.send("a", note{"one"});
  s.run();
  s.pass_the_timeout();
  s.restart();
  CHECK(one.answer() == late_command);
  CHECK(s.context().gate->late() == 0);
}

// -- threads -------------------------------------------------------------------------------------------------------

TEST_CASE("whether its holder or its time is first, a command is answered once") {
  auto gate = std::make_shared<reprise::admission>(1'000'000, 10ms);
  std::atomic<bool> is_over{false};
  std::thread sweeper([&] {
    while (!is_over) gate->deadlines().sweep();
  });
  constexpr int count = 3'000;
  std::vector<std::atomic<int>> answers(count);
  std::atomic<int> in_time{0};
  for (int i = 0; i < count; ++i) {
    auto d = std::make_shared<reprise::command_delivery<notebook>>(
        "a", note{"x"}, reprise::command_options{}, [&answers, &in_time, i](const answer& a) {
          ++answers[static_cast<std::size_t>(i)];
          if (a.kind == answer_kind::accepted) ++in_time;
        });
    REQUIRE(gate->enter() == reprise::admission::verdict::admitted);
    d->admitted_by(gate);
    d->begin_time(false);
    if (i % 16 < 8) std::this_thread::yield();
    if (i % 2 == 0) d->settle(accepted(1));
  }
  is_over = true;
  sweeper.join();
  int once = 0;
  for (const auto& n : answers) once += n == 1 ? 1 : 0;
  CHECK(once == count);
  CHECK(in_time <= count / 2);
  CHECK(gate->in_flight() == 0);
  CHECK(gate->late() == 0);
}

TEST_CASE("a host whose journal hangs answers on time, and settles what is sent again") {
  const auto journal = std::make_shared<faulty_journal>();
  reprise::host h{{.journal = journal, .scheduler_threads = 2, .command_timeout = 50ms}};
  const release_at_end at_end{journal};
  const auto books = h.aggregates<notebook>();
  journal->hold();
  const auto begin = std::chrono::steady_clock::now();
  auto first = books.send("a", note{"one"}, {"id", {}, {}});
  auto query = books.query("a");
  const auto late = get(std::move(first));
  CHECK(std::chrono::steady_clock::now() - begin >= 50ms);
  CHECK(late
        == answer{answer_kind::unknown, 0, 0,
                  "command_timeout is reached: it was not answered within 50 ms"});
  CHECK(get(std::move(query)).kind == answer_kind::unavailable);
  CHECK(comes_true([&h] { return h.stats().in_flight == 0; }));
  CHECK(h.stats().late != 0);
  journal->release();
  CHECK(comes_true([&] {
    return get(books.send("a", note{"one"}, {"id", {}, {}}))
           == answer{answer_kind::accepted, 1, 1, {}};
  }));
  CHECK(get(books.query("a")).value->words == words{"one"});
  CHECK(comes_true([&h] { return h.stats().late == 0; }));
  CHECK(h.stop(10s).clean);
}

TEST_CASE("a host ends while commands are late, and each was answered once") {
  const auto journal = std::make_shared<faulty_journal>();
  constexpr std::size_t count = 2'000;
  std::vector<std::atomic<int>> answers(count);
  {
    reprise::host h{{.journal = journal, .scheduler_threads = 2, .command_timeout = 10ms}};
    const release_at_end at_end{journal};
    const auto books = h.aggregates<notebook>();
    std::atomic<bool> is_over{false};
    std::thread moody([&] {
      while (!is_over) {
        journal->hold();
        std::this_thread::yield();
        journal->release();
        std::this_thread::yield();
      }
    });
    std::atomic<std::size_t> next{0};
    const auto send = [&] {
      for (std::size_t i = next++; i < count; i = next++) {
        books.send("book-" + std::to_string(i % 5), note{"x"},
                   [&answers, i](const answer&) { ++answers[i]; });
      }
    };
    std::thread other(send);
    send();
    other.join();
    is_over = true;
    moody.join();
    journal->hold();
    auto last = books.send("last", note{"x"});
    CHECK(get(std::move(last)).kind == answer_kind::unknown);
  }
  std::size_t once = 0;
  for (const auto& n : answers) once += n == 1 ? 1 : 0;
  CHECK(once == count);
}
