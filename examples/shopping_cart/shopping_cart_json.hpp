#pragma once

#include "shopping_cart/shopping_cart.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace shop {

/// Text that is no command: `what` says what is wrong with it.
class no_command : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A command as a program writes it: for which cart, and the id under which it takes effect once, if it has one.
struct cart_command {
  std::string cart;
  std::string id;
  shopping_cart::command command;
};

/// Reads a command from a JSON object. Every member that it names is needed, but `id` and `unit_price`, which is in
/// minor units; no other is allowed, and none twice:
///
///     {"cart":"cart-42","command":"add_product","product_id":"tea","quantity":2,"unit_price":350,"id":"4711"}
///     {"cart":"cart-42","command":"change_quantity","product_id":"tea","quantity":3}
///     {"cart":"cart-42","command":"remove_product","product_id":"tea"}
///     {"cart":"cart-42","command":"check_out"}
///
/// Throws `no_command`. What the rules of the cart refuse is a command all the same.
cart_command command_from_json(std::string_view text);

/// Returns a string as JSON, in quotes. Bytes that are not UTF-8, which JSON has no place for, become an object
/// that keeps them: `{"hex":"636172742dff"}`.
std::string json_string(std::string_view bytes);

/// Returns the name that an event is stored under today.
std::string_view name_of(const shopping_cart::event& event);

/// Returns the data of an event as a JSON object on one line: `{"product_id":"tea","quantity":2,"unit_price":350}`,
/// without a price if it has none.
std::string json_data(const shopping_cart::event& event);

}  // namespace shop
