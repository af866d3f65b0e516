#include "account.hpp"
#include "reprise/memory_journal.hpp"
#include "reprise/stream.hpp"
#include "reprise/testing/faulty_journal.hpp"
#include "reprise/testing/golden.hpp"
#include "reprise/testing/round_trip.hpp"
#include "scratch_directory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace bank;
using namespace reprise::testing;

namespace {

// -- events whose authors made a mistake ---------------------------------------

/// An aggregate whose only event is `Event`.
template <class Event>
struct diary {
  struct write {};
  struct state {
    static constexpr std::string_view category = "diary";
    using command = std::variant<write>;
    using event = std::variant<Event>;
  };
  friend reprise::decision<state> decide(const state&, const write&) { return {}; }
  friend state evolve(state s, const Event&) { return s; }
};

/// Its second member is not serialized.
struct forgetful {
  static constexpr std::string_view event_name = "forgetful";
  std::int32_t first = 0;
  std::int32_t second = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& first;
  }
  friend bool operator==(const forgetful&, const forgetful&) = default;
  friend std::ostream& operator<<(std::ostream& out, const forgetful& event) {
    return out << event.first << ' ' << event.second;
  }
};

/// It is written differently each time.
struct fickle {
  static constexpr std::string_view event_name = "fickle";
  std::int32_t number = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    static std::int32_t times = 0;
    std::int32_t noise = ++times;
    archive& number& noise;
  }
  friend bool operator==(const fickle&, const fickle&) = default;
  friend std::ostream& operator<<(std::ostream& out, const fickle& event) {
    return out << event.number;
  }
};

/// It does not read what it writes.
struct confused {
  static constexpr std::string_view event_name = "confused";
  std::int32_t number = 0;
  void serialize(reprise::payload_writer& archive, unsigned) { archive& number; }
  void serialize(reprise::payload_reader&, unsigned) {}
  friend bool operator==(const confused&, const confused&) = default;
  friend std::ostream& operator<<(std::ostream& out, const confused& event) {
    return out << event.number;
  }
};

template <class Event>
std::string complaint_of(const Event& sample) {
  return round_trips<typename diary<Event>::state>({sample}).complaint();
}

// -- golden files --------------------------------------------------------------

/// A directory for golden files, with or without leave to write them.
struct golden_place {
  explicit golden_place(bool may_write) {
    if (may_write) setenv("REPRISE_WRITE_GOLDEN", "1", 1);
  }
  ~golden_place() { unsetenv("REPRISE_WRITE_GOLDEN"); }

  scratch_directory directory;
  std::filesystem::path file = directory.path() / "deep" / "withdrawn.commit";
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

void make_golden(const std::filesystem::path& file, const std::vector<account::event>& events) {
  setenv("REPRISE_WRITE_GOLDEN", "1", 1);
  REQUIRE_FALSE(is_stored_as<account>(file, events));
  unsetenv("REPRISE_WRITE_GOLDEN");
}

}  // namespace

TEST_CASE("events that come back as they were are well") {
  const auto v = round_trips<account>(
      {deposited{1, {{"anna", 7}}, {{"for", 2}}}, withdrawn{0}, withdrawn{3}});
  CHECK(v);
  std::ostringstream text;
  text << v;
  CHECK(text.str() == "all is well");
}

TEST_CASE("an event without a sample, or with nothing but defaults, is named") {
  CHECK(round_trips<account>({deposited{1, {}, {}}}).complaint()
        == "event \"withdrawn\" has no sample");
  CHECK(round_trips<account>({deposited{}, withdrawn{1}}).complaint()
        == "event \"deposited\" has only default members in its samples, which would not show that "
           "one is lost");
}

TEST_CASE("an event that does not come back as it was is named, and both are shown") {
  CHECK(complaint_of(forgetful{1, 2})
        == "event \"forgetful\" is read as another one:\nwritten\n  1 2\nread\n  1 0");
  CHECK(complaint_of(fickle{1})
        == "event \"fickle\" is written as other bytes the second time:\n  1");
  CHECK(complaint_of(confused{1})
        == "event \"confused\" is written as bytes that are not read: event \"confused\": 4 bytes "
           "are left over behind the payload");
}

TEST_CASE("a golden file that is not there is not made unasked, and is told how to make") {
  const golden_place place{false};
  const auto v = is_stored_as<account>(place.file, {withdrawn{1}});
  CHECK_FALSE(v);
  CHECK(contains(v.complaint(), place.file.string() + " is not there"));
  CHECK(contains(v.complaint(), "set REPRISE_WRITE_GOLDEN=1"));
  CHECK_FALSE(std::filesystem::exists(place.file.parent_path()));
}

TEST_CASE("a golden file is made when asked for, which is no success, and compared from then on") {
  const golden_place place{true};
  const auto made = is_stored_as<account>(place.file, {withdrawn{1}});
  CHECK_FALSE(made);
  CHECK(contains(made.complaint(), "was not there and was made"));
  CHECK(is_stored_as<account>(place.file, {withdrawn{1}}));
  CHECK(is_read_as<account>(place.file, {withdrawn{1}}));
}

TEST_CASE("a golden file that differs is named with the byte, and never written") {
  const golden_place place{false};
  make_golden(place.file, {withdrawn{1}});
  const std::string before = bytes_of(place.file);
  setenv("REPRISE_WRITE_GOLDEN", "1", 1);
  const auto v = is_stored_as<account>(place.file, {withdrawn{2}});
  // The header and the stream's name are 43 bytes, the event up to its payload 18.
  CHECK(contains(v.complaint(), place.file.string()
                                    + " differs at byte 61 of 77: the file has 0x01, "
                                      "today's program writes 0x02."));
  CHECK(contains(v.complaint(), "raise the event's class version"));
  CHECK(bytes_of(place.file) == before);
}

TEST_CASE(
    "a golden file that is read as something else shows what was expected and what was read") {
  const golden_place place{false};
  make_golden(place.file, {withdrawn{1}});
  CHECK(is_read_as<account>(place.file, {withdrawn{2}}).complaint()
        == place.file.string()
               + " is not read as what is expected:\nexpected\n  withdrawn 2\nread\n  withdrawn 1");
}

TEST_CASE("a golden file that cannot be read is not well") {
  const golden_place place{false};
  CHECK(contains(is_read_as<account>(place.file, {}).complaint(), "is not there"));
  make_golden(place.file, {withdrawn{1}});
  CHECK(contains(is_read_as<diary<fickle>::state>(place.file, {}).complaint(),
                 "is not read by today's program: this program knows no event \"withdrawn\""));
  std::ofstream(place.file, std::ios::binary | std::ios::app) << "more";
  CHECK(contains(is_read_as<account>(place.file, {withdrawn{1}}).complaint(), "is damaged"));
}

// -- the faulty journal --------------------------------------------------------

namespace {

using fault = faulty_journal::fault;

struct faulty_account {
  faulty_journal journal;
  reprise::stream<account> one{journal, "1"};
  reprise::stream<account> stored{*journal.inner(), "1"};
};

}  // namespace

TEST_CASE_FIXTURE(faulty_account, "without a demand the faulty journal is what it wraps") {
  CHECK(one.append(0, {deposited{5, {}, {}}}) == 1);
  CHECK(one.load().state.balance == 5);
  CHECK(journal.last_position() == 1);
  CHECK(journal.stats().events == 1);
  CHECK(journal.batches() == std::vector<std::size_t>{1});
  CHECK(journal.reads() == 1);
}

TEST_CASE_FIXTURE(faulty_account, "the n-th append fails, before or after it was stored") {
  journal.fail(fault::fail_before, 1);
  CHECK(one.append(0, {deposited{1, {}, {}}}) == 1);
  CHECK_THROWS_AS(one.append(1, {deposited{1, {}, {}}}), reprise::journal_failure);
  CHECK(stored.load().version == 1);
  CHECK(one.append(1, {deposited{1, {}, {}}}) == 2);
  journal.fail(fault::fail_after);
  CHECK_THROWS_AS(one.append(2, {deposited{1, {}, {}}}), reprise::journal_failure);
  CHECK(stored.load().version == 3);
}

TEST_CASE_FIXTURE(faulty_account, "a demand is taken back") {
  journal.fail(fault::fail_before);
  journal.fail(fault::none);
  CHECK(one.append(0, {deposited{1, {}, {}}}) == 1);
}

TEST_CASE_FIXTURE(faulty_account, "a conflict on demand stores nothing and tells the version") {
  one.append(0, {deposited{1, {}, {}}});
  journal.fail(fault::conflict);
  CHECK_THROWS_AS(one.append(1, {deposited{1, {}, {}}}), reprise::conflict);
  CHECK(stored.load().version == 1);
  CHECK(one.append(1, {deposited{1, {}, {}}}) == 2);
}

TEST_CASE_FIXTURE(faulty_account,
                  "a damage is met behind what is before it, and mended on demand") {
  for (std::uint64_t version = 0; version < 3; ++version)
    one.append(version, {deposited{1, {}, {}}});
  journal.damage_at({"account/1", 3, 0}, "a bit has flipped");
  std::uint64_t seen = 0;
  const auto read_from = [&](std::uint64_t version) {
    journal.read_stream("account/1", version, [&seen](const reprise::commit_view& c) {
      seen = c.last_version();
      return true;
    });
  };
  CHECK_THROWS_WITH_AS(read_from(1), "stream \"account/1\", version 3: a bit has flipped",
                       reprise::damaged_history);
  CHECK(seen == 2);
  CHECK_NOTHROW(read_from(4));
  CHECK(one.load(2).version == 2);
  CHECK_THROWS_AS(one.append(3, {withdrawn{1}}), reprise::damaged_history);
  CHECK(reprise::stream<account>{journal, "2"}.append(0, {withdrawn{1}}) == 1);
  journal.damage("account/1", "all of it");
  CHECK_THROWS_WITH_AS(read_from(4), "stream \"account/1\": all of it", reprise::damaged_history);
  journal.damage("account/1", "");
  CHECK(one.append(3, {withdrawn{1}}) == 4);
}

TEST_CASE_FIXTURE(faulty_account, "an append is held until it is released, and so is a read") {
  journal.hold();
  auto appended = std::async(std::launch::async, [this] { return one.append(0, {withdrawn{1}}); });
  REQUIRE(journal.wait_until_held());
  CHECK(stored.load().version == 0);
  journal.release();
  CHECK(appended.get() == 1);
  journal.hold_reads();
  auto loaded = std::async(std::launch::async, [this] { return one.load().version; });
  REQUIRE(journal.wait_until_read_is_held());
  journal.release_reads();
  CHECK(loaded.get() == 1);
  CHECK_FALSE(journal.wait_until_held(std::chrono::milliseconds(1)));
}
