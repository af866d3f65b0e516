#pragma once

#include "reprise/journal.hpp"

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace simulation {

/// Deletes the first events of a cart, before the last commit that ends at version `up_to` or before, for ever. A snapshot is
/// taken there, compared with all events, and stands for them. Prints what was deleted.
///
/// What is deleted is first added to the file `archive`, if there is one, and synced: an event a line, as it is stored, its
/// payload as hexadecimal digits. No line is there twice, and half a line that a killed process left is cut off.
///
/// Throws `not_there` if the cart has no such commit, `reprise::error` if nothing can be deleted, and `std::runtime_error` if the
/// archive cannot be written, or ends in half a line of something else; nothing is deleted then, and the archive is as it was.
/// What throws while the journal deletes leaves it whole.
void trim_cart(std::ostream& out,
               reprise::journal& journal,
               const std::string& cart,
               std::optional<std::uint64_t> up_to,
               const std::optional<std::string>& archive);

}  // namespace simulation
