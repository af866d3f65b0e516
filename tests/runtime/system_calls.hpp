#pragma once

#include <cstddef>
#include <filesystem>

namespace reprise::testing {

/// While one lives, the first `pwrite` of this program writes no more than some bytes, as on a disk that is full just
/// now, and the others all that they are given.
class short_write {
 public:
  explicit short_write(std::size_t most);
  short_write(const short_write&) = delete;
  short_write& operator=(const short_write&) = delete;
  ~short_write();

  /// Whether a write was cut short.
  bool happened() const;
};

/// While one lives, notes what this program syncs with `fsync`.
class noted_syncs {
 public:
  noted_syncs();
  noted_syncs(const noted_syncs&) = delete;
  noted_syncs& operator=(const noted_syncs&) = delete;
  ~noted_syncs();

  /// Whether a file, or a directory, was synced after it was made.
  bool has(const std::filesystem::path& file) const;
};

}  // namespace reprise::testing
