#include "shopping_cart/shopping_cart.hpp"

#include "reprise/text.hpp"

#include <limits>
#include <optional>
#include <ostream>

namespace shop {

using reprise::decision;
using reprise::refusal;

namespace {

std::optional<refusal> objection_to(const std::string& product_id) {
  if (product_id.empty()) return product_id_is_empty;
  if (product_id.size() > max_product_id_bytes) return product_id_is_too_long;
  return std::nullopt;
}

std::int64_t quantity_of(const shopping_cart& cart, const std::string& product_id) {
  const auto found = cart.items.find(product_id);
  return found == cart.items.end() ? 0 : found->second;
}

/// Returns a + b, or the nearest number that there is: no history makes a cart overflow.
std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<std::int64_t>::max()
               : std::numeric_limits<std::int64_t>::min();
}

void print_price(std::ostream& out, const std::optional<std::int64_t>& unit_price) {
  if (unit_price) out << " at " << *unit_price << " each";
}

}  // namespace

// -- decide --------------------------------------------------------------------

decision<shopping_cart> decide(const shopping_cart& cart, const add_product& command) {
  if (cart.checked_out) return is_checked_out;
  if (const auto objection = objection_to(command.product_id)) return *objection;
  if (command.quantity <= 0) return quantity_is_not_positive;
  if (command.unit_price && *command.unit_price < 0) return unit_price_is_negative;

  const auto present = quantity_of(cart, command.product_id);
  if (present > max_quantity_of_a_product - command.quantity) return too_many_of_a_product;
  const bool is_new = !cart.items.contains(command.product_id);
  if (is_new && cart.items.size() >= max_products_in_a_cart) return too_many_products;

  return {product_added_to_cart{command.product_id, command.quantity, command.unit_price}};
}

decision<shopping_cart> decide(const shopping_cart& cart, const remove_product& command) {
  if (cart.checked_out) return is_checked_out;
  if (const auto objection = objection_to(command.product_id)) return *objection;
  if (!cart.items.contains(command.product_id)) return {};
  return {product_removed_from_cart{command.product_id}};
}

decision<shopping_cart> decide(const shopping_cart& cart, const change_quantity& command) {
  if (cart.checked_out) return is_checked_out;
  if (const auto objection = objection_to(command.product_id)) return *objection;
  if (command.quantity <= 0) return quantity_is_not_positive;
  if (command.quantity > max_quantity_of_a_product) return too_many_of_a_product;
  if (!cart.items.contains(command.product_id)) return product_is_not_in_cart;
  if (quantity_of(cart, command.product_id) == command.quantity) return {};
  return {product_quantity_changed_in_cart{command.product_id, command.quantity}};
}

decision<shopping_cart> decide(const shopping_cart& cart, const check_out&) {
  if (cart.checked_out) return {};
  if (cart.items.empty()) return cart_is_empty;
  return {cart_checked_out{}};
}

// -- evolve --------------------------------------------------------------------

shopping_cart evolve(shopping_cart cart, const product_added_to_cart& event) {
  std::int64_t& quantity = cart.items[event.product_id];
  quantity = saturating_sum(quantity, event.quantity);
  return cart;
}

shopping_cart evolve(shopping_cart cart, const product_removed_from_cart& event) {
  cart.items.erase(event.product_id);
  return cart;
}

shopping_cart evolve(shopping_cart cart, const product_quantity_changed_in_cart& event) {
  cart.items[event.product_id] = event.quantity;
  return cart;
}

shopping_cart evolve(shopping_cart cart, const cart_checked_out&) {
  cart.checked_out = true;
  return cart;
}

// -- upcast --------------------------------------------------------------------

product_quantity_changed_in_cart upcast(const product_quantity_changed& old) {
  return {old.product_id, old.quantity};
}

// -- for people ----------------------------------------------------------------

std::ostream& operator<<(std::ostream& out, const product_added_to_cart& event) {
  out << "product added to cart: " << event.quantity << ' ' << reprise::printable(event.product_id);
  print_price(out, event.unit_price);
  return out;
}

std::ostream& operator<<(std::ostream& out, const product_removed_from_cart& event) {
  return out << "product removed from cart: " << reprise::printable(event.product_id);
}

std::ostream& operator<<(std::ostream& out, const product_quantity_changed_in_cart& event) {
  return out << "product quantity changed in cart: now " << event.quantity << ' '
             << reprise::printable(event.product_id);
}

std::ostream& operator<<(std::ostream& out, const cart_checked_out&) {
  return out << "cart checked out";
}

std::ostream& operator<<(std::ostream& out, const shopping_cart::event& event) {
  std::visit([&out](const auto& e) { out << e; }, event);
  return out;
}

std::ostream& operator<<(std::ostream& out, const add_product& command) {
  out << "add product: " << command.quantity << ' ' << reprise::printable(command.product_id);
  print_price(out, command.unit_price);
  return out;
}

std::ostream& operator<<(std::ostream& out, const remove_product& command) {
  return out << "remove product: " << reprise::printable(command.product_id);
}

std::ostream& operator<<(std::ostream& out, const change_quantity& command) {
  return out << "change quantity: to " << command.quantity << ' '
             << reprise::printable(command.product_id);
}

std::ostream& operator<<(std::ostream& out, const check_out&) {
  return out << "check out";
}

std::ostream& operator<<(std::ostream& out, const shopping_cart::command& command) {
  std::visit([&out](const auto& c) { out << c; }, command);
  return out;
}

std::ostream& operator<<(std::ostream& out, const shopping_cart& cart) {
  if (cart.items.empty()) out << "empty";
  const char* separator = "";
  for (const auto& [product_id, quantity] : cart.items) {
    out << separator << quantity << ' ' << reprise::printable(product_id);
    separator = ", ";
  }
  if (cart.checked_out) out << ", checked out";
  return out;
}

}  // namespace shop
