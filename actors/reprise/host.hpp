#pragma once

#include "reprise/aggregates.hpp"
#include "reprise/host_config.hpp"
#include "reprise/snapshot_policy.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caf {
class actor_system;
}  // namespace caf

namespace prometheus {
class Collectable;
}  // namespace prometheus

namespace reprise {

class metrics_source;

enum class host_state {
  running,
  journal_failed,  ///< a write failed: it takes no more events, `host::failure` says why
  stopping,
  stopped,
};

std::string_view to_string(host_state state) noexcept;

/// What a host did since it was made. Each number is exact, all of them together are no single moment.
struct host_stats {
  std::uint64_t in_flight = 0;  ///< commands and queries taken and not yet answered
  std::uint64_t late =
      0;  ///< answered by `command_timeout`, and not done yet: they take up room all the same
  std::uint64_t live = 0;             ///< aggregates with an actor that is ready
  std::uint64_t recovering = 0;       ///< aggregates that wait for their history, or are reading it
  std::uint64_t recovered = 0;        ///< recoveries that succeeded, of new aggregates too
  std::uint64_t recovered_empty = 0;  ///< those of them that had no history
  std::uint64_t broken = 0;           ///< aggregates whose history cannot be read
  std::uint64_t replayed_events = 0;
  std::chrono::nanoseconds
      replay_time{};            ///< spent reading and folding, summed over the recovery threads
  std::uint64_t conflicts = 0;  ///< times that an aggregate found another writer ahead of it
  std::uint64_t crashes = 0;    ///< exceptions out of `decide`, `evolve` or queries
  journal_stats journal;
};

/// How a host stopped.
struct stop_report {
  /// Everything that it took was answered, and every actor has stopped.
  bool clean = true;

  /// One sentence for each kind of thing that had not stopped by the deadline, and how many there were; for commands and
  /// queries, it names a few of their aggregates.
  std::vector<std::string> unfinished;
};

/// The runtime: an actor for every aggregate in use, a supervisor for every aggregate type, one journal.
///
///     reprise::host host{{.journal = reprise::rocksdb_at("carts.db")}};
///     auto carts = host.aggregates<shopping_cart>();
///     auto answer = carts.send("cart-42", add_product{"tea", 2}).get();
///
/// A process can have many, one after the other or at once, each with a journal of its own. A host installs no
/// signal handler, writes to no standard stream, and never ends the process. Any thread may use it at any time.
class host {
 public:
  /// Starts with an actor system of its own. Throws `invalid_config`.
  explicit host(host_config config);

  /// Starts in an actor system of the user's, which outlives the host; several hosts may share one. Make it with
  /// `reprise::system_config` (caf.hpp), or call `reprise::prepare` before: CAF 1.x wants message types announced.
  /// `scheduler_threads` has no effect then. Throws `invalid_config`.
  ///
  /// Whatever configures it otherwise should bound `scheduler.max-throughput`, as `system_config` does: CAF's default lets an
  /// actor go on for as long as it has messages, so that a few busy aggregates can keep all threads from the others.
  host(caf::actor_system& system, host_config config);

  host(const host&) = delete;
  host& operator=(const host&) = delete;

  /// Stops with a deadline of ten seconds if `stop` was not called, and then waits for the threads that are
  /// still inside the journal.
  ~host();

  /// Returns the aggregates of a type. The first call for a type starts its supervisor, and says when snapshots are taken
  /// of its aggregates; `snapshots` of a later one is not looked at.
  ///
  ///     host.aggregates<shopping_cart>({.every_events = 100, .on_passivation = true});
  ///
  /// Throws `invalid_config` if another type has the same category, or it is empty, longer than `max_name_bytes` or has a
  /// slash in it, or if snapshots are asked for that cannot be taken
  /// (the state has no `serialize`) or kept (the journal keeps none); and `error` if the host was stopped.
  template <aggregate State>
  reprise::aggregates<State> aggregates(snapshot_policy snapshots = {}) {
    return reprise::aggregates<State>(enter(model_of<State>(), std::move(snapshots)));
  }

  host_state state() const;

  /// Returns why the journal failed; empty unless it did.
  std::string failure() const;

  host_stats stats() const;

#ifdef REPRISE_HAS_METRICS
  /// Returns everything that is counted in Prometheus' text format, 0.0.4: an answer to a scrape whose content type is
  /// `text/plain; version=0.0.4`. Every metric is listed in actors/METRICS.md.
  std::string metrics() const;

  /// Returns the same for an exposer or a gateway of prometheus-cpp's, beside metrics of one's own:
  ///
  ///     exposer.RegisterCollectable(host.collectable());
  ///
  /// It may outlive the host: then it goes on with the last numbers, and has none of the journal's any more.
  std::shared_ptr<prometheus::Collectable> collectable() const;
#endif

  /// Stops: from now on every command is answered `unavailable`; what was taken before is finished and
  /// answered, and the snapshots that were taken are saved. What is left when `deadline` from now is near is answered
  /// `unknown`, or `unavailable` if nothing of it was handed to the journal. Returns what did not stop in time. A second
  /// call returns the first one's report; beside one that is not done it waits until its own deadline, and returns what is
  /// unfinished then. Not to be called from an `answer_callback`, which would wait for itself until the
  /// deadline.
  stop_report stop(std::chrono::milliseconds deadline);

 private:
  std::shared_ptr<entrance> enter(const aggregate_model& model, snapshot_policy snapshots);
  std::shared_ptr<const metrics_source> source() const;

  class core;
  std::unique_ptr<core> core_;
};

}  // namespace reprise
