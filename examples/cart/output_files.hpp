#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace simulation {

/// A file that a run writes, and the option that names it. An empty name is no file.
struct output_file {
  std::string option;
  std::filesystem::path name;
};

struct unfit_output {
  std::string option;
  std::string why;
};

/// Returns the first of `files` that would do harm, or nothing: one in the journal's directory, or one that an earlier
/// option names too. Two options may name a device. An empty directory is none; nothing has to be there.
std::optional<unfit_output> unfit_among(const std::vector<output_file>& files,
                                        const std::filesystem::path& directory);

/// Returns whether a file would be in a directory, or is the directory itself. Neither has to be there.
bool is_inside(const std::filesystem::path& file, const std::filesystem::path& directory);

}  // namespace simulation
