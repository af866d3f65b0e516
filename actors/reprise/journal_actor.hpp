#pragma once

#include "reprise/append_queue.hpp"
#include "reprise/caf.hpp"
#include "reprise/host_context.hpp"
#include "reprise/journal.hpp"
#include "reprise/messages.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace reprise {

/// Gives the answers of the batches that the writer has written, while that writes the next.
///
/// When it stops it closes the append queue, so that what is left is answered even if the writer hangs in a write.
class journal_actor final : public caf::event_based_actor {
 public:
  journal_actor(caf::actor_config& config,
                std::shared_ptr<host_context> host,
                std::shared_ptr<append_queue> queue);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "reprise.journal"; }

 private:
  std::shared_ptr<host_context> host_;
  std::shared_ptr<append_queue> queue_;
};

/// Takes the commits of all aggregates from the append queue, a batch at a time, and has each written with one sync.
/// It blocks its thread while it syncs, so it has one of its own; meanwhile the next batch collects.
///
/// When a write fails, the answers of that batch are `unknown`, and everything behind it, then and later, is
/// answered `unavailable`: nothing is written any more until the journal is opened again.
class journal_writer final : public caf::event_based_actor {
 public:
  journal_writer(caf::actor_config& config,
                 std::shared_ptr<host_context> host,
                 std::shared_ptr<append_queue> queue,
                 std::shared_ptr<journal> to,
                 caf::actor answering);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "reprise.writer"; }

 private:
  void on_appends_waiting();
  void on_write_batch(const std::shared_ptr<batch>& next);

  /// Answers what must not be written: behind a conflict, or behind a failed write.
  void turn_back_from(batch& next);

  void write(batch& next);

  /// Appends what belongs to streams that the journal can read; the others are named in `next.damages`.
  void append_readable(batch& next);

  /// Counts the write of `commits_`, which has succeeded.
  void count_write(std::chrono::nanoseconds time, const std::vector<append_result>& results) const;

  /// Tells the aggregates how far they are durable, and has the answers given.
  void publish(std::shared_ptr<batch> written);
  void fail(batch& written);

  /// Returns whether the journal actor has given all answers that it was handed.
  bool is_all_answered() const noexcept { return handed_over_.expired(); }

  std::shared_ptr<host_context> host_;
  std::shared_ptr<append_queue> queue_;
  std::shared_ptr<journal> journal_;
  caf::actor answering_;              ///< the journal actor
  std::weak_ptr<batch> handed_over_;  ///< the last batch that the journal actor was handed
  std::vector<commit> commits_;       ///< of the batch at hand; kept for its memory
};

/// The way into a journal: where appends are handed in, and the actor to stop when nothing more will be.
struct journal_line {
  std::shared_ptr<append_queue> appends;
  caf::actor actor;
};

/// Spawns the journal actor and its writer.
journal_line spawn_journal(caf::actor_system& system,
                           const std::shared_ptr<host_context>& host,
                           std::shared_ptr<journal> to);

}  // namespace reprise
