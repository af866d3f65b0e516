#pragma once

#include "reprise/upcast.hpp"

#include <boost/container/small_vector.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace reprise {

/// An aggregate's own "no": an ordinary answer, nothing is stored.
///
/// Made of a string literal, which names the rule in a stable word that programs can compare and count:
///
///     inline constexpr refusal is_checked_out{"is_checked_out"};
class refusal {
 public:
  consteval refusal(const char* reason)
      : reason_(reason) {}  // NOLINT: a literal is meant to convert

  constexpr std::string_view reason() const noexcept { return reason_; }

  friend constexpr bool operator==(const refusal&, const refusal&) = default;
  friend std::ostream& operator<<(std::ostream& out, const refusal& r) {
    return out << "refused: " << r.reason();
  }

 private:
  std::string_view reason_;
};

/// What `decide` answers: the events to record, in order, or a refusal.
///
/// No events is a success too and means "already so". It is what makes a command safe to retry.
///
///     return {product_added_to_cart{cmd.product_id, cmd.quantity}};   // record one event
///     return {};                                                      // already so
///     return is_checked_out;                                          // refused
template <class State>
class decision {
 public:
  using event = typename State::event;
  using event_list = boost::container::small_vector<event, 2>;

  decision() = default;
  decision(refusal reason) : refusal_(reason) {}  // NOLINT: "return is_checked_out;" is the point

  template <class... Events>
    requires(sizeof...(Events) > 0 && (std::constructible_from<event, Events&&> && ...)
             && !(std::same_as<std::remove_cvref_t<Events>, decision> || ...))
  decision(Events&&... events) {  // NOLINT: "return {product_added{…}};" is the point
    events_.reserve(sizeof...(Events));
    (events_.emplace_back(std::forward<Events>(events)), ...);
  }

  /// Adds an event behind those that are there: for a decision that is made in a loop.
  template <class Event>
    requires std::constructible_from<event, Event&&>
  void record(Event&& e) { events_.emplace_back(std::forward<Event>(e)); }

  bool is_refusal() const noexcept { return refusal_.has_value(); }

  /// The refusal; only if `is_refusal()`.
  refusal reason() const { return refusal_.value(); }

  /// The events to record; none for a refusal.
  std::span<const event> events() const noexcept { return {events_.data(), events_.size()}; }

 private:
  std::optional<refusal> refusal_;
  event_list events_;
};

namespace detail {

// The runtime declares no `decide` and no `evolve` of its own: these calls find the author's overloads by
// argument-dependent lookup or not at all, so a forgotten one cannot be hidden by a catch-all.

template <class State, class Command>
concept decidable = requires(const State& state, const Command& command) {
  { decide(state, command) } -> std::convertible_to<decision<State>>;
};

template <class State, class Event>
concept evolvable = requires(State state, const Event& e) {
  { evolve(std::move(state), e) } -> std::convertible_to<State>;
};

template <class State, class Command>
struct overload_of_decide {
  static_assert(
      decidable<State, Command>,
      "decide(const State&, const Command&) is missing or does not return decision<State>");
};

template <class State, class Event>
struct overload_of_evolve {
  static_assert(evolvable<State, Event>,
                "evolve(State, const Event&) is missing or does not return State");
};

template <class Event>
struct name_of_event {
  static_assert(
      requires {
        { Event::event_name } -> std::convertible_to<std::string_view>;
      },
      "the event has no `static constexpr std::string_view event_name`, its name for ever");
};

/// Returns whether each of the names is there and differs from the others.
consteval bool are_unique(std::initializer_list<std::string_view> names) {
  for (const std::string_view* i = names.begin(); i != names.end(); ++i) {
    if (i->empty()) return false;
    for (const std::string_view* j = names.begin(); j != i; ++j) {
      if (*i == *j) return false;
    }
  }
  return true;
}

template <class State, class Commands, class Events, class RetiredEvents>
struct complete_check;

template <class State, class... Commands, class... Events, class... RetiredEvents>
struct complete_check<State,
                      std::variant<Commands...>,
                      std::variant<Events...>,
                      std::variant<RetiredEvents...>> : overload_of_decide<State, Commands>...,
                                                        overload_of_evolve<State, Events>...,
                                                        overload_of_upcast<State, RetiredEvents>...,
                                                        name_of_event<Events>...,
                                                        name_of_event<RetiredEvents>... {
  static_assert(are_unique({Events::event_name..., RetiredEvents::event_name...}),
                "two events of the aggregate, retired ones included, have the same event_name, or "
                "one is empty");
};

}  // namespace detail

/// An aggregate: a regular value with its words and its events and commands, and free overloads beside it.
///
///     struct product_added_to_cart {
///       static constexpr std::string_view event_name = "product_added_to_cart";   // never change or reuse
///       std::string product_id;
///       std::int64_t quantity = 0;
///       template <class Archive>
///       void serialize(Archive& archive, unsigned) { archive& product_id& quantity; }
///     };
///     struct shopping_cart {
///       static constexpr std::string_view category = "shopping_cart";   // never change or reuse
///       using command = std::variant<add_product, check_out>;
///       using event = std::variant<product_added_to_cart, cart_checked_out>;
///       std::map<std::string, std::int64_t> items;
///       bool checked_out = false;
///     };
///     decision<shopping_cart> decide(const shopping_cart&, const add_product&);
///     shopping_cart evolve(shopping_cart, const product_added_to_cart&);
///     static_assert(reprise::complete<shopping_cart>());
///
/// `decide` is pure: no clock, no id, no random number. `evolve` is too, and never refuses: it happened.
///
/// Both stand in the namespace of the state or of what they take. Events are default-constructible, and are stored by a
/// `serialize` as Boost.Serialization wants it, with Boost's header for each container; commands are not stored. A state has a
/// `serialize` if snapshots are to be taken of it.
///
/// `retired_event` may stand beside `event`, for those that are only read any more: upcast.hpp.
template <class State>
concept aggregate = std::default_initializable<State> && std::copyable<State> && requires {
  typename State::event;
  typename State::command;
  { State::category } -> std::convertible_to<std::string_view>;
};

/// Returns true, or fails to compile and names the overload, or the event's name, that is missing or there twice.
template <aggregate State>
consteval bool complete() {
  return sizeof(detail::complete_check<State, typename State::command, typename State::event,
                                       detail::retired_event_of<State>>)
         > 0;
}

/// Returns the author's decision on a command. Throws what the author's `decide` throws.
template <aggregate State>
decision<State> judge(const State& state, const typename State::command& command) {
  return std::visit([&state](const auto& c) -> decision<State> { return decide(state, c); },
                    command);
}

/// Returns the state after an event. Throws what the author's `evolve` throws.
template <aggregate State>
State apply_event(State state, const typename State::event& event) {
  return std::visit([&state](const auto& e) -> State { return evolve(std::move(state), e); },
                    event);
}

/// Returns the state after all of `events`, from `state` on.
template <aggregate State, class Events>
State fold(State state, const Events& events) {
  for (const typename State::event& event : events) state = apply_event(std::move(state), event);
  return state;
}

}  // namespace reprise
