#pragma once

#include "reprise/append_queue.hpp"
#include "reprise/caf.hpp"
#include "reprise/host_context.hpp"
#include "reprise/messages.hpp"
#include "reprise/recovery_queue.hpp"
#include "reprise/snapshot_policy.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace reprise {

/// What the actors of one aggregate type share.
struct aggregate_group {
  aggregate_group(const aggregate_model& m,
                  std::shared_ptr<host_context> h,
                  std::shared_ptr<append_queue> appends,
                  std::shared_ptr<recovery_queue> to_recover,
                  snapshot_policy policy = {},
                  caf::actor snapshot_actor = {})
      : model(m),
        host(std::move(h)),
        journal(std::move(appends)),
        recoveries(std::move(to_recover)),
        snapshots(std::move(policy)),
        snapshot_writer(std::move(snapshot_actor)) {}

  const aggregate_model& model;
  std::shared_ptr<host_context> host;
  caf::actor_addr supervisor;  ///< a weak reference: it holds its aggregates, not they it
  std::shared_ptr<append_queue> journal;
  std::shared_ptr<recovery_queue> recoveries;
  const snapshot_policy snapshots;
  caf::actor snapshot_writer;  ///< needed unless `snapshots` is off
};

/// One aggregate. It recovers when it is spawned, then decides commands in the order in which they arrive.
///
/// It does not wait for the journal: it evolves its state at once and hands the journal the events together
/// with the finished answer, so that the next command is decided on the state after this one. Whoever is
/// answered by the actor itself is told only what is durable already; else the answer goes with the journal too.
class aggregate_actor final : public caf::event_based_actor {
 public:
  /// `left` is what one before it has left, if it has.
  aggregate_actor(caf::actor_config& config,
                  std::shared_ptr<aggregate_group> group,
                  std::string_view id,
                  const std::shared_ptr<trouble>& left = {});

  /// The successor of an actor that ended while commits of it were in flight: it recovers behind them.
  aggregate_actor(caf::actor_config& config,
                  std::shared_ptr<aggregate_group> group,
                  const departed& before);
  ~aggregate_actor() override;

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "reprise.aggregate"; }

  /// Which aggregate this is: `category/id`. Until it ends.
  const std::string& stream() const noexcept { return tail_->stream; }

 private:
  enum class phase : std::uint8_t {
    recovering,  ///< commands wait
    settling,  ///< the state is lost: commands wait until the journal has settled what was handed in
    ready,
    broken,  ///< the history cannot be read, or not yet: commands are answered `unavailable`
  };

  // -- phases ----------------------------------------------------------------------------------------------------

  /// Has the history read, or is broken on, if one before it was and has not waited to the end.
  void begin(bool was_in_memory);
  void begin_recovery(bool was_in_memory);
  void on_recovered(recovery& result);
  void on_returned(returned& r);
  /// The state is not what is stored, or will be: it is read again.
  void lose_state();

  /// Waits until the journal has settled what was handed in, then recovers.
  void settle_first();

  /// From now on commands are answered `unavailable`, until one that comes after `wait` has the history read again.
  void break_down(const std::string& reason, std::chrono::milliseconds wait);
  void become_broken();

  /// Breaks down because the history cannot be read, for longer each time.
  void cannot_be_read(const std::string& reason);

  /// Reads the state again that `evolve` has lost: at once the first time, later ever more slowly.
  void restart(const std::string& reason);

  /// Returns whether the history, which could not be read, may be read again now.
  bool may_try_again() const;
  void try_again();

  /// Returns why commands are not decided, and when the history is read again.
  std::string why_broken() const;

  /// Returns whether nothing has failed for so long that it begins anew.
  bool has_been_calm() const;

  /// Returns how to evolve: on a copy, unless it has been calm long enough.
  care how_careful();

  /// Breaks down if the write that failed had commits of this aggregate; returns whether it had.
  bool break_down_if_lost();
  void decide_waiting();

  // -- leaving ---------------------------------------------------------------------------------------------------

  void on_depart();

  /// If it is to leave: has everything settled that it handed in, to end then.
  void leave_when_settled();

  /// Nothing that was handed in is in doubt: what comes next does not depend on it.
  void renew_tail();

  // -- commands --------------------------------------------------------------------------------------------------

  void on_delivery(std::shared_ptr<delivery> d);
  void wait(std::shared_ptr<delivery> d);

  /// Answers one that is not decided: `unavailable`, or `unknown` if it was sent before and may be stored.
  void turn_away(delivery& d, const std::string& reason) const;
  void decide(std::shared_ptr<delivery> d);
  void decide_command(std::shared_ptr<delivery> d);
  void crashed(delivery& d, const std::string& what, log_cause cause = log_cause::crash);

  /// Stores events that were decided at the time `now`, then gives the answer.
  void record(std::shared_ptr<delivery> d, encoded_events events, timestamp now);

  /// Answers what a command did that was recorded before, as soon as that is durable.
  void tell_first(std::shared_ptr<delivery> d, const recorded_command& first);

  /// Answers a question about a command.
  void tell_outcome(std::shared_ptr<delivery> d);

  /// Gives an answer that was judged on the state at hand: now if that is durable, else with the journal.
  void respond(std::shared_ptr<delivery> d, answer a);
  void hand_in(std::shared_ptr<delivery> d,
               encoded_events events,
               std::uint64_t expected,
               answer a,
               timestamp now = {});

  // -- snapshots -------------------------------------------------------------------------------------------------

  void take_snapshot_if_due();

  /// Takes one of the state as it is now, which is saved once that is durable.
  void take_snapshot();

  /// Takes no more: what went wrong would again.
  void stop_snapshots(const std::string& why);

  host_context& host() const { return *group_->host; }

  /// Those that cannot be decided yet. Most of the time nobody waits.
  struct queues {
    std::vector<std::shared_ptr<delivery>>
        again;  ///< returned, to be decided before those that wait
    std::vector<std::shared_ptr<delivery>> waiting;
    std::shared_ptr<recovery> under_way;  ///< that they wait for, if it is asked for
  };
  queues& queued();
  bool nobody_waits() const noexcept;

  trouble& troubled();

  /// Goes on with what the actor before it had left.
  void take_over(const std::shared_ptr<trouble>& left);

  std::shared_ptr<aggregate_group> group_;
  tail_ptr tail_;
  std::unique_ptr<aggregate_instance> instance_;
  std::uint64_t version_ =
      0;  ///< of `instance_`: ahead of `tail_->durable` while commits are in flight
  std::uint64_t last_snapshot_ = 0;  ///< at which version
  dedup_window window_{0};
  phase phase_ = phase::recovering;
  bool is_leaving_ = false;  ///< no more deliveries come
  std::unique_ptr<queues> queued_;
  std::unique_ptr<trouble> trouble_;  ///< there while broken, and until it has been calm
};

}  // namespace reprise
