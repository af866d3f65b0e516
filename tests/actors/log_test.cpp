#include "actors/deterministic.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace deterministic;
using namespace notes;
using namespace std::chrono_literals;

// What the log tells is told once, with the ids that it is about, however many commands come on it.

namespace {

using lines = std::vector<std::string>;

void send_many(stage<notebook>& s) {
  for (int round = 0; round < 5; ++round) {
    for (const char* id : {"a", "b", "c"}) {
      s.send(id, note{"more"});
      s.look(id);
    }
    s.run();
  }
}

}  // namespace

TEST_CASE("the log tells a failed write once, and each aggregate that is in doubt by it once") {
  stage<notebook> s;
  for (const char* id : {"a", "b", "c"}) s.send(id, note{"one"});
  s.run();
  s.hold("writer");
  for (const char* id : {"a", "b"}) s.send(id, note{"two"});
  s.journal().fail(faulty_journal::fault::fail_before);
  s.run();
  s.release_all();
  s.run();
  send_many(s);
  CHECK(
      s.log()
      == lines{
          "the journal failed and takes no more events until it is opened again: the disk is gone",
          "\"notebook/a\" had commits in the write that failed and is unavailable",
          "\"notebook/b\" had commits in the write that failed and is unavailable"});
}

TEST_CASE("the log tells that an aggregate cannot be recovered once, with its id") {
  stage<notebook> s;
  s.journal().damage("notebook/b", "wrong checksum");
  send_many(s);
  CHECK(s.log().size() == 1);
  CHECK(s.logged("\"notebook/b\" cannot be recovered and is unavailable: ") == 1);
  CHECK(s.logged("wrong checksum") == 1);
}

TEST_CASE(
    "the log tells a restart for another writer once, however many commands are decided again") {
  stage<notebook> s;
  s.send("a", note{"one"});
  s.run();
  s.store_elsewhere("a", {written{"elsewhere"}});
  for (int i = 0; i < 5; ++i) s.send("a", note{"two"});
  s.run();
  send_many(s);
  CHECK(s.log() == lines{"\"notebook/a\" was changed by another writer and is read again"});
}

TEST_CASE("the log tells a crash once, with the ids of the aggregate and of the command") {
  stage<notebook> s;
  s.send("a", crash{}, "bad");
  s.send("a", spoil{}, "worse");
  s.run();
  send_many(s);
  CHECK(
      s.log()
      == lines{"\"notebook/a\", command \"bad\": decide threw: the pencil broke",
               "\"notebook/a\", command \"worse\": evolve threw: ink on the page",
               "\"notebook/a\" lost its state and is read again at once: evolve threw: ink on the "
               "page"});
}

TEST_CASE("the log tells a crash that comes again and again once, and a minute later how often") {
  stage<notebook> s;
  const auto crash_a_thousand_times = [&s] {
    for (int i = 0; i < 1'000; ++i) {
      s.send("a", crash{}, "command " + std::to_string(i));
      s.run();
    }
  };
  crash_a_thousand_times();
  CHECK(s.log() == lines{"\"notebook/a\", command \"command 0\": decide threw: the pencil broke"});
  s.pass(1min - 1us);
  crash_a_thousand_times();
  CHECK(s.log().size() == 1);
  s.pass(1us);
  crash_a_thousand_times();
  CHECK(s.log().size() == 2);
  CHECK(s.log().back()
        == "\"notebook/a\", command \"command 0\": decide threw: the pencil broke (repeated 1999 "
           "times)");
}

TEST_CASE("the log tells each crash of another aggregate, or for another reason") {
  stage<notebook> s;
  for (int i = 0; i < 10; ++i) {
    for (const char* id : {"a", "b"}) {
      s.send(id, crash{});
      s.send(id, crash_oddly{});
      s.run();
    }
  }
  CHECK(s.log().size() == 4);
}

TEST_CASE("the log tells a command that crashes evolve every time once, and its restart") {
  stage<notebook> s;
  for (int i = 0; i < 1'000; ++i) {
    s.send("a", spoil{}, "worse");
    s.run();
  }
  CHECK(s.context().metrics.restarts.sum() == 1);
  CHECK(s.log().size() == 2);
}

TEST_CASE("the log tells a query that throws once, without the id of a command") {
  stage<notebook> s;
  for (int i = 0; i < 1'000; ++i) {
    s.aggregates().query(
        "a", [](const notebook&) -> int { throw std::runtime_error("no glasses"); },
        [](const reprise::observed<int>&) {});
    s.run();
  }
  CHECK(s.log() == lines{"\"notebook/a\": the query threw: no glasses"});
}

TEST_CASE("the log tells a clock that throws once, whatever aggregates it is asked for") {
  bool is_broken = false;
  reprise::host_config config;
  config.clock = [&is_broken] {
    if (is_broken) throw std::runtime_error("no battery");
    return reprise::timestamp{};
  };
  stage<notebook> s{config};
  for (const char* id : {"a", "b"}) s.look(id);
  s.run();
  is_broken = true;
  for (int i = 0; i < 100; ++i) {
    for (const char* id : {"a", "b"}) s.send(id, note{"one"}, "command");
    s.run();
  }
  is_broken = false;
  CHECK(s.log()
        == lines{"\"notebook/a\", command \"command\": host_config.clock threw: no battery"});
}

TEST_CASE("the log tells each restart, and after which wait it is") {
  reprise::host_config config;
  config.restart_jitter_percent = 0;
  stage<notebook> s{config};
  s.journal().damage("notebook/a", "wrong checksum");
  s.look("a");
  s.run();
  s.pass(100ms);
  s.look("a");
  s.run();
  for (int i = 0; i < 3; ++i) {
    s.pass(20s);
    s.look("a");
    s.run();
  }
  const std::string why = "stream \"notebook/a\": wrong checksum";
  CHECK(s.log()
        == lines{"\"notebook/a\" cannot be recovered and is unavailable: " + why,
                 "\"notebook/a\" is read again after a wait of 100 ms: " + why,
                 "\"notebook/a\" is read again after a wait of 800 ms: " + why
                     + " (repeated 2 times)"});
}

TEST_CASE("the log tells other writers that come again and again once") {
  stage<notebook> s;
  for (int i = 0; i < 100; ++i) {
    s.store_elsewhere("a", {written{"elsewhere"}});
    s.send("a", note{"more"});
    s.run();
  }
  CHECK(s.context().conflicts == 99);
  CHECK(s.log() == lines{"\"notebook/a\" was changed by another writer and is read again"});
}

TEST_CASE("the log tells a snapshot that is passed over once, however often it is met") {
  reprise::host_config config;
  config.max_live = 1;
  config.journal = reprise::in_memory();
  reprise::snapshot_policy policy;
  policy.every_events = 1;
  {
    stage<notebook> before{config, policy};
    before.send("a", note{"one"});
  }
  std::vector<reprise::snapshot> saved;
  config.journal->snapshots()->read(
      "notebook/a", [&saved](reprise::snapshot& s) { return saved.push_back(s), true; }, {});
  REQUIRE(saved.size() == 1);
  ++saved.front().schema.version;
  config.journal->snapshots()->save(saved.front(), 1);
  stage<notebook> s{config};
  for (int i = 0; i < 50; ++i) {
    for (const char* id : {"a", "b"}) {
      s.look(id);
      s.run();
    }
  }
  CHECK(s.context().metrics.snapshots_ignored.sum() == 50);
  CHECK(s.log().size() == 1);
  CHECK(s.logged("notebook/a") == 1);
  CHECK(s.logged(" was passed over: ") == 1);
}

TEST_CASE(
    "the log tells that no snapshots are taken of an aggregate once, however often it tries") {
  reprise::snapshot_policy policy;
  policy.every_events = 1;
  reprise::host_config config;
  config.max_live = 1;
  stage<notebook> s{config, policy};
  for (int i = 0; i < 50; ++i) {
    s.send("a", note{"unstorable"});
    s.run();
    s.look("b");
    s.run();
  }
  CHECK(s.log().size() == 1);
  CHECK(s.logged("no more snapshots are taken of \"notebook/a\"") == 1);
}

TEST_CASE("the log tells that an actor was ended, with the id of its aggregate") {
  stage<notebook> s;
  s.send("a", note{"one"});
  s.run();
  s.crash("a");
  s.crash("a");
  s.crash("b");
  s.run();
  send_many(s);
  CHECK(s.log() == lines{"\"notebook/a\" was ended, and is read again by its next command"});
}
