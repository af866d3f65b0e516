#pragma once

#include "reprise/answer.hpp"
#include "reprise/delivery.hpp"

#include <concepts>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace caf {
class actor;
}  // namespace caf

namespace reprise {

/// A message for an aggregate, sent by an actor of the user's own: `aggregates::message` makes one.
/// The actor's request is answered with an `answer`.
struct envelope {
  std::shared_ptr<delivery> content;
};

/// Where a host takes commands for one aggregate type. Implemented by the host.
class entrance {
 public:
  virtual ~entrance() = default;

  /// Takes a delivery and answers it in any case, possibly before it returns.
  virtual void take(std::shared_ptr<delivery> d) = 0;

  /// Lets an aggregate's actor leave, at once or when it has settled everything. Does nothing once the host stops.
  virtual void let_leave(std::string id, bool at_once) = 0;

  /// Returns the supervisor of this aggregate type.
  virtual const caf::actor& supervisor() const = 0;
};

/// All aggregates of one type in one host: send commands and ask queries by id. A handle: copies name the same
/// aggregates, any thread may use any of them at once, and one that outlives its host answers `unavailable`.
///
/// Every call gets exactly one answer. None of them throws for what it was given: an id or a command beyond the
/// limits is answered `refused`.
template <aggregate State>
class aggregates {
 public:
  using command = typename State::command;

  explicit aggregates(std::shared_ptr<entrance> to) : entrance_(std::move(to)) {}

  /// Sends a command. The future never stays without an answer while the host lives. What one thread sends to one aggregate
  /// is decided in the order in which it is sent.
  std::future<answer> send(std::string id, command c, command_options options = {}) const {
    auto promise = std::make_shared<std::promise<answer>>();
    auto result = promise->get_future();
    send(
        std::move(id), std::move(c), [promise](answer a) { promise->set_value(std::move(a)); },
        std::move(options));
    return result;
  }

  /// Sends a command; `then`, an `answer_callback`, is given the answer on a thread of the runtime, or on this one before
  /// `send` returns. It must be quick and must not block.
  template <std::convertible_to<answer_callback> Receive>
  void send(std::string id, command c, Receive then, command_options options = {}) const {
    entrance_->take(std::make_shared<command_delivery<State>>(std::move(id), std::move(c),
                                                              std::move(options), std::move(then)));
  }

  /// Asks for a copy of the state. It is durable: nothing in it can be undone by a crash. An id that was never
  /// used answers the state at version 0.
  std::future<observed<State>> query(std::string id) const {
    return query(std::move(id), [](const State& state) { return state; });
  }

  /// Asks for what `look` returns for the state. It runs inside the aggregate's actor: it must be quick. It may run more than
  /// once, if another writer's commit undoes what it saw; if it throws, the answer is `unavailable`.
  template <class Look>
    requires std::invocable<const Look&, const State&>
  auto query(std::string id, Look look) const {
    using value = std::decay_t<std::invoke_result_t<const Look&, const State&>>;
    auto promise = std::make_shared<std::promise<observed<value>>>();
    auto result = promise->get_future();
    query(std::move(id), std::move(look),
          [promise](observed<value> o) { promise->set_value(std::move(o)); });
    return result;
  }

  /// The same; `then` is given the result as `send` gives an answer.
  template <class Look, class Receive>
    requires std::invocable<const Look&, const State&>
  void query(std::string id, Look look, Receive then) const {
    entrance_->take(std::make_shared<query_delivery<State, Look, Receive>>(
        std::move(id), std::move(look), std::move(then)));
  }

  /// Asks what became of a command: a definite answer after a time-out, without sending the command again. Nothing is
  /// decided by it. It is asked in turn: behind what was sent to the aggregate before it.
  ///
  /// - `accepted`: its events are durable, and this is what its first answer told, or would have.
  /// - `not_taken`: no event of it is stored, and no sending of it that has been answered will ever take effect, one that
  ///   was answered `unknown` by `command_timeout` included. It says nothing of a sending that is not answered yet: one
  ///   that is still on its way to the host may be taken later. A command that was refused, or was "already so", is
  ///   not taken: it recorded nothing, and is decided anew when it is sent again.
  /// - `out_of_window`: it may have been recorded and forgotten since (`host_config::dedup_window`, `dedup_age`).
  ///
  /// `since` is the earliest time at which the command may have been recorded, by the clock of whoever hosts the
  /// aggregate: when it was first sent, or a little before. With it a busy aggregate answers `not_taken` as long as it
  /// remembers everything since then; without it, which is at any time, before 1970 too, only as long as
  /// it has forgotten nothing at all.
  ///
  /// Beyond that it is answered as a query is.
  std::future<reprise::outcome> outcome(std::string id,
                                        std::string command_id,
                                        timestamp since = timestamp::min()) const {
    auto promise = std::make_shared<std::promise<reprise::outcome>>();
    auto result = promise->get_future();
    outcome(
        std::move(id), std::move(command_id),
        [promise](reprise::outcome o) { promise->set_value(std::move(o)); }, since);
    return result;
  }

  /// The same; `then` is given the outcome as `send` gives an answer.
  void outcome(std::string id,
               std::string command_id,
               outcome_callback then,
               timestamp since = timestamp::min()) const {
    entrance_->take(std::make_shared<outcome_delivery>(
        model_of<State>(), std::move(id), outcome_question{std::move(command_id), since},
        std::move(then)));
  }

  /// Lets the actor of an aggregate leave, and frees its memory; the next command or query for the id starts
  /// another, which replays the history. Returns at once, and there is no answer. Any thread.
  ///
  /// What was sent before is decided and settled first. What is sent later waits until the actor has left, and its
  /// successor answers it, in the order in which it came: no command is lost by this, or takes effect twice. As with
  /// any aggregate that recovers, no more than `host_config::max_waiting` wait.
  ///
  /// Nothing happens to an id without an actor, after the journal has failed (what is in memory could not be read
  /// again), or once the host stops. An aggregate that is broken is read again by its next command.
  void passivate(std::string id) const { entrance_->let_leave(std::move(id), false); }

  /// Ends the actor of an aggregate as a fault in it would, for tests: when it has finished the command at hand, and
  /// before any other. Returns at once, and there is no answer. Any thread.
  ///
  /// What it has handed to the journal is written and answered all the same; should another writer be ahead, the
  /// answer is `unknown`. What it has not decided is answered `unavailable`, or `unknown` if it was sent before or
  /// was still on its way to the actor. What is sent later is for its
  /// successor, which recovers once everything of this one is settled. Nothing happens to an id without an actor.
  void crash(std::string id) const { entrance_->let_leave(std::move(id), true); }

  /// Returns the actor that takes messages for these aggregates, for use with actors of one's own:
  ///
  ///     self->request(carts.actor(), caf::infinite, carts.message("cart-42", add_product{"tea", 2}))
  ///         .then([](const reprise::answer& a) { … });
  ///
  /// The reference holds as long as the host; `reprise/caf.hpp` is needed for both.
  const caf::actor& actor() const { return entrance_->supervisor(); }

  /// Returns a command as a message for `actor()`. It is to be sent once.
  envelope message(std::string id, command c, command_options options = {}) const {
    return {std::make_shared<command_delivery<State>>(std::move(id), std::move(c),
                                                      std::move(options), nullptr)};
  }

 private:
  std::shared_ptr<entrance> entrance_;
};

}  // namespace reprise
