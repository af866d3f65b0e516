#include "faulty_file_system.hpp"
#include "journal_contract.hpp"
#include "reprise/rocksdb_journal.hpp"
#include "rocksdb_damage.hpp"
#include "scratch_directory.hpp"
#include "snapshot_contract.hpp"

#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <functional>
#include <set>
#include <sstream>

namespace fs = std::filesystem;
using namespace reprise;
using namespace reprise::testing;

namespace {

/// Makes a journal with two events, and two snapshots of each of some streams, in tables and in the log.
void make_journal(const fs::path& directory) {
  for (std::uint64_t v = 1; v <= 4; ++v) {
    const auto journal = open_small(directory);
    if (v <= 2) REQUIRE(append(*journal, "cart/1", v - 1, {"event"}));
    for (int stream = 0; stream < 20; ++stream) {
      journal->snapshots()->save(snapshot_at("cart/" + std::to_string(stream), v), 2);
    }
  }
}

std::vector<std::string> files_of(const fs::path& directory) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    files.push_back(entry.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// What is wrong with a journal whose snapshots were damaged, nothing if it cost no more than snapshots: the history is
/// whole, what is left of the snapshots is what was saved, and new ones can be saved.
std::string wrong_with(const fs::path& directory) {
  const auto journal = open_small(directory);
  if (order_of(*journal) != "1 cart/1@1 event, 2 cart/1@2 event") return "the history is another";
  if (verified(*journal) != order_of(*journal)) return "verify finds a damage";
  std::string wrong;
  const auto look = [&wrong](snapshot& s) {
    if (s != snapshot_at(s.stream, s.version)) wrong = "a snapshot is not what was saved";
    return true;
  };
  snapshot_store& store = *journal->snapshots();
  store.verify(look, {});
  for (int stream = 0; stream < 20; ++stream)
    store.read("cart/" + std::to_string(stream), look, {});
  store.save(snapshot_at("cart/1", 5), 2);
  if (snapshots_of(*journal, "cart/1").substr(0, 1) != "5") return "none can be saved any more";
  return wrong;
}

/// Damages a copy of each file of the snapshots in one way after the other, and returns what was wrong after that.
std::set<std::string> wrong_after(
    const std::function<void(const fs::path& file, std::size_t at)>& damage, std::size_t offsets) {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  REQUIRE(files_of(scratch / "journal/snapshots").size() > 5);
  std::set<std::string> wrong;
  for (const std::string& file : files_of(scratch / "journal/snapshots")) {
    const std::size_t size = fs::file_size(scratch / "journal/snapshots" / file);
    for (std::size_t at = 0; at < size; at += size / offsets + 1) {
      fs::remove_all(scratch / "copy");
      fs::copy(scratch / "journal", scratch / "copy", fs::copy_options::recursive);
      damage(scratch / "copy/snapshots" / file, at);
      const std::string found = wrong_with(scratch / "copy");
      if (found.empty()) continue;
      std::ostringstream what;
      what << file << " at " << at << ": " << found;
      wrong.insert(what.str());
    }
  }
  return wrong;
}

using wrongs = std::set<std::string>;

/// What is in all files of a directory and those below it, by their paths.
std::map<std::string, std::string> deep_contents(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) files[entry.path().string()] = bytes_of(entry.path());
  }
  return files;
}

}  // namespace

TEST_CASE("the RocksDB journal keeps snapshots as every journal does") {
  const scratch_directory scratch;
  snapshot_contract([&] { return rocksdb_at(scratch / "journal"); });
}

TEST_CASE("a journal that takes no snapshots has no folder for them") {
  const scratch_directory scratch;
  const auto journal = rocksdb_at(scratch / "journal");
  REQUIRE(append(*journal, "cart/1", 0, {"a"}));
  CHECK(journal->snapshots()->stats().bytes == 0);
  CHECK_FALSE(fs::exists(scratch / "journal/snapshots"));
}

TEST_CASE("read-only reads snapshots, changes no byte, and saves none") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  const auto before = deep_contents(scratch / "journal");
  {
    const auto reader = rocksdb_at(scratch / "journal", {.read_only = true});
    CHECK(snapshots_of(*reader, "cart/1") == "4, 3");
    CHECK_THROWS_AS(reader->snapshots()->save(snapshot_at("cart/1", 9), 2), journal_failure);
    CHECK_THROWS_AS(reader->snapshots()->remove("cart/1"), journal_failure);
  }
  CHECK((deep_contents(scratch / "journal") == before));
  fs::remove_all(scratch / "journal/snapshots");
  {
    const auto reader = rocksdb_at(scratch / "journal", {.read_only = true});
    CHECK(snapshots_of(*reader, "cart/1").empty());
  }
  CHECK_FALSE(fs::exists(scratch / "journal/snapshots"));
}

TEST_CASE("a flipped bit in any file of the snapshots costs no more than snapshots") {
  const auto flip = [](const fs::path& file, std::size_t at) {
    std::string bytes = bytes_of(file);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    write_bytes(file, bytes);
  };
  CHECK(wrong_after(flip, 30) == wrongs{});
}

TEST_CASE("a file of the snapshots that is cut costs no more than snapshots") {
  const auto cut = [](const fs::path& file, std::size_t at) { fs::resize_file(file, at); };
  CHECK(wrong_after(cut, 8) == wrongs{});
}

TEST_CASE("a file of the snapshots that is lost costs no more than snapshots") {
  CHECK(wrong_after([](const fs::path& file, std::size_t) { fs::remove(file); }, 1) == wrongs{});
}

TEST_CASE("snapshots that cannot be opened are put aside, and that is told once to who reads") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  write_bytes(scratch / "journal/snapshots/CURRENT", "nonsense");
  const auto journal = rocksdb_at(scratch / "journal");
  CHECK(snapshots_of(*journal, "cart/1")
            .find("; 0 damaged: the snapshots of before cannot be read, and are now in "
                  + (scratch / "journal/snapshots.damaged").string())
        == 0);
  CHECK(snapshots_of(*journal, "cart/1").empty());
  CHECK(journal->snapshots()->stats().trouble.find("are now in") != std::string::npos);
  CHECK(fs::exists(scratch / "journal/snapshots.damaged/CURRENT"));
  journal->snapshots()->save(snapshot_at("cart/1", 5), 2);
  CHECK(snapshots_of(*journal, "cart/1") == "5");
}

TEST_CASE(
    "where no snapshots can be opened or begun, that is told, they stay, and the journal works") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  const auto journal = open_small(scratch / "journal");
  {
    rocksdb::DB* other = nullptr;
    REQUIRE(rocksdb::DB::Open({}, (scratch / "journal/snapshots").string(), &other).ok());
    const std::unique_ptr<rocksdb::DB> in_use(other);
    CHECK_THROWS_AS(journal->snapshots()->save(snapshot_at("cart/1", 5), 2), journal_failure);
    CHECK(journal->snapshots()->stats().trouble.find("the snapshots cannot be opened") == 0);
    CHECK(snapshots_of(*journal, "cart/1").find("; 0 damaged: the snapshots cannot be opened")
          == 0);
    CHECK(append(*journal, "cart/1", 2, {"c"}));
  }
  CHECK_FALSE(fs::exists(scratch / "journal/snapshots.damaged"));
  CHECK(snapshots_of(*journal, "cart/1") == "4, 3");
  CHECK(journal->snapshots()->stats().trouble.empty());
}

TEST_CASE("read-only, snapshots that cannot be opened are a damage to each who reads them") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  write_bytes(scratch / "journal/snapshots/CURRENT", "nonsense");
  const auto reader = rocksdb_at(scratch / "journal", {.read_only = true});
  for (int i = 0; i < 2; ++i) {
    CHECK(snapshots_of(*reader, "cart/1").find("; 0 damaged: the snapshots cannot be opened") == 0);
  }
  CHECK(order_of(*reader) == "1 cart/1@1 event, 2 cart/1@2 event");
}

TEST_CASE("that no snapshots can be opened is told in the same words whichever stream is read") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  write_bytes(scratch / "journal/snapshots/CURRENT", "nonsense");
  const auto reader = rocksdb_at(scratch / "journal", {.read_only = true});
  std::set<std::string> told;
  for (const char* stream : {"cart/1", "cart/2"}) {
    reader->snapshots()->read(
        stream, [](snapshot&) { return true; },
        [&told](const skipped_snapshot& s) {
          CHECK(s.where.stream.empty());
          told.insert(s.text());
        });
  }
  CHECK(told.size() == 1);
}

TEST_CASE("saving a snapshot syncs nothing") {
  const scratch_directory scratch;
  faulty_file_system disk;
  const auto env = rocksdb::NewCompositeEnv(
      std::shared_ptr<rocksdb::FileSystem>(&disk, [](auto*) {}));
  detail::rocksdb_seams seams;
  seams.env = env.get();
  const auto journal = open_small(scratch / "journal", seams);
  REQUIRE(append(*journal, "cart/1", 0, {"a"}));
  journal->snapshots()->save(snapshot_at("cart/1", 1), 2);
  disk.fail_sync(1);
  for (std::uint64_t v = 2; v <= 50; ++v) journal->snapshots()->save(snapshot_at("cart/1", v), 2);
  CHECK(snapshots_of(*journal, "cart/1") == "50, 49");
  CHECK_THROWS_AS(append(*journal, "cart/1", 1, {"b"}), journal_failure);
}

TEST_CASE("a loss of power takes snapshots and no event, and the snapshots go on") {
  const scratch_directory scratch;
  faulty_file_system disk;
  const auto env = rocksdb::NewCompositeEnv(
      std::shared_ptr<rocksdb::FileSystem>(&disk, [](auto*) {}));
  detail::rocksdb_seams seams;
  seams.env = env.get();
  {
    const auto journal = open_small(scratch / "journal", seams);
    for (std::uint64_t v = 1; v <= 3; ++v) {
      REQUIRE(append(*journal, "cart/1", v - 1, {"x"}));
      journal->snapshots()->save(snapshot_at("cart/1", v), 2);
    }
  }
  disk.lose_power();
  const auto journal = open_small(scratch / "journal");
  CHECK(order_of(*journal) == "1 cart/1@1 x, 2 cart/1@2 x, 3 cart/1@3 x");
  journal->snapshots()->save(snapshot_at("cart/1", 4), 1);
  CHECK(snapshots_of(*journal, "cart/1").substr(0, 1) == "4");
}

TEST_CASE("a full disk fails snapshots and no append that has space, and they are saved again with "
          "space") {
  const scratch_directory scratch;
  faulty_file_system disk;
  const auto env = rocksdb::NewCompositeEnv(
      std::shared_ptr<rocksdb::FileSystem>(&disk, [](auto*) {}));
  detail::rocksdb_seams seams;
  seams.env = env.get();
  const auto journal = open_small(scratch / "journal", seams);
  REQUIRE(append(*journal, "cart/1", 0, {"a"}));
  journal->snapshots()->save(snapshot_at("cart/1", 1), 2);
  disk.fail_append(1);
  for (int attempt = 0; attempt < 3; ++attempt) {
    CHECK_THROWS_AS(journal->snapshots()->save(snapshot_at("cart/1", 2), 2), journal_failure);
  }
  disk.fail_append(0);
  CHECK(append(*journal, "cart/1", 1, {"b"}));
  CHECK(snapshots_of(*journal, "cart/1") == "1");
  journal->snapshots()->save(snapshot_at("cart/1", 2), 2);
  CHECK(snapshots_of(*journal, "cart/1") == "2, 1");
  CHECK_FALSE(fs::exists(scratch / "journal/snapshots.damaged"));
}
