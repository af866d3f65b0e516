#pragma once

#include "shopping_cart/shopping_cart.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace simulation {

/// Random numbers that are the same for the same seed on every machine, which those of <random> are not.
class dice {
 public:
  explicit dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() noexcept;

  /// Returns a number from 0 to `sides` - 1; `sides` is not 0.
  std::uint64_t below(std::uint64_t sides) noexcept { return next() % sides; }
  bool one_in(std::uint64_t sides) noexcept { return below(sides) == 0; }

  /// Returns a number from 0 up to, and without, 1.
  double fraction() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

/// Which of several things are wanted more often than others.
enum class skew : std::uint8_t {
  uniform,  ///< all the same
  zipf,     ///< the n-th one 1/n times as often as the first
};

/// Chooses among a number of things.
class popularity {
 public:
  popularity(std::size_t size, skew s);
  std::size_t choose(dice& d) const;

 private:
  std::size_t size_;
  std::vector<double> cumulated_;  ///< empty if uniform
};

/// What a shopper does next.
struct step {
  std::string cart;

  /// Empty: the shopper only looks at the cart.
  std::optional<shop::shopping_cart::command> command;

  /// The command's id; empty if nobody said one.
  std::string id;
};

struct shopping_options {
  std::size_t carts = 1'000;  ///< open at a time: one that is checked out is followed by a new one
  std::size_t shoppers = 256;
  std::uint64_t commands = 100'000;
  std::uint64_t seed = 0;
  skew cart_skew = skew::zipf;
};

/// All that the shoppers are going to do. Who does what depends on the seed alone; only the order in which
/// different shoppers come to a cart that they share is not fixed, and so not what they are answered there.
///
/// A shopper goes from session to session. In a session they look around, add products, change their mind,
/// remove some, and then check out or walk away; often they come back to a cart that they walked away from.
class shopping_plan {
 public:
  explicit shopping_plan(const shopping_options& options);

  /// Returns what a shopper does next, or nothing if they have gone home.
  std::optional<step> next(std::size_t shopper);

 private:
  struct session {
    std::uint32_t place;  ///< of the cart among the open ones
    std::uint32_t generation;
    std::uint16_t commands;
    bool checks_out;
  };

  /// A shopper in the middle of a session.
  struct shopper_state {
    std::size_t session = 0;
    std::uint16_t commands_done = 0;
    bool has_looked = false;
    dice luck{0};
    std::vector<std::string> basket;  ///< products that the shopper added in this session
  };

  void plan_sessions();
  shop::shopping_cart::command choose_command(shopper_state& who, const session& visit);
  shop::shopping_cart::command change_of_mind(shopper_state& who);
  void enter(shopper_state& who) const;

  shopping_options options_;
  std::vector<session> sessions_;  ///< the k-th is that of shopper k modulo the number of shoppers
  std::vector<shopper_state> shoppers_;
  popularity products_;
};

}  // namespace simulation
