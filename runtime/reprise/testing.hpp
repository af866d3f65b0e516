#pragma once

#include "reprise/aggregate.hpp"

#include <concepts>
#include <cstddef>
#include <ostream>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace reprise::testing {

/// Given these events, when this command comes, then that happens: tests of an aggregate without a runtime,
/// in any test framework that compares with `==` and prints with `<<`.
///
///     const given<shopping_cart> one_tea{product_added_to_cart{"tea", 1}};
///
///     CHECK(one_tea.when(remove_product{"tea"}) == recorded{product_removed_from_cart{"tea"}});
///     CHECK(one_tea.when(remove_product{"jam"}) == already_so);
///     CHECK(one_tea.when(add_product{"jam", 0}) == quantity_is_not_positive);
///     CHECK(one_tea.when(remove_product{"tea"}).state.items.empty());
///
/// The events of the aggregate have `==` and `<<`.

/// Exactly these events, in this order.
template <class... Events>
struct recorded {
  recorded(Events... all) : events(std::move(all)...) {}  // NOLINT: one event converts too
  std::tuple<Events...> events;
};

/// A success that records nothing.
struct already_so_type {
  friend std::ostream& operator<<(std::ostream& out, already_so_type) {
    return out << "already so";
  }
};
inline constexpr already_so_type already_so{};

namespace detail {

template <class Event>
void print_event(std::ostream& out, const Event& event) {
  out << "\n  " << event;
}

template <class... Alternatives>
void print_event(std::ostream& out, const std::variant<Alternatives...>& event) {
  std::visit([&out](const auto& e) { print_event(out, e); }, event);
}

}  // namespace detail

template <class... Events>
std::ostream& operator<<(std::ostream& out, const recorded<Events...>& expected) {
  out << "recorded";
  std::apply([&out](const auto&... e) { (detail::print_event(out, e), ...); }, expected.events);
  return out;
}

/// What came of a command.
template <aggregate State>
struct outcome {
  decision<State> decided;
  State state;  ///< after the events that were decided on

  friend bool operator==(const outcome& found, const refusal& expected) {
    return found.decided.is_refusal() && found.decided.reason() == expected;
  }

  friend bool operator==(const outcome& found, already_so_type) {
    return !found.decided.is_refusal() && found.decided.events().empty();
  }

  template <class... Events>
  friend bool operator==(const outcome& found, const recorded<Events...>& expected) {
    const auto events = found.decided.events();
    if (found.decided.is_refusal() || events.size() != sizeof...(Events)) return false;
    std::size_t next = 0;
    return std::apply(
        [&](const auto&... e) { return ((events[next++] == typename State::event{e}) && ...); },
        expected.events);
  }

  friend std::ostream& operator<<(std::ostream& out, const outcome& found) {
    if (found.decided.is_refusal()) return out << found.decided.reason();
    if (found.decided.events().empty()) return out << already_so;
    out << "recorded";
    for (const auto& event : found.decided.events()) detail::print_event(out, event);
    return out;
  }
};

/// An aggregate with a history.
template <aggregate State>
class given {
 public:
  using event = typename State::event;

  template <class... Events>
    requires(std::constructible_from<event, const Events&>&&...)
  explicit given(const Events&... history)
      : history_{event{history}...}, state_(fold(State{}, history_)) {}

  explicit given(std::vector<event> history)
      : history_(std::move(history)), state_(fold(State{}, history_)) {}

  /// Returns what comes of a command now. The aggregate stays as it is.
  outcome<State> when(const typename State::command& command) const {
    auto decided = judge(state_, command);
    auto next = fold(state_, decided.events());
    return {std::move(decided), std::move(next)};
  }

  /// Returns the same aggregate after what comes of a command: for a history that is told in commands.
  given after(const typename State::command& command) const {
    auto history = history_;
    const auto decided = judge(state_, command);
    history.insert(history.end(), decided.events().begin(), decided.events().end());
    return given{std::move(history)};
  }

  const State& state() const noexcept { return state_; }
  const std::vector<event>& history() const noexcept { return history_; }

 private:
  std::vector<event> history_;
  State state_;
};

}  // namespace reprise::testing
