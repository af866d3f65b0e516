#include "faulty_file_system.hpp"
#include "golden.hpp"
#include "journal_contract.hpp"
#include "reprise/rocksdb_journal.hpp"
#include "reprise/rocksdb_layout.hpp"
#include "rocksdb_damage.hpp"
#include "scratch_directory.hpp"
#include "snapshot_contract.hpp"
#include "trim_contract.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

namespace fs = std::filesystem;
using namespace reprise;
using namespace reprise::testing;

namespace {

constexpr const char* whole =
    "1 cart/1@1 a, 2 cart/1@2 b, 3 cart/2@1 x, 4 cart/1@3 c, 5 cart/1@4 d";
constexpr const char* trimmed = "[cart/1@1], [cart/1@2], 3 cart/2@1 x, 4 cart/1@3 c, 5 cart/1@4 d";

void write_some(journal& j) {
  REQUIRE(append(j, "cart/1", 0, {"a"}));
  REQUIRE(append(j, "cart/1", 1, {"b"}));
  REQUIRE(append(j, "cart/2", 0, {"x"}));
  REQUIRE(append(j, "cart/1", 2, {"c"}));
  REQUIRE(append(j, "cart/1", 3, {"d"}));
}

/// Makes a journal, and trims a stream of it.
void make_trimmed(const fs::path& directory) {
  const auto j = open_small(directory);
  write_some(*j);
  CHECK(j->trim(base_at(*j, "cart/1", 3)).commits == 2);
}

/// What is left of the journal in a directory, if verify finds it sound; else what it finds, or what opening throws.
std::string left_in(const fs::path& directory, bool read_only = false) {
  try {
    const auto j = read_only ? rocksdb_at(directory, {.read_only = true}) : open_small(directory);
    const std::string found = verified(*j);
    if (const auto damage = found.find(';'); damage != std::string::npos)
      return found.substr(damage);
    return left_of(*j);
  } catch (const error& thrown) {
    return std::string("thrown: ") + thrown.what();
  }
}

std::string key_of(const std::string& what, std::string_view stream) {
  return what + "/" + detail::stream_prefix(stream);
}

fs::path newest_log_in(const fs::path& directory) {
  fs::path newest;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
  }
  REQUIRE_FALSE(newest.empty());
  return newest;
}

void copy_journal(const fs::path& from, const fs::path& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

}  // namespace

TEST_CASE("the RocksDB journal is trimmed as every journal is") {
  const scratch_directory scratch;
  trim_contract([&] { return rocksdb_at(scratch / "journal"); });
}

TEST_CASE("a RocksDB journal whose events are in tables is trimmed so too") {
  const scratch_directory scratch;
  detail::rocksdb_seams small_buffer;
  small_buffer.buffer_bytes = std::size_t{64} * 1024;
  trim_contract([&] { return detail::rocksdb_at(scratch / "journal", {}, small_buffer); });
}

TEST_CASE("what is left is counted right wherever RocksDB has brought the deletions") {
  const scratch_directory scratch;
  make_trimmed(scratch / "journal");
  SUBCASE("in the log only") {
    CHECK(left_in(scratch / "journal", true) == trimmed);
  }
  SUBCASE("in tables, some of them beside what they delete") {
    CHECK(left_in(scratch / "journal") == trimmed);
    CHECK(left_in(scratch / "journal") == trimmed);
  }
  SUBCASE("compacted") {
    { const raw_database compacting(scratch / "journal"); }
    CHECK(left_in(scratch / "journal", true) == trimmed);
  }
  SUBCASE("compacted before a further trim, and after it") {
    { const raw_database compacting(scratch / "journal"); }
    {
      const auto j = open_small(scratch / "journal");
      CHECK(j->trim(base_at(*j, "cart/1", 4)).commits == 1);
    }
    CHECK(left_in(scratch / "journal", true).find("[cart/1@3], 5 cart/1@4 d") != std::string::npos);
    { const raw_database compacting(scratch / "journal"); }
    CHECK(left_in(scratch / "journal").find("[cart/1@3], 5 cart/1@4 d") != std::string::npos);
  }
  CHECK(left_in(scratch / "journal").substr(0, 10) == "[cart/1@1]");
}

TEST_CASE(
    "thousands of trimmed commits over many tables are counted right, compaction by compaction") {
  const scratch_directory scratch;
  detail::rocksdb_seams small_buffer;
  small_buffer.buffer_bytes = std::size_t{64} * 1024;
  const auto open = [&] { return detail::rocksdb_at(scratch / "journal", {}, small_buffer); };
  for (std::uint64_t round = 0; round < 6; ++round) {
    const auto j = open();
    batch b;
    for (std::uint64_t i = 0; i < 3000; ++i) {
      const std::uint64_t v = round * 300 + i / 10;
      b.add(b.keep("cart/" + std::to_string(i % 10)), v, {std::string(100, 'x')});
    }
    for (const append_result& result : b.append_to(*j)) REQUIRE(result.accepted);
    for (const auto stream : {"cart/3", "cart/7"}) {
      CHECK(j->trim(base_at(*j, stream, round * 300 + 250)).commits == (round == 0 ? 249 : 300));
    }
  }
  CHECK(verified(*open()).find(';') == std::string::npos);
  { const raw_database compacting(scratch / "journal"); }
  const auto j = open();
  CHECK(verified(*j).find(';') == std::string::npos);
  CHECK(j->last_position() == 18000);
  CHECK(append(*j, "cart/3", 1800, {"on"}));
}

TEST_CASE("a trimmed journal that lost one more record is refused, and read-only tells which") {
  const scratch_directory scratch;
  make_trimmed(scratch / "journal");
  {
    raw_database raw(scratch / "journal");
    std::string key;
    detail::make_stream_key("cart/2", 1, key);
    raw.erase("streams", key);
  }
  CHECK(left_in(scratch / "journal").find("thrown:") == 0);
  CHECK(left_in(scratch / "journal", true).find("stream \"cart/2\", version 1, position 3: missing")
        != std::string::npos);
}

TEST_CASE("a base that is lost or damaged is a damage, not a shorter history") {
  const scratch_directory scratch;
  make_trimmed(scratch / "journal");
  std::string expected;
  {
    raw_database raw(scratch / "journal");
    const std::string base = raw.get("default", key_of("base", "cart/1"));
    SUBCASE("lost") {
      raw.erase("default", key_of("base", "cart/1"));
      expected = "missing: the state that stands for its trimmed events";
    }
    SUBCASE("with a flipped bit") {
      std::string flipped = base;
      flipped[40] = static_cast<char>(flipped[40] ^ 1);
      raw.put("default", key_of("base", "cart/1"), flipped);
      expected = "the state that stands for its trimmed events: its checksum is wrong";
    }
    SUBCASE("cut") {
      raw.put("default", key_of("base", "cart/1"), base.substr(0, 20));
      expected = "the state that stands for its trimmed events: it is cut short";
    }
  }
  CHECK(left_in(scratch / "journal").find(expected) != std::string::npos);
  const auto j = open_small(scratch / "journal");
  CHECK_THROWS_AS(static_cast<void>(j->base("cart/1")), damaged_history);
  CHECK_THROWS_AS(stream_of(*j, "cart/1"), trimmed_history);
  CHECK(stream_of(*j, "cart/2") == "1 x");
}

TEST_CASE("a journal that lost what says how much was trimmed is refused") {
  const scratch_directory scratch;
  make_trimmed(scratch / "journal");
  {
    raw_database raw(scratch / "journal");
    SUBCASE("lost") {
      raw.erase("default", key_of("trimmed", "cart/1"));
    }
    SUBCASE("damaged") {
      raw.put("default", key_of("trimmed", "cart/1"), std::string(25, '\1'));
    }
  }
  CHECK(left_in(scratch / "journal").find("thrown:") == 0);
}

TEST_CASE("the first trim gives the journal a format that programs without trims do not open") {
  const scratch_directory scratch;
  { write_some(*open_small(scratch / "journal")); }
  { CHECK(raw_database(scratch / "journal").get("default", "format") == "reprise journal 1"); }
  {
    const auto j = open_small(scratch / "journal");
    j->trim(base_at(*j, "cart/1", 3));
  }
  CHECK(raw_database(scratch / "journal").get("default", "format") == "reprise journal 2");
}

TEST_CASE("what a trim writes are the bytes of the golden files, which every build reads") {
  const scratch_directory scratch;
  { write_some(*open_small(scratch / "journal")); }
  snapshot state;
  {
    const auto j = open_small(scratch / "journal");
    state = base_at(*j, "cart/1", 3);
    state.time = timestamp{std::chrono::microseconds{1700000000123456}};
    state.schema = {2, 0xffeeddccbbaa9988};
    state.commands = {{"command-2", 2, 2, timestamp{std::chrono::microseconds{1700000000000000}}}};
    state.forgotten_until = timestamp{std::chrono::microseconds{1699999999000000}};
    CHECK(j->trim(state).commits == 2);
  }
  {
    raw_database raw(scratch / "journal");
    CHECK(raw.get("default", "format") == "reprise journal 2");
    const std::string trimmed_key = from_hex(golden("trimmed_key.hex"));
    const std::string base_key = from_hex(golden("base_key.hex"));
    CHECK(hex(raw.get("default", trimmed_key)) == golden("trimmed_entry.hex"));
    CHECK(hex(raw.get("default", base_key)) == golden("base_entry.hex"));
  }
  const auto base = rocksdb_at(scratch / "journal", {.read_only = true})->base("cart/1");
  REQUIRE(base);
  CHECK(base->state == state);
  CHECK(base->trimmed == 2);
  CHECK(base->commits == 2);
}

TEST_CASE("a crash in the middle of a trim leaves all of it or nothing") {
  const scratch_directory scratch;
  { write_some(*open_small(scratch / "journal")); }
  {
    const auto j = open_small(scratch / "journal");
    j->trim(base_at(*j, "cart/1", 3));
  }
  const fs::path log = newest_log_in(scratch / "journal");
  const std::size_t after = fs::file_size(log);
  REQUIRE(after > 100);
  for (std::size_t end = 0; end <= after; ++end) {
    copy_journal(scratch / "journal", scratch / "cut");
    fs::resize_file(scratch / "cut" / log.filename(), end);
    CAPTURE(end);
    CHECK(left_in(scratch / "cut") == (end == after ? trimmed : whole));
  }
}

TEST_CASE("a trim that returned outlives a loss of power") {
  const scratch_directory scratch;
  faulty_file_system disk;
  const auto env = rocksdb::NewCompositeEnv(
      std::shared_ptr<rocksdb::FileSystem>(&disk, [](auto*) {}));
  detail::rocksdb_seams seams;
  seams.env = env.get();
  {
    const auto j = open_small(scratch / "journal", seams);
    write_some(*j);
    j->trim(base_at(*j, "cart/1", 3));
  }
  disk.lose_power();
  CHECK(left_in(scratch / "journal") == trimmed);
}

TEST_CASE(
    "after a trim whose write fails, the journal takes nothing more, and opening it settles it") {
  const scratch_directory scratch;
  faulty_file_system disk;
  const auto env = rocksdb::NewCompositeEnv(
      std::shared_ptr<rocksdb::FileSystem>(&disk, [](auto*) {}));
  detail::rocksdb_seams seams;
  seams.env = env.get();
  {
    const auto j = open_small(scratch / "journal", seams);
    write_some(*j);
    const snapshot base = base_at(*j, "cart/1", 3);
    SUBCASE("the sync fails") {
      disk.fail_sync(1);
    }
    SUBCASE("the write fails") {
      disk.fail_append(1);
    }
    CHECK_THROWS_AS(j->trim(base), journal_failure);
    CHECK_THROWS_AS(append(*j, "cart/1", 4, {"e"}), journal_failure);
    CHECK_THROWS_AS(j->trim(base), journal_failure);
  }
  const std::string left = left_in(scratch / "journal");
  CHECK((left == whole || left == trimmed));
}

TEST_CASE("a journal that is open read-only is not trimmed") {
  const scratch_directory scratch;
  { write_some(*open_small(scratch / "journal")); }
  const auto before = contents(scratch / "journal");
  {
    const auto j = rocksdb_at(scratch / "journal", {.read_only = true});
    CHECK_THROWS_AS(j->trim(base_at(*j, "cart/1", 3)), journal_failure);
  }
  CHECK((contents(scratch / "journal") == before));
}

TEST_CASE("a damaged record among those to be trimmed is reported, and nothing is deleted") {
  const scratch_directory scratch;
  { write_some(*open_small(scratch / "journal")); }
  std::string key;
  detail::make_stream_key("cart/1", 2, key);
  { raw_database(scratch / "journal").put("streams", key, "nonsense"); }
  const auto j = open_small(scratch / "journal");
  CHECK_THROWS_AS(j->trim(base_at(*j, "cart/1", 3)), damaged_history);
  CHECK_FALSE(j->base("cart/1"));
  CHECK_THROWS_AS(stream_of(*j, "cart/1"), damaged_history);
}
