#include "cart/cart_text.hpp"

#include <sstream>

namespace simulation {

namespace {

std::string printed(const auto& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

}  // namespace

std::string text_of(const shop::shopping_cart& cart) {
  return printed(cart);
}

std::string text_of(const shop::shopping_cart::command& command) {
  return printed(command);
}

std::string text_of(const std::vector<shop::shopping_cart::event>& events) {
  std::string text;
  for (const auto& event : events) text += (text.empty() ? "" : "; ") + printed(event);
  return text.empty() ? "no event" : text;
}

std::string text_of(const model_cart::verdict& verdict) {
  if (!verdict.refusal.empty()) return "refused: " + std::string(verdict.refusal);
  return verdict.events.empty() ? "already so" : text_of(verdict.events);
}

}  // namespace simulation
