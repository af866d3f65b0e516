// Event sourcing alone, without actors: a product is added to a cart twice, and the cart is rebuilt from that.

#include "reprise/memory_journal.hpp"
#include "reprise/stream.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <iostream>

using shop::product_added_to_cart;
using shop::shopping_cart;

int main() {
  const auto journal = reprise::in_memory();
  reprise::stream<shopping_cart> cart{*journal, "cart-42"};

  // Each append names the version that it expects, so that two writers cannot both be right.
  const auto version = cart.append(0, {product_added_to_cart{"tea", 2}});
  cart.append(version, {product_added_to_cart{"tea", 1}});

  std::cout << "the events of " << cart.name() << ":\n";
  for (const auto& event : cart.events()) std::cout << "  " << event << '\n';

  const auto rebuilt = cart.load();
  std::cout << "the cart at version " << rebuilt.version << ": " << rebuilt.state << '\n';
}
