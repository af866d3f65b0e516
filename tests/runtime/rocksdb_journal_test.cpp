#include "reprise/rocksdb_journal.hpp"

#include "journal_contract.hpp"
#include "rocksdb_damage.hpp"
#include "scratch_directory.hpp"

#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace fs = std::filesystem;
using namespace reprise;
using namespace reprise::testing;

namespace {

void make_foreign_database(const fs::path& directory) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open(options, directory.string(), &db).ok());
  REQUIRE(db->Put({}, "somebody's", "data").ok());
  delete db;
}

constexpr const char* directory_of_other = "REPRISE_TEST_DIRECTORY";

/// Runs this program once more, with only the test case `name` that is skipped otherwise.
int run_again(const std::string& name, const fs::path& directory) {
  const std::string command = std::string(directory_of_other) + "='" + directory.string() + "' '"
                              + fs::read_symlink("/proc/self/exe").string()
                              + "' --no-skip --minimal --test-case='" + name + "'";
  return std::system(command.c_str());
}

}  // namespace

TEST_CASE("the RocksDB journal keeps the contract of every journal") {
  const scratch_directory scratch;
  journal_contract([&] { return rocksdb_at(scratch / "journal"); });
}

TEST_CASE("a RocksDB journal whose events are in tables keeps the contract too") {
  const scratch_directory scratch;
  detail::rocksdb_seams small_buffer;
  small_buffer.buffer_bytes = std::size_t{64} * 1024;
  journal_contract([&] { return detail::rocksdb_at(scratch / "journal", {}, small_buffer); });
}

TEST_CASE("a journal that is open cannot be opened again, and the error names its directory") {
  const scratch_directory scratch;
  const auto journal = rocksdb_at(scratch / "journal");
  REQUIRE(append(*journal, "cart/1", 0, {"a"}));
  const fs::path other_spelling = scratch / "journal/../journal/.";
  CHECK_THROWS_AS(rocksdb_at(scratch / "journal"), journal_in_use);
  CHECK_THROWS_AS(rocksdb_at(scratch / "journal", {.read_only = true}), journal_in_use);
  CHECK_THROWS_AS(rocksdb_at(other_spelling), journal_in_use);
  CHECK(run_again("(another process) the journal is in use", scratch / "journal") == 0);
  CHECK(append(*journal, "cart/1", 1, {"b"}));
  try {
    rocksdb_at(scratch / "journal");
  } catch (const journal_in_use& in_use) {
    CHECK(std::string(in_use.what()).find((scratch / "journal").string()) != std::string::npos);
  }
}

TEST_CASE("a journal that is open read-only cannot be opened again") {
  const scratch_directory scratch;
  rocksdb_at(scratch / "journal");
  const auto reader = rocksdb_at(scratch / "journal", {.read_only = true});
  CHECK_THROWS_AS(rocksdb_at(scratch / "journal"), journal_in_use);
  CHECK_THROWS_AS(rocksdb_at(scratch / "journal", {.read_only = true}), journal_in_use);
  CHECK(run_again("(another process) the journal is in use", scratch / "journal") == 0);
}

TEST_CASE("(another process) the journal is in use" * doctest::skip()) {
  const char* directory = std::getenv(directory_of_other);
  REQUIRE(directory != nullptr);
  CHECK_THROWS_AS(rocksdb_at(directory), journal_in_use);
  CHECK_THROWS_AS(rocksdb_at(directory, {.read_only = true}), journal_in_use);
}

TEST_CASE("read-only reads what is there, changes no byte, and appends nothing") {
  const scratch_directory scratch;
  {
    const auto journal = rocksdb_at(scratch / "journal");
    REQUIRE(append(*journal, "cart/1", 0, {"a"}));
    REQUIRE(append(*journal, "cart/1", 1, {"b"}));
  }
  const auto before = contents(scratch / "journal");
  {
    const auto reader = rocksdb_at(scratch / "journal", {.read_only = true});
    CHECK(stream_of(*reader, "cart/1") == "1 a, 2 b");
    CHECK(verified(*reader) == order_of(*reader));
    CHECK(reader->last_position() == 2);
    CHECK_THROWS_AS(append(*reader, "cart/1", 2, {"c"}), journal_failure);
  }
  CHECK((contents(scratch / "journal") == before));
}

TEST_CASE("read-only makes nothing where no journal is") {
  const scratch_directory scratch;
  CHECK_THROWS_AS(rocksdb_at(scratch / "absent", {.read_only = true}), journal_failure);
  CHECK_THROWS_AS(rocksdb_at(scratch.path(), {.read_only = true}), journal_failure);
  CHECK(fs::is_empty(scratch.path()));
}

TEST_CASE("a directory that holds something else is refused, and left as it is") {
  const scratch_directory scratch;
  const fs::path directory = scratch / "other";
  fs::create_directories(directory);
  SUBCASE("somebody's file") {
    write_bytes(directory / "letter.txt", "Dear …");
  }
  SUBCASE("another RocksDB database") {
    make_foreign_database(directory);
  }
  const auto before = contents(directory);
  CHECK_THROWS_AS(rocksdb_at(directory), journal_failure);
  CHECK_THROWS_AS(rocksdb_at(directory, {.read_only = true}), journal_failure);
  CHECK((contents(directory) == before));
}

TEST_CASE("a file in place of the directory is refused") {
  const scratch_directory scratch;
  write_bytes(scratch / "file", "");
  CHECK_THROWS_AS(rocksdb_at(scratch / "file"), journal_failure);
  CHECK_THROWS_AS(rocksdb_at(scratch / "file", {.read_only = true}), journal_failure);
}

TEST_CASE("a format that is not known is refused") {
  const scratch_directory scratch;
  rocksdb_at(scratch / "journal");
  raw_database(scratch / "journal").put("default", "format", "reprise journal 3");
  CHECK_THROWS_AS(rocksdb_at(scratch / "journal"), journal_failure);
}

namespace {

/// What is left of a making that was interrupted before the families were made.
void begin_making(const fs::path& directory) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open(options, directory.string(), &db).ok());
  delete db;
  fs::remove(directory / "LOG");
}

}  // namespace

TEST_CASE("a making that was interrupted is told to a reader, with what to do, and left as it is") {
  const scratch_directory scratch;
  const fs::path directory = scratch / "journal";
  SUBCASE("before the families were made") {
    begin_making(directory);
  }
  SUBCASE("before the format was written") {
    rocksdb_at(directory);
    raw_database(directory).erase("default", "format");
    for (const auto& [name, bytes] : contents(directory)) {
      if (fs::path(name).extension() == ".sst" || name == "reprise.durable")
        fs::remove(directory / name);
    }
  }
  const auto before = contents(directory);
  try {
    rocksdb_at(directory, {.read_only = true});
    FAIL("it opened");
  } catch (const journal_failure& failure) {
    CHECK(failure.what()
          == "the making of the journal in " + directory.string()
                 + " was cut short: it holds nothing yet, and opening it for writing finishes it");
  }
  CHECK((contents(directory) == before));
  CHECK(append(*rocksdb_at(directory), "cart/1", 0, {"a"}));
  CHECK(stream_of(*rocksdb_at(directory, {.read_only = true}), "cart/1") == "1 a");
}

TEST_CASE("a journal that lost its mark and its families is not taken for one that is being made") {
  const scratch_directory scratch;
  begin_making(scratch / "journal");
  write_bytes(scratch / "journal/000123.sst", "a table of what was there");
  const auto before = contents(scratch / "journal");
  CHECK_THROWS_AS(rocksdb_at(scratch / "journal"), journal_failure);
  CHECK((contents(scratch / "journal") == before));
}

TEST_CASE("a making that was interrupted is taken up again") {
  const scratch_directory scratch;
  SUBCASE("before there was a database") {
    fs::create_directories(scratch / "journal");
    write_bytes(scratch / "journal/LOCK", "");
    write_bytes(scratch / "journal/MANIFEST-000001", "half");
  }
  SUBCASE("before the families were made") {
    begin_making(scratch / "journal");
  }
  SUBCASE("before the mark was made") {
    rocksdb_at(scratch / "journal");
    fs::remove(scratch / "journal/reprise.durable");
  }
  CHECK(append(*rocksdb_at(scratch / "journal"), "cart/1", 0, {"a"}));
  CHECK(stream_of(*rocksdb_at(scratch / "journal"), "cart/1") == "1 a");
}

namespace {

struct commit_shape {
  std::size_t events = 1;
  std::size_t bytes = 0;  ///< of the payload of each event
};

/// Appends commits of these shapes to one stream. Returns the last version of each.
std::vector<std::uint64_t> append_shapes(journal& j, const std::vector<commit_shape>& shapes) {
  std::vector<std::uint64_t> ends;
  std::uint64_t version = 0;
  for (const commit_shape& shape : shapes) {
    const std::vector<std::string> payloads(shape.events, std::string(shape.bytes, 'x'));
    REQUIRE(append(j, "cart/1", version, payloads));
    ends.push_back(version += shape.events);
  }
  return ends;
}

/// The last versions of the commits that are read from a version on.
std::vector<std::uint64_t> ends_from(const journal& j, std::uint64_t version) {
  std::vector<std::uint64_t> ends;
  j.read_stream("cart/1", version, [&ends](const commit_view& c) {
    ends.push_back(c.last_version());
    return true;
  });
  return ends;
}

/// Reads from before, in and behind the ends of every commit, and compares with what was written.
void check_all_readings(const journal& j, const std::vector<std::uint64_t>& ends) {
  std::uint64_t first = 1;
  for (auto end = ends.begin(); end != ends.end(); first = *end++ + 1) {
    for (const std::uint64_t from : {first, first + (*end - first) / 2, *end}) {
      CAPTURE(from);
      CHECK((ends_from(j, from) == std::vector<std::uint64_t>(end, ends.end())));
    }
  }
}

std::vector<commit_shape> random_shapes(std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto one_of = [&random](std::initializer_list<std::size_t> all) {
    return all.begin()[random() % all.size()];
  };
  std::vector<commit_shape> shapes;
  for (std::size_t left = 12'000'000; left != 0;) {
    const std::size_t events = one_of({1, 1, 2, 3, 9, 255, 256, 257, 511, 512, 513, 600, 1024});
    const std::size_t most = (max_commit_bytes - events * 14) / events;
    const std::size_t bytes = std::min(most, one_of({0, 100, 9'900, 640'000, most}));
    for (std::size_t same = one_of({1, 1, 2, 7, 20}); same != 0 && left != 0; --same) {
      shapes.push_back({events, bytes});
      left -= std::min(left, events * (bytes + 500));
    }
  }
  return shapes;
}

}  // namespace

TEST_CASE("a commit of many events is read whatever the size of those behind it") {
  const scratch_directory scratch;
  const auto j = rocksdb_at(scratch / "journal");
  std::vector<commit_shape> shapes;
  SUBCASE("some that are as large as a commit can be") {
    shapes.assign(6, {1, 1'000'000});
    shapes[0] = {600, 1};
  }
  SUBCASE("hundreds of a middle size") {
    shapes.assign(425, {1, 9'900});
    shapes[0] = {600, 1};
  }
  SUBCASE("few that are too large together") {
    shapes.assign(8, {1, 640'000});
    shapes[0] = {9, 1};
  }
  check_all_readings(*j, append_shapes(*j, shapes));
}

TEST_CASE("a stream of commits of any sizes is read as it was written, from every one of them") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    const scratch_directory scratch;
    const auto j = rocksdb_at(scratch / "journal");
    check_all_readings(*j, append_shapes(*j, random_shapes(seed)));
  }
}
