#pragma once

#include "reprise/aggregate.hpp"
#include "reprise/commit.hpp"
#include "reprise/event_codec.hpp"
#include "reprise/testing.hpp"
#include "reprise/testing/verdict.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <sstream>
#include <utility>
#include <vector>

namespace reprise::testing {

/// Golden files hold events as a release stored them, and every later release reads them. They are never changed. An
/// event that changes gets a new file: under its next class version, or under its new name. Of the old file then only
/// `is_read_as` can be said.
///
///     CHECK(is_read_as<shopping_cart>(golden / "added.v1", {product_added_to_cart{"tea", 2}}));
///     CHECK(is_stored_as<shopping_cart>(golden / "added.v2", {product_added_to_cart{"tea", 2, 350}}));
///
/// A golden file is the record of a commit (runtime/FORMAT.md) of stream `golden/file`, from version 1 and position 1 on,
/// without ids and at time 0.

namespace detail {

/// Returns whether the file holds these events, byte by byte. Makes the file, and complains that it did, if it is not
/// there and the environment variable REPRISE_WRITE_GOLDEN is set to something.
verdict compare_golden(const std::filesystem::path& file, const encoded_events& events);

/// Calls `use` with each event that the file holds. What it throws as `undecodable` becomes the verdict.
verdict read_golden(const std::filesystem::path& file,
                    const std::function<void(const event_view&)>& use);

}  // namespace detail

/// Returns whether today's program reads the events of a golden file as `expected`, which may be more or fewer if there
/// are upcasts. The events have `==` and `<<`.
template <aggregate State>
verdict is_read_as(const std::filesystem::path& file,
                   const std::vector<typename State::event>& expected) {
  std::vector<typename State::event> read;
  verdict found = detail::read_golden(file, [&read](const event_view& stored) {
    decode_event<State>(stored, [&read]<class Event>(Event&& event) {
      read.emplace_back(std::forward<Event>(event));
    });
  });
  if (!found || read == expected) return found;
  std::ostringstream text;
  text << file.string() << " is not read as what is expected:\nexpected";
  for (const auto& event : expected) detail::print_event(text, event);
  text << "\nread";
  for (const auto& event : read) detail::print_event(text, event);
  return verdict{text.str()};
}

/// Returns whether today's program stores `events` as the bytes of a golden file, and reads them from there. If not, the
/// verdict says at which byte, and what to do. Writes nothing, unless the file is not there and the environment variable
/// REPRISE_WRITE_GOLDEN is set: then it makes the file, and complains all the same, since nothing was compared.
template <aggregate State>
verdict is_stored_as(const std::filesystem::path& file,
                     const std::vector<typename State::event>& events) {
  encoded_events encoded;
  for (const auto& event : events) encode_event<State>(event, encoded);
  verdict found = detail::compare_golden(file, encoded);
  return found ? is_read_as<State>(file, events) : found;
}

}  // namespace reprise::testing
