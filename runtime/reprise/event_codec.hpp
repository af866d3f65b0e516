#pragma once

#include "reprise/aggregate.hpp"
#include "reprise/archive.hpp"
#include "reprise/commit.hpp"
#include "reprise/text.hpp"
#include "reprise/upcast.hpp"

#include <cstddef>
#include <exception>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace reprise {

/// Adds `event` to `out` under its `event_name`, with its Boost.Serialization class version as its schema
/// version. Throws `std::length_error` past a limit of limits.hpp, and then `out` is as it was before.
template <aggregate State>
void encode_event(const typename State::event& event, encoded_events& out) {
  std::visit(
      [&out]<class Event>(const Event& e) {
        out.add(Event::event_name, detail::class_version<Event>, [&](std::string& bytes) {
          payload_writer{bytes, out.limits().bytes}.outermost(e);
        });
      },
      event);
}

namespace detail {

/// Reads what `Event` wrote, of the name that it is stored under.
template <class Event>
Event decode_as(const event_view& stored) {
  Event event{};
  try {
    payload_reader{stored.payload}.outermost(event, stored.schema_version);
  } catch (const undecodable& bad) {
    throw undecodable("event " + printable(stored.name) + ": " + bad.what());
  }
  return event;
}

/// Returns what the author's `upcast` does. An event that it throws at is as unreadable as one that does not decode.
template <class Old>
auto upcast_from(const Old& old) {
  try {
    return upcast(old);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& thrown) {
    throw undecodable("event " + printable(Old::event_name) + ": upcast threw: " + thrown.what());
  }
}

/// Calls `use` with what an event, or the result of an upcast, is today.
template <class State>
struct todays_events {
  template <class Event, class Use>
  static void each(Event&& event, Use& use) {
    if constexpr (is_one_of<std::remove_cvref_t<Event>, typename State::event>) {
      use(std::forward<Event>(event));
    } else {
      each(upcast_from(event), use);
    }
  }

  template <class Use>
  static void each(no_event, Use&) {}

  template <class... Events, class Use>
  static void each(std::variant<Events...>&& event, Use& use) {
    std::visit([&use]<class E>(E&& e) { each(std::forward<E>(e), use); }, std::move(event));
  }

  template <class Event, class Use>
  static void each(std::vector<Event>&& events, Use& use) {
    for (Event& event : events) each(std::move(event), use);
  }
};

/// Returns whether one of the variant's events has the name, after it was decoded and used.
template <class State, class Variant, std::size_t Index = 0, class Use>
bool decode_alternative(const event_view& stored, Use& use) {
  if constexpr (Index == std::variant_size_v<Variant>) {
    return false;
  } else {
    using event = std::variant_alternative_t<Index, Variant>;
    if (stored.name != event::event_name)
      return decode_alternative<State, Variant, Index + 1>(stored, use);
    todays_events<State>::each(decode_as<event>(stored), use);
    return true;
  }
}

}  // namespace detail

/// Calls `use` with what a stored event is today, as the alternative of the aggregate's events that it is: once, unless
/// it was retired and an upcast makes several events, or none, of it.
///
/// Throws `undecodable` if its name is not one of the aggregate's, its schema version is newer than the program's, its
/// payload is not exactly one such event, or an upcast throws; and what `use` throws. Some of several events may have
/// been used by then.
template <aggregate State, class Use>
void decode_event(const event_view& stored, Use&& use) {
  if (detail::decode_alternative<State, typename State::event>(stored, use)) return;
  if (detail::decode_alternative<State, detail::retired_event_of<State>>(stored, use)) return;
  throw undecodable("this program knows no event " + printable(stored.name));
}

/// Returns the events that a stored event is today, in order. Throws `undecodable` as `decode_event` does.
template <aggregate State>
std::vector<typename State::event> decode_events(const event_view& stored) {
  std::vector<typename State::event> events;
  decode_event<State>(stored, [&events]<class Event>(Event&& event) {
    events.emplace_back(std::forward<Event>(event));
  });
  return events;
}

}  // namespace reprise
