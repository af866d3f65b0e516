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

using commands_by_cart = std::vector<std::vector<unsettled_command>>;

/// Returns the commands of an acknowledgement log that may or may not have been stored, those of one cart together
/// and in the order in which they were first sent. A command is settled if it was accepted or refused, or if every
/// sending of it was answered that nothing was stored. Views are left out: they change nothing. An interrupt ends it
/// early, with no command.
///
/// Throws what `checker::read_ack_log` throws, and `checker::bad_log` for an answer to what was not sent.
commands_by_cart unsettled_in(const std::filesystem::path& file);

}  // namespace stress
