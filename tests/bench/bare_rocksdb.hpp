#pragma once

#include "reprise/commit.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::detail {
class rocksdb_database;
}  // namespace reprise::detail

namespace bench {

/// What a journal wrote, as RocksDB was given it: every write with its keys and values.
class recorded_writes {
 public:
  /// Reads the journal in `directory`. `commits` says how many commits each of its writes had.
  recorded_writes(const std::filesystem::path& directory, const std::vector<std::size_t>& commits);

  struct put {
    std::string_view key;
    std::string_view value;
  };

  std::size_t size() const noexcept { return writes_.size(); }

  /// Returns the number of commits of a write, and one of them.
  std::size_t commits_of(std::size_t number) const { return writes_[number].commits; }
  put commit_of(std::size_t number, std::size_t index) const;

  /// Returns its entry in the order of commits.
  put order_of(std::size_t number) const;

  /// Returns how many bytes of keys and values there are from a write on.
  std::uint64_t bytes_from(std::size_t number) const;
  std::uint64_t commits_from(std::size_t number) const;

 private:
  struct place {
    std::size_t begin, key, value;
  };
  struct write {
    std::size_t first_commit = 0;
    std::size_t commits = 0;
    place order{};
  };

  place add(std::string_view key, std::string_view value);
  put at(const place& p) const;

  std::string bytes_;
  std::vector<place> commits_;
  std::vector<write> writes_;
};

struct time_taken {
  double seconds = 0;
  double processor_seconds = 0;
};

/// Gives the writes to a RocksDB in an empty `directory`, with a journal's own options, families and keys, each
/// with one sync, and nothing else: no actors, no checks, no checksums. Returns what the writes took from
/// number `timed_from` on.
time_taken write_bare(const recorded_writes& all,
                      std::size_t timed_from,
                      const std::filesystem::path& directory);

/// The journal in a directory, opened as nothing but a RocksDB.
class bare_scan {
 public:
  explicit bare_scan(const std::filesystem::path& directory);
  ~bare_scan();

  /// Steps over every record in the order of the table, decodes its frame and those of its events, checksum
  /// included, and calls `use` for each event, if there is one. Returns how many events there are.
  std::uint64_t run(const std::function<void(const reprise::event_view&)>& use = {}) const;

 private:
  std::unique_ptr<reprise::detail::rocksdb_database> from_;
};

}  // namespace bench
