#include "reprise/trim.hpp"

#include "actors/deterministic.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

using namespace deterministic;
using namespace notes;
using reprise::newest_version;
using reprise::snapshot_policy;

namespace {

reprise::journal& store(book_stage& s) {
  return *s.journal().inner();
}

/// Lets the aggregate `a` record the words numbered `first` to `last`, each by a command that has its number.
void write_words(book_stage& s, int first, int last) {
  for (int i = first; i <= last; ++i) {
    s.send("a", note{"word " + std::to_string(i)}, "command " + std::to_string(i));
    s.run();
  }
}

words words_up_to(int last) {
  words all;
  for (int i = 1; i <= last; ++i) all.push_back("word " + std::to_string(i));
  return all;
}

/// Trims `a` to its state at version `up_to`, which becomes its newest snapshot, if it has one, behind the back of the stage.
void trim(book_stage& s, std::uint64_t up_to = newest_version) {
  const auto& model = reprise::model_of<notebook>();
  if (reprise::take_snapshot_now(store(s), model, "notebook/a", up_to) == 0) return;
  reprise::trim_stream(store(s), model, "notebook/a", up_to);
}

void lose_snapshots(book_stage& s) {
  store(s).snapshots()->remove("notebook/a");
}

/// Takes a snapshot of `a` at a version, and returns it.
reprise::snapshot snapshot_at(book_stage& s, std::uint64_t version) {
  reprise::take_snapshot_now(store(s), reprise::model_of<notebook>(), "notebook/a", version);
  reprise::snapshot taken;
  const auto take = [&taken](reprise::snapshot& found) {
    taken = found;
    return false;
  };
  store(s).snapshots()->read("notebook/a", take, {});
  REQUIRE(taken.version == version);
  return taken;
}

/// Returns how many events the next recovery of `a` replays.
std::uint64_t replayed_by_next_recovery(book_stage& s) {
  const std::uint64_t before = s.context().replayed_events;
  s.look("a");
  s.run();
  return s.context().replayed_events - before;
}

/// What `a` is, as somebody sees who asks now.
words seen(book_stage& s) {
  const auto& query = s.look("a");
  s.run();
  CHECK(query.kind() == answer_kind::accepted);
  return query.seen ? query.seen->words : words{};
}

}  // namespace

// -- recovery ------------------------------------------------------------------------------------------------------

TEST_CASE(
    "an aggregate whose first events were trimmed recovers from the base, and goes on behind it") {
  book_stage s;
  write_words(s, 1, 9);
  trim(s, 6);
  lose_snapshots(s);
  s.restart();
  CHECK(replayed_by_next_recovery(s) == 3);
  CHECK(s.account().back().seen->words == words_up_to(9));
  CHECK(s.account().back().answer() == already_so(9));
  const auto& next = s.send("a", note{"word 10"});
  s.run();
  CHECK(next.answer() == accepted(10));
  s.restart();
  CHECK(seen(s) == words_up_to(10));
  CHECK(s.log().empty());
}

TEST_CASE("an aggregate of which nothing but the base is left recovers from it, and goes on") {
  book_stage s;
  write_words(s, 1, 5);
  trim(s);
  lose_snapshots(s);
  s.restart();
  CHECK(replayed_by_next_recovery(s) == 0);
  CHECK(s.account().back().seen->words == words_up_to(5));
  write_words(s, 6, 7);
  CHECK(s.account().back().answer() == accepted(7));
  s.restart();
  CHECK(seen(s) == words_up_to(7));
}

TEST_CASE("a snapshot that a trimmed stream has behind its base is preferred to the base") {
  snapshot_policy every_4;
  every_4.every_events = 4;
  book_stage s{{}, every_4};
  write_words(s, 1, 5);
  trim(s, 5);
  write_words(s, 6, 10);
  s.restart();
  CHECK(replayed_by_next_recovery(s) == 2);
  CHECK(s.account().back().seen->words == words_up_to(10));
  lose_snapshots(s);
  s.restart();
  CHECK(replayed_by_next_recovery(s) == 5);
  CHECK(s.account().back().seen->words == words_up_to(10));
}

TEST_CASE("snapshots of before the base are of no use, and the base is") {
  book_stage s;
  write_words(s, 1, 9);
  const auto before = snapshot_at(s, 3);
  trim(s, 6);
  store(s).snapshots()->save(before, 2);
  s.restart();
  CHECK(replayed_by_next_recovery(s) == 3);
  CHECK(s.account().back().seen->words == words_up_to(9));
  CHECK(s.logged("the commit that it stands on was trimmed") == 1);
}

// -- once ----------------------------------------------------------------------------------------------------------

TEST_CASE("a command whose events were trimmed is taken once, and told of as it was first") {
  book_stage s;
  write_words(s, 1, 3);
  s.send("a", note_all{{"word 4", "word 5"}}, "command 5");
  s.run();
  write_words(s, 6, 9);
  trim(s, 7);
  lose_snapshots(s);
  s.restart();
  for (const int number : {1, 3, 7, 9}) {
    const auto& again = s.send("a", note{"again"}, "command " + std::to_string(number));
    const auto& outcome = s.outcome("a", "command " + std::to_string(number));
    s.run();
    CHECK(again.answer() == accepted(static_cast<std::uint64_t>(number)));
    CHECK(outcome.kind() == reprise::outcome_kind::accepted);
  }
  const auto& both_again = s.send("a", note{"again"}, "command 5");
  const auto& never = s.outcome("a", "command 77");
  s.run();
  CHECK(both_again.answer() == accepted(5, 2));
  CHECK(never.kind() == reprise::outcome_kind::not_taken);
  CHECK(seen(s) == words_up_to(9));
}

TEST_CASE("behind a base, an id that it does not remember is told to be out of the window, not to "
          "be new") {
  reprise::host_config config;
  config.dedup_window = 5;
  book_stage s{config};
  write_words(s, 1, 10);
  reprise::take_snapshot_now(store(s), reprise::model_of<notebook>(), "notebook/a", newest_version,
                             5);
  reprise::trim_stream(store(s), reprise::model_of<notebook>(), "notebook/a");
  lose_snapshots(s);
  s.restart();
  const auto& forgotten = s.outcome("a", "command 1");
  const auto& known = s.outcome("a", "command 6");
  s.run();
  CHECK(forgotten.kind() == reprise::outcome_kind::out_of_window);
  CHECK(known.kind() == reprise::outcome_kind::accepted);
}

TEST_CASE("a trim costs a window of more than the usual commands none of them") {
  reprise::host_config config;
  config.dedup_window = 2'000;
  snapshot_policy every_1100;
  every_1100.every_events = 1'100;
  book_stage s{config, every_1100};
  write_words(s, 1, 1'100);
  trim(s);
  s.restart();
  const auto& again = s.send("a", note{"again"}, "command 10");
  s.run();
  CHECK(again.answer() == accepted(10));
}

TEST_CASE("a recovery from what stands for trimmed events is not counted as one from a snapshot") {
  reprise::snapshot_policy rare;
  rare.every_events = 1'000;
  book_stage s{{}, rare};
  write_words(s, 1, 5);
  trim(s, 3);
  const auto reads = [&s](reprise::snapshot_read how) {
    return s.context().metrics.snapshot_reads.value(how);
  };
  s.restart();
  seen(s);
  CHECK(reads(reprise::snapshot_read::hit) == 1);
  lose_snapshots(s);
  s.restart();
  seen(s);
  CHECK(reads(reprise::snapshot_read::hit) == 0);
  CHECK(reads(reprise::snapshot_read::miss) == 1);
}

// -- while it is used ----------------------------------------------------------------------------------------------

TEST_CASE("a trim under a live aggregate with commands in flight does it no harm") {
  book_stage s;
  write_words(s, 1, 5);
  const auto& sixth = s.send("a", note{"word 6"}, "command 6");
  const auto& seventh = s.send("a", note{"word 7"}, "command 7");
  s.queue_up();
  trim(s);
  const auto& eighth = s.send("a", note{"word 8"}, "command 8");
  s.release("writer");
  s.run();
  CHECK(sixth.answer() == accepted(6));
  CHECK(seventh.answer() == accepted(7));
  CHECK(eighth.answer() == accepted(8));
  CHECK(store(s).base("notebook/a")->state.version == 5);
  CHECK(s.log().empty());
  CHECK(seen(s) == words_up_to(8));
  s.restart();
  CHECK(seen(s) == words_up_to(8));
}

TEST_CASE("in every order of turns a trim changes no answer and no state") {
  in_every_order({[](book_stage& s) { s.send("a", note{"word 1"}, "command 1"); },
                  [](book_stage& s) { s.send("a", note{"word 2"}, "command 2"); },
                  [](book_stage& s) { trim(s); }, [](book_stage& s) { s.passivate("a"); },
                  [](book_stage& s) { s.send("a", note{"again"}, "command 1"); },
                  [](book_stage& s) { s.send("a", note{"word 3"}, "command 3"); }},
                 [](book_stage& s) {
                   CHECK(s.account()[0].answer() == accepted(1));
                   CHECK(s.account()[1].answer() == accepted(2));
                   CHECK(s.account()[2].answer() == accepted(1));
                   CHECK(s.account()[3].answer() == accepted(3));
                   CHECK(s.stored("a").words == words_up_to(3));
                   CHECK(s.log().empty());
                 });
}

TEST_CASE(
    "an aggregate that another writer overtakes reads again what is left of a trimmed stream") {
  book_stage s;
  write_words(s, 1, 4);
  trim(s, 3);
  s.store_elsewhere("a", {written{"word 5"}});
  const auto& late = s.send("a", note{"word 6"});
  s.run();
  CHECK(late.answer() == accepted(6));
  CHECK(seen(s) == words_up_to(6));
}

// -- while it is read ----------------------------------------------------------------------------------------------

TEST_CASE("a recovery that meets a trim begins again, from the base") {
  book_stage s;
  write_words(s, 1, 9);
  std::size_t skip = 0;
  SUBCASE("when it has found neither a snapshot nor a base") {}
  SUBCASE("when it has found a snapshot") {
    snapshot_at(s, 3);
    skip = 1;
  }
  SUBCASE("when it has found an earlier base") {
    trim(s, 3);
    lose_snapshots(s);
  }
  s.restart();
  s.journal().before_read(
      [&s] {
        trim(s, 6);
        lose_snapshots(s);
      },
      skip);
  const auto& next = s.send("a", note{"word 10"}, "command 10");
  const auto& again = s.send("a", note{"again"}, "command 2");
  s.run();
  CHECK(store(s).base("notebook/a")->state.version == 6);
  CHECK(next.answer() == accepted(10));
  CHECK(again.answer() == accepted(2));
  CHECK(seen(s) == words_up_to(10));
  CHECK(s.log().empty());
}

TEST_CASE("a recovery that meets a trim between two slices begins again, from the base") {
  book_stage s;
  words all;
  for (int i = 0; i < 18; ++i) {
    const words some(1'000, std::to_string(i));
    s.send("a", note_all{some}, "command " + std::to_string(i));
    all.insert(all.end(), some.begin(), some.end());
  }
  s.run();
  s.restart();
  const auto& query = s.look("a");
  const auto& again = s.send("a", note{"again"}, "command 0");
  s.hold("recovery");
  s.run();
  CHECK(s.step("recovery"));
  CHECK(s.context().replayed_events.load() == 10'000);
  trim(s);
  lose_snapshots(s);
  s.release("recovery");
  s.run();
  CHECK(query.answer() == already_so(18'000));
  CHECK((query.seen && query.seen->words == all));
  CHECK(again.answer() == accepted(1'000, 1'000));
  CHECK(s.log().empty());
}

// -- what goes wrong -----------------------------------------------------------------------------------------------

TEST_CASE(
    "an aggregate whose base does not decode is unavailable, with the place, and others go on") {
  book_stage s;
  write_words(s, 1, 5);
  // Nobody comes to such a base by `trim_stream`.
  auto base = snapshot_at(s, 3);
  base.state = "nonsense";
  store(s).trim(base);
  lose_snapshots(s);
  // It does not need the base for as long as it is in memory.
  write_words(s, 6, 6);
  CHECK(s.account().back().answer() == accepted(6));
  s.restart();
  const auto& command = s.send("a", note{"word 7"});
  const auto& query = s.look("a");
  const auto& neighbour = s.send("b", note{"one"});
  s.run();
  for (const auto* e : {&command, &query}) {
    CHECK(e->kind() == answer_kind::unavailable);
    CHECK(e->reason().find(
              R"(stream "notebook/a", version 3, position 3: of the state that stands for)"
              R"( the trimmed events: its state does not decode)")
          == 0);
  }
  CHECK(neighbour.answer() == accepted(1));
  CHECK(s.logged("cannot be recovered") == 1);
}

TEST_CASE("a state that has no serialize cannot stand for what was trimmed, which is told and not "
          "read again and again") {
  stage<sketchbook> s;
  s.send("a", note{"one"});
  s.send("a", note{"two"});
  s.run();
  reprise::snapshot base;
  base.stream = "sketchbook/a";
  base.version = 2;
  s.journal().read_stream("sketchbook/a", 2, [&base](const reprise::commit_view& c) {
    base.position = c.last_position();
    base.commit_checksum = c.checksum;
    base.commands = {{"command-0", 1, 1, c.time}};
    return false;
  });
  s.journal().trim(base);
  s.restart();
  const auto& query = s.look("a");
  s.hold("recovery");
  s.run();
  std::size_t turns = 0;
  while (turns < 10 && s.step("recovery")) ++turns;
  // Else the stage would never end.
  if (turns == 10) s.tell_to_stop();
  s.release("recovery");
  s.run();
  CHECK(turns < 10);
  CHECK(query.kind() == answer_kind::unavailable);
  CHECK(query.reason().find(
            R"(stream "sketchbook/a", version 2, position 2: of the state that stands for)"
            R"( the trimmed events: its state does not decode: the state has no `serialize`)")
        == 0);
}
