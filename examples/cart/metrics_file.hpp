#pragma once

#include "reprise/host.hpp"

#include <filesystem>
#include <utility>

namespace simulation {

/// A file with the metrics of a runtime in Prometheus' text format, as the textfile collector of its node exporter reads
/// it: it is replaced as a whole, so that nobody sees half of one.
class metrics_file {
 public:
  /// An empty name is no file.
  explicit metrics_file(std::filesystem::path name) : name_(std::move(name)) {}

  /// Writes the metrics of a runtime over what is in the file. Throws `std::runtime_error`.
  void write(const reprise::host& of) const;

 private:
  std::filesystem::path name_;
};

}  // namespace simulation
