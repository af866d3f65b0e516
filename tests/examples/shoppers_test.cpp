#include "cart/shoppers.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <sstream>
#include <string>

using namespace simulation;

namespace {

/// Returns all that one shopper does, one step a line.
std::string day_of(shopping_plan& plan, std::size_t shopper) {
  std::ostringstream out;
  while (const auto step = plan.next(shopper)) {
    out << step->cart << ": ";
    if (step->command) {
      out << *step->command << '\n';
    } else {
      out << "looks\n";
    }
  }
  return out.str();
}

std::string day_of_all(const shopping_options& options) {
  shopping_plan plan{options};
  std::string text;
  for (std::size_t i = 0; i < options.shoppers; ++i) text += day_of(plan, i);
  return text;
}

shopping_options small_day() {
  shopping_options options;
  options.carts = 20;
  options.shoppers = 7;
  options.commands = 1'000;
  options.seed = 11;
  return options;
}

}  // namespace

TEST_CASE("who does what depends on the seed alone") {
  const auto options = small_day();
  auto other_seed = options;
  other_seed.seed = 12;
  CHECK(day_of_all(options) == day_of_all(options));
  CHECK(day_of_all(options) != day_of_all(other_seed));

  // Not on who asks first.
  shopping_plan forwards{options};
  shopping_plan backwards{options};
  const auto first = day_of(forwards, 0);
  day_of(backwards, 1);
  CHECK(day_of(backwards, 0) == first);
}

TEST_CASE("the shoppers send exactly as many commands as they are to") {
  for (const std::uint64_t commands : {1U, 2U, 999U, 1'000U}) {
    auto options = small_day();
    options.commands = commands;
    shopping_plan plan{options};
    std::uint64_t sent = 0;
    for (std::size_t i = 0; i < options.shoppers; ++i) {
      while (const auto step = plan.next(i)) sent += step->command ? 1 : 0;
    }
    CHECK(sent == commands);
  }
}

TEST_CASE("the first days are the same on every machine") {
  auto options = small_day();
  options.commands = 12;
  options.shoppers = 1;
  CHECK(day_of_all(options) == R"(cart-2: add product: 5 "coffee" at 79 each
cart-2: add product: 2 "grapes"
cart-2: add product: 1 "paper"
cart-2: add product: 2 "eggs" at 289 each
cart-2: change quantity: to 4 "eggs"
cart-2: change quantity: to 5 "coffee"
cart-2: change quantity: to 3 "eggs"
cart-2: add product: 3 "tea" at 49 each
cart-2: remove product: "eggs"
cart-2: looks
cart-2: add product: 1 "butter" at 169 each
cart-2: change quantity: to 1 "tea"
cart-2: add product: 2 "bread" at 109 each
)");
}

TEST_CASE("with Zipf's law few carts are wanted by many") {
  const auto shares = [](skew s) {
    const popularity places{100, s};
    dice luck{5};
    std::map<std::size_t, int> count;
    for (int i = 0; i < 10'000; ++i) ++count[places.choose(luck)];
    return count;
  };
  CHECK(shares(skew::zipf)[0] > 1'500);
  CHECK(shares(skew::zipf)[0] < 2'400);
  CHECK(shares(skew::uniform)[0] < 200);
  CHECK(shares(skew::uniform).size() == 100);
}

TEST_CASE("a cart that is checked out is followed by a new one") {
  const auto day = day_of_all(small_day());
  CHECK(day.find("cart-1.2: ") != std::string::npos);
  CHECK(day.find("cart-21: ") == std::string::npos);
}
