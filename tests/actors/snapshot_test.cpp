#include "actors/deterministic.hpp"
#include "actors/waiting.hpp"
#include "reprise/host.hpp"
#include "reprise/rebuild.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

using namespace deterministic;
using namespace notes;
using fault = faulty_journal::fault;
using part = reprise::host_context::part;
using reprise::snapshot_policy;

namespace notes {

/// A book that takes as long to store as a test wants.
struct heavy_book {
  static constexpr std::string_view category = "heavy_book";
  using command = std::variant<note>;
  using event = std::variant<written>;

  static inline std::atomic<bool> is_held{false};
  static inline std::atomic<bool> is_stored{false};  ///< or about to be

  words pages;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& pages;
    is_stored = is_held.load();
    CHECK(waiting::comes_true([] { return !is_held; }));
  }
};

reprise::decision<heavy_book> decide(const heavy_book&, const note& command) {
  return {written{command.word}};
}
heavy_book evolve(heavy_book book, const written& event) {
  book.pages.push_back(event.word);
  return book;
}

/// A book that cannot be stored before something is written in it.
struct shy_book {
  static constexpr std::string_view category = "shy_book";
  using command = std::variant<note>;
  using event = std::variant<written>;

  words pages;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if (Archive::is_saving::value && pages.empty()) throw std::runtime_error("nothing is written");
    archive& pages;
  }
};

reprise::decision<shy_book> decide(const shy_book&, const note& command) {
  return {written{command.word}};
}
shy_book evolve(shy_book book, const written& event) {
  book.pages.push_back(event.word);
  return book;
}

}  // namespace notes

namespace {

using reprise::snapshot_write;

std::uint64_t count_of(book_stage& s, snapshot_write how) {
  return s.context().metrics.snapshot_writes.value(how);
}

snapshot_policy every(std::uint64_t events) {
  snapshot_policy policy;
  policy.every_events = events;
  return policy;
}

snapshot_policy on_passivation() {
  snapshot_policy policy;
  policy.on_passivation = true;
  return policy;
}

/// Lets the aggregate `a` record so many words, one after the other, each as a command with an id that tells its number.
void write_words(book_stage& s, int count, int first = 1) {
  for (int i = first; i < first + count; ++i) {
    s.send("a", note{"word " + std::to_string(i)}, "command " + std::to_string(i));
    s.run();
  }
}

/// Returns the versions of the snapshots of `a`, the newest first.
std::vector<std::uint64_t> snapshots_of_a(book_stage& s) {
  std::vector<std::uint64_t> versions;
  s.journal().snapshots()->read("notebook/a",
                                [&](reprise::snapshot& found) {
                                  versions.push_back(found.version);
                                  return true;
                                },
                                {});
  return versions;
}

using versions = std::vector<std::uint64_t>;

/// Returns how many events the next recovery of `a` replays.
std::uint64_t replayed_by_next_recovery(book_stage& s) {
  const std::uint64_t before = s.context().replayed_events;
  s.look("a");
  s.run();
  return s.context().replayed_events - before;
}

}  // namespace

// -- when ----------------------------------------------------------------------------------------------------------

TEST_CASE(
    "a snapshot is taken every so many events, and a recovery replays only what is behind it") {
  book_stage s{{}, every(10)};
  write_words(s, 25);
  CHECK(snapshots_of_a(s) == versions{20, 10});
  s.restart();
  CHECK(replayed_by_next_recovery(s) == 5);
  CHECK(s.account().back().seen->words.size() == 25);
  write_words(s, 5, 26);
  CHECK(snapshots_of_a(s) == versions{30, 20});
}

TEST_CASE(
    "nothing is taken unless it is asked for, and what was taken before is used all the same") {
  book_stage s;
  write_words(s, 25);
  CHECK(snapshots_of_a(s).empty());
  CHECK(s.context().running(part::snapshots) == 1);
}

TEST_CASE("as many snapshots are kept of an aggregate as the policy says") {
  for (const std::size_t keep : {1U, 3U}) {
    snapshot_policy policy = every(10);
    policy.keep = keep;
    book_stage s{{}, policy};
    write_words(s, 45);
    CHECK(snapshots_of_a(s) == (keep == 1 ? versions{40} : versions{40, 30, 20}));
  }
}

TEST_CASE("no more snapshots are taken than may be on their way to the store, until some are "
          "saved") {
  book_stage s{{}, every(1)};
  reprise::host_context& host = s.context();
  SUBCASE("by their number") {
    for (std::size_t i = 0; i < reprise::host_context::max_unsaved_snapshots; ++i)
      static_cast<void>(host.unsaved_snapshots.enter());
    write_words(s, 2);
    CHECK(snapshots_of_a(s).empty());
    for (std::size_t i = 0; i < reprise::host_context::max_unsaved_snapshots; ++i)
      host.unsaved_snapshots.leave();
  }
  SUBCASE("by their bytes") {
    host.unsaved_snapshot_bytes += reprise::host_context::max_unsaved_snapshot_bytes;
    write_words(s, 2);
    CHECK(snapshots_of_a(s).empty());
    host.unsaved_snapshot_bytes -= reprise::host_context::max_unsaved_snapshot_bytes;
  }
  SUBCASE("by their bytes, with its own") {
    const std::size_t others = reprise::host_context::max_unsaved_snapshot_bytes - 300;
    host.unsaved_snapshot_bytes += others;
    s.send("a", note{std::string(300, 'w')});
    s.run();
    CHECK(snapshots_of_a(s).empty());
    CHECK(count_of(s, snapshot_write::dropped) == 1);
    const auto& small = s.send("b", note{"word"});
    s.run();
    CHECK(small.answer() == accepted(1));
    CHECK(count_of(s, snapshot_write::written) == 1);
    host.unsaved_snapshot_bytes -= others;
  }
  SUBCASE("by their bytes, with the command ids in it") {
    const std::size_t others = reprise::host_context::max_unsaved_snapshot_bytes - 2'000;
    host.unsaved_snapshot_bytes += others;
    for (char c = 'a'; c <= 't'; ++c) s.send("b", note{"w"}, std::string(128, c));
    s.run();
    CHECK(count_of(s, snapshot_write::written) + count_of(s, snapshot_write::dropped) == 20);
    CHECK(count_of(s, snapshot_write::dropped) > 5);
    host.unsaved_snapshot_bytes -= others;
  }
  CHECK(host.unsaved_snapshot_bytes == 0);
  write_words(s, 1, 3);
  CHECK_FALSE(snapshots_of_a(s).empty());
}

TEST_CASE("a snapshot is taken when the author's predicate says so") {
  snapshot_policy policy;
  policy.when = reprise::snapshot_when<notebook>(
      [](const notebook& book, std::uint64_t) { return book.words.back() == "end of page"; });
  book_stage s{{}, policy};
  for (const char* word : {"one", "end of page", "two", "three", "end of page", "four"}) {
    s.send("a", note{word});
    s.run();
  }
  CHECK(snapshots_of_a(s) == versions{5, 2});
}

TEST_CASE("an aggregate that is passivated leaves a snapshot of all that it recorded") {
  book_stage s{{}, on_passivation()};
  write_words(s, 7);
  s.hold("writer");
  s.send("a", note{"in flight"});
  s.passivate("a");
  s.run();
  CHECK(snapshots_of_a(s).empty());
  s.release("writer");
  s.run();
  CHECK(snapshots_of_a(s) == versions{8});
  CHECK(replayed_by_next_recovery(s) == 0);
  CHECK(s.account().back().seen->words.back() == "in flight");
  s.passivate("a");
  s.run();
  CHECK(s.context().metrics.snapshot_writes.value(reprise::snapshot_write::written) == 1);
}

// -- only what is durable --------------------------------------------------------------------------------------------

TEST_CASE("no snapshot is saved before what it was taken of is durable") {
  book_stage s{{}, every(2)};
  s.hold("writer");
  s.send("a", note{"one"});
  s.send("a", note{"two"});
  s.run();
  CHECK(snapshots_of_a(s).empty());
  s.release("writer");
  s.run();
  CHECK(snapshots_of_a(s) == versions{2});
}

TEST_CASE("no snapshot is saved of what a failed write may have lost") {
  for (const fault how : {fault::fail_before, fault::fail_after}) {
    book_stage s{{}, every(2)};
    s.send("a", note{"one"});
    s.run();
    s.journal().fail(how);
    s.send("a", note{"two"});
    s.run();
    CHECK(snapshots_of_a(s).empty());
  }
}

TEST_CASE("no snapshot is saved of a state that another writer has overtaken") {
  book_stage s{{}, every(3)};
  write_words(s, 2);
  s.store_elsewhere("a", {written{"other"}});
  const auto& third = s.send("a", note{"word 3"});
  s.run();
  CHECK(third.answer() == accepted(4));
  // The one at version 3 was of a state that never was; the next is due when the aggregate is at version 4.
  CHECK(snapshots_of_a(s) == versions{4});
  s.restart();
  s.look("a");
  s.run();
  CHECK(s.account().back().seen->words == words{"word 1", "word 2", "other", "word 3"});
}

TEST_CASE("no snapshot is saved of an overtaken state by a host that remembers no command ids") {
  reprise::host_config config;
  config.dedup_window = 0;
  book_stage s{config, every(3)};
  write_words(s, 2);
  s.store_elsewhere("a", {written{"other"}});
  const auto& third = s.send("a", note{"word 3"});
  s.run();
  CHECK(third.answer() == accepted(4));
  CHECK(snapshots_of_a(s) == versions{4});
  s.restart();
  s.look("a");
  s.run();
  CHECK(s.account().back().seen->words == words{"word 1", "word 2", "other", "word 3"});
}

TEST_CASE("whatever is in flight, a snapshot holds what the events come to, in every order") {
  const std::size_t orders = for_every_order(3, [](const auto& choose) {
    book_stage s{{}, every(1)};
    const things all{[](book_stage& t) { t.send("a", note{"one"}); },
                     [](book_stage& t) { t.store_elsewhere("a", {written{"other"}}); },
                     [](book_stage& t) { t.send("a", note{"two"}); },
                     [](book_stage& t) { t.passivate("a"); },
                     [](book_stage& t) { t.send("a", note{"three"}); }};
    std::size_t done = 0;
    for (;;) {
      const std::size_t turns = s.ready().size();
      const std::size_t choices = turns + (done < all.size() ? 1 : 0);
      if (choices == 0) break;
      const std::size_t chosen = choose(choices);
      if (chosen < turns) {
        s.step_at(chosen);
      } else {
        all[done++](s);
      }
    }
    s.journal().snapshots()->read(
        "notebook/a",
        [&](reprise::snapshot& found) {
          const auto state = reprise::decode_state<notebook>(found.schema.version, found.state);
          const reprise::stream<notebook> stream{*s.journal().inner(), "a"};
          const auto events = stream.events();
          REQUIRE(found.version <= events.size());
          CHECK(state
                == reprise::fold(
                    notebook{},
                    std::vector(events.begin(),
                                events.begin() + static_cast<std::ptrdiff_t>(found.version))));
          return true;
        },
        {});
  });
  CHECK(orders > 100);
}

// -- once ----------------------------------------------------------------------------------------------------------

TEST_CASE(
    "a command that was recorded before a snapshot is taken once, and told of as it was first") {
  book_stage s{{}, every(10)};
  write_words(s, 12);
  s.restart();
  for (const int number : {3, 10, 12}) {
    const auto& again = s.send("a", note{"again"}, "command " + std::to_string(number));
    s.run();
    CHECK(again.answer() == accepted(static_cast<std::uint64_t>(number)));
  }
  CHECK(s.stored("a").words.size() == 12);
}

TEST_CASE("behind a snapshot, an id of before the window is told to be out of it, not to be new") {
  reprise::host_config config;
  config.dedup_window = 5;
  book_stage s{config, every(10)};
  // Nothing comes behind it that would let the window forget again.
  write_words(s, 10);
  s.restart();
  const auto& forgotten = s.outcome("a", "command 1");
  const auto& known = s.outcome("a", "command 6");
  s.run();
  CHECK(forgotten.outcome().kind == reprise::outcome_kind::out_of_window);
  CHECK(known.outcome().kind == reprise::outcome_kind::accepted);
}

// -- what goes wrong -------------------------------------------------------------------------------------------------

TEST_CASE("a damaged snapshot costs time: an older one is taken, and the log says so once") {
  book_stage s{{}, every(10)};
  write_words(s, 25);
  reprise::snapshot broken;
  s.journal().snapshots()->read("notebook/a",
                                [&](reprise::snapshot& found) {
                                  broken = found;
                                  return false;
                                },
                                {});
  broken.state = "nonsense";
  s.journal().snapshots()->save(broken, 2);
  s.restart();
  CHECK(replayed_by_next_recovery(s) == 15);
  CHECK(s.account().back().seen->words.size() == 25);
  CHECK(s.logged("its state does not decode") == 1);
  CHECK(s.context().metrics.snapshots_ignored.value(reprise::snapshot_fault::undecodable) == 1);
  CHECK(s.context().metrics.snapshot_reads.value(reprise::snapshot_read::hit) == 1);
}

TEST_CASE("snapshots of another history are of no use: all events are replayed") {
  book_stage before{{}, every(2)};
  write_words(before, 3);
  // A journal from a backup that has gone on otherwise, with the snapshots of the one before.
  reprise::host_config config;
  const auto other = std::make_shared<faulty_journal>();
  config.journal = other;
  before.journal().snapshots()->read("notebook/a",
                                     [&](reprise::snapshot& found) {
                                       other->snapshots()->save(found, 2);
                                       return true;
                                     },
                                     {});
  book_stage s{config, every(2)};
  s.store_elsewhere("a", {written{"x"}, written{"y"}, written{"z"}});
  CHECK(replayed_by_next_recovery(s) == 3);
  CHECK(s.account().back().seen->words == words{"x", "y", "z"});
  CHECK(s.logged("the journal has") == 1);
}

TEST_CASE(
    "a state that cannot be stored is told once, and the aggregate goes on without snapshots") {
  book_stage s{{}, every(1)};
  const auto& one = s.send("a", note{"unstorable"});
  s.run();
  write_words(s, 3);
  CHECK(one.answer() == accepted(1));
  CHECK(s.logged("no more snapshots are taken of \"notebook/a\"") == 1);
  CHECK(snapshots_of_a(s).empty());
  CHECK(count_of(s, snapshot_write::failed) == 1);
}

TEST_CASE("a clock that fails while a snapshot is taken costs that snapshot, and no later one") {
  // The clock is asked for the command first, and then for the snapshot.
  int calls_that_go = 3;
  reprise::host_config config;
  config.clock = [&calls_that_go]() -> reprise::timestamp {
    if (calls_that_go-- == 0) throw std::runtime_error("no time");
    return {};
  };
  book_stage s{config, every(1)};
  write_words(s, 1);
  CHECK(calls_that_go == 0);
  CHECK(snapshots_of_a(s) == versions{1});
  calls_that_go = 1;
  write_words(s, 1, 2);
  CHECK(s.account().back().answer() == accepted(2));
  CHECK(snapshots_of_a(s) == versions{1});
  CHECK(count_of(s, snapshot_write::failed) == 1);
  write_words(s, 1, 3);
  CHECK(snapshots_of_a(s) == versions{3, 1});
  CHECK(s.log().empty());
}

TEST_CASE("a recovery that fails is counted as such") {
  book_stage s;
  write_words(s, 2);
  s.restart();
  s.journal().damage("notebook/a", "wrong checksum");
  s.look("a");
  s.run();
  CHECK(s.context().metrics.failed_recoveries == 1);
  CHECK(s.context().recovered == 0);
}

TEST_CASE("a predicate that throws is told once, and the aggregate goes on without snapshots") {
  snapshot_policy policy;
  policy.when = [](const reprise::aggregate_instance&, std::uint64_t) -> bool {
    throw std::runtime_error("no idea");
  };
  book_stage s{{}, policy};
  write_words(s, 3);
  CHECK(s.logged("snapshot_policy.when threw: no idea") == 1);
  CHECK(s.stored("a").words.size() == 3);
}

TEST_CASE("a store that saves no more is told once, and so is that it saves again") {
  book_stage s{{}, every(1)};
  s.journal().fail_saves(fault::fail_before);
  write_words(s, 5);
  CHECK(snapshots_of_a(s).empty());
  CHECK(s.logged(" at version 1 was saved: the disk is gone") == 1);
  CHECK(s.logged("was saved") == 1);
  s.journal().fail_saves(fault::none);
  write_words(s, 2, 6);
  CHECK(snapshots_of_a(s) == versions{7, 6});
  CHECK(s.logged("snapshots are saved again") == 1);
  CHECK(s.context().metrics.snapshot_writes.value(reprise::snapshot_write::failed) == 5);
}

TEST_CASE(
    "a store that throws what is no std::exception saves no snapshot, and is told as one that "
    "fails") {
  book_stage s{{}, every(1)};
  s.journal().fail_saves(fault::throw_oddly);
  write_words(s, 3);
  CHECK(s.logged("was saved: the store threw something that is no std::exception") == 1);
  CHECK(count_of(s, snapshot_write::failed) == 3);
  s.journal().fail_saves(fault::none);
  write_words(s, 1, 4);
  CHECK(snapshots_of_a(s) == versions{4});
}

TEST_CASE("an aggregate that cannot be stored while it is new lives without snapshots") {
  const auto journal = reprise::in_memory();
  for (std::uint64_t life = 1; life <= 2; ++life) {
    reprise::host h{{.journal = journal}};
    CHECK_THROWS_WITH_AS(
        static_cast<void>(h.aggregates<shy_book>(every(1))),
        R"(no snapshot can be taken of "shy_book": a new state cannot be stored: nothing is written)",
        reprise::invalid_config);
    const auto books = h.aggregates<shy_book>();
    CHECK(waiting::get(books.send("a", note{"word"})) == accepted(life));
  }
}

TEST_CASE("a host that stops saves the snapshots that were taken until then") {
  const auto journal = reprise::in_memory();
  reprise::host h{{.journal = journal}};
  const auto books = h.aggregates<heavy_book>(every(1));
  heavy_book::is_held = true;
  CHECK(waiting::get(books.send("a", note{"one"})).kind == answer_kind::accepted);
  CHECK(waiting::comes_true([] { return heavy_book::is_stored.load(); }));
  auto stopped = std::async(std::launch::async, [&h] { return h.stop(waiting::deadline); });
  CHECK(waiting::comes_true([&h] { return h.state() == reprise::host_state::stopping; }));
  heavy_book::is_held = false;
  CHECK(waiting::get(std::move(stopped)).clean);
  CHECK(journal->snapshots()->stats().saved == 1);
}

TEST_CASE("a host refuses a policy that cannot be kept") {
  reprise::host h{{.journal = reprise::in_memory()}};
  CHECK_THROWS_AS(static_cast<void>(h.aggregates<sketchbook>(every(10))), reprise::invalid_config);
  snapshot_policy none_kept = every(10);
  none_kept.keep = 0;
  CHECK_THROWS_AS(static_cast<void>(h.aggregates<notebook>(none_kept)), reprise::invalid_config);
  const auto books = h.aggregates<notebook>(every(10));
  CHECK(waiting::get(books.send("a", note{"one"})).kind == answer_kind::accepted);
}
