#pragma once

#include <filesystem>
#include <iosfwd>
#include <stdexcept>
#include <string>
#include <vector>

namespace stress {

/// A file that is no report to compare: `what` says which and why.
class bad_report : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Prints a table of the figures of two reports in JSON and their ratios, the second by the first. Returns a sentence
/// for each thing that differs in their settings or environment, for which a ratio may say something else than it
/// seems to.
///
/// Throws `bad_report` if a file is not there, is no report, is of another schema, or is of another load: runs with
/// different settings have no ratio.
std::vector<std::string> compare(std::ostream& out,
                                 const std::filesystem::path& first,
                                 const std::filesystem::path& second);

}  // namespace stress
