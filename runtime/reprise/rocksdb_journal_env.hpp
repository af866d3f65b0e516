#pragma once

#include "reprise/rocksdb_journal.hpp"

#include <filesystem>
#include <memory>

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace reprise::detail {

/// What only tests set: a file system that fails, and the mistakes that the battery of tests must catch.
/// Not installed, and no public function takes it.
struct rocksdb_seams {
  rocksdb::Env* env = nullptr;   ///< outlives the journal; nullptr is the machine's own
  bool syncs = true;             ///< false: acknowledges before the disk has it
  bool checks_iterators = true;  ///< false: takes a damaged block for the end of the data
  bool refuses_damaged_log =
      true;                      ///< false: RocksDB's default, which drops what is behind a damage
  bool keeps_mark = true;        ///< false: believes RocksDB that a cut log was torn in a crash
  std::size_t buffer_bytes = 0;  ///< of each memtable; 0 is the default
};

std::shared_ptr<journal> rocksdb_at(const std::filesystem::path& directory,
                                    const rocksdb_options& options,
                                    const rocksdb_seams& seams);

}  // namespace reprise::detail
