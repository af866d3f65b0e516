#pragma once

#include "reprise/journal.hpp"
#include "reprise/rocksdb_database.hpp"
#include "reprise/stream_map.hpp"

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace reprise::detail {

/// Which streams of a RocksDB journal were trimmed, and what stands for their events. Any number of threads may use
/// one; one at a time trims.
class rocksdb_trims {
 public:
  /// How much of a stream is gone.
  struct extent {
    std::uint64_t version = 0;  ///< the last one that is gone
    std::uint64_t commits = 0;
  };

  /// `database` outlives it.
  explicit rocksdb_trims(const rocksdb_database& database) : database_(database) {}

  /// Reads which streams were trimmed. Throws `damaged_history`, and then knows those that it could read.
  void load();

  /// Returns how much of a stream is gone.
  extent of(std::string_view stream) const;

  /// Returns how many commits are gone in all.
  std::uint64_t commits() const;

  /// Returns a number that is another one after each step of a trim, and odd while one is being written.
  std::uint64_t steps() const;

  /// Returns what stands for the trimmed events of a stream; nothing if none were. Throws `damaged_history`.
  std::optional<stream_base> base(std::string_view stream) const;

  /// Visits the bases of all streams. One that does not hold is given to `report`.
  void read_bases(const base_visitor& visit, const damage_visitor& report) const;

  /// Adds to a write that `gone` is gone now, and that `base` stands for it.
  void collect(const snapshot& base, const extent& gone, rocksdb::WriteBatch& writes) const;

  /// To be called before that is written: whoever misses what is just being deleted must find here that it was.
  void note(std::string_view stream, const extent& gone);

  /// To be called once that is written.
  void written();

 private:
  const rocksdb_database& database_;
  mutable std::shared_mutex mutex_;
  stream_map<extent> extents_;
  std::uint64_t commits_ = 0;
  std::uint64_t steps_ = 0;
  std::string pending_;  ///< the stream of which it is not known whether its base is written
};

}  // namespace reprise::detail
