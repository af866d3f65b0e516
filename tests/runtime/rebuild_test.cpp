#include "reprise/rebuild.hpp"

#include "account.hpp"
#include "journal_contract.hpp"
#include "reprise/memory_journal.hpp"
#include "reprise/snapshot_policy.hpp"
#include "reprise/stream.hpp"
#include "reprise/trim.hpp"

#include <boost/serialization/vector.hpp>
#include <doctest/doctest.h>

#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

// -- three versions of a program, and one whose author forgot to say so ---------------

namespace tally {

struct counted {
  static constexpr std::string_view event_name = "counted";
  std::int64_t by = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& by;
  }
};
struct count {
  std::int64_t by = 0;
};

/// Which program it is: what differs between the versions is how the state is laid out.
enum class program { first, second, forgetful, without_snapshots, never_new };

template <program Program>
struct state {
  static constexpr std::string_view category = "tally";
  using command = std::variant<count>;
  using event = std::variant<counted>;

  std::int64_t sum = 0;
  std::vector<std::int64_t> all;
  std::int64_t most = 0;

  template <class Archive>
  void serialize(Archive& archive,
                 unsigned version) requires(Program != program::without_snapshots) {
    archive& sum& all;
    if (Program == program::second && version >= 1) archive& most;
    if (Program == program::forgetful) archive& most;
    if (sum == 666) throw std::runtime_error("the sum is odd");
    if (Program == program::never_new && Archive::is_saving::value && all.empty())
      throw std::runtime_error("there is nothing to store");
  }
  friend bool operator==(const state&, const state&) = default;
};

template <program Program>
reprise::decision<state<Program>> decide(const state<Program>&, const count& c) {
  return {counted{c.by}};
}

template <program Program>
state<Program> evolve(state<Program> s, const counted& event) {
  s.sum += event.by;
  s.all.push_back(event.by);
  if (Program == program::second || Program == program::forgetful) {
    s.most = std::max(s.most, event.by);
  }
  return s;
}

using first = state<program::first>;
using second = state<program::second>;
using forgetful = state<program::forgetful>;
using without_snapshots = state<program::without_snapshots>;
using never_new = state<program::never_new>;

}  // namespace tally

BOOST_CLASS_VERSION(tally::second, 1)

using namespace reprise;
using tally::counted;

namespace {

constexpr std::string_view name = "tally/one";

/// A journal with a stream of commits, `commit-1` on, and the snapshots that are taken of it.
struct fixture {
  std::shared_ptr<reprise::journal> journal = in_memory();
  std::uint64_t version = 0;
  std::vector<std::string> skipped;

  /// Records a commit of so many events.
  void record(std::size_t events, const std::string& id = {}) {
    encoded_events encoded;
    for (std::size_t i = 0; i < events; ++i) {
      encode_event<tally::first>(counted{static_cast<std::int64_t>(version + i + 1)}, encoded);
    }
    commit c;
    const std::string command_id = id.empty() ? "command-" + std::to_string(version) : id;
    c.stream = name;
    c.expected_version = version;
    c.command_id = command_id;
    c.events = &encoded;
    version = journal->append({&c, 1}).front().version;
  }

  /// Takes a snapshot of what a program makes of the stream, up to a version.
  template <class State = tally::first>
  void take(std::uint64_t at, std::size_t keep = 3) {
    const rebuilt r = rebuild(*journal, model_of<State>(), name, {}, at);
    save_snapshot(*journal, snapshot_of(r), keep);
  }

  static snapshot snapshot_of(const rebuilt& r) {
    snapshot s;
    s.stream = name;
    s.version = r.version;
    s.schema = *model_of<tally::first>().snapshot_schema();
    s.commands = r.commands;
    r.instance->encode(s.state);
    return s;
  }

  skipped_visitor noting() {
    return [this](const skipped_snapshot& s) {
      skipped.push_back(std::to_string(s.where.version) + " " + std::string(name_of(s.fault)) + ": "
                        + s.reason);
    };
  }

  template <class State = tally::first>
  rebuilt restored(std::uint64_t last = newest_version) {
    skipped.clear();
    return restore(*journal, model_of<State>(), name, noting(), last);
  }

  /// Whether each way to rebuild comes to what all events by themselves give.
  template <class State = tally::first>
  bool is_right(std::uint64_t last = newest_version) {
    State expected;
    for (std::uint64_t v = 1; v <= std::min(last, version); ++v) {
      expected = evolve(std::move(expected), counted{static_cast<std::int64_t>(v)});
    }
    const rebuilt r = rebuild(*journal, model_of<State>(), name, {}, last);
    const auto loaded = stream<State>{*journal, "one"}.load(last);
    return *static_cast<const State*>(r.instance->state()) == expected && loaded.state == expected
           && loaded.version == r.version;
  }
};

/// Changes the newest snapshot of the stream, and saves it with a right checksum.
template <class Change>
void change_newest(fixture& f, Change change) {
  snapshot newest;
  f.journal->snapshots()->read(name,
                               [&newest](snapshot& s) {
                                 newest = s;
                                 return false;
                               },
                               {});
  change(newest);
  f.journal->snapshots()->save(newest, 3);
}

}  // namespace

TEST_CASE("a stream without snapshots is replayed from its beginning") {
  fixture f;
  f.record(3);
  const rebuilt r = f.restored();
  CHECK(r.version == 0);
  CHECK(r.snapshot_version == 0);
  CHECK(r.instance != nullptr);
  CHECK(f.is_right());
  CHECK(f.skipped.empty());
}

TEST_CASE("rebuilding begins with the newest snapshot, and comes to the same state and commands") {
  fixture f;
  for (int i = 0; i < 10; ++i) f.record(2);
  const rebuilt without = rebuild(*f.journal, model_of<tally::first>(), name);
  f.take(4);
  f.take(12);
  CHECK(f.restored().snapshot_version == 12);
  CHECK(f.restored().commands.size() == 6);
  CHECK(f.is_right());

  const rebuilt with = rebuild(*f.journal, model_of<tally::first>(), name);
  CHECK(with.version == 20);
  CHECK((with.commands == without.commands));
  CHECK(with.commands.size() == 10);
  CHECK(with.commands.front().id == "command-0");
}

TEST_CASE("only the events behind a snapshot are read") {
  fixture f;
  for (int i = 0; i < 10; ++i) f.record(1);
  f.take(8);
  // The snapshot's state is not what the events give, and it is believed: so they were not replayed.
  change_newest(f, [](snapshot& s) {
    s.state.clear();
    encode_state(tally::first{1000, {}, 0}, s.state);
  });
  CHECK(stream<tally::first>{*f.journal, "one"}.load().state.sum == 1000 + 9 + 10);
}

TEST_CASE("a state as of a version is rebuilt from a snapshot that is not behind it") {
  fixture f;
  for (int i = 0; i < 10; ++i) f.record(1);
  f.take(3);
  f.take(7);
  CHECK(f.restored(8).snapshot_version == 7);
  CHECK(f.restored(7).snapshot_version == 7);
  CHECK(f.restored(6).snapshot_version == 3);
  CHECK(f.restored(2).snapshot_version == 0);
  CHECK(f.skipped.empty());
  for (std::uint64_t v = 1; v <= 11; ++v) CHECK(f.is_right(v));
}

TEST_CASE("only so many of the last commands are remembered") {
  fixture f;
  for (int i = 0; i < 50; ++i) f.record(1);
  const rebuilt r = rebuild(*f.journal, model_of<tally::first>(), name, {}, newest_version, 7);
  REQUIRE(r.commands.size() == 7);
  CHECK(r.commands.front().id == "command-43");
  CHECK(r.commands.back() == remembered_command{"command-49", 50, 1, {}});
  CHECK(r.forgotten_until == timestamp{});
  CHECK_FALSE(rebuild(*f.journal, model_of<tally::first>(), name).forgotten_until);
  CHECK(rebuild(*f.journal, model_of<tally::first>(), name, {}, newest_version, 0).forgotten_until
        == timestamp{});
}

TEST_CASE(
    "a snapshot of another schema version is passed over, not misread, and the next is tried") {
  fixture f;
  for (int i = 0; i < 4; ++i) f.record(1);
  f.take(4);
  CHECK(f.restored<tally::second>().snapshot_version == 0);
  CHECK(f.skipped
        == std::vector<std::string>{
            "4 other_schema: its state has schema version 0, this program's has 1"});
  CHECK(f.is_right<tally::second>());
}

TEST_CASE("a state that is laid out otherwise under the same schema version is noticed") {
  fixture f;
  for (int i = 0; i < 4; ++i) f.record(1);
  f.take(4);
  CHECK(f.restored<tally::forgetful>().snapshot_version == 0);
  CHECK(f.skipped
        == std::vector<std::string>{"4 other_schema: its state is laid out otherwise than this "
                                    "program's, under the same schema version 0"});
  CHECK(f.is_right<tally::forgetful>());
}

TEST_CASE("a snapshot whose state does not decode is passed over for an older one") {
  fixture f;
  for (int i = 0; i < 6; ++i) f.record(1);
  f.take(2);
  f.take(4);
  change_newest(f, [](snapshot& s) { s.state.pop_back(); });
  CHECK(f.restored().snapshot_version == 2);
  CHECK(f.skipped
        == std::vector<std::string>{"4 undecodable: its state does not decode: the payload ends 1 "
                                    "bytes too early"});
  CHECK(f.is_right());
  change_newest(f, [](snapshot& s) {
    s.state.clear();
    encode_state(tally::first{665, {}, 0}, s.state);
    s.state[0] = static_cast<char>(666 & 0xff);
  });
  CHECK(f.restored().snapshot_version == 2);
  CHECK(f.skipped
        == std::vector<std::string>{"4 undecodable: its state does not decode: the sum is odd"});
  CHECK(f.is_right());
}

TEST_CASE("a snapshot that stands on a commit that the journal does not have is passed over") {
  fixture before;
  for (int i = 0; i < 6; ++i) before.record(1);
  before.take(2);
  before.take(5);
  std::vector<snapshot> of_before;
  before.journal->snapshots()->read(name,
                                    [&of_before](snapshot& s) {
                                      of_before.insert(of_before.begin(), s);
                                      return true;
                                    },
                                    {});

  SUBCASE("because the journal was restored from an older backup") {
    fixture restored;
    for (int i = 0; i < 3; ++i) restored.record(1);
    for (const snapshot& s : of_before) restored.journal->snapshots()->save(s, 3);
    CHECK(restored.restored().snapshot_version == 2);
    CHECK(restored.skipped
          == std::vector<std::string>{
              "5 other_history: the journal has no commit that ends at its version"});
    CHECK(restored.is_right());

    // The next snapshot makes room of those that belong to the future that was lost.
    restored.record(1);
    restored.take(4, 2);
    CHECK(restored.restored().snapshot_version == 4);
    CHECK(restored.skipped.empty());
  }
  SUBCASE("because it went on otherwise since") {
    fixture other;
    for (int i = 0; i < 4; ++i) other.record(1);
    other.record(1, "another command");
    for (const snapshot& s : of_before) other.journal->snapshots()->save(s, 3);
    CHECK(other.restored().snapshot_version == 2);
    CHECK(other.skipped
          == std::vector<std::string>{
              "5 other_history: the journal has another commit at its version"});
  }
  SUBCASE("because its version is inside a commit there") {
    fixture other;
    other.record(1);
    other.record(5);
    for (const snapshot& s : of_before) other.journal->snapshots()->save(s, 3);
    CHECK(other.restored().snapshot_version == 0);
    CHECK(other.skipped.size() == 2);
    CHECK(other.is_right());
  }
}

TEST_CASE("a snapshot is only saved of what the journal has") {
  fixture f;
  f.record(2);
  f.record(1);
  snapshot s = fixture::snapshot_of(rebuild(*f.journal, model_of<tally::first>(), name));
  s.version = 4;
  CHECK_THROWS_WITH_AS(
      save_snapshot(*f.journal, s, 2),
      R"(no snapshot was saved: stream "tally/one" has no commit that ends at version 4)", error);
  s.version = 1;
  s.commands.clear();
  CHECK_THROWS_AS(save_snapshot(*f.journal, s, 2), error);
  s.version = 3;
  s.commands = {{"somebody else's", 3, 1, {}}};
  CHECK_THROWS_WITH_AS(
      save_snapshot(*f.journal, s, 2),
      R"(no snapshot was saved: version 3 of stream "tally/one" was recorded by another command)",
      error);
  s.commands = {{"command-2", 3, 1, {}}};
  save_snapshot(*f.journal, s, 2);
  CHECK(f.restored().snapshot_version == 3);
}

TEST_CASE("no snapshots are taken of a state without serialize, and it is rebuilt all the same") {
  fixture f;
  f.record(3);
  f.take(3);
  CHECK_FALSE(model_of<tally::without_snapshots>().snapshot_schema().has_value());
  CHECK(model_of<tally::first>().snapshot_schema().has_value());
  std::string out;
  CHECK_THROWS_AS(model_of<tally::without_snapshots>().make()->encode(out), std::logic_error);
  CHECK_THROWS_AS(static_cast<void>(model_of<tally::without_snapshots>().make(0, "")), undecodable);
  CHECK(f.restored<tally::without_snapshots>().snapshot_version == 0);
  CHECK(f.is_right<tally::without_snapshots>());
}

TEST_CASE("a state that cannot be stored when it is new is rebuilt without its snapshots") {
  fixture f;
  for (int i = 0; i < 3; ++i) f.record(1);
  f.take(2);
  CHECK_FALSE(model_of<tally::never_new>().snapshot_schema().has_value());
  CHECK(f.restored<tally::never_new>().snapshot_version == 0);
  CHECK(f.skipped.empty());
  CHECK(f.is_right<tally::never_new>());
  CHECK(stream<tally::never_new>{*f.journal, "one"}.load().version == 3);
}

TEST_CASE("a state that cannot be stored when it is new is rebuilt from what stands for trimmed "
          "events") {
  fixture f;
  for (int i = 0; i < 3; ++i) f.record(1);
  f.take(2);
  trim_stream(*f.journal, model_of<tally::first>(), name);
  CHECK(f.restored<tally::never_new>().version == 2);
  CHECK(f.is_right<tally::never_new>());
  CHECK(stream<tally::never_new>{*f.journal, "one"}.load().version == 3);
}

TEST_CASE("what stands for trimmed events is no snapshot") {
  fixture f;
  for (int i = 0; i < 3; ++i) f.record(1);
  f.take(2);
  trim_stream(*f.journal, model_of<tally::first>(), name);
  CHECK(f.restored().snapshot_version == 2);
  f.journal->snapshots()->remove(name);
  CHECK(f.restored().version == 2);
  CHECK(f.restored().snapshot_version == 0);
}

TEST_CASE("a state that stood for an older class version can still be read as such") {
  std::string bytes;
  encode_state(tally::first{3, {1, 2}, 2}, bytes);
  const auto made = model_of<tally::second>().make(0, bytes);
  CHECK(*static_cast<const tally::second*>(made->state()) == tally::second{3, {1, 2}, 0});
  CHECK_THROWS_AS(static_cast<void>(model_of<tally::first>().make(1, bytes)), undecodable);
}

TEST_CASE("an event behind a snapshot that does not decode is a damage with its place") {
  fixture f;
  f.record(2);
  f.take(2);
  encoded_events unknown;
  unknown.add({"never heard of", 0, ""});
  append_commit(*f.journal, name, 2, unknown);
  CHECK_THROWS_WITH_AS(
      static_cast<void>(rebuild(*f.journal, model_of<tally::first>(), name)),
      R"(stream "tally/one", version 3, position 3: this program knows no event "never heard of")",
      damaged_history);
}

TEST_CASE("a policy says when a snapshot is due") {
  const auto instance = model_of<tally::first>().make();
  snapshot_policy policy;
  CHECK(policy.is_off());
  CHECK_FALSE(policy.is_due(*instance, 1000, 0));

  policy.every_events = 100;
  CHECK_FALSE(policy.is_off());
  CHECK_FALSE(policy.is_due(*instance, 99, 0));
  CHECK(policy.is_due(*instance, 100, 0));
  CHECK_FALSE(policy.is_due(*instance, 250, 200));
  CHECK(policy.is_due(*instance, 301, 200));
  CHECK_FALSE(policy.is_due(*instance, 200, 300));

  policy = {};
  policy.when = snapshot_when<tally::first>([](const tally::first& state, std::uint64_t version) {
    return state.sum == 0 && version == 7;
  });
  CHECK(policy.is_due(*instance, 7, 0));
  CHECK_FALSE(policy.is_due(*instance, 7, 7));
  CHECK_FALSE(policy.is_due(*instance, 8, 7));

  policy = {};
  policy.on_passivation = true;
  CHECK_FALSE(policy.is_off());
  CHECK_FALSE(policy.is_due(*instance, 1000, 0));
  CHECK_NOTHROW(policy.check());
  policy.keep = 0;
  CHECK_THROWS_AS(policy.check(), invalid_config);
}
