#pragma once

#include "reprise/aggregate_actor.hpp"
#include "reprise/caf.hpp"
#include "reprise/delivery.hpp"
#include "reprise/host_context.hpp"
#include "reprise/host_metrics.hpp"
#include "reprise/messages.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace reprise {

/// Where the actors of one aggregate type are, by aggregate id: the part of a supervisor that any thread may use.
///
/// A delivery is handed to its aggregate's actor on the thread that brings it, and an actor that is not there is
/// spawned: a message to an actor that does no more than look up another costs as much as deciding the command. What
/// one thread sends to one id arrives in that order.
///
/// Ids are spread over shards, each with a lock, which is held while a message is put into a mailbox. No answer is
/// given under it, because whoever is answered may send again.
class router : public std::enable_shared_from_this<router> {
 public:
  router(caf::actor_system& system, std::shared_ptr<aggregate_group> group);
  router(const router&) = delete;
  router& operator=(const router&) = delete;

  /// Takes a delivery, counts it in flight and gives it an id, and hands it on. One that cannot be is answered:
  /// `refused` if it is for another aggregate type or past a limit of the format; `overloaded` if as many are in flight
  /// as may be, in all or for its aggregate, or if no more actors may live and none of them is idle; `unavailable`
  /// once the host stops, or if it would need another actor to leave, which none does after the journal has failed.
  void take(std::shared_ptr<delivery> d);

  /// Lets the actor of an aggregate leave, as `aggregates::passivate` and `crash` say. What comes in for it from now on
  /// is kept until it has left.
  void let_leave(const std::string& id, bool at_once);

  /// Spawns the actor of an aggregate that something came in for, and hands that on. Only for the supervisor, as is
  /// the next: a thread that spawns an actor keeps a piece of CAF's, which must not be a thread of the user's.
  void on_wanted(const wanted& w);

  /// An actor has ended: forgets it, or spawns its successor if something came in for it, or is in flight.
  void on_departed(const departed& gone);

  /// Ends a round: lets those leave that nothing was sent to for `idle_rounds` whole rounds.
  void pass_a_round();

  /// Returns the ids of up to `most` aggregates that something is in flight for.
  std::vector<std::string> busy_ids(std::size_t most) const;

  /// Tells all actors to stop, and answers what is kept. Nothing is routed any more.
  void close();

  /// Returns of how many aggregates something is remembered.
  std::size_t known_ids() const;

  const aggregate_model& model() const noexcept { return model_; }
  const std::shared_ptr<host_context>& host() const noexcept { return host_; }

  static constexpr std::size_t idle_rounds = 8;

  /// Of how many aggregates without an actor a shard remembers that they are broken, or were lately.
  static constexpr std::size_t most_troubles_a_shard = 1'024;

 private:
  enum class presence : std::uint8_t {
    none,
    wanted,  ///< the supervisor is to spawn the actor
    here,
    leaving,  ///< the actor was told to end, and has not
  };

  /// One aggregate. It stays where it is in memory as long as deliveries count in it.
  struct entry {
    caf::actor actor;
    std::uint32_t last_use = 0;  ///< the shard's `uses` then
    std::atomic<std::uint32_t> in_flight{0};
    presence is = presence::none;
    bool is_asked_to_leave = false;  ///< by the host's user, who may want it to be read again

    bool is_idle() const noexcept { return in_flight.load(std::memory_order_acquire) == 0; }
  };

  enum class verdict : std::uint8_t {
    taken,
    closed,
    aggregate_is_full,
    all_are_busy,
    too_many_wait,
    journal_failed
  };

  struct alignas(64) shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, entry> entries;
    std::array<std::size_t, 4> count{};  ///< of the entries by `presence`

    /// What came in for those that are wanted or leaving, in order. One that is empty lets the aggregate leave when it
    /// has what came before.
    std::unordered_map<std::string, std::vector<std::shared_ptr<delivery>>> kept;

    /// What those without an actor have left for the next one. Without it, to leave would be a way around every wait.
    std::unordered_map<std::string, std::shared_ptr<trouble>> troubles;

    /// Those without an actor that deliveries still counted in when it ended.
    std::vector<std::string> ended;

    /// Counts what was routed. Ages are compared by difference, so that it may overflow.
    std::uint32_t uses = 0;
    std::array<std::uint32_t, idle_rounds> uses_at_round{};  ///< at the ends of the last rounds
    std::size_t round = 0;
    bool is_closed = false;

    std::size_t& number_of(presence p) { return count[static_cast<std::size_t>(p)]; }
    void becomes(entry& e, presence next) {
      --number_of(e.is);
      ++number_of(e.is = next);
    }
  };

  /// Returns false if it has answered the delivery.
  bool admit(delivery& d);

  shard& shard_of(const std::string& id);
  void route(std::shared_ptr<delivery> d);
  verdict route_within(shard& s, std::shared_ptr<delivery> d);

  /// Spawns an actor with these arguments behind its group, and hands it what was kept.
  template <class... Arguments>
  void spawn_for(shard& s, entry& e, const std::string& id, const Arguments&... arguments);

  /// Returns whether one more actor may be spawned. If as many live as may, those that were used least recently are let go.
  bool make_room(shard& s);

  /// Keeps what an actor has left, in place of what has waited longest if there is no room.
  static void remember(shard& s, const std::string& id, std::shared_ptr<trouble> left);

  /// Returns whether it is leaving now.
  bool begin_to_leave(shard& s, entry& e, passivation_reason why);

  /// Forgets those that ended, as far as nothing counts in them any more.
  void forget_ended(shard& s);

  caf::actor_system& system_;
  const aggregate_model& model_;
  const std::shared_ptr<host_context> host_;
  aggregate_metrics& metrics_;
  std::shared_ptr<aggregate_group> group_;  ///< until it is closed: it holds actors
  std::size_t most_actors_;                 ///< in one shard
  std::vector<shard> shards_;
};

}  // namespace reprise
