#pragma once

#include "reprise/caf.hpp"
#include "reprise/messages.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace reprise {

/// Where aggregates hand in their appends, and the journal's writer takes them a batch at a time.
///
/// It stands for the writer's mailbox: a message for each append costs more than handing it over, and the writer wants
/// all that has queued anyway. The writer is only told when it sleeps. Safe on any thread.
class append_queue {
 public:
  /// Sets whom to tell. Once, before anything is handed in.
  void belongs_to(const caf::actor& writer) { writer_ = writer; }

  /// Hands in an append, and wakes the writer if it sleeps. Once the queue is closed, it answers instead why it is.
  void push(append a);

  /// Moves what has queued to `appends`, oldest first, up to the append that passes a limit. Returns false if
  /// nothing has queued: then the writer sleeps, and is told of the next append.
  bool take(std::vector<append>& appends, std::size_t most_commits, std::size_t most_bytes);

  /// Returns whether something has queued.
  bool has_more() const;

  /// Says that the writer is about to write `next`, and only reads its appends until `end_write`. Once the queue is
  /// closed, it answers them instead, and returns false.
  bool begin_write(const std::shared_ptr<batch>& next);

  /// Returns whether the batch is the writer's to answer. If the queue was closed meanwhile, it has been answered.
  bool end_write();

  /// Takes no more. What has queued is answered `unavailable`; what is being written is answered `unknown`, because
  /// the write may hang for ever. Lets go of the writer, and returns it; the second time there is none. `why` is what those
  /// who are not in that write are told, also those who come later.
  caf::actor close(const std::string& why = "the host is stopping");

 private:
  mutable std::mutex mutex_;
  caf::actor writer_;
  std::vector<append> queued_;
  std::shared_ptr<batch> being_written_;
  bool writer_sleeps_ = true;
  bool is_closed_ = false;
  std::string why_closed_;
};

}  // namespace reprise
