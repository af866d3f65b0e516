#pragma once

#include "reprise/journal.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace simulation {

enum class store_kind : std::uint8_t { memory, rocksdb };

/// Opens a journal that is there, to read it only. Throws what `reprise::rocksdb_at` throws.
std::shared_ptr<reprise::journal> open_to_read(const std::filesystem::path& directory);

/// Opens a journal that is there, to change it. Throws what `reprise::rocksdb_at` throws.
std::shared_ptr<reprise::journal> open_to_change(const std::filesystem::path& directory);

/// Makes a directory of its own, `cart-journal-…`, in the current one, and returns its name. Throws
/// `reprise::journal_failure`.
std::filesystem::path make_directory();

/// The journal of a simulation, which is closed and opened again in the middle, and what it did all the while.
class store {
 public:
  /// `directory` is where a RocksDB journal is, or is to be made. Throws what `reprise::rocksdb_at` throws.
  store(store_kind kind, std::filesystem::path directory);

  const std::shared_ptr<reprise::journal>& journal() const noexcept { return journal_; }

  /// Closes a RocksDB journal, which nobody else holds any more, and opens it again. One in memory stays as it
  /// is, since closing it would be the end of it.
  void reopen();

  /// Returns what was done since the start, over all openings.
  reprise::journal_stats stats() const;

  store_kind kind() const noexcept { return kind_; }
  const std::filesystem::path& directory() const noexcept { return directory_; }

 private:
  store_kind kind_;
  std::filesystem::path directory_;
  std::shared_ptr<reprise::journal> journal_;
  reprise::journal_stats earlier_;
};

}  // namespace simulation
