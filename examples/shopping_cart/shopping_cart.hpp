#pragma once

#include "reprise/aggregate.hpp"

#include <boost/serialization/map.hpp>
#include <boost/serialization/version.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace shop {

// -- what has happened ---------------------------------------------------------

/// So many more of a product are in the cart. What one of them costs is a fact for those who read the events: no rule of
/// the cart asks for it, so its state does not keep it.
struct product_added_to_cart {
  static constexpr std::string_view event_name = "product_added_to_cart";  // never change or reuse

  std::string product_id;
  std::int64_t quantity = 0;
  std::optional<std::int64_t>
      unit_price{};  ///< in minor units, such as cents; from class version 1 on

  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& product_id& quantity;
    if (version >= 1) archive& unit_price;
  }
  friend bool operator==(const product_added_to_cart&, const product_added_to_cart&) = default;
};

/// None of a product is in the cart any more.
struct product_removed_from_cart {
  static constexpr std::string_view event_name =
      "product_removed_from_cart";  // never change or reuse

  std::string product_id;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& product_id;
  }
  friend bool operator==(const product_removed_from_cart&,
                         const product_removed_from_cart&) = default;
};

/// Exactly so many of a product are in the cart.
struct product_quantity_changed_in_cart {
  static constexpr std::string_view event_name =
      "product_quantity_changed_in_cart";  // never change or reuse

  std::string product_id;
  std::int64_t quantity = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& product_id& quantity;
  }
  friend bool operator==(const product_quantity_changed_in_cart&,
                         const product_quantity_changed_in_cart&) = default;
};

/// The cart was bought, and stays as it is.
struct cart_checked_out {
  static constexpr std::string_view event_name = "cart_checked_out";  // never change or reuse

  template <class Archive>
  void serialize(Archive&, unsigned) {}
  friend bool operator==(const cart_checked_out&, const cart_checked_out&) = default;
};

// -- what happened under another name ------------------------------------------
//
// Nothing of it is recorded any more, and old journals hold it for ever.

/// Today's `product_quantity_changed_in_cart`, from before the events said that they are the cart's.
struct product_quantity_changed {
  static constexpr std::string_view event_name =
      "product_quantity_changed";  // never change or reuse

  std::string product_id;
  std::int64_t quantity = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& product_id& quantity;
  }
};

product_quantity_changed_in_cart upcast(const product_quantity_changed& old);

// -- what can be asked for -----------------------------------------------------

/// Adds to what is in the cart.
struct add_product {
  std::string product_id;
  std::int64_t quantity = 1;
  std::optional<std::int64_t> unit_price{};  ///< in minor units, if the shop says it
};

/// Takes all of a product out. It is already so if none is in the cart.
struct remove_product {
  std::string product_id;
};

/// Sets how many of a product that is in the cart it shall be.
struct change_quantity {
  std::string product_id;
  std::int64_t quantity = 1;
};

/// Buys the cart. It is already so if it was bought.
struct check_out {};

// -- the cart ------------------------------------------------------------------

/// A shopping cart: so many of each product, until it is checked out.
struct shopping_cart {
  static constexpr std::string_view category = "shopping_cart";  // never change or reuse

  using command = std::variant<add_product, remove_product, change_quantity, check_out>;
  using event = std::variant<product_added_to_cart,
                             product_removed_from_cart,
                             product_quantity_changed_in_cart,
                             cart_checked_out>;
  using retired_event = std::variant<product_quantity_changed>;

  std::map<std::string, std::int64_t> items;  ///< product id to quantity
  bool checked_out = false;

  /// For snapshots. When this changes, or what `evolve` comes to, give the cart the next BOOST_CLASS_VERSION.
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& items& checked_out;
  }
  friend bool operator==(const shopping_cart&, const shopping_cart&) = default;
};

// -- the rules -----------------------------------------------------------------
//
// They bind commands only. An event is never refused: what has happened is replayed under any rules.

inline constexpr std::size_t max_product_id_bytes = 100;
inline constexpr std::int64_t max_quantity_of_a_product = 1'000;
inline constexpr std::size_t max_products_in_a_cart = 100;

/// A cart that was checked out takes no change.
inline constexpr reprise::refusal is_checked_out{"is_checked_out"};

/// A product has a name, of at most `max_product_id_bytes`.
inline constexpr reprise::refusal product_id_is_empty{"product_id_is_empty"};
inline constexpr reprise::refusal product_id_is_too_long{"product_id_is_too_long"};

/// What is added, or changed to, is at least one. To have none of a product is to remove it.
inline constexpr reprise::refusal quantity_is_not_positive{"quantity_is_not_positive"};

/// A product may cost nothing, but not less.
inline constexpr reprise::refusal unit_price_is_negative{"unit_price_is_negative"};

/// At most `max_quantity_of_a_product` of each, and `max_products_in_a_cart` different ones.
inline constexpr reprise::refusal too_many_of_a_product{"too_many_of_a_product"};
inline constexpr reprise::refusal too_many_products{"too_many_products"};

/// Only the quantity of something that is in the cart can change.
inline constexpr reprise::refusal product_is_not_in_cart{"product_is_not_in_cart"};

/// There is nothing to buy.
inline constexpr reprise::refusal cart_is_empty{"cart_is_empty"};

reprise::decision<shopping_cart> decide(const shopping_cart& cart, const add_product& command);
reprise::decision<shopping_cart> decide(const shopping_cart& cart, const remove_product& command);
reprise::decision<shopping_cart> decide(const shopping_cart& cart, const change_quantity& command);
reprise::decision<shopping_cart> decide(const shopping_cart& cart, const check_out& command);

shopping_cart evolve(shopping_cart cart, const product_added_to_cart& event);
shopping_cart evolve(shopping_cart cart, const product_removed_from_cart& event);
shopping_cart evolve(shopping_cart cart, const product_quantity_changed_in_cart& event);
shopping_cart evolve(shopping_cart cart, const cart_checked_out& event);

static_assert(reprise::complete<shopping_cart>());

// -- for people ----------------------------------------------------------------

std::ostream& operator<<(std::ostream& out, const product_added_to_cart& event);
std::ostream& operator<<(std::ostream& out, const product_removed_from_cart& event);
std::ostream& operator<<(std::ostream& out, const product_quantity_changed_in_cart& event);
std::ostream& operator<<(std::ostream& out, const cart_checked_out& event);
std::ostream& operator<<(std::ostream& out, const shopping_cart::event& event);

std::ostream& operator<<(std::ostream& out, const add_product& command);
std::ostream& operator<<(std::ostream& out, const remove_product& command);
std::ostream& operator<<(std::ostream& out, const change_quantity& command);
std::ostream& operator<<(std::ostream& out, const check_out& command);
std::ostream& operator<<(std::ostream& out, const shopping_cart::command& command);

/// Prints a cart on one line: `2 "tea", 1 "jam", checked out`.
std::ostream& operator<<(std::ostream& out, const shopping_cart& cart);

}  // namespace shop

BOOST_CLASS_VERSION(shop::product_added_to_cart, 1)
