#pragma once

#include "reprise/archive.hpp"
#include "reprise/limits.hpp"
#include "reprise/snapshot.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reprise {

namespace detail {

template <class State>
concept has_member_serialize = requires(State& state, payload_writer& to, payload_reader& from) {
  state.serialize(to, 0U);
  state.serialize(from, 0U);
};

template <class State>
concept has_free_serialize = requires(State& state, payload_writer& to, payload_reader& from) {
  serialize(to, state, 0U);
  serialize(from, state, 0U);
};

state_schema make_schema(std::uint32_t version, std::string_view at_version_0);

}  // namespace detail

/// Whether snapshots are taken of a state: whether it has a Boost `serialize`, as a public member or as a function in
/// its own namespace. Boost's other ways, a private member or a function in Boost's namespace, cannot be seen from
/// here, and the author says so:
///
///     template <> inline constexpr bool reprise::is_serializable<account> = true;
///
/// **The state's BOOST_CLASS_VERSION goes up when `evolve` comes to other states than before, and when the state is
/// laid out otherwise.** Then the snapshots of before are passed over, and the events replayed once. A state that is
/// empty otherwise than before is noticed without that; any other change under the same version is not.
template <class State>
inline constexpr bool is_serializable =
    detail::has_member_serialize<State> || detail::has_free_serialize<State>;

/// Appends the bytes of a state to `out`. Throws `std::length_error` if `out` would pass `max_snapshot_bytes`.
template <class State>
void encode_state(const State& state, std::string& out) {
  payload_writer{out, max_snapshot_bytes}.outermost(state);
}

/// Returns the state that class version `version` stored as `bytes`. Throws `undecodable` unless that is exactly one
/// state, of a version that is not newer than the program's.
template <class State>
State decode_state(std::uint32_t version, std::string_view bytes) {
  State state{};
  payload_reader{bytes}.outermost(state, version);
  return state;
}

/// Returns what a snapshot must say if today's program is to read its state. Throws what `serialize` throws at a new state.
template <class State>
const state_schema& schema_of() {
  static const state_schema schema = [] {
    std::string bytes;
    encode_state(State{}, bytes);
    return detail::make_schema(detail::class_version<State>, bytes);
  }();
  return schema;
}

/// Returns the same; nothing if no snapshots are taken of the type, because its state has no `serialize`, or one that throws at
/// a new state: nobody could tell then whether it still is laid out as it was.
template <class State>
std::optional<state_schema> snapshot_schema_of() {
  if constexpr (is_serializable<State>) {
    try {
      return schema_of<State>();
    } catch (...) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace reprise
