#include "actors/deterministic.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace deterministic;
using namespace notes;
using fault = faulty_journal::fault;
using reprise::host_config;

namespace {

/// A stage whose aggregates `a` and `b` are ready, each with the word `one` at version 1.
struct with_one_word : stage<notebook> {
  explicit with_one_word(host_config config = {}) : stage(std::move(config)) {
    send("a", note{"one"});
    send("b", note{"one"});
    run();
  }
};

void append_unknown_event(reprise::journal& to, std::string_view stream, std::uint64_t expected) {
  reprise::encoded_events events;
  events.add({"mystery", 0, ""});
  reprise::append_commit(to, stream, expected, events);
}

}  // namespace

// -- a write that fails --------------------------------------------------------------------------------------------

TEST_CASE("everything in a failed write, and behind it, is answered and nothing is acknowledged") {
  for (const fault how :
       {fault::fail_before, fault::fail_after, fault::throw_oddly, fault::answer_too_few}) {
    CAPTURE(static_cast<int>(how));
    with_one_word s;
    const auto& torn = s.send("a", tear_out{});
    const auto& refusal = s.send("a", tear_out{});
    const auto& query = s.look("a");
    const auto& neighbour = s.send("b", note{"two"});
    s.queue_up();
    const auto& behind = s.send("a", note{"behind"});
    const auto& query_behind = s.look("b");
    s.run();
    s.journal().fail(how);
    s.release("writer");
    s.run();

    CHECK(torn.kind() == answer_kind::unknown);
    CHECK(neighbour.kind() == answer_kind::unknown);
    CHECK(refusal.kind() == answer_kind::unavailable);
    CHECK(query.kind() == answer_kind::unavailable);
    CHECK(behind.kind() == answer_kind::unavailable);
    CHECK(query_behind.kind() == answer_kind::unavailable);
    CHECK(s.journal().batches().size() == 2);
  }
}

TEST_CASE("after a failed write nothing is written any more, and what was in doubt stays so") {
  for (const fault how : {fault::fail_before, fault::fail_after}) {
    with_one_word s;
    s.send("a", note{"two"}, "in doubt");
    s.journal().fail(how);
    s.run();
    const auto appends = s.journal().batches().size();

    const auto& again = s.send("a", note{"two"}, "in doubt");
    const auto& later = s.send("a", note{"three"});
    const auto& query = s.look("a");
    const auto& another = s.send("b", note{"two"});
    const auto& new_one = s.send("c", note{"one"});
    const auto& new_query = s.look("d");
    s.run();
    CHECK(again.kind() == answer_kind::unknown);
    CHECK(later.kind() == answer_kind::unavailable);
    CHECK(query.kind() == answer_kind::unavailable);
    CHECK(another.kind() == answer_kind::unavailable);
    CHECK(new_one.kind() == answer_kind::unavailable);
    CHECK(new_query.kind() == answer_kind::unavailable);
    CHECK(s.journal().batches().size() == appends);
  }
}

TEST_CASE("after a failed write what is durable is still served") {
  with_one_word s;
  s.send("a", note{"two"});
  s.journal().fail(fault::fail_before);
  s.run();

  const auto& query = s.look("b");
  s.run();
  CHECK(query.seen->words == words{"one"});
}

TEST_CASE("a failed write is told once in the log, with its reason, and kept in the host's state") {
  with_one_word s;
  s.journal().fail(fault::fail_before);
  s.send("a", note{"two"});
  s.run();
  s.send("b", note{"two"});
  s.send("b", note{"three"});
  for (const char* id : {"c", "d", "e"}) s.look(id);
  s.run();
  CHECK(s.logged("cannot be recovered") == 0);
  CHECK(
      s.logged(
          "the journal failed and takes no more events until it is opened again: the disk is gone")
      == 1);
  CHECK(s.context().has_failed());
  CHECK(s.context().failure() == "the disk is gone");
}

TEST_CASE("sending a command in doubt again after a restart settles it") {
  for (const fault how : {fault::fail_before, fault::fail_after}) {
    with_one_word s;
    s.journal().fail(how);
    const auto& first = s.send("a", note{"two"}, "in doubt");
    s.run();
    CHECK(first.kind() == answer_kind::unknown);

    s.restart();
    const auto& again = s.send("a", note{"two"}, "in doubt");
    s.run();
    CHECK(again.answer() == accepted(2));
    CHECK(s.stored("a").words == words{"one", "two"});
  }
}

TEST_CASE(
    "a command that was sent twice is never told that nothing was stored while that is in doubt") {
  with_one_word s;
  const auto& first = s.send("a", note{"two"}, "twice");
  const auto& joined = s.send("a", note{"two"}, "twice");
  s.queue_up();
  const auto& behind = s.send("a", note{"two"}, "twice");
  s.run();
  s.journal().fail(fault::fail_after);
  s.release("writer");
  s.run();
  CHECK(first.kind() == answer_kind::unknown);
  CHECK(joined.kind() == answer_kind::unknown);
  CHECK(behind.kind() == answer_kind::unknown);
}

TEST_CASE("an aggregate that reads its state again when the write fails answers what waits") {
  with_one_word s;
  const auto& in_doubt = s.send("a", note{"two"}, "in doubt");
  const auto& crashed = s.send("a", spoil{});
  s.queue_up();
  const auto& waiting = s.send("a", note{"three"});
  const auto& again = s.send("a", note{"two"}, "in doubt");
  s.run();
  s.journal().fail(fault::fail_after);
  s.release("writer");
  s.run();
  CHECK(in_doubt.kind() == answer_kind::unknown);
  CHECK(crashed.kind() == answer_kind::unavailable);
  CHECK(waiting.kind() == answer_kind::unavailable);
  CHECK(again.kind() == answer_kind::unknown);
  CHECK(s.context().broken == 1);
}

namespace {

/// A configuration whose clock throws while `is_broken`.
reprise::host_config with_clock_that(const bool& is_broken) {
  return {.clock = [&is_broken]() -> reprise::timestamp {
    if (is_broken) throw std::runtime_error("stopped at noon");
    return {};
  }};
}

}  // namespace

TEST_CASE("a clock that throws costs the command at hand, and nothing else") {
  bool is_broken = false;
  stage<notebook> s{with_clock_that(is_broken)};
  s.send("a", note{"one"}, "one");
  s.run();
  is_broken = true;
  const auto& two = s.send("a", note{"two"});
  const auto& again = s.send("a", note{"one"}, "one");
  const auto& outcome = s.outcome("a", "one");
  const auto& query = s.look("a");
  s.run();
  const std::string why = "host_config.clock threw: stopped at noon";
  CHECK(two.answer() == answer{answer_kind::unavailable, 0, 0, why});
  CHECK(again.kind() == answer_kind::unavailable);
  CHECK(outcome.outcome() == reprise::outcome{reprise::outcome_kind::unavailable, 0, 0, why});
  CHECK(query.seen->words == words{"one"});
  is_broken = false;
  const auto& three = s.send("a", note{"three"});
  s.run();
  CHECK(three.answer() == accepted(2));
}

TEST_CASE(
    "a clock that throws while an aggregate is read costs the command at hand, and nothing else") {
  bool is_broken = false;
  stage<notebook> s{with_clock_that(is_broken)};
  s.send("a", note{"one"}, "one");
  s.run();
  s.restart();
  is_broken = true;
  const auto& two = s.send("a", note{"two"});
  const auto& query = s.look("a");
  s.run();
  CHECK(two.reason() == "host_config.clock threw: stopped at noon");
  CHECK(query.seen->words == words{"one"});
  CHECK(s.context().broken == 0);
  CHECK(s.context().crashes == 0);
  is_broken = false;
  const auto& again = s.send("a", note{"one"}, "one");
  const auto& three = s.send("a", note{"three"});
  s.run();
  CHECK(again.answer() == accepted(1));
  CHECK(three.answer() == accepted(2));
}

TEST_CASE("a writer that ends by itself has failed the journal, and nobody waits for it") {
  with_one_word s;
  s.hold("writer");
  const auto& waiting = s.send("a", note{"two"});
  s.run();
  s.end_writer();
  s.run();
  const auto& late = s.send("a", note{"three"});
  s.run();
  CHECK(waiting.answer()
        == answer{answer_kind::unknown, 0, 0,
                  "the journal's writer has ended, and the journal has not answered"});
  CHECK(late.kind() == answer_kind::unavailable);
  CHECK(s.context().failure() == "the journal's writer has ended");
  CHECK(s.logged("the journal failed") == 1);
}

TEST_CASE("a log that throws stops nobody") {
  with_one_word s;
  s.throw_in_log();
  s.send("a", crash{});
  const auto& next = s.send("a", note{"two"});
  s.run();
  CHECK(next.answer() == accepted(2));
}

// -- another writer ------------------------------------------------------------------------------------------------

TEST_CASE("behind another writer's commit the aggregate reads again and decides again, in order") {
  with_one_word s;
  const auto& two = s.send("a", note{"two"});
  s.queue_up();
  const auto& three = s.send("a", note{"three"});
  const auto& query = s.look("a");
  s.run();
  // The stream is now at the version that `three` expects, but not with what it was judged on.
  s.store_elsewhere("a", {written{"other"}});
  s.release("writer");
  s.run();

  CHECK(two.answer() == accepted(3));
  CHECK(three.answer() == accepted(4));
  CHECK(query.answer() == already_so(4));
  CHECK(s.stored("a").words == words{"one", "other", "two", "three"});
  CHECK(s.context().conflicts == 1);
  CHECK(s.logged("\"notebook/a\" was changed by another writer and is read again") == 1);
}

TEST_CASE("what was judged behind a conflict is judged anew") {
  with_one_word s;
  const auto& torn = s.send("a", tear_out{});
  const auto& refusal = s.send("a", tear_out{});
  const auto& query = s.look("a");
  s.queue_up();
  s.store_elsewhere("a", {written{"other"}});
  s.release("writer");
  s.run();
  CHECK(torn.answer() == accepted(3));
  CHECK(refusal.answer() == accepted(4));
  CHECK(query.answer() == already_so(4));
  CHECK(query.seen->words.empty());
}

TEST_CASE("a conflict is its own aggregate's, the rest of the batch is stored") {
  with_one_word s;
  const auto& conflicting = s.send("a", note{"two"});
  const auto& neighbour = s.send("b", note{"two"});
  s.queue_up();
  const auto& behind = s.send("b", note{"three"});
  s.run();
  s.store_elsewhere("a", {written{"other"}});
  s.step("writer");
  s.step("journal");
  CHECK(neighbour.answer() == accepted(2));
  s.release("writer");
  s.run();
  CHECK(conflicting.answer() == accepted(3));
  CHECK(behind.answer() == accepted(3));
}

TEST_CASE("commands that arrive while a conflict is settled come after those that it returned") {
  with_one_word s;
  const auto& two = s.send("a", note{"two"});
  s.queue_up();
  s.store_elsewhere("a", {written{"other"}});
  s.step("writer");
  s.hold("recovery");
  s.run();
  s.hold("@a");
  const auto& late = s.send("a", note{"late"});
  s.run();
  s.release_all();
  s.run();
  CHECK(two.answer() == accepted(3));
  CHECK(late.answer() == accepted(4));
}

TEST_CASE("a conflict that follows on a conflict is settled too") {
  with_one_word s;
  const auto& two = s.send("a", note{"two"});
  s.queue_up();
  for (const char* word : {"x", "y", "z"}) {
    s.store_elsewhere("a", {written{word}});
    s.step("writer");
    s.run();
    CHECK_FALSE(two.is_answered());
    while (!two.is_answered() && s.step("writer")) s.run();
    if (two.is_answered()) break;
  }
  s.release("writer");
  s.run();
  CHECK(two.answer().kind == answer_kind::accepted);
}

TEST_CASE("a write that fails while a conflict is settled answers everything") {
  with_one_word s;
  const auto& two = s.send("a", note{"two"});
  s.queue_up();
  s.store_elsewhere("a", {written{"other"}});
  const auto& neighbour = s.send("b", note{"two"});
  s.run();
  s.step("writer");
  s.journal().fail(fault::fail_before);
  s.release("writer");
  s.run();
  CHECK(neighbour.kind() == answer_kind::unknown);
  CHECK(two.kind() != answer_kind::accepted);
  CHECK(s.stored("a").words == words{"one", "other"});
}

// -- histories that cannot be read ---------------------------------------------------------------------------------

TEST_CASE("a damaged history is told with its place again and again, and neighbours live on") {
  stage<notebook> s;
  s.journal().damage("notebook/a", "wrong checksum");
  const auto& first = s.send("a", note{"one"});
  const auto& query = s.look("a");
  s.run();
  const auto& second = s.send("a", note{"one"});
  const auto& neighbour = s.send("b", note{"one"});
  s.run();
  for (const auto* e : {&first, &query, &second}) {
    CHECK(e->kind() == answer_kind::unavailable);
    CHECK(e->reason().starts_with("stream \"notebook/a\": wrong checksum; "));
  }
  CHECK(neighbour.answer() == accepted(1));
  CHECK(s.logged("\"notebook/a\" cannot be recovered") == 1);
  CHECK(s.log().size() == 1);
  CHECK(s.journal().reads() == 2);
  CHECK(s.context().broken == 1);
}

TEST_CASE(
    "a damage that a write finds is its own aggregate's, and the rest of the batch is stored") {
  with_one_word s;
  const auto& first = s.send("a", note{"two"});
  const auto& neighbour = s.send("b", note{"two"});
  const auto& query = s.look("a");
  s.queue_up();
  const auto& behind = s.send("a", note{"three"});
  s.run();
  s.journal().damage("notebook/a", "wrong checksum");
  s.release("writer");
  s.run();
  CHECK(neighbour.answer() == accepted(2));
  for (const auto* e : {&first, &query, &behind}) {
    CHECK(e->kind() == answer_kind::unavailable);
    CHECK(e->reason().starts_with("stream \"notebook/a\": wrong checksum; "));
  }
  CHECK_FALSE(s.context().has_failed());
  const auto& next = s.send("b", note{"three"});
  s.run();
  CHECK(next.answer() == accepted(3));
}

TEST_CASE("an event that nobody knows makes its aggregate unavailable, with the place") {
  with_one_word s;
  append_unknown_event(s.journal(), "notebook/c", 0);
  const auto& query = s.look("c");
  s.run();
  CHECK(query.kind() == answer_kind::unavailable);
  CHECK(query.reason().starts_with(
      "stream \"notebook/c\", version 1, position 3: this program knows no event \"mystery\"; "));
}

TEST_CASE("an event in the history that evolve throws on makes its aggregate unavailable, with the "
          "place") {
  for (const bool with_standard_exception : {true, false}) {
    stage<notebook> s;
    s.store_elsewhere("a", {written{"one"}, spoiled{with_standard_exception}});
    const auto& query = s.look("a");
    s.run();
    CHECK(query.kind() == answer_kind::unavailable);
    CHECK(query.reason().starts_with(
        std::string("stream \"notebook/a\", version 2, position 2: evolve threw")
        + (with_standard_exception ? ": ink on the page; "
                                   : " something that is no std::exception; ")));
  }
}

TEST_CASE("a broken aggregate is read again when the host is started again") {
  stage<notebook> s;
  s.journal().damage("notebook/a", "wrong checksum");
  s.send("a", note{"one"});
  s.run();
  s.journal().damage("notebook/a", "");
  s.restart();
  const auto& after = s.send("a", note{"one"});
  s.run();
  CHECK(after.answer() == accepted(1));
}

// -- actors that end -----------------------------------------------------------------------------------------------

TEST_CASE("an actor that is killed answers what it had, and the next command spawns another") {
  with_one_word s;
  s.hold("@a");
  const auto& two = s.send("a", note{"two"});
  const auto& query = s.look("a");
  s.run();
  s.kill("a");
  s.release("@a");
  s.run();
  CHECK(two.is_answered());
  CHECK(query.is_answered());
  CHECK(s.context().live == 1);

  const auto& next = s.send("a", note{"three"});
  s.run();
  CHECK(next.kind() == answer_kind::accepted);
  CHECK(s.context().live == 2);
}

TEST_CASE("an actor that is killed while it recovers answers those that wait") {
  stage<notebook> s;
  s.hold("recovery");
  const auto& one = s.send("a", note{"one"});
  s.run();
  s.kill("a");
  s.run();
  CHECK(one.kind() == answer_kind::unavailable);
  CHECK(s.context().recovering == 0);
  const auto& next = s.send("a", note{"one"});
  s.release("recovery");
  s.run();
  CHECK(next.answer() == accepted(1));
}

TEST_CASE("the successor of a killed actor sees what that one had in flight") {
  with_one_word s;
  const auto& two = s.send("a", note{"two"}, "two");
  s.queue_up();
  s.kill("a");
  s.run();
  const auto& again = s.send("a", note{"two"}, "two");
  const auto& query = s.look("a");
  s.run();
  CHECK_FALSE(query.is_answered());
  s.release("writer");
  s.run();
  CHECK(two.answer() == accepted(2));
  CHECK(again.answer() == accepted(2));
  CHECK(query.seen->words == words{"one", "two"});
}

TEST_CASE("a command in doubt is not denied by the successor of a killed actor") {
  with_one_word s;
  s.send("a", note{"two"}, "in doubt");
  s.queue_up();
  s.kill("a");
  s.run();
  s.journal().fail(fault::fail_after);
  s.release("writer");
  s.run();
  const auto& again = s.send("a", note{"two"}, "in doubt");
  s.run();
  CHECK(again.kind() == answer_kind::unknown);
}

TEST_CASE("a command that is lost on its way is answered") {
  std::vector<answer> answers;
  const auto keep = [&answers](answer a) { answers.push_back(std::move(a)); };
  std::vector<reprise::observed<int>> seen;
  const auto see = [&seen](reprise::observed<int> o) { seen.push_back(std::move(o)); };
  {
    reprise::command_delivery<notebook> command("a", note{"one"}, {}, keep);
    const auto look = [](const notebook&) { return 1; };
    reprise::query_delivery<notebook, decltype(look), decltype(see)> query("a", look, see);
  }
  REQUIRE(answers.size() == 1);
  CHECK(
      answers[0]
      == answer{answer_kind::unknown, 0, 0, "the runtime stopped before the command was answered"});
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].kind == answer_kind::unknown);
}

TEST_CASE("a second answer to a command is ignored") {
  std::vector<answer> answers;
  {
    reprise::command_delivery<notebook> command(
        "a", note{"one"}, {}, [&answers](answer a) { answers.push_back(std::move(a)); });
    command.settle(accepted(1));
    command.settle(accepted(2));
  }
  CHECK(answers == std::vector<answer>{accepted(1)});
}

// -- stopping ------------------------------------------------------------------------------------------------------

TEST_CASE("a host that stops finishes what it took, and takes nothing more") {
  stage<notebook> s;
  const auto& one = s.send("a", note{"one"});
  s.close();
  const auto& late = s.send("a", note{"late"});
  const auto& late_query = s.look("a");
  CHECK(late.answer() == answer{answer_kind::unavailable, 0, 0, "the host is stopping"});
  CHECK(late_query.kind() == answer_kind::unavailable);
  s.run();
  CHECK(one.answer() == accepted(1));
  CHECK(s.context().gate->in_flight() == 0);
}

TEST_CASE("at the deadline everything is answered for what it is") {
  with_one_word s;
  const auto& writing = s.send("a", note{"two"}, "two");
  s.queue_up();
  const auto& queued = s.send("b", note{"two"});
  const auto& query = s.look("a");
  const auto& again = s.send("a", note{"two"}, "two");
  s.run();
  s.hold("recovery");
  const auto& recovering = s.send("c", note{"one"});
  s.run();
  s.hold("@b");
  const auto& in_mailbox = s.send("b", note{"three"});
  s.run();
  s.release("@b");
  s.tell_to_stop();
  s.run();
  CHECK(writing.kind() == answer_kind::unknown);
  CHECK(queued.kind() == answer_kind::unavailable);
  CHECK(query.kind() == answer_kind::unavailable);
  CHECK(again.kind() == answer_kind::unknown);
  CHECK(recovering.kind() == answer_kind::unavailable);
  CHECK(in_mailbox.is_answered());
}

TEST_CASE("a write that ends after the deadline changes no answer") {
  with_one_word s;
  const auto& writing = s.send("a", note{"two"}, "two");
  s.queue_up();
  s.tell_to_stop();
  s.run();
  CHECK(writing.kind() == answer_kind::unknown);
  s.release("writer");
  s.run();
  CHECK(s.stored("a").words == words{"one", "two"});
  s.restart();
  const auto& again = s.send("a", note{"two"}, "two");
  s.run();
  CHECK(again.answer() == accepted(2));
}
