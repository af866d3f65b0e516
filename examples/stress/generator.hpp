#pragma once

#include "cart/shoppers.hpp"
#include "reprise/answer.hpp"
#include "shopping_cart/shopping_cart.hpp"
#include "stress/open_carts.hpp"
#include "stress/options.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stress {

/// One command for one cart.
struct order {
  command_kind kind = command_kind::view;
  std::string cart;
  std::optional<shop::shopping_cart::command> command;  ///< empty: a view
  std::optional<open_cart>
      from;  ///< where the generator has the cart from; empty for one of an earlier run
};

/// Thinks up what clients send. What a client sends depends on the seed, and on which carts were used up before.
///
/// A cart that a check_out is sent for, that turns out to be checked out already, or that is full, is followed by a
/// fresh one.
class generator {
 public:
  explicit generator(const options& o);

  order next(std::size_t client);

  /// Returns the id of one of the open carts, as often as the distribution says.
  std::string some_cart(simulation::dice& luck) const;

  /// Learns from an answer whether the cart is still of use.
  void learn(const order& sent, const reprise::answer& answer);

 private:
  command_kind choose_kind(simulation::dice& luck) const;
  std::string product_id(unsigned number) const;
  shop::shopping_cart::command add(simulation::dice& luck, std::uint64_t& products) const;
  shop::shopping_cart::command remove(simulation::dice& luck, std::uint64_t& products) const;

  std::size_t payload_;
  command_mix mix_;
  std::uint64_t total_weight_ = 0;
  open_carts carts_;
  std::vector<simulation::dice> luck_;  ///< of each client
};

}  // namespace stress
