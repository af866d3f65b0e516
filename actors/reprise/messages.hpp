#pragma once

#include "reprise/caf.hpp"
#include "reprise/commit.hpp"
#include "reprise/dedup_window.hpp"
#include "reprise/delivery.hpp"
#include "reprise/journal.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace reprise {

/// What an aggregate's actor and the journal actor both know of a stream. A new one is made when the actor
/// decides from a new state: whatever was handed in under the old one then counts no more.
///
/// It counts who holds it itself: that is 32 bytes less for each idle aggregate than a `std::shared_ptr`.
struct tail : boost::intrusive_ref_counter<tail> {
  explicit tail(std::string name) : stream(std::move(name)) {}

  const std::string stream;

  /// The version up to which the stream is durable. The writer raises it, so that the aggregate's actor
  /// learns without a message that nothing of it is in flight.
  std::atomic<std::uint64_t> durable{0};

  /// A commit of it conflicted: everything later that was judged on that commit is returned.
  std::atomic<bool> conflicted{false};

  /// A commit of it was in a failed write, so what the stream holds is not known.
  std::atomic<bool> lost{false};
};

using tail_ptr = boost::intrusive_ptr<tail>;

/// Aggregate -> journal's writer, through the `append_queue`: store these events, then give this answer.
///
/// Without events, the answer waits until what it was judged on is durable. Without a delivery too, it is the
/// aggregate that is answered, with an empty `returned`, once everything that it handed in before is settled.
struct append {
  tail_ptr to;
  std::uint64_t expected_version = 0;
  encoded_events events;
  std::shared_ptr<delivery> content;
  answer reply;
  caf::strong_actor_ptr from;  ///< the aggregate's actor
  timestamp time{};            ///< when the events were decided
};

/// Returns whether it is a command that was sent again, and waits for the first one's write: what has not been
/// written of it may be written all the same.
inline bool is_sent_again(const append& a) {
  return a.events.empty() && a.reply.events != 0;
}

/// Commits on their way through one synced write.
struct batch {
  std::vector<append> appends;
  std::vector<append_result> results;  ///< beside `appends`, unless the write failed
  std::string failure;                 ///< empty unless the write failed

  /// Streams whose commits were left out because the journal cannot tell their version, and why.
  std::map<std::string, std::string, std::less<>> damages;
};

/// Append queue -> writer: something has queued. The writer tells itself after each batch.
struct appends_waiting {};

/// Writer -> itself: this batch is taken, write it.
struct write_batch {
  std::shared_ptr<batch> content;
};

/// Writer -> journal: give the answers of this batch, whose commits are all durable.
struct batch_written {
  std::shared_ptr<batch> content;
};

/// Where the queue of recoveries has one.
enum class recovery_place : std::uint8_t { in_line, set_aside, begun };

/// An aggregate as far as it is rebuilt.
struct recovery {
  tail_ptr of;
  const aggregate_model* model = nullptr;
  caf::actor reply_to;         ///< the aggregate's actor
  bool was_in_memory = false;  ///< until it crashed, or another writer changed its stream
  bool has_policy = false;     ///< by which snapshots are taken of it
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
  std::unique_ptr<aggregate_instance> instance;  ///< none before it is begun
  std::uint64_t version = 0;
  std::uint64_t snapshot_version = 0;  ///< of the snapshot that it was begun with; 0 is none
  std::uint64_t first_kept = 1;  ///< the first version that is there, as far as it has met a trim
  dedup_window window{0};
  std::string failure;  ///< empty, or why the history cannot be read

  // -- only for the queue of recoveries ------------------------------------------------------------------------

  recovery_place place = recovery_place::in_line;
  std::weak_ptr<delivery> newest;  ///< of those that wait for it
};

/// Queue of recoveries -> recovery: there is something to read.
struct recover {};

/// Recovery -> aggregate.
struct recovered {
  std::shared_ptr<recovery> content;
};

/// Writer -> aggregate: this conflicted and is to be decided again; if it is empty, all that the aggregate
/// handed in has been settled or returned. Nothing of it was stored.
struct returned {
  std::shared_ptr<delivery> content;
  std::string damage{};  ///< not empty: why the journal cannot append to the stream at all
};

class unsaved_snapshot;

/// Journal or writer -> snapshots: what this was taken of is durable. Empty: that was all.
struct save {
  std::shared_ptr<unsaved_snapshot> content;
};

/// Router -> supervisor: something came in for this aggregate, which has no actor.
struct wanted {
  std::string id;
};

/// What an aggregate remembers of its failures, and its successor after it. Most have none.
struct trouble {
  std::string reason;                ///< while broken: why
  std::chrono::milliseconds wait{};  ///< while broken: how long, from the failure on
  std::chrono::steady_clock::time_point retry_at{};  ///< while broken: nothing is read before
  std::optional<std::chrono::steady_clock::time_point>
      calm_since{};            ///< since then nothing has failed; none if it is not well again
  std::uint32_t failures = 0;  ///< in a row
  bool is_logged = false;      ///< that it cannot be read
  bool is_in_flight = false;   ///< while broken: what it handed in may not be settled
  bool is_forgotten = false;   ///< while broken: which commands were stored, one before it knew
};

/// Aggregate -> supervisor: this actor has ended. Commits up to `version` of `last` may still be in flight.
struct departed {
  caf::actor_addr who;
  tail_ptr last;
  std::uint64_t version = 0;
  std::shared_ptr<trouble> left{};  ///< for its successor, unless it has been calm
};

}  // namespace reprise
