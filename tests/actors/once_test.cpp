#include "actors/deterministic.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace deterministic;
using namespace notes;
using namespace std::chrono_literals;

TEST_CASE("a command that is sent again while the first is in flight takes effect once") {
  stage<notebook> s;
  s.hold("writer");
  const auto& first = s.send("a", note{"one"}, "id");
  s.run();
  const auto& again = s.send("a", note{"one"}, "id");
  s.run();
  CHECK_FALSE(again.is_answered());
  s.release("writer");
  s.run();
  CHECK(first.answer() == accepted(1));
  CHECK(again.answer() == accepted(1));
  CHECK(s.stored("a").words == words{"one"});
}

TEST_CASE("a command that is sent again later gets the first answer, whatever happened since") {
  stage<notebook> s;
  s.send("a", note_all{{"one", "two"}}, "id");
  s.send("a", tear_out{});
  s.run();
  const auto& again = s.send("a", note_all{{"one", "two"}}, "id");
  s.run();
  CHECK(again.answer() == accepted(2, 2));
  CHECK(s.stored("a").words == words{"one"});
}

TEST_CASE("a command that is sent again after a restart gets the first answer") {
  stage<notebook> s;
  s.send("a", note_all{{"one", "two"}}, "id");
  s.send("a", note{"three"}, "other");
  s.run();
  s.restart();
  const auto& again = s.send("a", note_all{{"one", "two"}}, "id");
  const auto& other = s.send("a", note{"three"}, "other");
  s.run();
  CHECK(again.answer() == accepted(2, 2));
  CHECK(other.answer() == accepted(3));
}

TEST_CASE("an id counts, not what comes with it") {
  stage<notebook> s;
  s.send("a", note{"one"}, "id");
  s.run();
  const auto& other = s.send("a", crash{}, "id");
  s.run();
  CHECK(other.answer() == accepted(1));
}

TEST_CASE("an id is its aggregate's own") {
  stage<notebook> s;
  const auto& in_a = s.send("a", note{"one"}, "id");
  const auto& in_b = s.send("b", note{"one"}, "id");
  s.run();
  CHECK(in_a.answer() == accepted(1));
  CHECK(in_b.answer() == accepted(1));
  CHECK(s.journal().stats().commits == 2);
}

TEST_CASE("a command that recorded nothing is judged anew when it is sent again") {
  stage<notebook> s;
  const auto& refusal = s.send("a", tear_out{}, "id");
  s.send("a", note{"one"});
  const auto& again = s.send("a", tear_out{}, "id");
  s.run();
  CHECK(refusal.answer() == refused(0, "nothing_written"));
  CHECK(again.answer() == accepted(2));
}

TEST_CASE("an aggregate remembers its last so many recorded commands") {
  stage<notebook> s{{.dedup_window = 2}};
  for (const char* id : {"1", "2", "3"}) s.send("a", note{id}, id);
  s.run();
  const auto& second = s.send("a", note{"2"}, "2");
  const auto& third = s.send("a", note{"3"}, "3");
  s.run();
  CHECK(second.answer() == accepted(2));
  CHECK(third.answer() == accepted(3));
  s.send("a", note{"1"}, "1");
  s.run();
  CHECK(s.stored("a").words == words{"1", "2", "3", "1"});
}

TEST_CASE("an aggregate remembers a command for so long, in memory and in the journal alike") {
  for (const bool is_read_again : {false, true}) {
    CAPTURE(is_read_again);
    auto now = std::make_shared<reprise::timestamp>(std::chrono::seconds(1'700'000'000));
    stage<notebook> s{{.dedup_age = 60s, .clock = [now] { return *now; }}};
    s.send("a", note{"one"}, "one");
    s.run();
    *now += 30s;
    s.send("a", note{"two"}, "two");
    s.run();
    *now += 30s;
    if (is_read_again) s.restart();
    const auto& in_time = s.send("a", note{"one"}, "one");
    s.run();
    CHECK(in_time.answer() == accepted(1));
    *now += 1us;
    if (is_read_again) s.restart();
    const auto& too_late = s.send("a", note{"one"}, "one");
    const auto& again = s.send("a", note{"one"}, "one");
    const auto& other = s.send("a", note{"two"}, "two");
    s.run();
    CHECK(too_late.answer() == accepted(3));
    CHECK(again.answer() == accepted(3));
    CHECK(other.answer() == accepted(2));
  }
}

TEST_CASE("the time of a commit is when it was decided") {
  auto now = std::make_shared<reprise::timestamp>(std::chrono::seconds(1'700'000'000));
  const auto decided = *now;
  stage<notebook> s{{.clock = [now] { return *now; }}};
  s.hold("writer");
  s.send("a", note{"one"});
  s.run();
  *now += 1s;
  s.release("writer");
  s.run();
  s.journal().read_all(1, [&](const reprise::commit_view& c) {
    CHECK(c.time == decided);
    return true;
  });
}

TEST_CASE("a command that another process has stored gets that one's answer after the conflict") {
  stage<notebook> s;
  s.send("a", note{"zero"});
  s.run();
  s.hold("writer");
  const auto& here = s.send("a", note{"one"}, "id");
  s.run();
  s.store_elsewhere("a", {written{"one"}}, "id");
  s.release("writer");
  s.run();
  CHECK(here.answer() == accepted(2));
  CHECK(s.stored("a").words == words{"zero", "one"});
}

TEST_CASE("a command that was sent twice is decided once behind a conflict") {
  stage<notebook> s;
  s.send("a", note{"zero"});
  s.run();
  s.hold("writer");
  const auto& first = s.send("a", note{"one"}, "id");
  const auto& again = s.send("a", note{"one"}, "id");
  s.run();
  s.store_elsewhere("a", {written{"other"}}, "other");
  s.release("writer");
  s.run();
  CHECK(first.answer() == accepted(3));
  CHECK(again.answer() == accepted(3));
  CHECK(s.stored("a").words == words{"zero", "other", "one"});
}

TEST_CASE("a command that is sent again behind a crash in evolve takes effect once") {
  stage<notebook> s;
  s.hold("writer");
  const auto& first = s.send("a", note{"one"}, "id");
  s.send("a", spoil{});
  const auto& again = s.send("a", note{"one"}, "id");
  s.run();
  s.release("writer");
  s.run();
  CHECK(first.answer() == accepted(1));
  CHECK(again.answer() == accepted(1));
  CHECK(s.stored("a").words == words{"one"});
}

// -- a retry that finds the first one still in flight joins it ---------------------------------------------------------

namespace {

/// A stage whose aggregate `a` is ready, with the word `zero` at version 1, and where the command `id` is sent twice.
struct sent_twice : stage<notebook> {
  explicit sent_twice(reprise::host_config config = {}) : stage(std::move(config)) {
    send("a", note{"zero"});
    run();
  }

  const said& send_it() { return send("a", note{"one"}, "id"); }

  /// Lets everybody run, and checks that both were answered alike, and that it took effect once.
  void both_are(const said& first, const said& again, const answer& expected) {
    release_all();
    run();
    CHECK(first.answer() == expected);
    CHECK(again.answer() == expected);
    const auto all = stored("a").words;
    CHECK(std::count(all.begin(), all.end(), "one") == 1);
  }
};

}  // namespace

TEST_CASE("a retry joins the first one wherever that is on its way") {
  // Each lets the first one come as far as it says.
  const std::pair<std::string, std::function<void(sent_twice&)>> places[] = {
      {"on its way to the aggregate",
       [](auto& s) {
         s.hold("@a");
         s.run();
       }},
      {"decided, and not yet taken by the writer",
       [](auto& s) {
         s.hold("writer");
         s.run();
       }},
      {"taken by the writer, and not yet written", [](auto& s) { s.queue_up(); }},
      {"written, and not yet answered",
       [](auto& s) {
         // With so many the writer does not give the answers itself.
         for (int i = 0; i < 20; ++i) s.send("b", note{"other"});
         s.queue_up();
         s.hold("journal");
         s.release("writer");
         s.run();
       }},
      {"answered", [](auto& s) { s.run(); }},
  };
  for (const auto& place : places) {
    CAPTURE(place.first);
    sent_twice s;
    const auto& first = s.send_it();
    place.second(s);
    const bool was_answered = first.is_answered();
    CHECK(was_answered == (place.first == "answered"));
    const auto& again = s.send_it();
    s.run();
    s.both_are(first, again, accepted(2));
  }
}

TEST_CASE("a retry joins one that waits for the history") {
  sent_twice s;
  s.restart();
  s.hold("recovery");
  const auto& first = s.send_it();
  s.run();
  const auto& again = s.send_it();
  s.run();
  s.both_are(first, again, accepted(2));
}

TEST_CASE("a retry joins one that waits while the state is read again") {
  sent_twice s;
  s.send("a", spoil{});
  s.hold("recovery");
  s.run();
  const auto& first = s.send_it();
  s.run();
  const auto& again = s.send_it();
  s.both_are(first, again, accepted(2));
}

TEST_CASE("a retry joins one that was in flight when its aggregate left, or ended") {
  for (const bool at_once : {false, true}) {
    CAPTURE(at_once);
    sent_twice s;
    s.hold("writer");
    const auto& first = s.send_it();
    s.run();
    if (at_once) {
      s.crash("a");
    } else {
      s.passivate("a");
    }
    s.run();
    const auto& again = s.send_it();
    s.run();
    CHECK_FALSE(again.is_answered());
    s.both_are(first, again, accepted(2));
  }
}

TEST_CASE("a retry joins one that comes back from a conflict") {
  sent_twice s;
  s.hold("writer");
  const auto& first = s.send_it();
  s.run();
  s.store_elsewhere("a", {written{"other"}});
  s.hold("recovery");
  s.release("writer");
  s.run();
  const auto& again = s.send_it();
  s.run();
  CHECK_FALSE(first.is_answered());
  s.both_are(first, again, accepted(3));
}

TEST_CASE("a retry of one that a failed write may have stored is not denied, and settled later") {
  using fault = faulty_journal::fault;
  for (const fault how : {fault::fail_before, fault::fail_after}) {
    sent_twice s;
    s.hold("writer");
    const auto& first = s.send_it();
    const auto& joins = s.send_it();
    s.run();
    s.journal().fail(how);
    s.release("writer");
    s.run();
    const auto& behind = s.send_it();
    s.run();
    for (const auto* e : {&first, &joins, &behind}) CHECK(e->kind() == answer_kind::unknown);
    s.restart();
    const auto& settled = s.send_it();
    s.run();
    CHECK(settled.answer() == accepted(2));
    CHECK(s.stored("a").words == words{"zero", "one"});
  }
}

TEST_CASE("a retry whose first sending is durable does not wait for what is in flight") {
  sent_twice s;
  s.send_it();
  s.run();
  s.hold("writer");
  const auto& other = s.send("a", note{"two"});
  const auto& again = s.send_it();
  s.run();
  CHECK(again.answer() == accepted(2));
  CHECK_FALSE(other.is_answered());
}

TEST_CASE("in every order of turns a command that is sent twice takes effect once, and its answers "
          "agree") {
  using fault = faulty_journal::fault;
  const std::function<void(book_stage&)> disturbances[] = {
      [](auto& s) { s.passivate("a"); },
      [](auto& s) { s.crash("a"); },
      [](auto& s) { s.store_elsewhere("a", {written{"other"}}); },
      [](auto& s) { s.journal().fail(fault::fail_before); },
      [](auto& s) { s.journal().fail(fault::fail_after); },
      [](auto& s) { s.send("a", spoil{}); },
      [](auto& s) { s.pass_the_timeout(); },
  };
  const auto send_it = [](auto& s) { s.send("a", note{"one"}, "id"); };
  for (const auto& disturb : disturbances) {
    // That it is stored once, and as it was answered, is in the account that the stage keeps.
    in_every_order({send_it, disturb, send_it}, [](auto& s) {
      std::vector<answer> all;
      for (const auto& e : s.account()) {
        if (e.command_id == "id" && e.kind() == answer_kind::accepted) all.push_back(e.answer());
      }
      if (all.size() == 2) CHECK(all[0] == all[1]);
      if (!s.context().has_failed()) CHECK(s.account().back().kind() == answer_kind::accepted);
    });
  }
}
