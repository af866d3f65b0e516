#include "stress/generator.hpp"

#include <bit>
#include <numeric>
#include <string_view>

namespace stress {

namespace {

constexpr unsigned products = 64;

bool is_about(const reprise::answer& a, const reprise::refusal& r) {
  return a.kind == reprise::answer_kind::refused && a.reason == r.reason();
}

}  // namespace

generator::generator(const options& o)
    : payload_(o.payload),
      mix_(o.mix),
      total_weight_(std::accumulate(mix_.weights.begin(), mix_.weights.end(), std::uint64_t{0})),
      carts_(o.carts, o.distribution) {
  simulation::dice seeds{o.seed};
  luck_.reserve(o.clients);
  for (std::size_t i = 0; i < o.clients; ++i) luck_.emplace_back(seeds.next());
}

order generator::next(std::size_t client) {
  simulation::dice& luck = luck_[client];
  order result;
  result.kind = choose_kind(luck);
  result.from = carts_.choose(luck);
  result.cart = open_carts::id_of(*result.from);
  auto& inside = carts_.products(result.from->place);
  switch (result.kind) {
  case command_kind::add_product: result.command = add(luck, inside); break;
  case command_kind::remove_product: result.command = remove(luck, inside); break;
  case command_kind::check_out:
    result.command = shop::check_out{};
    // Who comes next takes a fresh cart. Were it first when the answer is there, then a cart that many want would
    // refuse most of what they send.
    carts_.replace(*result.from);
    break;
  case command_kind::view: break;
  }
  return result;
}

std::string generator::some_cart(simulation::dice& luck) const {
  return open_carts::id_of(carts_.choose(luck));
}

void generator::learn(const order& sent, const reprise::answer& answer) {
  if (!sent.from) return;
  if (is_about(answer, shop::is_checked_out)) return carts_.skip(*sent.from);
  if (is_about(answer, shop::too_many_of_a_product)) return carts_.replace(*sent.from);
  // A check_out of a cart that is checked out is accepted as "already so", and a view always.
  const bool shows_open_cart = answer.kind == reprise::answer_kind::accepted
                               && (sent.kind == command_kind::add_product
                                   || sent.kind == command_kind::remove_product);
  if (shows_open_cart) carts_.was_open(*sent.from);
}

command_kind generator::choose_kind(simulation::dice& luck) const {
  auto left = luck.below(total_weight_);
  for (const auto kind : all_command_kinds) {
    const auto weight = mix_.weights[static_cast<std::size_t>(kind)];
    if (left < weight) return kind;
    left -= weight;
  }
  return all_command_kinds.back();
}

/// `product-17`, cut at its beginning or filled up at its end to the payload's size.
std::string generator::product_id(unsigned number) const {
  std::string id = "product-" + std::string(number < 10 ? "0" : "") + std::to_string(number);
  if (id.size() > payload_) return id.substr(id.size() - payload_);
  id.resize(payload_, '.');
  return id;
}

shop::shopping_cart::command generator::add(simulation::dice& luck, std::uint64_t& inside) const {
  const auto number = static_cast<unsigned>(luck.below(products));
  inside |= std::uint64_t{1} << number;
  return shop::add_product{product_id(number), 1 + static_cast<std::int64_t>(luck.below(3))};
}

/// Takes out what is in the cart, or asks in vain if nothing is.
shop::shopping_cart::command generator::remove(simulation::dice& luck,
                                               std::uint64_t& inside) const {
  auto number = static_cast<unsigned>(luck.below(products));
  if (inside != 0) {
    // The next one from there on, round about.
    number = (number
              + static_cast<unsigned>(
                  std::countr_zero(std::rotr(inside, static_cast<int>(number)))))
             % products;
    inside &= ~(std::uint64_t{1} << number);
  }
  return shop::remove_product{product_id(number)};
}

}  // namespace stress
