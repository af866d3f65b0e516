#pragma once

#include "reprise/error.hpp"
#include "reprise/rocksdb_journal_env.hpp"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace reprise::detail {

/// Throws `damaged_history` at `where` if `status` says corruption, `journal_failure` if it says anything
/// else that is not success.
void require(const rocksdb::Status& status, const std::string& doing, const place& where = {});

/// Returns whether an opening failed because somebody has the database open.
bool is_lock_conflict(const rocksdb::Status& status);

/// What the options of each database have in common: that it keeps no diary, and that it takes nothing after a failed
/// write. By itself RocksDB goes on once there is space again, so that what came of the failed write would change behind
/// our back; and in 7.8 its next write then ends the process if assertions are on, as they are in Debian's.
void set_what_all_share(rocksdb::DBOptions& options);

/// A journal whose making was cut short holds nothing yet, and opening it for writing finishes it.
class unfinished_journal final : public journal_failure {
 public:
  explicit unfinished_journal(const std::filesystem::path& directory);
};

/// A database and its families, closed together.
struct rocksdb_handles {
  rocksdb_handles() = default;
  rocksdb_handles(const rocksdb_handles&) = delete;
  rocksdb_handles& operator=(const rocksdb_handles&) = delete;
  ~rocksdb_handles();

  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
};

/// The keys of the family `default`, which tells about the others. Never change them.
inline constexpr const char* format_key = "format";
inline constexpr const char* format_value = "reprise journal 1";

/// A journal of which something was trimmed: programs that know nothing of that open it no more.
inline constexpr const char* trimmed_format_value = "reprise journal 2";

/// The RocksDB database of one journal, open: the one place that knows its options.
class rocksdb_database {
 public:
  /// Opens or makes it, as `rocksdb_at` says, but for what its records say.
  rocksdb_database(const std::filesystem::path& directory,
                   const rocksdb_options& options,
                   const rocksdb_seams& seams);
  rocksdb_database(const rocksdb_database&) = delete;
  rocksdb_database& operator=(const rocksdb_database&) = delete;

  rocksdb::DB& db() const { return *handles_.db; }
  rocksdb::ColumnFamilyHandle* about() const { return handles_.families[0]; }
  rocksdb::ColumnFamilyHandle* streams() const { return handles_.families[1]; }
  rocksdb::ColumnFamilyHandle* order() const { return handles_.families[2]; }

  /// Makes an empty batch of `batch`. Every write begins so: a log tells by it what is a write (rocksdb_log_end.hpp).
  void begin(rocksdb::WriteBatch& batch) const;

  /// Where it is, in the one spelling that all who open it share.
  const std::filesystem::path& directory() const { return directory_; }

 private:
  void open(const rocksdb_options& options, const rocksdb_seams& seams);
  void open_writable(const rocksdb_seams& seams, bool is_new);
  void open_read_only(const rocksdb_seams& seams);
  rocksdb_seams pass_over_torn_write(rocksdb_seams seams);
  bool holds_all_families(const rocksdb_seams& seams) const;
  void check_format(bool may_finish);
  bool is_unfinished(const rocksdb_handles& handles) const;

  std::filesystem::path directory_;
  std::shared_ptr<rocksdb::FileLock> lock_;
  std::unique_ptr<rocksdb::Env>
      shortening_;  ///< ends a torn log early; outlives what is opened with it
  rocksdb_handles handles_;
  const std::string seal_;
};

}  // namespace reprise::detail
