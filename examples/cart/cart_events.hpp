#pragma once

#include "reprise/commit.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace simulation {

/// Returns the id of the cart that a stream is of, or nothing if it is of something else.
std::optional<std::string_view> cart_of(std::string_view stream);

/// What one stored event of a cart is today: one event, unless an upcast makes several of it, or none.
using events_today = std::vector<shop::shopping_cart::event>;

/// Returns what each stored event of a cart's commit is today. Throws `reprise::damaged_history` with the place of one
/// that does not decode.
std::vector<events_today> events_by_version(const reprise::commit_view& commit);

/// Returns the same, one behind the other.
std::vector<shop::shopping_cart::event> events_of(const reprise::commit_view& commit);

}  // namespace simulation
