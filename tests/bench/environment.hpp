#pragma once

#include "stress/environment.hpp"

#include <filesystem>

namespace bench {

using stress::environment;

/// Looks at what `cart stress` looks at, and warns also of what makes ratios worthless.
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
