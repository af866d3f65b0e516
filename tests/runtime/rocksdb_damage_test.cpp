#include "rocksdb_damage.hpp"

#include "faulty_file_system.hpp"
#include "journal_contract.hpp"
#include "reprise/limits.hpp"
#include "reprise/rocksdb_layout.hpp"
#include "scratch_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

namespace fs = std::filesystem;
using namespace reprise;
using namespace reprise::testing;

namespace {

/// The file of the log that was written to last.
fs::path log_of(const fs::path& directory) {
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

bool is_refused(const std::string& outcome) {
  return outcome.compare(0, 7, "thrown:") == 0;
}

constexpr int tabled_batches = 6;
constexpr int logged_batches = 4;

void append_batches(journal& j, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    batch b;
    for (int s = 0; s < 5; ++s) {
      const std::string text = "event " + std::to_string(i) + " of stream " + std::to_string(s);
      b.add("cart/" + std::to_string(s), 2 * static_cast<std::uint64_t>(i), {text, text + "'"});
    }
    for (const append_result& result : b.append_to(j)) REQUIRE(result.accepted);
  }
}

/// Makes a journal some of whose batches are in tables, two of each family, and some in the log only.
std::string make_journal(const fs::path& directory) {
  append_batches(*open_small(directory), 0, tabled_batches / 2);
  append_batches(*open_small(directory), tabled_batches / 2, tabled_batches / 2);
  const auto j = open_small(directory);
  append_batches(*j, tabled_batches, logged_batches);
  return order_of(*j);
}

/// The offsets at which a file is damaged: each one of a small file, some of a larger one.
std::vector<std::size_t> offsets_in(std::size_t size) {
  const std::size_t step = std::max<std::size_t>(1, size / 60);
  std::vector<std::size_t> offsets;
  for (std::size_t at = 0; at < size; at += step) offsets.push_back(at);
  return offsets;
}

/// What each way to read the journal in `directory` gives, or what it throws: all in order, and stream by stream.
std::vector<std::string> readings_of(const fs::path& directory,
                                     const detail::rocksdb_seams& seams = {}) {
  std::vector<std::string> readings;
  const auto take = [&readings](const auto& read) {
    try {
      readings.push_back(read());
    } catch (const error& thrown) {
      readings.push_back(std::string("thrown: ") + thrown.what());
    }
  };
  std::shared_ptr<journal> j;
  take([&] {
    j = open_small(directory, seams);
    return order_of(*j);
  });
  for (int s = 0; j != nullptr && s < 5; ++s) {
    take([&] { return stream_of(*j, "cart/" + std::to_string(s)); });
  }
  return readings;
}

/// Flips one bit at many offsets of one file. Returns where something was read that was neither right nor
/// refused, one line for each.
std::string wrong_after_flips(const fs::path& sound,
                              const fs::path& copy,
                              const std::string& file,
                              const detail::rocksdb_seams& seams = {}) {
  copy_journal(sound, copy);
  const std::vector<std::string> expected = readings_of(copy);
  const std::string bytes = bytes_of(sound / file);
  std::string wrong;
  for (const std::size_t at : offsets_in(bytes.size())) {
    copy_journal(sound, copy);
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    write_bytes(copy / file, flipped);
    const std::vector<std::string> readings = readings_of(copy, seams);
    for (std::size_t i = 0; i < readings.size(); ++i) {
      if (readings[i] == expected[i] || is_refused(readings[i])) continue;
      wrong += file + " at " + std::to_string(at) + ", reading " + std::to_string(i) + "\n";
    }
  }
  return wrong;
}

std::vector<std::string> files_of(const fs::path& directory) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.file_size() != 0) files.push_back(entry.path().filename().string());
  }
  return files;
}

std::string key_of(std::string_view stream, std::uint64_t last_version) {
  std::string key;
  detail::make_stream_key(stream, last_version, key);
  return key;
}

/// Three commits on each of two streams, and then what `damage` does to the closed journal.
template <class Damage>
void damaged_journal(const fs::path& directory, Damage damage) {
  {
    const auto j = open_small(directory);
    for (std::uint64_t v = 0; v < 3; ++v) {
      REQUIRE(append(*j, "cart/1", v, {"a" + std::to_string(v + 1)}));
      REQUIRE(append(*j, "cart/2", v, {"b" + std::to_string(v + 1)}));
    }
  }
  raw_database raw(directory);
  damage(raw);
}

place place_of_damage(const std::function<void()>& read) {
  try {
    read();
  } catch (const damaged_history& damage) {
    return damage.where();
  }
  FAIL("no damage was found");
  return {};
}

}  // namespace

namespace {

/// A journal as it was before its last write, and the log with that write: what a crash makes one of.
struct last_write {
  fs::path before;
  std::string log;        ///< the name of the file
  std::string bytes;      ///< of the log, with the last write
  std::size_t begin = 0;  ///< where the last write begins in it
  std::string acknowledged;
  std::string all;

  std::string outcome_with(const fs::path& copy, const std::string& content) const {
    copy_journal(before, copy);
    write_bytes(copy / log, content);
    return outcome_of(copy);
  }
};

/// `padding` is in the last write, which can be of any length so.
last_write make_last_write(const scratch_directory& scratch, const std::string& padding) {
  last_write w;
  w.before = scratch / "before";
  make_journal(scratch / "journal");
  const auto j = rocksdb_at(scratch / "journal");
  REQUIRE(append(*j, "cart/8", 0, {"acknowledged"}));
  w.acknowledged = order_of(*j);
  copy_journal(scratch / "journal", w.before);
  batch last;
  last.add("cart/8", 1, {"last", padding}).add("cart/9", 0, {"of", "all"}).append_to(*j);
  w.all = order_of(*j);
  const fs::path log = log_of(scratch / "journal");
  w.log = log.filename().string();
  w.bytes = bytes_of(log);
  w.begin = fs::file_size(w.before / w.log);
  REQUIRE(w.begin < w.bytes.size());
  return w;
}

}  // namespace

TEST_CASE("a log that is cut anywhere in its last write opens with every acknowledged commit") {
  const scratch_directory scratch;
  const last_write w = make_last_write(scratch, "write");
  for (std::size_t end = w.begin; end <= w.bytes.size(); ++end) {
    CAPTURE(end);
    CHECK(w.outcome_with(scratch / "cut", w.bytes.substr(0, end))
          == (end == w.bytes.size() ? w.all : w.acknowledged));
  }
}

TEST_CASE("a last write that ends in zeros or garbage from anywhere on is dropped") {
  const scratch_directory scratch;
  const last_write w = make_last_write(scratch, "write");
  std::minstd_rand random(1);
  for (std::size_t end = w.begin; end < w.bytes.size(); end += 3) {
    CAPTURE(end);
    std::string zeros = w.bytes;
    std::string garbage = w.bytes;
    for (std::size_t at = end; at < w.bytes.size(); ++at) {
      zeros[at] = '\0';
      garbage[at] = static_cast<char>(garbage[at] ^ static_cast<char>(1 + random() % 255));
    }
    CHECK(w.outcome_with(scratch / "torn", zeros) == w.acknowledged);
    CHECK(w.outcome_with(scratch / "torn", garbage) == w.acknowledged);
  }
}

TEST_CASE("a last write of several blocks that lost any of its sectors is dropped") {
  const scratch_directory scratch;
  const last_write w = make_last_write(scratch, std::string(150'000, 'x'));
  const std::size_t sector = 512;
  for (std::size_t at = (w.begin / sector + 1) * sector; at < w.bytes.size(); at += 13 * sector) {
    CAPTURE(at);
    std::string holed = w.bytes;
    const std::size_t size = std::min(sector, holed.size() - at);
    holed.replace(at, size, size, '\0');
    CHECK(w.outcome_with(scratch / "torn", holed) == w.acknowledged);
  }
}

namespace {

/// Bytes that a client may send, and that are a sound write of nothing to RocksDB wherever they lie in a log.
const std::string forged_write("\x05\x2b\x28\x43\0\0\x01", 7);

/// Cuts the last write, or clears what is behind, at many places. Returns what did not open as it was before that write.
std::string not_dropped(const last_write& w, const fs::path& copy) {
  std::string wrong;
  for (std::size_t end = w.begin + 1; end < w.bytes.size(); end += 1 + w.bytes.size() / 97) {
    const std::string cut = w.bytes.substr(0, end);
    for (const std::string& torn : {cut, cut + std::string(w.bytes.size() - end, '\0')}) {
      const std::string outcome = w.outcome_with(copy, torn);
      if (outcome != w.acknowledged) wrong += std::to_string(end) + ": " + outcome + "\n";
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("a torn last write is dropped whatever a client put into it") {
  const scratch_directory scratch;
  std::string padding;
  SUBCASE("what looks like a write") {
    padding = forged_write;
  }
  SUBCASE("what looks like writes over several blocks, at every offset") {
    while (padding.size() < 100'000) padding += forged_write + std::string(padding.size() % 7, '-');
  }
  SUBCASE("the writes of another journal") {
    make_journal(scratch / "other");
    padding = bytes_of(log_of(scratch / "other"));
  }
  SUBCASE("the beginnings of writes that lie where blocks end") {
    const std::string beginning("\x64\x51\xd0\xe9\0\0\x02", 7);
    while (padding.size() < 70'000) padding += beginning;
  }
  const last_write w = make_last_write(scratch, padding + std::string(5'000, 'x') + padding);
  CHECK(not_dropped(w, scratch / "torn") == "");
}

TEST_CASE("a torn write that is the first in its log is dropped whatever a client put into it") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  last_write w;
  w.before = scratch / "before";
  const auto j = rocksdb_at(scratch / "journal");
  w.acknowledged = order_of(*j);
  copy_journal(scratch / "journal", w.before);
  REQUIRE(append(*j, "cart/8", 0, {forged_write + std::string(5'000, 'x')}));
  w.log = log_of(scratch / "journal").filename().string();
  w.bytes = bytes_of(scratch / "journal" / w.log);
  REQUIRE(bytes_of(w.before / w.log).empty());
  CHECK(not_dropped(w, scratch / "torn") == "");
}

TEST_CASE("a torn write is dropped however large it is") {
  const scratch_directory scratch;
  const auto j = rocksdb_at(scratch / "journal");
  REQUIRE(append(*j, "cart/1", 0, {"acknowledged"}));
  const std::string acknowledged = order_of(*j);
  const std::size_t begin = fs::file_size(log_of(scratch / "journal"));
  copy_journal(scratch / "journal", scratch / "torn");
  encoded_events one;
  one.add({"noted", 1, ""});
  const std::string id(max_command_id_bytes, 'i');
  batch large;
  for (int i = 100'000; i < 160'000; ++i) {
    const std::string digits = std::to_string(i);
    large.add(std::string(max_stream_bytes - digits.size(), 's') + digits, 0, {});
    large.last().events = &one;
    large.last().command_id = large.last().correlation_id = large.last().causation_id = id;
  }
  large.append_to(*j);
  const fs::path log = log_of(scratch / "journal");
  std::string bytes = bytes_of(log);
  REQUIRE(bytes.size() > std::size_t{128} * 1024 * 1024);
  write_bytes(scratch / "torn" / log.filename(), bytes.replace(begin, 64, 64, '\0'));
  CHECK(outcome_of(scratch / "torn") == acknowledged);
}

TEST_CASE("a damage is refused if a write follows it, wherever in a block that one begins") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  for (std::size_t left = 0; left <= 80; ++left) {
    CAPTURE(left);
    copy_journal(scratch / "journal", scratch / "copy");
    std::size_t begin = 0;
    {
      const auto j = rocksdb_at(scratch / "copy");
      REQUIRE(append(*j, "cart/8", 0, {forged_write}));
      begin = fs::file_size(log_of(scratch / "copy"));
      const std::size_t beside_payload = begin - forged_write.size();
      const std::string payload(32'768 - begin - beside_payload - left, 'x');
      REQUIRE(append(*j, "cart/8", 1, {payload}));
      REQUIRE(append(*j, "cart/8", 2, {"y"}));
    }
    fs::remove(scratch / "copy" / "reprise.durable");
    const fs::path log = log_of(scratch / "copy");
    std::string bytes = bytes_of(log);
    bytes[begin + 4'000] = 'z';
    write_bytes(log, bytes);
    CHECK(is_refused(outcome_of(scratch / "copy")));
  }
}

TEST_CASE("a journal that is refused because its last write was acknowledged is left as it is") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  const fs::path log = log_of(scratch / "journal");
  std::string bytes = bytes_of(log);
  bytes[bytes.size() - 20] = static_cast<char>(bytes[bytes.size() - 20] ^ 1);
  write_bytes(log, bytes);
  CHECK_THROWS_AS(rocksdb_at(scratch / "journal"), damaged_history);
  CHECK(bytes_of(log) == bytes);
}

TEST_CASE("what a crash left behind the last whole write of the manifest is passed over") {
  const scratch_directory scratch;
  const std::string expected = make_journal(scratch / "journal");
  std::string name = bytes_of(scratch / "journal" / "CURRENT");
  name.pop_back();
  const std::string bytes = bytes_of(scratch / "journal" / name);
  for (const std::string& torn :
       {std::string(900, '\0'), bytes.substr(0, 40), std::string(50, 'x')}) {
    copy_journal(scratch / "journal", scratch / "torn");
    std::string behind = torn;
    behind[30] = static_cast<char>(behind[30] ^ 1);
    write_bytes(scratch / "torn" / name, bytes + behind);
    CHECK(outcome_of(scratch / "torn") == expected);
  }
}

TEST_CASE("a write that lost a sector is refused if another one follows it") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  {
    const auto j = rocksdb_at(scratch / "journal");
    REQUIRE(append(*j, "cart/8", 0, {std::string(150'000, 'x')}));
    REQUIRE(append(*j, "cart/8", 1, {"y"}));
  }
  fs::remove(scratch / "journal" / "reprise.durable");
  const fs::path log = log_of(scratch / "journal");
  const std::string bytes = bytes_of(log);
  for (std::size_t at = 512; at + 512 < 150'000; at += 7 * 512) {
    CAPTURE(at);
    copy_journal(scratch / "journal", scratch / "holed");
    std::string holed = bytes;
    holed.replace(at, 512, 512, '\0');
    write_bytes(scratch / "holed" / log.filename(), holed);
    CHECK(is_refused(outcome_of(scratch / "holed")));
  }
}

TEST_CASE("a log that is cut within what was acknowledged is refused") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  const fs::path log = log_of(scratch / "journal");
  for (std::size_t end = fs::file_size(log); end-- > 0; end -= std::min<std::size_t>(end, 40)) {
    CAPTURE(end);
    copy_journal(scratch / "journal", scratch / "cut");
    fs::resize_file(scratch / "cut" / log.filename(), end);
    CHECK(is_refused(outcome_of(scratch / "cut")));
  }
}

TEST_CASE("a flipped bit in any file is refused, or changes nothing") {
  const scratch_directory scratch;
  const std::string expected = make_journal(scratch / "journal");
  copy_journal(scratch / "journal", scratch / "copy");
  REQUIRE(outcome_of(scratch / "copy") == expected);
  for (const std::string& file : files_of(scratch / "journal")) {
    CAPTURE(file);
    CHECK(wrong_after_flips(scratch / "journal", scratch / "copy", file) == "");
  }
}

TEST_CASE("a file that is lost is refused, or changes nothing") {
  const scratch_directory scratch;
  const std::string expected = make_journal(scratch / "journal");
  for (const std::string& file : files_of(scratch / "journal")) {
    CAPTURE(file);
    copy_journal(scratch / "journal", scratch / "copy");
    fs::remove(scratch / "copy" / file);
    const std::string outcome = outcome_of(scratch / "copy");
    CHECK((outcome == expected || is_refused(outcome)));
  }
}

TEST_CASE("a damaged record under sound checksums of RocksDB is reported with its place") {
  const scratch_directory scratch;
  damaged_journal(scratch / "journal", [](raw_database& raw) {
    std::string record = raw.get("streams", key_of("cart/1", 2));
    record[record.size() / 2] ^= 1;
    raw.put("streams", key_of("cart/1", 2), record);
  });
  const auto j = rocksdb_at(scratch / "journal");
  std::string seen;
  const place where = place_of_damage([&] {
    j->read_stream("cart/1", 1, [&seen](const commit_view& c) {
      seen += c.events[0].payload;
      return true;
    });
  });
  CHECK(seen == "a1");
  CHECK(where.stream == "cart/1");
  CHECK(where.version == 2);
  const place in_order = place_of_damage([&] { order_of(*j); });
  CHECK(in_order.stream == "cart/1");
  CHECK(in_order.position == 3);
  CHECK(stream_of(*j, "cart/2") == "1 b1, 2 b2, 3 b3");
  CHECK(verified(*j)
        == "1 cart/1@1 a1, 2 cart/2@1 b1, 4 cart/2@2 b2, 5 cart/1@3 a3, 6 cart/2@3 b3; stream "
           "\"cart/1\", "
           "version 2, position 3: the record's checksum is wrong");
}

TEST_CASE("a record under another's key is reported") {
  const scratch_directory scratch;
  damaged_journal(scratch / "journal", [](raw_database& raw) {
    raw.put("streams", key_of("cart/1", 2), raw.get("streams", key_of("cart/2", 2)));
  });
  const auto j = rocksdb_at(scratch / "journal");
  CHECK(place_of_damage([&] { stream_of(*j, "cart/1"); }).version == 2);
  CHECK(place_of_damage([&] { order_of(*j); }).position == 3);
}

TEST_CASE("a journal that lost a record is refused, and read-only tells which") {
  const scratch_directory scratch;
  damaged_journal(scratch / "journal",
                  [](raw_database& raw) { raw.erase("streams", key_of("cart/1", 2)); });
  CHECK_THROWS_AS(rocksdb_at(scratch / "journal"), damaged_history);
  const auto j = rocksdb_at(scratch / "journal", {.read_only = true});
  CHECK_THROWS_AS(stream_of(*j, "cart/1"), damaged_history);
  CHECK_THROWS_AS(order_of(*j), damaged_history);
  const std::string found = verified(*j);
  CHECK(found.find("position 3: missing") != std::string::npos);
  CHECK(found.find("5 cart/1@3 a3, 6 cart/2@3 b3") != std::string::npos);
}

TEST_CASE("a gap in a stream that the counts do not show is found by who reads it") {
  const scratch_directory scratch;
  damaged_journal(scratch / "journal", [](raw_database& raw) {
    raw.put("streams", key_of("cart/3", 7), raw.get("streams", key_of("cart/1", 2)));
    raw.erase("streams", key_of("cart/1", 2));
  });
  const auto j = rocksdb_at(scratch / "journal");
  CHECK(place_of_damage([&] { stream_of(*j, "cart/1"); }).version == 2);
  CHECK(place_of_damage([&] { stream_of(*j, "cart/3"); }).stream == "cart/3");
  CHECK(stream_of(*j, "cart/2") == "1 b1, 2 b2, 3 b3");
}

TEST_CASE("a batch that is lost from the order is refused, and its commits are found as strays") {
  const scratch_directory scratch;
  damaged_journal(scratch / "journal",
                  [](raw_database& raw) { raw.erase("order", detail::make_order_key(3)); });
  CHECK_THROWS_AS(rocksdb_at(scratch / "journal"), damaged_history);
  const std::string found = verified(*rocksdb_at(scratch / "journal", {.read_only = true}));
  CHECK(found.find("3 cart/1@2 a2") != std::string::npos);
  CHECK(found.find("version 2, position 3: the order of commits does not have it")
        != std::string::npos);
}

namespace {

/// Makes a journal whose tables have many blocks, and damages one byte in the middle of the largest table of
/// the streams or, if that is what `family` says, of the order.
void damage_one_block(const fs::path& directory, const std::string& family) {
  std::mt19937_64 random(7);
  {
    const auto j = open_small(directory);
    for (std::uint64_t i = 0; i < 300; ++i) {
      batch b;
      for (int s = 0; s < 5; ++s) {
        std::string noise;
        for (int k = 0; k < 20; ++k) noise += std::to_string(random());
        b.add("cart/" + std::to_string(s), i, {noise});
      }
      b.append_to(*j);
    }
  }
  raw_database(directory).damage_largest_table(family);
}

}  // namespace

TEST_CASE("behind a damaged block of a table, verify goes on, and other streams are read") {
  const scratch_directory scratch;
  damage_one_block(scratch / "journal", "streams");
  const auto j = open_small(scratch / "journal");
  std::set<std::uint64_t> visited;
  std::set<std::uint64_t> damaged;
  j->verify([&](const commit_view& c) { return visited.insert(c.first_position).second; },
            [&](const damaged_history& damage) { damaged.insert(damage.where().position); });
  damaged.erase(0);
  CHECK_FALSE(damaged.empty());
  CHECK(visited.size() > 1000);
  CHECK(visited.size() + damaged.size() == 1500);

  int sound = 0;
  for (int s = 0; s < 5; ++s) {
    std::uint64_t last = 0;
    try {
      j->read_stream("cart/" + std::to_string(s), 1, [&last](const commit_view& c) {
        last = c.last_version();
        return true;
      });
      CHECK(last == 300);
      ++sound;
    } catch (const damaged_history& damage) {
      CHECK(damage.where().stream == "cart/" + std::to_string(s));
      CHECK(damage.where().version == last + 1);
    }
  }
  CHECK(sound >= 3);
  CHECK(sound < 5);
}

TEST_CASE("every commit before a damaged block is read, however many events it has") {
  for (const std::size_t events : {1, 2, 3, 7, 40, 300}) {
    CAPTURE(events);
    const scratch_directory scratch;
    std::mt19937_64 random(events);
    {
      const auto j = rocksdb_at(scratch / "journal");
      for (std::uint64_t version = 0; version < 100 * events; version += events) {
        std::vector<std::string> payloads(events);
        for (std::string& p : payloads) p = std::to_string(random()) + std::to_string(random());
        REQUIRE(append(*j, "cart/1", version, payloads));
      }
    }
    raw_database(scratch / "journal").damage_largest_table("streams");
    const auto j = rocksdb_at(scratch / "journal");
    std::uint64_t first_damaged = 0;
    j->verify([](const commit_view&) { return true; },
              [&first_damaged](const damaged_history& damage) {
                if (first_damaged == 0) first_damaged = damage.where().version;
              });
    REQUIRE(first_damaged > 1);
    std::uint64_t last = 0;
    const place where = place_of_damage([&] {
      j->read_stream("cart/1", 1, [&last](const commit_view& c) {
        last = c.last_version();
        return true;
      });
    });
    CHECK(last + 1 == first_damaged);
    CHECK(where.version == first_damaged);
  }
}

TEST_CASE("the commits of a damaged block of the order are found by verify, each once") {
  const scratch_directory scratch;
  damage_one_block(scratch / "journal", "order");
  const auto j = open_small(scratch / "journal");
  CHECK_THROWS_AS(order_of(*j), damaged_history);
  std::multiset<std::uint64_t> visited;
  int damages = 0;
  j->verify(
      [&](const commit_view& c) {
        visited.insert(c.first_position);
        return true;
      },
      [&](const damaged_history&) { ++damages; });
  CHECK(damages > 0);
  CHECK(visited.size() == 1500);
  CHECK(std::set<std::uint64_t>(visited.begin(), visited.end()).size() == 1500);
}

TEST_CASE("a write that fails leaves an open journal that reads and refuses to append") {
  const scratch_directory scratch;
  faulty_file_system disk;
  const auto env = rocksdb::NewCompositeEnv(
      std::shared_ptr<rocksdb::FileSystem>(&disk, [](auto*) {}));
  detail::rocksdb_seams seams;
  seams.env = env.get();
  {
    const auto j = open_small(scratch / "journal", seams);
    REQUIRE(append(*j, "cart/1", 0, {"a"}));
    SUBCASE("the sync fails") {
      disk.fail_sync(1);
    }
    SUBCASE("the write fails") {
      disk.fail_append(1);
    }
    CHECK_THROWS_AS(append(*j, "cart/1", 1, {"b"}), journal_failure);
    disk.fail_sync(0);
    disk.fail_append(0);
    CHECK_THROWS_AS(append(*j, "cart/1", 1, {"b"}), journal_failure);
    CHECK_THROWS_AS(append(*j, "cart/2", 0, {"c"}), journal_failure);
    CHECK(stream_of(*j, "cart/1") == "1 a");
    CHECK(j->last_position() == 1);
  }
  const auto j = open_small(scratch / "journal", seams);
  const std::string settled = stream_of(*j, "cart/1");
  CHECK((settled == "1 a" || settled == "1 a, 2 b"));
  CHECK(order_of(*j) == verified(*j));
  CHECK(append(*j, "cart/2", 0, {"goes on"}));
}

// -- what the battery catches -------------------------------------------------

namespace {

/// What is there after three acknowledged commits and a loss of power.
std::string after_power_loss(const fs::path& directory, detail::rocksdb_seams seams) {
  faulty_file_system disk;
  const auto env = rocksdb::NewCompositeEnv(
      std::shared_ptr<rocksdb::FileSystem>(&disk, [](auto*) {}));
  seams.env = env.get();
  {
    const auto j = open_small(directory, seams);
    for (std::uint64_t v = 0; v < 3; ++v) REQUIRE(append(*j, "cart/1", v, {"x"}));
  }
  disk.lose_power();
  return outcome_of(directory, seams);
}

}  // namespace

TEST_CASE("acknowledged commits outlive a loss of power, and the test sees a journal that does not "
          "sync") {
  const scratch_directory scratch;
  const std::string all = "1 cart/1@1 x, 2 cart/1@2 x, 3 cart/1@3 x";
  CHECK(after_power_loss(scratch / "synced", {}) == all);
  detail::rocksdb_seams careless;
  careless.syncs = false;
  CHECK(is_refused(after_power_loss(scratch / "not synced", careless)));
  careless.keeps_mark = false;
  CHECK(after_power_loss(scratch / "not synced, not noticed", careless) != all);
}

TEST_CASE("the flips catch a journal that takes a damaged table for the end of the data") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  detail::rocksdb_seams careless;
  careless.checks_iterators = false;
  std::string wrong;
  for (const std::string& file : files_of(scratch / "journal")) {
    if (fs::path(file).extension() != ".sst") continue;
    wrong += wrong_after_flips(scratch / "journal", scratch / "copy", file, careless);
  }
  CHECK(wrong != "");
}

TEST_CASE("the flips catch RocksDB's default recovery, which forgets what is behind a damage") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  detail::rocksdb_seams careless;
  careless.refuses_damaged_log = false;
  careless.keeps_mark = false;
  const std::string log = log_of(scratch / "journal").filename().string();
  CHECK(wrong_after_flips(scratch / "journal", scratch / "copy", log, careless) != "");
}

TEST_CASE(
    "the flips catch a journal without the mark, which takes a damaged last write for a torn one") {
  const scratch_directory scratch;
  make_journal(scratch / "journal");
  detail::rocksdb_seams careless;
  careless.keeps_mark = false;
  const fs::path log = log_of(scratch / "journal");
  std::string bytes = bytes_of(log);
  bytes[bytes.size() - 20] = static_cast<char>(bytes[bytes.size() - 20] ^ 1);
  write_bytes(log, bytes);
  copy_journal(scratch / "journal", scratch / "copy");
  const std::string unmarked = outcome_of(scratch / "copy", careless);
  CHECK_FALSE(is_refused(unmarked));
  CHECK(is_refused(outcome_of(scratch / "journal")));
}
