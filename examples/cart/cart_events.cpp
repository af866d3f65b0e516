#include "cart/cart_events.hpp"

#include "reprise/error.hpp"
#include "reprise/event_codec.hpp"
#include "reprise/journal.hpp"

#include <algorithm>
#include <iterator>
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

namespace {

/// Calls `use` with what each stored event is today.
template <class Use>
void each_event(const reprise::commit_view& commit, const Use& use) {
  for (std::size_t i = 0; i < commit.events.size(); ++i) {
    try {
      use(reprise::decode_events<shopping_cart>(commit.events[i]));
    } catch (const reprise::undecodable& bad) {
      throw reprise::damaged_history(reprise::event_place(commit, i), bad.what());
    }
  }
}

}  // namespace

std::vector<events_today> events_by_version(const reprise::commit_view& commit) {
  std::vector<events_today> events;
  each_event(commit, [&events](events_today&& today) { events.push_back(std::move(today)); });
  return events;
}

std::vector<shopping_cart::event> events_of(const reprise::commit_view& commit) {
  std::vector<shopping_cart::event> events;
  each_event(commit, [&events](events_today&& today) {
    std::move(today.begin(), today.end(), std::back_inserter(events));
  });
  return events;
}

}  // namespace simulation
