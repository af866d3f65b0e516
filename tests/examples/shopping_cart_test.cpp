#include "shopping_cart/shopping_cart.hpp"

#include "reprise/stream.hpp"
#include "reprise/testing.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <sstream>
#include <string>

using namespace shop;
using reprise::testing::already_so;
using reprise::testing::given;
using reprise::testing::recorded;

namespace {

const given<shopping_cart> empty{};
const given<shopping_cart> two_teas{product_added_to_cart{"tea", 2}};
const given<shopping_cart> checked_out{product_added_to_cart{"tea", 1}, cart_checked_out{}};

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();

given<shopping_cart> full_cart() {
  std::vector<shopping_cart::event> history;
  for (std::size_t i = 0; i < max_products_in_a_cart; ++i) {
    history.push_back(product_added_to_cart{"product-" + std::to_string(i), 1});
  }
  return given<shopping_cart>{history};
}

std::string printed(const auto& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

}  // namespace

// -- adding --------------------------------------------------------------------

TEST_CASE("a product is added to an empty cart") {
  CHECK(empty.when(add_product{"tea", 2}) == recorded{product_added_to_cart{"tea", 2}});
  CHECK(empty.when(add_product{"tea", 2}).state.items.at("tea") == 2);
}

TEST_CASE("a product that is added twice is in the cart with both quantities") {
  CHECK(two_teas.when(add_product{"tea", 3}).state.items.at("tea") == 5);
}

TEST_CASE("a quantity that is added is at least one") {
  CHECK(empty.when(add_product{"tea", 0}) == quantity_is_not_positive);
  CHECK(empty.when(add_product{"tea", -1}) == quantity_is_not_positive);
  CHECK(empty.when(add_product{"tea", smallest}) == quantity_is_not_positive);
}

TEST_CASE("a product has an id of bounded length") {
  const std::string longest(max_product_id_bytes, 'x');
  CHECK(empty.when(add_product{"", 1}) == product_id_is_empty);
  CHECK(empty.when(add_product{longest, 1}) == recorded{product_added_to_cart{longest, 1}});
  CHECK(empty.when(add_product{longest + "x", 1}) == product_id_is_too_long);
  CHECK(two_teas.when(remove_product{""}) == product_id_is_empty);
  CHECK(two_teas.when(remove_product{longest + "x"}) == product_id_is_too_long);
  CHECK(two_teas.when(change_quantity{"", 1}) == product_id_is_empty);
  CHECK(two_teas.when(change_quantity{longest + "x", 1}) == product_id_is_too_long);
}

TEST_CASE("a cart holds so many of a product and no more") {
  CHECK(empty.when(add_product{"tea", max_quantity_of_a_product})
        == recorded{product_added_to_cart{"tea", max_quantity_of_a_product}});
  CHECK(empty.when(add_product{"tea", max_quantity_of_a_product + 1}) == too_many_of_a_product);
  CHECK(two_teas.when(add_product{"tea", max_quantity_of_a_product - 2}).state.items.at("tea")
        == max_quantity_of_a_product);
  CHECK(two_teas.when(add_product{"tea", max_quantity_of_a_product - 1}) == too_many_of_a_product);
  CHECK(two_teas.when(add_product{"tea", largest}) == too_many_of_a_product);
}

TEST_CASE("a cart holds so many different products and no more") {
  const auto full = full_cart();
  CHECK(full.when(add_product{"one more", 1}) == too_many_products);
  CHECK(full.when(add_product{"product-0", 1}) == recorded{product_added_to_cart{"product-0", 1}});
  CHECK(full.after(remove_product{"product-7"}).when(add_product{"one more", 1})
        == recorded{product_added_to_cart{"one more", 1}});
}

TEST_CASE("what a product costs is recorded if it is told, and changes nothing else") {
  CHECK(empty.when(add_product{"tea", 2, 350}) == recorded{product_added_to_cart{"tea", 2, 350}});
  CHECK(empty.when(add_product{"tea", 2, 350}).state == empty.when(add_product{"tea", 2}).state);
  CHECK(empty.when(add_product{"sample", 1, 0}) == recorded{product_added_to_cart{"sample", 1, 0}});
  CHECK_FALSE(empty.when(add_product{"tea", 2, 350}) == recorded{product_added_to_cart{"tea", 2}});
}

TEST_CASE("a price is not negative") {
  CHECK(empty.when(add_product{"tea", 2, -1}) == unit_price_is_negative);
  CHECK(empty.when(add_product{"tea", 2, smallest}) == unit_price_is_negative);
  CHECK(empty.when(add_product{"tea", 2, largest}).state.items.at("tea") == 2);
}

// -- removing ------------------------------------------------------------------

TEST_CASE("a product that is removed is gone whatever its quantity") {
  CHECK(two_teas.when(remove_product{"tea"}) == recorded{product_removed_from_cart{"tea"}});
  CHECK(two_teas.when(remove_product{"tea"}).state.items.empty());
}

TEST_CASE("removing what is not in the cart is already so") {
  CHECK(two_teas.when(remove_product{"jam"}) == already_so);
  CHECK(two_teas.after(remove_product{"tea"}).when(remove_product{"tea"}) == already_so);
}

// -- changing a quantity -------------------------------------------------------

TEST_CASE("a quantity changes to exactly what is asked for") {
  CHECK(two_teas.when(change_quantity{"tea", 7})
        == recorded{product_quantity_changed_in_cart{"tea", 7}});
  CHECK(two_teas.when(change_quantity{"tea", 7}).state.items.at("tea") == 7);
  CHECK(two_teas.when(change_quantity{"tea", max_quantity_of_a_product}).state.items.at("tea")
        == max_quantity_of_a_product);
}

TEST_CASE("changing a quantity to what it is is already so") {
  CHECK(two_teas.when(change_quantity{"tea", 2}) == already_so);
}

TEST_CASE("a quantity changes within the limits only") {
  CHECK(two_teas.when(change_quantity{"tea", 0}) == quantity_is_not_positive);
  CHECK(two_teas.when(change_quantity{"tea", smallest}) == quantity_is_not_positive);
  CHECK(two_teas.when(change_quantity{"tea", max_quantity_of_a_product + 1})
        == too_many_of_a_product);
  CHECK(two_teas.when(change_quantity{"tea", largest}) == too_many_of_a_product);
}

TEST_CASE("the quantity of what is not in the cart cannot change") {
  CHECK(two_teas.when(change_quantity{"jam", 1}) == product_is_not_in_cart);
  CHECK(empty.when(change_quantity{"tea", 1}) == product_is_not_in_cart);
}

// -- checking out --------------------------------------------------------------

TEST_CASE("a cart with something in it checks out") {
  CHECK(two_teas.when(check_out{}) == recorded{cart_checked_out{}});
  CHECK(two_teas.when(check_out{}).state.checked_out);
}

TEST_CASE("an empty cart does not check out") {
  CHECK(empty.when(check_out{}) == cart_is_empty);
  CHECK(two_teas.after(remove_product{"tea"}).when(check_out{}) == cart_is_empty);
}

TEST_CASE("checking out twice is already so") {
  CHECK(checked_out.when(check_out{}) == already_so);
}

TEST_CASE("a checked-out cart refuses every change") {
  CHECK(checked_out.when(add_product{"jam", 1}) == is_checked_out);
  CHECK(checked_out.when(add_product{"", 0}) == is_checked_out);
  CHECK(checked_out.when(remove_product{"tea"}) == is_checked_out);
  CHECK(checked_out.when(remove_product{"jam"}) == is_checked_out);
  CHECK(checked_out.when(change_quantity{"tea", 3}) == is_checked_out);
}

// -- old histories -------------------------------------------------------------

TEST_CASE("a history that today's rules would refuse still replays") {
  const given<shopping_cart> old{product_added_to_cart{"", -3}, product_added_to_cart{"tea", 5'000},
                                 cart_checked_out{}, product_quantity_changed_in_cart{"jam", 1},
                                 product_removed_from_cart{"nothing"}};
  CHECK(old.state() == shopping_cart{{{"", -3}, {"tea", 5'000}, {"jam", 1}}, true});
}

TEST_CASE("no history makes a quantity overflow") {
  const given<shopping_cart> above{product_added_to_cart{"tea", largest},
                                   product_added_to_cart{"tea", largest}};
  CHECK(above.state().items.at("tea") == largest);
  CHECK(above.when(add_product{"tea", largest}) == too_many_of_a_product);

  const given<shopping_cart> below{product_added_to_cart{"tea", smallest},
                                   product_added_to_cart{"tea", -1}};
  CHECK(below.state().items.at("tea") == smallest);
  CHECK(below.when(add_product{"tea", 1}).state.items.at("tea") == smallest + 1);
}

// -- for people ----------------------------------------------------------------

TEST_CASE("events, commands and carts print themselves on one line") {
  CHECK(printed(shopping_cart::event{product_added_to_cart{"tea", 2}})
        == R"(product added to cart: 2 "tea")");
  CHECK(printed(product_added_to_cart{"tea", 2, 350})
        == R"(product added to cart: 2 "tea" at 350 each)");
  CHECK(printed(add_product{"tea", 2, 350}) == R"(add product: 2 "tea" at 350 each)");
  CHECK(printed(product_quantity_changed_in_cart{"a\nb", 3})
        == R"(product quantity changed in cart: now 3 "a\x0ab")");
  CHECK(printed(product_removed_from_cart{"tea"}) == R"(product removed from cart: "tea")");
  CHECK(printed(cart_checked_out{}) == "cart checked out");
  CHECK(printed(shopping_cart::command{change_quantity{"tea", 3}})
        == R"(change quantity: to 3 "tea")");
  CHECK(printed(shopping_cart{}) == "empty");
  CHECK(printed(shopping_cart{{{"jam", 1}, {"tea", 2}}, true})
        == R"(1 "jam", 2 "tea", checked out)");
}

TEST_CASE("a failed check prints the events that were found and expected") {
  CHECK(printed(two_teas.when(add_product{"jam", 1}))
        == "recorded\n  product added to cart: 1 \"jam\"");
  CHECK(printed(recorded{cart_checked_out{}}) == "recorded\n  cart checked out");
  CHECK(printed(checked_out.when(check_out{})) == "already so");
  CHECK(printed(checked_out.when(remove_product{"tea"})) == "refused: is_checked_out");
}

TEST_CASE("the kit tells outcomes apart") {
  CHECK_FALSE(two_teas.when(check_out{}) == already_so);
  CHECK_FALSE(two_teas.when(check_out{}) == is_checked_out);
  CHECK_FALSE(checked_out.when(check_out{}) == is_checked_out);
  CHECK_FALSE(checked_out.when(remove_product{"tea"}) == already_so);
  CHECK_FALSE(checked_out.when(remove_product{"tea"}) == cart_is_empty);
  CHECK_FALSE(two_teas.when(check_out{}) == recorded{cart_checked_out{}, cart_checked_out{}});
  CHECK_FALSE(empty.when(add_product{"tea", 2}) == recorded{product_added_to_cart{"tea", 3}});
}
