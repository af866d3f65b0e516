#pragma once

#include "reprise/snapshot_store.hpp"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::detail {

/// The snapshots of a RocksDB journal: a database of its own in the folder `snapshots` of the journal's, so that
/// neither its writes nor its damage have anything to do with the journal's.
///
/// It is opened with its first use. What cannot be opened is put aside, as `snapshots.damaged`, and a new one is begun.
class rocksdb_snapshots final : public snapshot_store {
 public:
  /// `env` is nullptr for the machine's own, and else outlives it. Whoever makes it has the journal open.
  rocksdb_snapshots(const std::filesystem::path& journal_directory,
                    bool read_only,
                    rocksdb::Env* env);

  void save(const snapshot& s, std::size_t keep) override;
  void read(std::string_view stream,
            const snapshot_visitor& visit,
            const skipped_visitor& report) const override;
  void remove(std::string_view stream) override;
  void verify(const snapshot_visitor& visit, const skipped_visitor& report) const override;
  snapshot_stats stats() const override;

 private:
  using database = std::shared_ptr<rocksdb::DB>;

  /// Where a stream's snapshot is: each has some slots, which are written over in turn.
  struct slot {
    unsigned char number = 0;
    std::uint64_t version = 0;  ///< as its record says; 0 if it cannot be read
  };
  static bool is_newer(const slot& a, const slot& b) { return a.version > b.version; }

  enum class purpose : std::uint8_t { reading, writing };

  /// Returns the open database, nullptr if there is none to be had. Nothing is made for one who wants to read.
  database open(purpose why) const;
  database open_for_writing() const;
  rocksdb::Status open_in_place(database& opened) const;
  database begin_anew(const std::string& reason) const;

  database require_open();

  /// Writes what `changes` makes of a database. Throws `journal_failure`.
  void write(const std::function<rocksdb::WriteBatch(rocksdb::DB&)>& changes);

  /// Whoever needs the database next opens it anew, and puts aside what is there if a `damage` was met in it.
  void close(const std::string& damage);
  void report_trouble(const skipped_visitor& report) const;

  static std::vector<slot> slots_of(rocksdb::DB& in,
                                    std::string_view stream,
                                    const rocksdb::ReadOptions& options);
  static unsigned char make_room(std::vector<slot>& slots, std::uint64_t version, std::size_t keep);

  const std::filesystem::path directory_;
  const bool read_only_;
  rocksdb::Env* const env_;

  std::mutex saving_;  ///< one at a time looks which slot is free and takes it

  mutable std::mutex opening_;
  mutable database database_;
  mutable std::string damage_;  ///< why what is there must be put aside
  mutable std::string trouble_;
  mutable bool is_told_ = true;  ///< whether a reader was told of the trouble
  std::atomic<std::uint64_t> saved_ = 0;
};

}  // namespace reprise::detail
