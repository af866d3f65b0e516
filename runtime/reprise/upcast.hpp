#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace reprise {

/// What an aggregate's events once were, and how each is read today.
///
/// An event that is no longer recorded stays in the journals, so its type stays in the program: it moves from the
/// aggregate's `event` to its `retired_event`, the oldest first, and gets a plain function beside the others, which
/// says what it means today:
///
///     struct shopping_cart {
///       using event = std::variant<product_added_to_cart, product_quantity_changed_in_cart>;
///       using retired_event = std::variant<gift_wrap_chosen, product_quantity_changed>;
///       …
///     };
///     product_quantity_changed_in_cart upcast(const product_quantity_changed&);   // renamed
///     reprise::no_event upcast(const gift_wrap_chosen&);                          // means nothing any more
///
/// An upcast returns one event, a `std::variant` of events, a `std::vector` of either for one that became several, or
/// `no_event`. Each is one of today's, or one that was retired later: that one is upcast in turn, so an event of any
/// age takes one step at a time, and no chain ends where it began. An upcast is pure, like `evolve`.
///
/// A stored event stays one event of its stream, with its version and position, whatever it is read as. Within one
/// event, members come and go with Boost.Serialization's class version, and need no upcast.
///
/// A snapshot (snapshot.hpp) holds the state that the events came to when it was taken. An upcast, or an `evolve`, that
/// makes another state of the same events goes with the next class version of the state, which leaves it aside.

/// What the upcast of an event returns that means nothing today. It is the author's word for it: nothing else drops an
/// event.
struct no_event {};

namespace detail {

template <class State>
struct retired_of {
  using type = std::variant<>;
};

template <class State>
  requires requires {
    typename State::retired_event;
  }
struct retired_of<State> {
  using type = typename State::retired_event;
};

/// The variant of an aggregate's retired events, which is empty if it has none.
template <class State>
using retired_event_of = typename retired_of<State>::type;

template <class Event, class Variant>
inline constexpr bool is_one_of = false;

template <class Event, class... Alternatives>
inline constexpr bool is_one_of<Event, std::variant<Alternatives...>> =
    (std::same_as<Event, Alternatives> || ...);

/// Returns the place of an alternative in a variant, or its size if it is none.
template <class Event, class... Alternatives>
consteval std::size_t place_in(std::type_identity<std::variant<Alternatives...>>) {
  std::size_t place = 0;
  static_cast<void>(((std::same_as<Event, Alternatives> || (++place, false)) || ...));
  return place;
}

/// The runtime declares no `upcast`, so this finds the author's by argument-dependent lookup or not at all.
template <class Old>
concept upcastable = requires(const Old& old) {
  upcast(old);
};

/// Whether an upcast from `Old` may return a `Result`.
template <class State, class Old, class Result>
struct leads_on {
  static constexpr bool value = [] {
    using retired = std::type_identity<retired_event_of<State>>;
    constexpr bool is_later =
        is_one_of<Result, retired_event_of<
                              State>> && place_in<Result>(retired{}) > place_in<Old>(retired{});
    return is_later || is_one_of<Result, typename State::event>;
  }();
};

template <class State, class Old>
struct leads_on<State, Old, no_event> : std::true_type {};

template <class State, class Old, class... Results>
struct leads_on<State, Old, std::variant<Results...>>
    : std::bool_constant<(leads_on<State, Old, Results>::value && ...)> {};

template <class State, class Old, class Result>
struct leads_on<State, Old, std::vector<Result>> : leads_on<State, Old, Result> {};

template <class State, class Old>
consteval bool upcast_leads_on() {
  if constexpr (upcastable<Old>) {
    using result = std::remove_cvref_t<decltype(upcast(std::declval<const Old&>()))>;
    return leads_on<State, Old, result>::value;
  } else {
    return true;  // It is missing, and said to be.
  }
}

template <class State, class Old>
struct overload_of_upcast {
  static_assert(upcastable<Old>,
                "upcast(const Event&) is missing for a retired event: it returns what the event is "
                "today, or no_event");
  static_assert(upcast_leads_on<State, Old>(),
                "upcast(const Event&) returns what is neither one of today's events nor one "
                "retired after it: "
                "retired_event lists the oldest first");
};

}  // namespace detail

}  // namespace reprise
