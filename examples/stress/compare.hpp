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
/// for each reason why a ratio may say something else than it seems to: a run that was interrupted, failed or ended with
/// another status than 0, and each thing that differs in their environment.
///
/// Throws `bad_report`, before anything is printed, if a file is not there, is no report, is of another schema, lacks a
/// figure, or is of another load: runs with different settings have no ratio.
std::vector<std::string> compare(std::ostream& out,
                                 const std::filesystem::path& first,
                                 const std::filesystem::path& second);

}  // namespace stress
