#pragma once

#include "reprise/aggregate.hpp"
#include "reprise/archive.hpp"
#include "reprise/commit.hpp"
#include "reprise/text.hpp"

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace reprise {

/// Adds `event` to `out` under its `event_name`, with its Boost.Serialization class version as its schema
/// version. Throws `std::length_error` past a limit of limits.hpp, and then `out` is as it was before.
template <aggregate State>
void encode_event(const typename State::event& event, encoded_events& out) {
  std::visit(
      [&out]<class Event>(const Event& e) {
        out.add(Event::event_name, detail::class_version<Event>, [&e](std::string& bytes) {
          payload_writer{bytes, max_commit_bytes}.outermost(e);
        });
      },
      event);
}

namespace detail {

template <class Variant, std::size_t Index = 0>
Variant decode_alternative(const event_view& stored) {
  if constexpr (Index == std::variant_size_v<Variant>) {
    throw undecodable("this program knows no event " + printable(stored.name));
  } else {
    using event = std::variant_alternative_t<Index, Variant>;
    if (stored.name != event::event_name) return decode_alternative<Variant, Index + 1>(stored);
    event e{};
    try {
      payload_reader{stored.payload}.outermost(e, stored.schema_version);
    } catch (const undecodable& bad) {
      throw undecodable("event " + printable(stored.name) + ": " + bad.what());
    }
    return Variant{std::in_place_index<Index>, std::move(e)};
  }
}

}  // namespace detail

/// Returns the event that is stored as `stored`. Throws `undecodable` if its name is not one of the
/// aggregate's, its schema version is newer than the program's, or its payload is not exactly one such event.
template <aggregate State>
typename State::event decode_event(const event_view& stored) {
  return detail::decode_alternative<typename State::event>(stored);
}

}  // namespace reprise
