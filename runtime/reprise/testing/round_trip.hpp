#pragma once

#include "reprise/aggregate.hpp"
#include "reprise/event_codec.hpp"
#include "reprise/testing.hpp"
#include "reprise/testing/verdict.hpp"

#include <cstddef>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace reprise::testing {

namespace detail {

template <class Event>
std::string stored_payload(const Event& event) {
  std::string bytes;
  payload_writer{bytes, max_commit_bytes}.outermost(event);
  return bytes;
}

/// A member that `serialize` forgets is not missed in an event that has nothing but defaults.
template <class Event>
bool can_show_a_loss(const Event& sample) {
  return std::is_empty_v<Event> || !(sample == Event{});
}

/// Returns what is wrong with the journey of one event into bytes and back, or nothing.
template <class State, class Event>
std::string trip_of(const Event& event) {
  const std::string stored = stored_payload(event);
  std::vector<typename State::event> read;
  try {
    read = decode_events<State>({Event::event_name, reprise::detail::class_version<Event>, stored});
  } catch (const undecodable& bad) {
    return std::string("is written as bytes that are not read: ") + bad.what();
  }
  std::ostringstream text;
  if (read.front() != typename State::event{event}) {
    text << "is read as another one:\nwritten";
    print_event(text, event);
    text << "\nread";
    print_event(text, read.front());
  } else if (stored_payload(std::get<Event>(read.front())) != stored) {
    text << "is written as other bytes the second time:";
    print_event(text, event);
  }
  return text.str();
}

template <class State, class Event>
void try_alternative(const std::vector<typename State::event>& samples, std::string& complaint) {
  const auto complain = [&complaint](const std::string& what) {
    if (!complaint.empty()) complaint += '\n';
    complaint += "event \"" + std::string(Event::event_name) + "\" " + what;
  };
  bool is_there = false;
  bool shows_a_loss = false;
  for (const auto& sample : samples) {
    const Event* event = std::get_if<Event>(&sample);
    if (event == nullptr) continue;
    is_there = true;
    shows_a_loss = shows_a_loss || can_show_a_loss(*event);
    if (const auto what = trip_of<State>(*event); !what.empty()) complain(what);
  }
  if (!is_there) {
    complain("has no sample");
  } else if (!shows_a_loss) {
    complain("has only default members in its samples, which would not show that one is lost");
  }
}

template <class State, class... Events>
std::string try_alternatives(const std::vector<typename State::event>& samples,
                             std::type_identity<std::variant<Events...>>) {
  std::string complaint;
  (try_alternative<State, Events>(samples, complaint), ...);
  return complaint;
}

}  // namespace detail

/// Returns whether each sample, stored and read again, is the same event, and is stored as the same bytes again, and
/// whether each event of the aggregate has a sample that differs from a default one. If not, the verdict names each
/// event that does not. The events have `==` and `<<`.
///
///     CHECK(round_trips<shopping_cart>({product_added_to_cart{"tea", 2, 350}, cart_checked_out{}}));
///
/// It does not know what earlier releases stored: golden.hpp does.
template <aggregate State>
verdict round_trips(const std::vector<typename State::event>& samples) {
  auto complaint = detail::try_alternatives<State>(samples,
                                                   std::type_identity<typename State::event>{});
  return complaint.empty() ? verdict{} : verdict{std::move(complaint)};
}

}  // namespace reprise::testing
