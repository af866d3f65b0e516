#include "cart/shoppers.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace simulation {

namespace {

constexpr std::array<std::string_view, 48> catalogue{
    "tea",       "coffee",  "bread",  "milk",     "butter",    "jam",     "apples",    "bananas",
    "eggs",      "cheese",  "rice",   "pasta",    "tomatoes",  "onions",  "potatoes",  "carrots",
    "olive-oil", "salt",    "sugar",  "flour",    "honey",     "yoghurt", "chocolate", "biscuits",
    "oats",      "lentils", "beans",  "cucumber", "lettuce",   "lemons",  "oranges",   "grapes",
    "salmon",    "chicken", "tofu",   "mustard",  "vinegar",   "pepper",  "garlic",    "ginger",
    "soap",      "shampoo", "towels", "candles",  "batteries", "matches", "pencils",   "paper"};

/// What a product of the catalogue costs. Nobody has told the price of every one.
std::optional<std::int64_t> unit_price_of(std::size_t product) {
  if (product % 4 == 3) return std::nullopt;
  return 49 + 30 * static_cast<std::int64_t>(product);
}

}  // namespace

// -- chance --------------------------------------------------------------------

std::uint64_t dice::next() noexcept {
  // SplitMix64: https://prng.di.unimi.it/splitmix64.c
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

popularity::popularity(std::size_t size, skew s) : size_(size) {
  if (s == skew::uniform) return;
  cumulated_.reserve(size);
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i)
    cumulated_.push_back(sum += 1.0 / static_cast<double>(i + 1));
}

std::size_t popularity::choose(dice& d) const {
  if (cumulated_.empty()) return d.below(size_);
  const auto found = std::upper_bound(cumulated_.begin(), cumulated_.end(),
                                      d.fraction() * cumulated_.back());
  return std::min(static_cast<std::size_t>(found - cumulated_.begin()), size_ - 1);
}

// -- the plan ------------------------------------------------------------------

shopping_plan::shopping_plan(const shopping_options& options)
    : options_(options), shoppers_(options.shoppers), products_(catalogue.size(), skew::zipf) {
  plan_sessions();
  for (std::size_t i = 0; i < shoppers_.size(); ++i) {
    shoppers_[i].session = i;
    enter(shoppers_[i]);
  }
}

/// Plans one session after the other, as if each were over before the next begins, so that few shoppers come to
/// a cart that is checked out; those who do were overtaken by the others.
void shopping_plan::plan_sessions() {
  dice luck{options_.seed};
  const popularity places{options_.carts, options_.cart_skew};
  std::vector<std::uint32_t> generations(options_.carts, 0);
  std::vector<std::optional<std::uint32_t>> left_behind(options_.shoppers);

  for (std::uint64_t planned = 0; planned < options_.commands;) {
    auto& own = left_behind[sessions_.size() % options_.shoppers];
    const bool comes_back = own && !luck.one_in(3);
    const auto place = comes_back ? *own : static_cast<std::uint32_t>(places.choose(luck));
    const auto length = std::min<std::uint64_t>(2 + luck.below(12), options_.commands - planned);
    const bool checks_out = luck.below(10) < (comes_back ? 5 : 2);
    sessions_.push_back(
        {place, generations[place], static_cast<std::uint16_t>(length), checks_out});
    planned += length;
    own.reset();
    if (checks_out) {
      ++generations[place];
    } else if (!luck.one_in(3)) {
      own = place;
    }
  }
}

/// A session's luck is its own, so that it is the same whatever came before it.
void shopping_plan::enter(shopper_state& who) const {
  who.commands_done = 0;
  who.has_looked = false;
  who.luck = dice{options_.seed ^ dice{who.session}.next()};
  who.basket.clear();
}

std::optional<step> shopping_plan::next(std::size_t shopper) {
  shopper_state& who = shoppers_[shopper];
  if (who.session >= sessions_.size()) return std::nullopt;
  const session visit = sessions_[who.session];

  step result;
  result.cart = "cart-" + std::to_string(visit.place + 1);
  if (visit.generation > 0) result.cart += '.' + std::to_string(visit.generation + 1);
  if (!who.has_looked && who.luck.one_in(8)) {
    who.has_looked = true;
    return result;
  }
  who.has_looked = false;
  result.command = choose_command(who, visit);
  if (++who.commands_done == visit.commands) {
    who.session += shoppers_.size();
    enter(who);
  }
  return result;
}

shop::shopping_cart::command shopping_plan::choose_command(shopper_state& who,
                                                           const session& visit) {
  dice& luck = who.luck;
  const bool is_last = who.commands_done + 1 == visit.commands;
  if (is_last && visit.checks_out) return shop::check_out{};
  if (!who.basket.empty() && luck.below(10) < 4) return change_of_mind(who);

  const std::size_t chosen = products_.choose(luck);
  std::string product{catalogue[chosen]};
  // Not everything in a cart was put there in this session, and not everything is still there.
  if (luck.one_in(20)) return shop::remove_product{std::move(product)};
  if (luck.one_in(30))
    return shop::change_quantity{std::move(product), 1 + static_cast<std::int64_t>(luck.below(5))};
  // A slip of the finger.
  if (luck.one_in(200)) return shop::add_product{std::move(product), 11'111, unit_price_of(chosen)};
  who.basket.push_back(product);
  return shop::add_product{std::move(product),
                           1 + static_cast<std::int64_t>(luck.below(luck.one_in(10) ? 12 : 3)),
                           unit_price_of(chosen)};
}

shop::shopping_cart::command shopping_plan::change_of_mind(shopper_state& who) {
  dice& luck = who.luck;
  const auto chosen = who.basket.begin()
                      + static_cast<std::ptrdiff_t>(luck.below(who.basket.size()));
  if (luck.one_in(2)) {
    // Zero is not a quantity, and refused: to have none of a product is to remove it.
    const auto quantity = luck.one_in(40) ? 0 : 1 + static_cast<std::int64_t>(luck.below(4));
    return shop::change_quantity{*chosen, quantity};
  }
  std::string product = std::move(*chosen);
  who.basket.erase(chosen);
  return shop::remove_product{std::move(product)};
}

}  // namespace simulation
