#pragma once

#include "shopping_cart/shopping_cart.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simulation {

/// Returns the refusal of what never comes to a cart: of a cart's or a command's id that nothing is stored under; empty
/// if both are ids.
std::string refusal_of_ids(std::string_view cart, std::string_view command_id);

/// A shopping cart written down a second time, as plainly as possible, to judge the first by.
///
/// It shares the words of the cart, its commands and events, but no line of `decide`, of `evolve` or of the
/// actors, and it has its own numbers for the limits.
class model_cart {
 public:
  /// What should come of a command: a refusal's word, or events; neither is "already so".
  struct verdict {
    std::string_view refusal;
    std::vector<shop::shopping_cart::event> events;
  };
  verdict expect(const shop::shopping_cart::command& command) const;

  void follow(const shop::shopping_cart::event& event);

  /// Begins with what a cart holds, where the events that led there are gone.
  void begin_with(const shop::shopping_cart& cart);

  bool is_like(const shop::shopping_cart& cart) const;

  /// Returns the cart on one line, in the form in which a `shopping_cart` prints itself.
  std::string text() const;

 private:
  struct line {
    std::string product_id;
    std::int64_t quantity;
  };

  verdict expect_of(const shop::add_product& command) const;
  verdict expect_of(const shop::remove_product& command) const;
  verdict expect_of(const shop::change_quantity& command) const;
  verdict expect_of(const shop::check_out& command) const;

  void follow_it(const shop::product_added_to_cart& event);
  void follow_it(const shop::product_removed_from_cart& event);
  void follow_it(const shop::product_quantity_changed_in_cart& event);
  void follow_it(const shop::cart_checked_out& event);

  const line* line_of(std::string_view product_id) const;

  std::vector<line> lines_;  ///< in the order in which the products came
  bool bought_ = false;
};

}  // namespace simulation
