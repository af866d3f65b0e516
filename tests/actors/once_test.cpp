#include "actors/deterministic.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
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
