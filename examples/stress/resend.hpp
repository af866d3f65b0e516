#pragma once

#include "stress/generator.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace stress {

/// A command of an earlier run whose outcome its sender does not know.
struct unsettled_command {
  order what;
  std::string id;
};

/// Returns the commands of an acknowledgement log that may or may not have been stored, those of one cart together
/// and in the order in which they were first sent. A command is settled if it was accepted or refused, or if every
/// sending of it was answered that nothing was stored. Views are left out: they change nothing.
///
/// Throws `ack_log_failure` if the file does not open, or has a line that is none of `ack_log`, with its number.
/// A last line without an end is taken for one that was cut off, and left out.
std::vector<std::vector<unsettled_command>> unsettled_in(const std::filesystem::path& file);

}  // namespace stress
