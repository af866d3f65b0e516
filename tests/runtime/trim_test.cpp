#include "reprise/trim.hpp"

#include "journal_contract.hpp"
#include "reprise/memory_journal.hpp"
#include "reprise/stream.hpp"
#include "reprise/testing/faulty_journal.hpp"
#include "snapshot_contract.hpp"
#include "trim_contract.hpp"

#include <boost/serialization/vector.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

using namespace reprise;
using namespace reprise::testing;

// -- two versions of a program ---------------------------------------------------------------

namespace shelf {

struct put {
  static constexpr std::string_view event_name = "put";
  std::int64_t book = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& book;
  }
};
struct put_book {};

template <unsigned Version>
struct state {
  static constexpr std::string_view category = "shelf";
  using command = std::variant<put_book>;
  using event = std::variant<put>;

  std::vector<std::int64_t> books;
  std::int64_t count = 0;  ///< from version 1 on

  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& books;
    if (version >= 1) {
      archive& count;
    } else {
      count = static_cast<std::int64_t>(books.size());
    }
  }
  friend bool operator==(const state&, const state&) = default;
};

template <unsigned Version>
reprise::decision<state<Version>> decide(const state<Version>&, const put_book&) {
  return {put{}};
}
template <unsigned Version>
state<Version> evolve(state<Version> s, const put& event) {
  s.books.push_back(event.book);
  ++s.count;
  return s;
}

using today = state<0>;
using tomorrow = state<1>;

}  // namespace shelf

BOOST_CLASS_VERSION(shelf::tomorrow, 1)

using shelf::put;

namespace {

constexpr std::string_view name = "shelf/one";

timestamp at(int seconds) {
  return timestamp{std::chrono::seconds(seconds)};
}

/// Appends commits of two events each, the n-th by command `command-n` at `time(n)`.
void fill(
    journal& to, int first, int last, timestamp (*time)(int) = [](int) { return at(0); }) {
  for (int i = first; i <= last; ++i) {
    encoded_events events;
    encode_event<shelf::today>(put{2 * i - 1}, events);
    encode_event<shelf::today>(put{2 * i}, events);
    const std::string id = "command-" + std::to_string(i);
    commit c;
    c.stream = name;
    c.expected_version = 2 * static_cast<std::uint64_t>(i - 1);
    c.command_id = id;
    c.time = time(i);
    c.events = &events;
    REQUIRE(to.append({&c, 1}).front().accepted);
  }
}

shelf::today books(std::int64_t last) {
  shelf::today s;
  for (std::int64_t i = 1; i <= last; ++i) s = evolve(std::move(s), put{i});
  return s;
}

const aggregate_model& model() {
  return model_of<shelf::today>();
}

std::vector<std::uint64_t> versions_of_snapshots(const journal& in) {
  std::vector<std::uint64_t> versions;
  const auto note = [&versions](snapshot& found) {
    versions.push_back(found.version);
    return true;
  };
  in.snapshots()->read(name, note, {});
  return versions;
}

/// Returns the newest snapshot.
snapshot snapshot_of(const journal& in) {
  snapshot newest;
  const auto take = [&newest](snapshot& found) {
    newest = found;
    return false;
  };
  in.snapshots()->read(name, take, {});
  return newest;
}

/// Archives the versions of the commits that it is given.
commit_visitor into(std::string& archive) {
  return [&archive](const commit_view& c) {
    archive += std::to_string(c.first_version) + "-" + std::to_string(c.last_version()) + " ";
    return true;
  };
}

}  // namespace

TEST_CASE("the memory journal is trimmed as every journal is") {
  trim_contract([journal = in_memory()] { return journal; });
}

TEST_CASE("a stream is trimmed up to a snapshot, and its aggregate is as before") {
  const auto journal = in_memory();
  fill(*journal, 1, 10);
  CHECK(take_snapshot_now(*journal, model(), name, 13) == 12);
  std::string archive;
  const trimmed_stream trimmed = trim_stream(*journal, model(), name, newest_version,
                                             into(archive));
  CHECK(trimmed.base_version == 12);
  CHECK(trimmed.deleted.commits == 5);
  CHECK(trimmed.deleted.events == 10);
  CHECK(archive == "1-2 3-4 5-6 7-8 9-10 ");

  SUBCASE("from the snapshot") {}
  SUBCASE("from the base alone") {
    journal->snapshots()->remove(name);
  }
  const rebuilt r = rebuild(*journal, model(), name);
  CHECK(r.version == 20);
  CHECK(*static_cast<const shelf::today*>(r.instance->state()) == books(20));
  CHECK(r.commands.size() == 10);
  CHECK(r.commands.front().id == "command-1");
  const stream<shelf::today> one{*journal, "one"};
  CHECK(one.load().state == books(20));
  CHECK(one.load(14).state == books(14));
  CHECK(one.load(0).version == 0);
  CHECK_THROWS_AS(static_cast<void>(one.load(11)), trimmed_history);
  CHECK_THROWS_AS(static_cast<void>(one.events()), trimmed_history);
  fill(*journal, 11, 12);
  CHECK(one.load().state == books(24));
}

TEST_CASE("a snapshot that is taken for a trim remembers all commands that a window can hold") {
  const auto journal = in_memory();
  fill(*journal, 1, 1'100);
  take_snapshot_now(*journal, model(), name);
  trim_stream(*journal, model(), name);
  journal->snapshots()->remove(name);
  const rebuilt r = rebuild(*journal, model(), name, {}, newest_version, 2'000);
  CHECK(r.commands.size() == 1'100);
  CHECK_FALSE(r.forgotten_until);
}

TEST_CASE("a snapshot that is taken for a trim says what it has forgotten, and so does the base") {
  const auto journal = in_memory();
  fill(*journal, 1, 10, [](int i) { return i == 3 ? at(30) : at(i); });
  take_snapshot_now(*journal, model(), name, newest_version, 4);
  CHECK(versions_of_snapshots(*journal) == std::vector<std::uint64_t>{20});
  trim_stream(*journal, model(), name);
  journal->snapshots()->remove(name);
  const rebuilt r = rebuild(*journal, model(), name);
  CHECK(r.commands.size() == 4);
  CHECK(r.forgotten_until == at(30));
}

TEST_CASE("a snapshot that is taken of an earlier version leaves the newest one that holds") {
  for (const std::size_t keep : {1U, 2U, 3U}) {
    const auto journal = in_memory();
    fill(*journal, 1, 10);
    for (const std::uint64_t version : {12U, 16U})
      take_snapshot_now(*journal, model(), name, version);
    CHECK(take_snapshot_now(*journal, model(), name, 6, max_remembered_commands, keep) == 6);
    CHECK(versions_of_snapshots(*journal) == std::vector<std::uint64_t>{16, 6});
    trim_stream(*journal, model(), name, 6);
    CHECK(journal->base(name)->state.version == 6);
    CHECK(rebuild(*journal, model(), name).snapshot_version == 16);
  }
}

TEST_CASE("a snapshot that is taken of an earlier version leaves none of another history") {
  const auto journal = in_memory();
  fill(*journal, 1, 10);
  take_snapshot_now(*journal, model(), name, 16);
  snapshot other = snapshot_of(*journal);
  other.commit_checksum += 1;
  journal->snapshots()->save(other, 2);
  take_snapshot_now(*journal, model(), name, 6);
  CHECK(versions_of_snapshots(*journal) == std::vector<std::uint64_t>{6});
}

TEST_CASE("a stream is trimmed again from its base on, and only what was not yet archived is") {
  const auto journal = in_memory();
  fill(*journal, 1, 10);
  take_snapshot_now(*journal, model(), name, 8);
  trim_stream(*journal, model(), name);
  journal->snapshots()->remove(name);
  take_snapshot_now(*journal, model(), name, 16);
  std::string archive;
  const trimmed_stream again = trim_stream(*journal, model(), name, newest_version, into(archive));
  CHECK(again.base_version == 16);
  CHECK(again.deleted.commits == 4);
  CHECK(archive == "7-8 9-10 11-12 13-14 ");
  CHECK(stream<shelf::today>{*journal, "one"}.load().state == books(20));

  archive.clear();
  CHECK(trim_stream(*journal, model(), name, newest_version, into(archive)).deleted.commits == 0);
  CHECK(archive.empty());
}

TEST_CASE("whoever reads an aggregate while a trim comes begins again, from the base") {
  const auto journal = std::make_shared<faulty_journal>();
  fill(*journal, 1, 10);
  take_snapshot_now(*journal, model(), name, 4);
  const auto trim_once = [&journal] {
    // The first read is of what the snapshot stands on.
    journal->before_read(
        [inner = journal->inner()] {
          take_snapshot_now(*inner, model(), name, 12);
          trim_stream(*inner, model(), name);
          inner->snapshots()->remove(name);
        },
        1);
  };
  const stream<shelf::today> one{*journal, "one"};
  trim_once();
  SUBCASE("to its end") {
    CHECK(one.load().state == books(20));
  }
  SUBCASE("to a version that is still there") {
    CHECK(one.load(14).state == books(14));
  }
  SUBCASE("to a version that is gone, which it is told") {
    CHECK_THROWS_AS(static_cast<void>(one.load(8)), trimmed_history);
  }
  SUBCASE("with its commands") {
    const rebuilt r = rebuild(*journal, model(), name);
    CHECK(r.version == 20);
    CHECK(*static_cast<const shelf::today*>(r.instance->state()) == books(20));
    CHECK(r.commands.size() == 10);
    CHECK(r.commands.front().id == "command-1");
  }
  CHECK(journal->base(name));
}

TEST_CASE("nothing is trimmed without a snapshot that holds, or without one that early") {
  const auto journal = in_memory();
  fill(*journal, 1, 4);
  CHECK_THROWS_WITH_AS(
      trim_stream(*journal, model(), name),
      R"(nothing of stream "shelf/one" was trimmed: it has no snapshot that holds, take one first)",
      error);
  take_snapshot_now(*journal, model(), name, 6);
  CHECK_THROWS_AS(trim_stream(*journal, model(), name, 5), error);
  CHECK(take_snapshot_now(*journal, model(), name, 1) == 0);
  CHECK_FALSE(journal->base(name));
  CHECK(stream_of(*journal, name).substr(0, 1) == "1");
}

TEST_CASE("nothing is trimmed if the snapshot is not what the events give") {
  const auto journal = in_memory();
  fill(*journal, 1, 6);
  take_snapshot_now(*journal, model(), name, 10);
  snapshot s = snapshot_of(*journal);
  std::string expected;
  SUBCASE("its state is another") {
    s.state.clear();
    encode_state(books(9), s.state);
    expected = "the state of its snapshot at version 10 is not what its events give";
  }
  SUBCASE("it remembers another command") {
    s.commands[2].id = "somebody else's";
    expected =
        R"(its snapshot remembers command "somebody else's" at version 6, which is another in the journal)";
  }
  SUBCASE("it remembers a command that recorded more") {
    s.commands = {{"command-3", 6, 1, {}}};
    expected =
        R"(its snapshot remembers command "command-3" at version 6, which is another in the journal)";
  }
  SUBCASE("it remembers a command where none was recorded") {
    s.commands = {{"command-3", 5, 1, {}}};
    expected =
        R"(its snapshot remembers command "command-3" at version 5, which is another in the journal)";
  }
  journal->snapshots()->save(s, 2);
  std::string archive;
  CHECK_THROWS_WITH_AS(trim_stream(*journal, model(), name, newest_version, into(archive)),
                       (R"(nothing of stream "shelf/one" was trimmed: )" + expected).c_str(),
                       error);
  CHECK(archive.empty());
  CHECK_FALSE(journal->base(name));
  CHECK(stream<shelf::today>{*journal, "one"}.events().size() == 12);
}

TEST_CASE("nothing is trimmed if the archive fails, or does not take all of it") {
  const auto journal = in_memory();
  fill(*journal, 1, 6);
  take_snapshot_now(*journal, model(), name, 10);
  const auto full = [](const commit_view& c) -> bool {
    if (c.first_version == 5) throw std::runtime_error("the archive is full");
    return true;
  };
  CHECK_THROWS_WITH(trim_stream(*journal, model(), name, newest_version, full),
                    "the archive is full");
  const auto enough = [](const commit_view& c) { return c.first_version < 5; };
  CHECK_THROWS_WITH_AS(
      trim_stream(*journal, model(), name, newest_version, enough),
      R"(nothing of stream "shelf/one" was trimmed: the archive does not take all of it)", error);
  CHECK_FALSE(journal->base(name));
}

TEST_CASE("a later program reads the state that an earlier one left for the trimmed events") {
  const auto journal = in_memory();
  fill(*journal, 1, 6);
  take_snapshot_now(*journal, model(), name, 10);
  trim_stream(*journal, model(), name);
  const auto state = stream<shelf::tomorrow>{*journal, "one"}.load().state;
  CHECK(state.books == books(12).books);
  CHECK(state.count == 12);
}

TEST_CASE("an earlier program refuses the state that a later one left for the trimmed events") {
  const auto journal = in_memory();
  fill(*journal, 1, 6);
  take_snapshot_now(*journal, model_of<shelf::tomorrow>(), name, 10);
  trim_stream(*journal, model_of<shelf::tomorrow>(), name);
  CHECK_THROWS_WITH_AS(
      static_cast<void>(rebuild(*journal, model(), name)),
      R"(stream "shelf/one", version 10, position 10: of the state that stands for the trimmed events: its state does not decode: schema version 1 is newer than this program's 0)",
      damaged_history);
}
