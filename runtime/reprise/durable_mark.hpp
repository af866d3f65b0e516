#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace reprise::detail {

/// A small file beside a store's own that says how far the journal has been acknowledged.
///
/// It is written after each synced write and not synced itself, so it never runs ahead of the store and costs
/// a microsecond. It outlives a crash of the process, and after a loss of power it is behind by what the
/// system had not written back. A store that ends before it has lost acknowledged events: a damage that
/// RocksDB alone takes for a torn last write.
class durable_mark {
 public:
  /// Returns what the mark in `directory` says, nothing if there is none. Throws `damaged_history` if its
  /// bytes are not a mark, `journal_failure` if it cannot be read.
  static std::optional<std::uint64_t> read(const std::filesystem::path& directory);

  /// Makes the mark if there is none, synced with its directory entry, or takes the one that is there.
  /// Throws `journal_failure`.
  durable_mark(const std::filesystem::path& directory, std::uint64_t position);
  durable_mark(const durable_mark&) = delete;
  durable_mark& operator=(const durable_mark&) = delete;

  /// Syncs and closes it.
  ~durable_mark();

  /// Throws `journal_failure` if the mark cannot be written.
  void set(std::uint64_t position);

 private:
  std::filesystem::path file_;
  int descriptor_ = -1;
};

}  // namespace reprise::detail
