#pragma once

#include "reprise/journal.hpp"
#include "reprise/rocksdb_database.hpp"
#include "reprise/rocksdb_layout.hpp"
#include "reprise/rocksdb_trims.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace reprise::detail {

/// Reads the RocksDB journal. Any number of threads may use one.
class rocksdb_reader {
 public:
  /// `database` and `trims` outlive it.
  rocksdb_reader(const rocksdb_database& database,
                 const rocksdb_trims& trims,
                 bool checks_iterators)
      : database_(database), trims_(trims), checks_iterators_(checks_iterators) {}

  /// Returns what the order says that the journal holds.
  ///
  /// Throws like `read_all`; and `damaged_history` unless as many batches and records are stored, but for what was
  /// trimmed, and those of the last batch among them. That costs a look at each table's properties, not at its data.
  order_totals totals() const;

  /// Returns the version of a stream, 0 if there is no such stream. Throws like `read_stream`.
  std::uint64_t version(std::string_view stream) const;

  /// Like the functions of `journal`, but for the order, which is read up to position `end`.
  void read_stream(std::string_view stream,
                   std::uint64_t from_version,
                   const commit_visitor& visit) const;
  void read_all(std::uint64_t from_position, std::uint64_t end, const commit_visitor& visit) const;

  /// Returns whether the record of a commit is not there because it was trimmed.
  bool was_trimmed(const ordered_commit& c, const rocksdb::Status& status) const {
    return status.IsNotFound() && c.last_version <= trims_.of(c.stream).version;
  }

  /// Returns whether the record of a commit of a stream that ends at `last_version` or before is in no table yet.
  bool is_in_memory(std::string_view stream, std::uint64_t last_version) const;

  const rocksdb_trims& trims() const noexcept { return trims_; }

  /// Returns about how many bytes the journal occupies.
  std::uint64_t bytes() const;

  /// Returns an iterator that, from where it is made to seek, goes to the end of that stream, and no further than to before
  /// `end`, which outlives it.
  std::unique_ptr<rocksdb::Iterator> streams(const rocksdb::Slice& end) const;

  /// For the cross-check: iterators over all of a family, in the order of its keys.
  std::unique_ptr<rocksdb::Iterator> all_streams() const;
  std::unique_ptr<rocksdb::Iterator> all_order() const;

  /// Takes what an iterator's end says: throws if it was not the end of the data.
  void check(const rocksdb::Iterator& it, const place& where) const;

  /// Is given a commit that the order names, and its record or why there is none. Returns whether it wants
  /// the next one.
  using ordered_visitor =
      std::function<bool(const ordered_commit&, const rocksdb::Status&, std::string_view record)>;

  /// Looks up the records of `commits`; returns false if `visit` did.
  bool look_up(std::span<const ordered_commit> commits, const ordered_visitor& visit) const;

 private:
  std::uint64_t entries(rocksdb::ColumnFamilyHandle* family) const;
  std::uint64_t records_in_memory(rocksdb::ColumnFamilyHandle* family) const;
  std::unique_ptr<rocksdb::Iterator> in_memory(rocksdb::ColumnFamilyHandle* family) const;
  [[noreturn]] void throw_trimmed(const ordered_commit& c) const;
  void read_stored(std::string_view stream,
                   std::uint64_t from_version,
                   const commit_visitor& visit) const;

  const rocksdb_database& database_;
  const rocksdb_trims& trims_;
  bool checks_iterators_;
};

inline std::string_view view_of(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

/// Reads the record that the order says is `expected`'s. Throws `damaged_history` if it is not, and what
/// `require` throws if there is none.
void decode_ordered(const ordered_commit& expected,
                    const rocksdb::Status& status,
                    std::string_view record,
                    commit_view& out);

/// Returns whether `c` is what belongs under a key. If not, `wrong_key` is what to throw.
inline bool belongs_under(const stream_key& key, const commit_view& c) {
  return c.last_version() == key.last_version && c.stream == key.stream;
}

/// Returns the damage that `c` is stored where another commit belongs.
damaged_history wrong_key(const commit_view& c, place found_at);

}  // namespace reprise::detail
