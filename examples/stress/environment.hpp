#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace stress {

/// Where a run takes place: a figure without it means nothing.
struct environment {
  std::string build;
  std::string compiler;
  std::string reprise;
  std::string caf;
  std::string rocksdb;
  std::string boost;
  std::string allocator;
  std::string processor;
  std::size_t cores = 0;
  std::string system;
  double load = 0;  ///< the system's load average over one minute, before the run
  std::string file_system;
  std::vector<std::string> warnings;  ///< why the figures may be worth nothing
};

/// Looks at this program, its machine, and the file system of a directory, which need not be there yet; empty if
/// nothing is stored in any.
environment look_around(const std::filesystem::path& directory);

/// Returns the bytes of memory that this process occupies; 0 where that cannot be told.
std::size_t resident_bytes();

}  // namespace stress
