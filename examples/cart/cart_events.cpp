#include "cart/cart_events.hpp"

#include "reprise/error.hpp"
#include "reprise/event_codec.hpp"
#include "reprise/journal.hpp"

#include <utility>

namespace simulation {

using shop::shopping_cart;

std::optional<std::string_view> cart_of(std::string_view stream) {
  constexpr std::size_t prefix = shopping_cart::category.size();
  if (!stream.starts_with(shopping_cart::category) || stream.size() <= prefix
      || stream[prefix] != '/') {
    return std::nullopt;
  }
  return stream.substr(prefix + 1);
}

std::vector<shopping_cart::event> events_of(const reprise::commit_view& commit) {
  std::vector<shopping_cart::event> events;
  events.reserve(commit.events.size());
  for (std::size_t i = 0; i < commit.events.size(); ++i) {
    try {
      for (auto& event : reprise::decode_events<shopping_cart>(commit.events[i]))
        events.push_back(std::move(event));
    } catch (const reprise::undecodable& bad) {
      throw reprise::damaged_history(reprise::event_place(commit, i), bad.what());
    }
  }
  return events;
}

}  // namespace simulation
