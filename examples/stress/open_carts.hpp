#pragma once

#include "cart/shoppers.hpp"
#include "stress/options.hpp"
#include "stress/zipf.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stress {

/// A cart that was open when it was chosen: the place that it has among the open ones, and which of the carts that
/// were at that place one after the other it is.
struct open_cart {
  std::uint32_t place = 0;
  std::uint32_t generation = 0;
};

/// The carts that are open at a time. One that is used up is followed by a fresh one, so that their number stays.
class open_carts {
 public:
  /// `size` is not 0.
  open_carts(std::size_t size, const cart_distribution& distribution);

  /// Returns one of them, as often as the distribution says.
  open_cart choose(simulation::dice& d) const;

  /// Returns the id of a cart: `cart-17`, or `cart-17.3` if it is the third at its place.
  static std::string id_of(const open_cart& cart);

  /// Returns what the generator put into the cart at a place and has not taken out since: a bit for each of 64
  /// products. It is a guess: others may have taken it out, and what was put there may have been refused.
  std::uint64_t& products(std::uint32_t place) { return places_[place].products; }

  /// Follows a cart that was used up by this run by the next one of its place.
  void replace(const open_cart& used_up);

  /// Follows a cart that turned out to be used up, maybe long ago by an earlier run. Each time that this happens in
  /// a row at a place it goes twice as many carts ahead.
  void skip(const open_cart& used_up);

  /// Notes that a cart took a command, so that the next `skip` begins with one step.
  void was_open(const open_cart& cart) { places_[cart.place].skips = 0; }

 private:
  struct place_state {
    std::uint64_t products = 0;
    std::uint32_t generation = 0;
    std::uint32_t skips = 0;
  };

  void advance(const open_cart& used_up, std::uint32_t steps);
  std::uint32_t choose_latest(simulation::dice& d) const;
  void note_opened(std::uint32_t place);

  std::vector<place_state> places_;
  cart_distribution distribution_;
  std::optional<zipf> ranks_;  ///< of zipf and latest
  std::size_t hot_ = 0;        ///< carts that are hot, at the beginning

  /// For `latest`: the carts in the order in which they were opened. One that was followed by another stays until the
  /// list is twice as long as there are carts.
  std::vector<open_cart> opened_;
};

}  // namespace stress
