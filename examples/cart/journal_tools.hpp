#pragma once

#include "reprise/journal.hpp"

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string>

namespace simulation {

/// What was asked for is not there: a cart without events, a version that it has not reached.
class not_there : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The tools that read a journal of carts. They throw `reprise::damaged_history` and `reprise::journal_failure`.

/// Prints a cart as of a version, or as it is now, and the events up to there, but for those that were trimmed. Throws
/// `not_there`.
void show_cart(std::ostream& out,
               const reprise::journal& journal,
               const std::string& cart,
               std::optional<std::uint64_t> version);

/// Prints each event from a position on as a JSON object on a line of its own, in commit order, as it is today: under
/// today's name, with today's data. Events of a stream that is no cart's have their stored bytes as data:
/// `{"hex":"…"}`. Returns how many commits are left out because they were trimmed.
std::uint64_t export_events(std::ostream& out,
                            const reprise::journal& journal,
                            std::uint64_t from_position);

/// Reads everything, decodes and folds every event, and prints counts, or each damage. Returns whether all is sound.
bool verify_journal(std::ostream& out, const reprise::journal& journal);

}  // namespace simulation
