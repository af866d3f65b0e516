#pragma once

#include "shopping_cart/shopping_cart.hpp"

#include <rapidcheck.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

/// How RapidCheck makes up what happens to a cart: few products and mostly sensible quantities, so that commands meet
/// each other, and now and then something at the edge of what there is.
namespace random_commands {

inline rc::Gen<std::string> product() {
  return rc::gen::weightedOneOf<std::string>({
      {20, rc::gen::element<std::string>("tea", "jam", "bread")},
      {2, rc::gen::map(rc::gen::inRange(0, 120),
                       [](int n) { return "product-" + std::to_string(n); })},
      {1,
       rc::gen::element<std::string>("", std::string(100, 'x'), std::string(101, 'x'), "\xff\n")},
  });
}

inline rc::Gen<std::int64_t> quantity() {
  return rc::gen::weightedOneOf<std::int64_t>({
      {10, rc::gen::inRange<std::int64_t>(1, 5)},
      {3, rc::gen::element<std::int64_t>(-1, 0, 500, 999, 1'000, 1'001)},
      {1, rc::gen::element(std::numeric_limits<std::int64_t>::min(),
                           std::numeric_limits<std::int64_t>::max())},
  });
}

inline rc::Gen<std::optional<std::int64_t>> unit_price() {
  return rc::gen::weightedOneOf<std::optional<std::int64_t>>({
      {5, rc::gen::just(std::optional<std::int64_t>{})},
      {5, rc::gen::element<std::optional<std::int64_t>>(0, 1, 350)},
      {1,
       rc::gen::element<std::optional<std::int64_t>>(-1, std::numeric_limits<std::int64_t>::min(),
                                                     std::numeric_limits<std::int64_t>::max())},
  });
}

inline rc::Gen<shop::shopping_cart::command> command() {
  using any = shop::shopping_cart::command;
  return rc::gen::weightedOneOf<any>({
      {12, rc::gen::apply(
               [](std::string p, std::int64_t q, std::optional<std::int64_t> price) {
                 return any{shop::add_product{p, q, price}};
               },
               product(), quantity(), unit_price())},
      {5, rc::gen::apply(
              [](std::string p, std::int64_t q) {
                return any{shop::change_quantity{p, q}};
              },
              product(), quantity())},
      {4, rc::gen::map(product(), [](std::string p) { return any{shop::remove_product{p}}; })},
      {1, rc::gen::just(any{shop::check_out{}})},
  });
}

/// Any event at all, those included that no command of today leads to.
inline rc::Gen<shop::shopping_cart::event> event() {
  using any = shop::shopping_cart::event;
  return rc::gen::weightedOneOf<any>({
      {5, rc::gen::apply(
              [](std::string p, std::int64_t q, std::optional<std::int64_t> price) {
                return any{shop::product_added_to_cart{p, q, price}};
              },
              product(), quantity(), unit_price())},
      {3, rc::gen::apply(
              [](std::string p, std::int64_t q) {
                return any{shop::product_quantity_changed_in_cart{p, q}};
              },
              product(), quantity())},
      {3, rc::gen::map(product(),
                       [](std::string p) { return any{shop::product_removed_from_cart{p}}; })},
      {1, rc::gen::just(any{shop::cart_checked_out{}})},
  });
}

}  // namespace random_commands
