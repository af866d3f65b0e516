#pragma once

#include "reprise/aggregate.hpp"
#include "reprise/commit.hpp"
#include "reprise/error.hpp"
#include "reprise/event_codec.hpp"
#include "reprise/state_codec.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace reprise {

/// One aggregate type with its C++ types erased: what the actors run, so that an aggregate's author meets no
/// actor type, and an actor is compiled once for all aggregates.

/// A command of some aggregate type.
class erased_command {
 public:
  virtual ~erased_command() = default;
};

template <aggregate State>
struct command_of final : erased_command {
  explicit command_of(typename State::command c) : value(std::move(c)) {}
  typename State::command value;
};

/// `evolve` threw.
class evolve_failed : public error {
 public:
  evolve_failed(const std::string& what, bool is_state_lost)
      : error(what), is_state_lost_(is_state_lost) {}

  /// Returns whether the state is lost, in the middle of an event: it is to be rebuilt from the journal.
  bool is_state_lost() const noexcept { return is_state_lost_; }

 private:
  bool is_state_lost_;
};

/// How an aggregate evolves.
enum class care : std::uint8_t {
  in_place,  ///< if `evolve` throws, the state is lost
  on_copy,  ///< a copy of the state is evolved, and taken over when all went well: slower by the copy
};

/// The events of a command are more than a commit may hold (limits.hpp).
class limit_exceeded : public error {
 public:
  using error::error;
};

/// One aggregate: a state that judges commands and evolves. Used by one thread at a time.
class aggregate_instance {
 public:
  virtual ~aggregate_instance() = default;

  /// Evolves by what a stored event is today. Throws `undecodable`; any other exception is the author's. The state is
  /// lost then.
  virtual void replay(const event_view& stored) = 0;

  /// Judges a command of this aggregate's type, adds its events to `out` and evolves by them.
  /// Returns the refusal, or nothing; no events and no refusal is "already so".
  ///
  /// Throws `limit_exceeded`, or what the author's `decide` throws: the state is then as it was. Throws
  /// `evolve_failed` if `evolve` throws; evolved on a copy, the state is then as it was too.
  virtual std::optional<refusal> handle(const erased_command& command,
                                        encoded_events& out,
                                        care how = care::in_place) = 0;

  /// Returns the state, of the type that the aggregate is of.
  virtual const void* state() const noexcept = 0;

  /// Appends the state's bytes to `out`, for a snapshot. Throws `std::length_error` if `out` would pass
  /// `max_snapshot_bytes`, `std::logic_error` if the state has no `serialize`; any other exception is the author's.
  virtual void encode(std::string& out) const = 0;
};

/// An aggregate type: its category, and new aggregates of it. One object a type, for the whole process.
class aggregate_model {
 public:
  virtual ~aggregate_model() = default;
  virtual std::string_view category() const noexcept = 0;

  /// Returns an aggregate at version 0.
  virtual std::unique_ptr<aggregate_instance> make() const = 0;

  /// Returns what a snapshot must say for `make` to read it; nothing if no snapshots are taken of this type, because its
  /// state has no `serialize`, or one that throws at a new state (state_codec.hpp).
  virtual std::optional<state_schema> snapshot_schema() const = 0;

  /// Returns an aggregate of the state that `encode` stored as `state` when its class version was `schema_version`.
  /// Throws `undecodable`.
  virtual std::unique_ptr<aggregate_instance> make(std::uint32_t schema_version,
                                                   std::string_view state) const = 0;
};

namespace detail {

template <aggregate State>
class typed_instance final : public aggregate_instance {
 public:
  typed_instance() = default;
  explicit typed_instance(State state) : state_(std::move(state)) {}

  void replay(const event_view& stored) override {
    decode_event<State>(stored, [this](const auto& e) { state_ = evolve(std::move(state_), e); });
  }

  std::optional<refusal> handle(const erased_command& command,
                                encoded_events& out,
                                care how) override {
    const auto decided = judge(state_, static_cast<const command_of<State>&>(command).value);
    if (decided.is_refusal()) return decided.reason();
    try {
      for (const auto& event : decided.events()) encode_event<State>(event, out);
    } catch (const std::length_error& too_much) {
      throw limit_exceeded(too_much.what());
    }
    if (!decided.events().empty()) evolve_by(decided.events(), how);
    return std::nullopt;
  }

  const void* state() const noexcept override { return &state_; }

  void encode(std::string& out) const override {
    if constexpr (is_serializable<State>) {
      encode_state(state_, out);
    } else {
      throw std::logic_error("the state has no `serialize` (state_codec.hpp)");
    }
  }

 private:
  void evolve_by(std::span<const typename State::event> events, care how) {
    bool is_state_lost = false;
    try {
      if (how == care::on_copy) {
        State next = fold(state_, events);
        is_state_lost = true;
        state_ = std::move(next);
      } else {
        is_state_lost = true;
        for (const auto& event : events) state_ = apply_event(std::move(state_), event);
      }
    } catch (const std::exception& thrown) {
      throw evolve_failed(std::string("evolve threw: ") + thrown.what(), is_state_lost);
    } catch (...) {
      throw evolve_failed("evolve threw something that is no std::exception", is_state_lost);
    }
  }

  State state_{};
};

template <aggregate State>
class typed_model final : public aggregate_model {
 public:
  std::string_view category() const noexcept override { return State::category; }
  std::unique_ptr<aggregate_instance> make() const override {
    return std::make_unique<typed_instance<State>>();
  }
  std::optional<state_schema> snapshot_schema() const override {
    return snapshot_schema_of<State>();
  }
  std::unique_ptr<aggregate_instance> make(std::uint32_t schema_version,
                                           std::string_view state) const override {
    if constexpr (is_serializable<State>) {
      return std::make_unique<typed_instance<State>>(decode_state<State>(schema_version, state));
    }
    throw undecodable("the state has no `serialize` to read it with");
  }
};

}  // namespace detail

/// Returns the model of an aggregate type, which lives as long as the process.
template <aggregate State>
const aggregate_model& model_of() {
  static_assert(complete<State>());
  static const detail::typed_model<State> model;
  return model;
}

}  // namespace reprise
