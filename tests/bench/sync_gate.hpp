#pragma once

#include <cstdint>

namespace bench {

/// Stands in front of `fdatasync` and `fsync` for the whole program: this file's functions of those names take
/// the place of the C library's, for RocksDB too. So what is counted, and held back, is the real call.
class sync_gate {
 public:
  /// Returns how many syncs have been asked for since the program began.
  static std::uint64_t calls();

  /// Returns how many of them wait here.
  static std::uint64_t waiting();

  /// From now on no sync begins, until `release`.
  static void hold();
  static void release();
};

}  // namespace bench
