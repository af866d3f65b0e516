#pragma once

#include "reprise/host.hpp"

#include <filesystem>
#include <string>
#include <utility>

namespace simulation {

/// A file with the metrics of a runtime in Prometheus' text format, as the textfile collector of its node exporter reads
/// it: it is replaced as a whole, so that nobody sees half of one.
class metrics_file {
 public:
  /// An empty name is no file.
  explicit metrics_file(std::filesystem::path name) : name_(std::move(name)) {}

  /// Writes the metrics of a runtime over what is in the file, or to it if it is a device or a pipe. Throws
  /// `std::runtime_error`.
  void write(const reprise::host& of) const;

 private:
  void write_to(const std::filesystem::path& there, const reprise::host& of) const;
  [[noreturn]] void fail(const std::string& why) const;

  std::filesystem::path name_;
};

}  // namespace simulation
