#pragma once

#include "reprise/aggregate.hpp"
#include "reprise/event_codec.hpp"
#include "reprise/journal.hpp"
#include "reprise/rebuild.hpp"
#include "reprise/state_codec.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise {

/// Returns the name of the stream of the aggregate `id` of a category: `category/id`.
std::string stream_name(std::string_view category, std::string_view id);

/// An append that found the stream at another version than its caller expected. Nothing was stored.
class conflict : public error {
 public:
  conflict(const std::string& stream, std::uint64_t expected, std::uint64_t actual);

  std::uint64_t expected() const noexcept { return expected_; }
  std::uint64_t actual() const noexcept { return actual_; }

 private:
  std::uint64_t expected_;
  std::uint64_t actual_;
};

/// Appends one commit to a stream and returns the stream's version after it. Throws `conflict` if the stream
/// is not at `expected_version`, and what `journal::append` throws.
std::uint64_t append_commit(journal& to,
                            std::string_view stream,
                            std::uint64_t expected_version,
                            const encoded_events& events);

/// A state and the version of the stream that it is the state at.
template <aggregate State>
struct versioned {
  State state{};
  std::uint64_t version = 0;
};

/// The events of one aggregate, without actors: append, read back, rebuild.
///
///     stream<shopping_cart> cart{*journal, "cart-42"};
///     cart.append(0, {product_added_to_cart{"tea", 2}});
///     shopping_cart state = cart.load().state;
///
/// A value without state of its own: any number of them may name one stream, on any thread. Appends run one after the other.
template <aggregate State>
class stream {
 public:
  using event = typename State::event;

  /// `from` outlives the stream. Throws `std::invalid_argument` if `id` is empty or longer than
  /// `max_aggregate_id_bytes`.
  stream(journal& from, std::string_view id)
      : journal_(&from), name_(stream_name(State::category, id)) {}

  const std::string& name() const noexcept { return name_; }

  /// Stores `events` together or not at all, and returns the version after them once they are durable.
  /// Throws `conflict` if the stream is not at `expected_version` (0 is a stream without events), `std::length_error` if they
  /// are more than one commit holds (limits.hpp), and what `journal::append` throws.
  std::uint64_t append(std::uint64_t expected_version, const std::vector<event>& events) {
    encoded_events encoded;
    for (const event& e : events) encode_event<State>(e, encoded);
    return append_commit(*journal_, name_, expected_version, encoded);
  }

  /// Returns all events as they are today, in order: one for each version, but for those that upcasts (upcast.hpp) make
  /// several of, or none. Throws `damaged_history` with the place if one cannot be read or decoded, `trimmed_history` if the
  /// first are gone.
  std::vector<event> events() const {
    std::vector<event> all;
    visit(1, newest_version, [&all](const event_view& stored, std::uint64_t) {
      decode_event<State>(
          stored, [&all]<class Event>(Event&& e) { all.emplace_back(std::forward<Event>(e)); });
    });
    return all;
  }

  /// Returns the state after all events up to and including version `last`, and the version that it reached. Begins
  /// with the newest snapshot that holds, if there is one; those that do not are told to `report`.
  /// Throws `damaged_history` if an event behind that cannot be read or decoded; later ones than `last` are not looked at.
  /// A trim may come meanwhile; `trimmed_history` if the events up to `last` are gone.
  versioned<State> load(std::uint64_t last = newest_version,
                        const skipped_visitor& report = {}) const {
    return detail::read_beside_trims([&] { return load_once(last, report); });
  }

 private:
  versioned<State> load_once(std::uint64_t last, const skipped_visitor& report) const {
    versioned<State> result = restored(last, report);
    visit(result.version + 1, last, [&result](const event_view& stored, std::uint64_t version) {
      decode_event<State>(
          stored, [&result](const auto& e) { result.state = evolve(std::move(result.state), e); });
      result.version = version;
    });
    return result;
  }

  versioned<State> restored(std::uint64_t last, const skipped_visitor& report) const {
    versioned<State> result;
    if constexpr (is_serializable<State>) {
      const auto take = [&result](std::uint32_t version, std::string_view state) {
        result.state = decode_state<State>(version, state);
      };
      auto taken = detail::take_snapshot(*journal_, name_, last, snapshot_schema_of<State>(), take,
                                         report);
      if (!taken) taken = detail::take_base(*journal_, name_, last, take);
      if (taken) result.version = taken->version;
    }
    return result;
  }

  /// Calls `use(stored, version)` for each stored event of the versions `first`, where a commit begins, to `last`.
  template <class Use>
  void visit(std::uint64_t first, std::uint64_t last, const Use& use) const {
    if (last < first) return;
    journal_->read_stream(name_, first, [last, &use](const commit_view& c) {
      for (std::size_t i = 0; i < c.events.size() && c.first_version + i <= last; ++i) {
        try {
          use(c.events[i], c.first_version + i);
        } catch (const undecodable& bad) {
          throw damaged_history(event_place(c, i), bad.what());
        }
      }
      return c.last_version() < last;
    });
  }

  journal* journal_;
  std::string name_;
};

}  // namespace reprise
