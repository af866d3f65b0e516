#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace bench {

/// Where a run takes place: a figure without it means nothing.
struct environment {
  std::string cpu;
  std::size_t cores = 0;
  std::string system;
  double load = 0;  ///< the system's load average over one minute
  std::string directory;
  std::string file_system;
  std::string build;
  std::string compiler;
  std::string caf;
  std::string rocksdb;
  std::string boost;
  std::vector<std::string> warnings;  ///< why the figures may be worth nothing
};

environment look_around(const std::filesystem::path& directory);

/// Returns the directory that holds this program.
std::filesystem::path own_directory();

/// A directory of its own within another, which it removes in the end.
class temporary_directory {
 public:
  explicit temporary_directory(const std::filesystem::path& within);
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory();

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace bench
