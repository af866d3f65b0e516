#pragma once

#include "reprise/commit.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace simulation {

/// Returns the id of the cart that a stream is of, or nothing if it is of something else.
std::optional<std::string_view> cart_of(std::string_view stream);

/// Returns the events of a cart's commit. Throws `reprise::damaged_history` with the place of one that does not
/// decode.
std::vector<shop::shopping_cart::event> events_of(const reprise::commit_view& commit);

}  // namespace simulation
