#include "cart/accounts.hpp"

#include "cart/cart_events.hpp"
#include "cart/format.hpp"
#include "cart/interrupt.hpp"
#include "cart/mailbox.hpp"
#include "cart/trimmed_carts.hpp"

#include <sstream>
#include <utility>

namespace simulation {

using shop::shopping_cart;

namespace {

constexpr std::chrono::milliseconds patience{50};
constexpr std::size_t queries_at_once = 1'000;
constexpr std::size_t differences_kept = 20;

struct recovered_cart {
  const std::string* cart;
  const cart_history* history;
  reprise::observed<shopping_cart> state;
};

void follow_base(cart_history& history, const reprise::commit_view& c) {
  if (c.last_version() <= history.base_version) return;  // the cart began with a state that has it
  for (const auto& event : events_of(c)) history.base.follow(event);
  history.base_version = c.last_version();
}

void compare(const recovered_cart& r, const reprise::journal& journal, accounts::verdict& result) {
  for (auto& d : check_cart(*r.cart, *r.history, journal, r.state)) {
    ++result.difference_count;
    if (result.differences.size() < differences_kept) result.differences.push_back(std::move(d));
  }
}

}  // namespace

std::uint64_t accounts::take_up(const reprise::journal& journal, status_line& status) {
  for (const trimmed_cart& cart : trimmed_carts(journal)) {
    cart_history& history = carts_[cart.id];
    history.base.begin_with(cart.state);
    history.base_version = cart.version;
  }
  std::uint64_t events = 0;
  const auto follow = [&](const reprise::commit_view& c) {
    events += c.events.size();
    if (const auto cart = cart_of(c.stream)) follow_base(carts_[std::string(*cart)], c);
    if (status.is_due()) status.draw("reading the journal: " + counted(events, "event"));
    return !was_interrupted();
  };
  reprise::read_what_is_left(journal, 1, follow, [](const reprise::trimmed_history&) {});
  return events;
}

void accounts::add(const std::string& cart, told t) {
  visited(cart).commands.push_back(std::move(t));
}

void accounts::add(const std::string& cart, looked l) {
  visited(cart).looks.push_back(l);
}

std::string_view accounts::kept(std::string reason) {
  return *reasons_.insert(std::move(reason)).first;
}

cart_history& accounts::visited(const std::string& cart) {
  cart_history& history = carts_[cart];
  if (history.commands.empty() && history.looks.empty()) ++touched_;
  return history;
}

accounts::verdict accounts::check(const lives& runtime,
                                  status_line& status,
                                  const std::function<bool()>& can_go_on) const {
  verdict result;
  // Shared with the answers, of which some may come after an interrupt.
  const auto recovered = std::make_shared<mailbox<recovered_cart>>();
  auto next = carts_.cbegin();
  std::size_t under_way = 0;
  while (result.checked < carts_.size() && can_go_on()) {
    for (; next != carts_.cend() && under_way < queries_at_once; ++next, ++under_way) {
      runtime.carts().query(
          next->first, [](const shopping_cart& state) { return state; },
          [recovered, entry = &*next](reprise::observed<shopping_cart> state) {
            recovered->put({&entry->first, &entry->second, std::move(state)});
          });
    }
    for (const auto& r : recovered->take(patience)) {
      --under_way;
      ++result.checked;
      compare(r, *runtime.store().journal(), result);
    }
    if (status.is_due()) {
      status.draw("checking: " + grouped(result.checked) + " of " + counted(carts_.size(), "cart"));
    }
  }
  result.is_finished = result.checked == carts_.size();
  return result;
}

std::uint64_t look_at(const shopping_cart& cart) {
  std::ostringstream text;
  text << cart;
  return fingerprint_of(text.view());
}

}  // namespace simulation
