#pragma once

#include "cart/model.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <string>
#include <vector>

namespace simulation {

/// What a difference is told with: each on one line, as the cart's own `<<` prints it.
std::string text_of(const shop::shopping_cart& cart);
std::string text_of(const shop::shopping_cart::command& command);

/// Returns the events with `; ` between them, or `no event`.
std::string text_of(const std::vector<shop::shopping_cart::event>& events);

/// Returns `refused: is_checked_out`, `already so`, or the events.
std::string text_of(const model_cart::verdict& verdict);

}  // namespace simulation
