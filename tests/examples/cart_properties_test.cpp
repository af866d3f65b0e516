#include "cart/model.hpp"
#include "random_commands.hpp"
#include "reprise/host.hpp"
#include "reprise/memory_journal.hpp"
#include "reprise/stream.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace shop;
using simulation::model_cart;
using commands = std::vector<shopping_cart::command>;

namespace {

auto some_commands() {
  return rc::gen::container<commands>(random_commands::command());
}

std::string printed(const shopping_cart& cart) {
  std::ostringstream out;
  out << cart;
  return out.str();
}

/// Sends commands to carts on a journal, and holds each answer against the model.
void send(const std::shared_ptr<reprise::journal>& journal,
          const commands& all,
          model_cart& model,
          std::uint64_t& version) {
  reprise::host host{{.journal = journal}};
  const auto carts = host.aggregates<shopping_cart>();
  for (const auto& command : all) {
    const auto expected = model.expect(command);
    const auto answer = carts.send("cart", command).get();
    for (const auto& event : expected.events) model.follow(event);
    version += expected.events.size();
    RC_ASSERT(answer.kind
              == (expected.refusal.empty() ? reprise::answer_kind::accepted
                                           : reprise::answer_kind::refused));
    RC_ASSERT(answer.reason == expected.refusal);
    RC_ASSERT(answer.events == expected.events.size());
    RC_ASSERT(answer.version == version);
  }
  const auto seen = carts.query("cart").get();
  RC_ASSERT(seen.value.has_value());
  RC_ASSERT(seen.version == version);
  RC_ASSERT(model.is_like(*seen.value));
}

}  // namespace

TEST_CASE("the cart and the model decide alike after any commands") {
  CHECK(rc::check([] {
    shopping_cart cart;
    model_cart model;
    for (const auto& command : *some_commands()) {
      const auto decided = reprise::judge(cart, command);
      const auto expected = model.expect(command);
      RC_ASSERT(decided.is_refusal() == !expected.refusal.empty());
      if (decided.is_refusal()) RC_ASSERT(decided.reason().reason() == expected.refusal);
      RC_ASSERT(std::equal(decided.events().begin(), decided.events().end(),
                           expected.events.begin(), expected.events.end()));
      cart = reprise::fold(std::move(cart), decided.events());
      for (const auto& event : expected.events) model.follow(event);
      RC_ASSERT(model.is_like(cart));
      RC_ASSERT(model.text() == printed(cart));
    }
  }));
}

TEST_CASE("the cart and the model evolve alike by any events, in any order") {
  CHECK(rc::check([] {
    shopping_cart cart;
    model_cart model;
    for (const auto& event :
         *rc::gen::container<std::vector<shopping_cart::event>>(random_commands::event())) {
      cart = reprise::apply_event(std::move(cart), event);
      model.follow(event);
      RC_ASSERT(model.is_like(cart));
    }
  }));
}

TEST_CASE("no command breaks a rule of the cart, whatever came before it") {
  CHECK(rc::check([] {
    shopping_cart cart;
    for (const auto& command : *some_commands()) {
      const auto decided = reprise::judge(cart, command);
      cart = reprise::fold(std::move(cart), decided.events());
      RC_ASSERT(cart.items.size() <= max_products_in_a_cart);
      for (const auto& [product_id, quantity] : cart.items) {
        RC_ASSERT(!product_id.empty() && product_id.size() <= max_product_id_bytes);
        RC_ASSERT(quantity >= 1 && quantity <= max_quantity_of_a_product);
      }
      RC_ASSERT(!cart.checked_out || !cart.items.empty());
    }
  }));
}

TEST_CASE("a command that is sent twice in a row records nothing the second time, unless it adds") {
  CHECK(rc::check([] {
    shopping_cart cart;
    for (const auto& command : *some_commands()) {
      const auto decided = reprise::judge(cart, command);
      cart = reprise::fold(std::move(cart), decided.events());
      const bool adds = std::holds_alternative<add_product>(command);
      if (!adds) RC_ASSERT(reprise::judge(cart, command).events().empty());
    }
  }));
}

TEST_CASE("any commands give the same cart by actor, by fold and by model, after a restart at any "
          "point") {
  CHECK(rc::check([] {
    const auto all = *some_commands();
    const auto restart = *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(all) + 1);
    const auto journal = reprise::in_memory();
    model_cart model;
    std::uint64_t version = 0;
    send(journal, {all.begin(), all.begin() + restart}, model, version);
    send(journal, {all.begin() + restart, all.end()}, model, version);

    const auto folded = reprise::stream<shopping_cart>{*journal, "cart"}.load();
    RC_ASSERT(folded.version == version);
    RC_ASSERT(model.is_like(folded.state));
  }));
}
