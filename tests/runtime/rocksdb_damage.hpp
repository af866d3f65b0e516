#pragma once

#include "reprise/rocksdb_journal_env.hpp"

#include <rocksdb/db.h>

#include <filesystem>
#include <string>
#include <vector>

namespace reprise::testing {

/// A journal's database through RocksDB alone, to put damage where RocksDB's own checksums do not see it.
class raw_database {
 public:
  explicit raw_database(const std::filesystem::path& directory);
  raw_database(const raw_database&) = delete;
  raw_database& operator=(const raw_database&) = delete;

  /// Rewrites the tables, so that they count as if nothing had been put or erased, and closes.
  ~raw_database();

  std::string get(const std::string& family, const std::string& key);
  void put(const std::string& family, const std::string& key, const std::string& value);
  void erase(const std::string& family, const std::string& key);

  /// Rewrites the tables, closes, and flips a bit in the middle of the family's largest one.
  void damage_largest_table(const std::string& family);

 private:
  void rewrite();
  void close();
  rocksdb::ColumnFamilyHandle* family_named(const std::string& name);

  rocksdb::DB* db_ = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

/// A journal that reserves little for its log, because the tests open thousands.
std::shared_ptr<journal> open_small(const std::filesystem::path& directory,
                                    detail::rocksdb_seams seams = {});

/// What the journal in `directory` holds: `order_of`, if each stream agrees with it, or what was thrown.
std::string outcome_of(const std::filesystem::path& directory,
                       const detail::rocksdb_seams& seams = {});

}  // namespace reprise::testing
