#pragma once

#include "reprise/caf.hpp"
#include "reprise/host_context.hpp"
#include "reprise/messages.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace reprise {

/// Collects the commits of all aggregates into batches, has them written one batch at a time, and gives their
/// answers once they are durable.
///
/// While one batch is being synced the next one collects. It begins a write with a message to itself, so that
/// everything that had queued before is in it.
///
/// When a write fails, the answers of that batch are `unknown`, and everything behind it, then and later, is
/// answered `unavailable`: nothing is written any more until the journal is opened again.
class journal_actor final : public caf::event_based_actor {
 public:
  journal_actor(caf::actor_config& config, std::shared_ptr<host_context> host, caf::actor writer);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "reprise.journal"; }

 private:
  void on_append(append& a);
  void on_begin_write();
  void on_batch_written(batch& written);

  /// Gives the answers of a batch that was written.
  void settle(batch& written);
  void fail(batch& written);

  /// Hands the next batch to the writer, if there is something to write.
  void write_next();

  /// Answers what waits that must not be written: behind a conflict, or behind a failed write.
  void turn_back_queued();
  void turn_back(append& a);
  void give_back(append& a, std::string damage = {});
  bool must_turn_back(const append& a) const;

  std::shared_ptr<host_context> host_;
  caf::actor writer_;
  std::vector<append> queued_;
  std::shared_ptr<batch> writing_;  ///< empty while the writer is idle
  bool beginning_ = false;          ///< a `begin_write` is on its way
};

/// Writes batches for the journal actor. It blocks its thread while it syncs, so it has one of its own.
class journal_writer final : public caf::event_based_actor {
 public:
  journal_writer(caf::actor_config& config,
                 std::shared_ptr<host_context> host,
                 std::shared_ptr<journal> to);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "reprise.writer"; }

 private:
  void write(batch& next);

  /// Appends what belongs to streams that the journal can read; the others are named in `next.damages`.
  void append_readable(batch& next);

  std::shared_ptr<host_context> host_;
  std::shared_ptr<journal> journal_;
  std::vector<commit> commits_;  ///< of the batch at hand; kept for its memory
};

/// Spawns the journal actor and its writer.
caf::actor spawn_journal(caf::actor_system& system,
                         const std::shared_ptr<host_context>& host,
                         std::shared_ptr<journal> to);

}  // namespace reprise
