#pragma once

#include "reprise/host.hpp"

#include <filesystem>
#include <string>

namespace simulation {

/// A file with the metrics of a runtime in Prometheus' text format, as the textfile collector of its node exporter reads
/// it: it is replaced as a whole, so that nobody sees half of one.
class metrics_file {
 public:
  /// An empty name is no file. Throws `std::runtime_error` if none can be made there; leaves all as it is.
  explicit metrics_file(std::filesystem::path name);

  /// Writes the metrics of a runtime over what is in the file, or to it if it is a device or a pipe. Throws
  /// `std::runtime_error`.
  void write(const reprise::host& of) const;

 private:
  /// Where the content goes first.
  struct place {
    std::filesystem::path name;  ///< of the file, or of what a link leads to
    std::filesystem::path
        beside;  ///< what takes the file's place then; empty for a device or a pipe
  };

  place find_place() const;
  void write_to(const std::filesystem::path& there, const std::string& content) const;
  [[noreturn]] void fail(const std::string& why) const;

  std::filesystem::path name_;
};

}  // namespace simulation
