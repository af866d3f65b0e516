#include "journal_contract.hpp"
#include "reprise/crc32c.hpp"
#include "reprise/rocksdb_journal_env.hpp"
#include "rocksdb_damage.hpp"
#include "scratch_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace fs = std::filesystem;
using namespace reprise;
using namespace reprise::testing;

namespace {

constexpr std::size_t block_bytes = 32768;
constexpr std::size_t sector_bytes = 512;
constexpr const char* mark = "reprise.durable";

using files = std::map<std::string, std::string>;

void put_files(const fs::path& directory, const files& content) {
  fs::remove_all(directory);
  fs::create_directories(directory);
  for (const auto& [name, bytes] : content) write_bytes(directory / name, bytes);
}

bool is_log(const std::string& name) {
  return fs::path(name).extension() == ".log" || name.compare(0, 9, "MANIFEST-") == 0;
}

/// Where the fragments of a sound log begin: RocksDB's log_format.h says how they lie.
std::vector<std::size_t> fragments_of(const std::string& log) {
  std::vector<std::size_t> begins;
  for (std::size_t at = 0; at + 7 <= log.size();) {
    const std::size_t left = block_bytes - at % block_bytes;
    if (left < 7) {
      at += left;
      continue;
    }
    begins.push_back(at);
    at += 7 + static_cast<unsigned char>(log[at + 4])
          + 256 * static_cast<std::size_t>(static_cast<unsigned char>(log[at + 5]));
  }
  return begins;
}

std::string flipped(std::string bytes, std::size_t at, std::size_t bit) {
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
  return bytes;
}

/// A closed journal that has seen some lives, and every way in which one of its files can be broken.
class subject {
 public:
  /// `large` commits are more than its buffers hold, so that there is more than one log.
  explicit subject(int large) {
    for (std::uint64_t v = 0; v < 9; v += 3) {
      const auto j = open();
      for (std::uint64_t i = v; i < v + 3; ++i) {
        REQUIRE(append(*j, "cart/1", i, {"event " + std::to_string(i)}));
      }
    }
    const auto j = open();
    for (int i = 0; i < large; ++i) {
      const std::string padding(20'000, static_cast<char>('a' + i));
      REQUIRE(append(*j, "large/1", static_cast<std::uint64_t>(i), {padding}));
    }
    for (std::uint64_t i = 0; i < 3; ++i) REQUIRE(append(*j, "cart/2", i, {"last"}));
    acknowledged_ = order_of(*j);
  }

  /// Remembers the files as they are now, those that are to be broken.
  files take() const { return contents(directory()); }

  fs::path directory() const { return scratch_ / "journal"; }
  const std::string& acknowledged() const { return acknowledged_; }

  std::shared_ptr<journal> open(bool read_only = false) const {
    detail::rocksdb_seams small;
    small.buffer_bytes = std::size_t{64} * 1024;
    return detail::rocksdb_at(directory(), {.read_only = read_only}, small);
  }

  /// Returns what is wrong with the opening of `broken`, nothing if it is refused and left as it is, or whole.
  std::string judge(const files& broken, bool read_only) const {
    put_files(directory(), broken);
    std::string read;
    try {
      read = order_of(*open(read_only));
    } catch (const error&) {
      return contents(directory()) == broken ? "" : "refused, and changed";
    }
    return read == acknowledged_ ? "" : "another history";
  }

 private:
  scratch_directory scratch_;
  std::string acknowledged_;
};

/// Opens a journal with one broken file for writing and for reading, and gathers what is wrong.
struct breakage {
  const subject& journal;
  files sound;
  std::string file;
  std::string wrong = {};
  int openings = 0;

  void try_with(const std::string& bytes, const std::string& what) {
    files broken = sound;
    broken[file] = bytes;
    if (broken == sound) return;
    for (const bool read_only : {false, true}) {
      ++openings;
      const std::string found = journal.judge(broken, read_only);
      if (!found.empty())
        wrong.append(file).append(", ").append(what).append(": ").append(found).append("\n");
    }
  }
  void flip(std::size_t at, std::size_t bit) {
    try_with(flipped(sound[file], at, bit),
             "bit " + std::to_string(bit) + " of byte " + std::to_string(at));
  }
  void flip_headers(std::size_t end) {
    for (const std::size_t begin : fragments_of(sound[file])) {
      for (std::size_t i = 0; i < 7 && begin < end; ++i) {
        for (std::size_t bit = 0; bit < 8; ++bit) flip(begin + i, bit);
      }
    }
  }
  void cut(std::size_t size) {
    try_with(sound[file].substr(0, size), "cut to " + std::to_string(size));
  }
  void clear_sector(std::size_t at) {
    std::string cleared = sound[file];
    const std::size_t size = std::min(sector_bytes, cleared.size() - at);
    try_with(cleared.replace(at, size, size, '\0'), "no sector at " + std::to_string(at));
  }
};

}  // namespace

TEST_CASE("a damage of a log or the manifest is refused before any file is changed") {
  const subject journal(0);
  const files sound = journal.take();
  for (const auto& [name, bytes] : sound) {
    if (!is_log(name)) continue;
    breakage all{journal, sound, name};
    for (std::size_t at = 0; at < bytes.size(); at += 5) all.flip(at, at / 5 % 8);
    for (std::size_t size = 0; size < bytes.size(); size += 7) all.cut(size);
    for (std::size_t at = 0; at < bytes.size(); at += sector_bytes) all.clear_sector(at);
    for (const std::size_t begin : fragments_of(bytes)) all.cut(begin);
    all.flip_headers(fs::path(name).extension() == ".log" ? bytes.size() : 1);
    CHECK(all.wrong == "");
    CHECK(all.openings > 300);
  }
}

TEST_CASE("a damage of any of several logs is refused before any file is changed") {
  const subject journal(10);
  const files sound = journal.take();
  int logs = 0;
  for (const auto& [name, bytes] : sound) {
    if (fs::path(name).extension() != ".log" || bytes.empty()) continue;
    ++logs;
    breakage all{journal, sound, name};
    for (const std::size_t begin : fragments_of(bytes)) {
      all.cut(begin);
      all.flip(begin + 4, 7);
      all.flip(begin + 5, 6);
      all.flip(begin + 6, 2);
    }
    for (std::size_t at = 0; at < bytes.size(); at += 7 * sector_bytes) all.clear_sector(at);
    CHECK(all.wrong == "");
  }
  CHECK(logs > 1);
}

TEST_CASE("a damage before the last write is refused also where the mark is lost") {
  const subject journal(0);
  files sound = journal.take();
  sound.erase(mark);
  for (const auto& [name, bytes] : sound) {
    if (!is_log(name)) continue;
    breakage all{journal, sound, name};
    const std::size_t last_write = fragments_of(bytes).back();
    all.flip_headers(last_write);
    for (std::size_t at = 0; at < last_write; at += 11) all.flip(at, at % 8);
    CHECK(all.wrong == "");
    CHECK(all.openings > 100);
  }
}

TEST_CASE("a damaged log is reported by its file and the byte where the damaged write begins") {
  const subject journal(0);
  files broken = journal.take();
  const auto log = std::find_if(broken.begin(), broken.end(), [](const auto& file) {
    return fs::path(file.first).extension() == ".log" && !file.second.empty();
  });
  REQUIRE(log != broken.end());
  const std::size_t second = fragments_of(log->second).at(1);
  log->second = flipped(log->second, second + 40, 3);
  put_files(journal.directory(), broken);
  const std::string expected = (journal.directory() / log->first).string() + " is damaged at byte "
                               + std::to_string(second) + ", and later writes are behind that";
  try {
    journal.open();
    FAIL("it opened");
  } catch (const damaged_history& damage) {
    CHECK(damage.reason() == expected);
  }
}

TEST_CASE(
    "a log of a former life that ends in a torn write does not matter once it was taken over") {
  const subject journal(0);
  const files before = journal.take();
  { const auto taken_over = journal.open(); }
  files left = contents(journal.directory());
  int logs = 0;
  for (const auto& [name, bytes] : before) {
    if (fs::path(name).extension() != ".log" || bytes.empty()) continue;
    ++logs;
    REQUIRE_FALSE(left.contains(name));
    left[name] = bytes + bytes.substr(0, 50) + std::string(100, '\0');
  }
  REQUIRE(logs == 1);
  put_files(journal.directory(), left);
  CHECK(order_of(*journal.open()) == journal.acknowledged());
}

TEST_CASE("the checksum of RocksDB's logs is that of its definition") {
  CHECK(detail::crc32c("123456789") == 0xE3069283U);
  CHECK(detail::crc32c("") == 0);
  CHECK(detail::crc32c(std::string(32, '\0')) == 0x8A9136AAU);
}
