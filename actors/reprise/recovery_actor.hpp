#pragma once

#include "reprise/caf.hpp"
#include "reprise/host_context.hpp"
#include "reprise/messages.hpp"
#include "reprise/recovery_queue.hpp"

#include <memory>

namespace reprise {

/// Rebuilds aggregates from the journal, on a thread of its own, away from the commit path.
///
/// It reads a long history in slices, and takes another one from the queue behind each, so that an aggregate with a million
/// events does not keep the others from recovering.
class recovery_actor final : public caf::event_based_actor {
 public:
  recovery_actor(caf::actor_config& config,
                 std::shared_ptr<host_context> host,
                 std::shared_ptr<recovery_queue> queue,
                 std::shared_ptr<journal> from);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "reprise.recovery"; }

 private:
  /// Begins with the newest snapshot that holds, or else with what stands for trimmed events, and returns its version; 0 if
  /// there is neither.
  std::uint64_t begin_with_snapshot(recovery& r, timestamp now);

  /// Reads the next slice; returns whether the end is reached.
  bool read_slice(recovery& r);

  /// Lets it begin again, with what stands for the events of before version `first_kept`, which were trimmed while it was
  /// read. Returns false if it has done so before: then nothing stands for them.
  bool begin_again(recovery& r, std::uint64_t first_kept) const;

  /// Hands one that is read to its end, or cannot be, to its aggregate.
  void finish(std::shared_ptr<recovery> r);

  /// Counts one that has ended.
  void count(const recovery& r) const;

  std::shared_ptr<host_context> host_;
  std::shared_ptr<recovery_queue> queue_;
  std::shared_ptr<journal> journal_;
};

/// Spawns `host_config::recovery_threads` of them, which run until the queue that is returned is stopped.
std::shared_ptr<recovery_queue> spawn_recoveries(caf::actor_system& system,
                                                 const std::shared_ptr<host_context>& host,
                                                 const std::shared_ptr<journal>& from);

}  // namespace reprise
