#pragma once

#include "reprise/commit.hpp"
#include "reprise/error.hpp"
#include "reprise/snapshot_store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reprise {

/// What became of one commit of a batch.
struct append_result {
  bool accepted = false;

  /// The stream's version now: after the commit if it was accepted, else the one that it conflicts with.
  /// A refused commit behind another of its stream in the same batch has that one's version.
  std::uint64_t version = 0;

  /// The commit's first position; 0 if it was refused or has no events.
  std::uint64_t position = 0;
};

/// What a store did since it was opened, and how large it is.
struct journal_stats {
  std::uint64_t synced_writes = 0;  ///< batches that were written and synced
  std::uint64_t commits = 0;        ///< commits with events that were accepted
  std::uint64_t events = 0;         ///< in those commits
  std::uint64_t bytes = 0;          ///< what the whole journal occupies now, about
};

/// What stands for the events of a stream that were trimmed.
struct stream_base {
  snapshot state;             ///< the commit that it stands on is still there
  std::uint64_t trimmed = 0;  ///< the last version that is gone: all before that commit
  std::uint64_t commits = 0;  ///< how many commits are gone
};

/// What a trim deleted.
struct trim_result {
  std::uint64_t commits = 0;
  std::uint64_t events = 0;
};

/// Returns where the event `index` of a commit is.
inline place event_place(const commit_view& c, std::size_t index) {
  return {std::string(c.stream), c.first_version + index, c.first_position + index};
}

/// Is given one commit after the other, and returns whether it wants the next. An exception that it
/// throws passes through the reading function.
using commit_visitor = std::function<bool(const commit_view&)>;

/// Is given one damage after the other.
using damage_visitor = std::function<void(const damaged_history&)>;

/// Is given one base after the other, and returns whether it wants the next.
using base_visitor = std::function<bool(const stream_base&)>;

/// Where commits are stored: the contract of every store. `tests/runtime/journal_contract.hpp` is its suite.
///
/// Any number of threads may call its functions at once; appends then run one after the other.
class journal {
 public:
  journal() = default;
  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;
  virtual ~journal() = default;

  /// Stores a batch of commits, in order, with one synced write, and returns a result for each.
  ///
  /// Each commit is accepted or refused on its own: it is accepted if its stream is at its
  /// `expected_version` once the accepted ones before it are counted. Behind a refused commit every later
  /// one of the same stream in this batch is refused too, because its events were judged on what was not
  /// stored. A refused commit stores nothing and takes no position.
  ///
  /// When it returns, all accepted commits are durable, and every read that begins later sees them. Reads
  /// that began earlier see a whole commit or nothing of it. A crash before it returns leaves all of the
  /// batch's accepted commits or none of them.
  ///
  /// Throws `std::invalid_argument` if a commit is outside the limits of limits.hpp, or the events of the batch are more
  /// than its `max_batch_bytes`; nothing is stored.
  /// Throws `damaged_history` if a stream's version cannot be told, with the stream in its place; nothing is
  /// stored, and the same batch without the commits of that stream may be appended.
  /// Throws `journal_failure` if the write fails: whether the batch is there after the next open is unknown,
  /// and every later `append` throws too. Reads go on as far as the store can serve them.
  virtual std::vector<append_result> append(std::span<const commit> batch) = 0;

  /// Reads the commits of a stream in order, from the one that holds `from_version`. A stream that does not
  /// exist, or ends earlier, has none, which is no error.
  ///
  /// Sees every commit whose `append` returned before the call. Throws `damaged_history` at the first
  /// record that does not decode, is not where it belongs, or leaves a gap, after all good ones before it
  /// were visited; `trimmed_history` if `from_version` was trimmed; `journal_failure` if the store cannot read.
  virtual void read_stream(std::string_view stream,
                           std::uint64_t from_version,
                           const commit_visitor& visit) const = 0;

  /// Reads the commits of all streams in the order of positions, from the one that holds `from_position`.
  /// Sees and throws what `read_stream` does. `read_what_is_left` goes on where it throws `trimmed_history`.
  virtual void read_all(std::uint64_t from_position, const commit_visitor& visit) const = 0;

  /// Reads everything that is stored, and reports each damage with its place instead of throwing it:
  /// what `read_all` and `read_stream` would find, and records that neither reaches. Goes on behind a
  /// damage wherever the store can. Visits each sound commit once, in the order of positions, as far as
  /// that order can be told. What was trimmed is no damage, but a base that does not hold is, which is what
  /// then stands for the events. Throws `journal_failure` only if there is nothing to read from.
  virtual void verify(const commit_visitor& visit, const damage_visitor& report) const = 0;

  /// Returns the position of the last event that is durable, 0 in an empty journal.
  virtual std::uint64_t last_position() const = 0;

  virtual journal_stats stats() const = 0;

  /// Returns where the snapshots of this journal's streams are kept, which lives as long as the journal; nullptr if it
  /// keeps none. They are no part of the history: none of the functions above reads them.
  virtual snapshot_store* snapshots() const noexcept { return nullptr; }

  // -- trimming ----------------------------------------------------------------

  /// Deletes, for ever, the commits of a stream before the one that `base` stands on, and keeps `base` in their place, with
  /// one synced write. Versions and positions go on. Whoever calls it answers for the state in `base`: `trim_stream` of
  /// trim.hpp compares it with the events first, and hands them to an archive.
  ///
  /// When it returns it is durable; a crash before that leaves all of it or nothing. Appends wait while it writes.
  /// Nothing to delete is no error.
  ///
  /// Throws `std::invalid_argument` or `std::length_error` if `base` is no snapshot or what is to be deleted is too much for one
  /// write (then trim to an earlier version first), `error` if the journal does not have the commit that it stands on,
  /// `damaged_history` if what is to be deleted is damaged: nothing is deleted then. Throws `journal_failure` if the write fails,
  /// after which is true what is after a failed `append`, or if the journal cannot be trimmed.
  virtual trim_result trim(const snapshot& base);

  /// Returns what stands for the trimmed events of a stream; nothing if none were. Throws `damaged_history` if that is damaged.
  virtual std::optional<stream_base> base(std::string_view stream) const;

  /// Visits the bases of all streams, in any order. Throws `damaged_history` at one that is damaged.
  virtual void read_bases(const base_visitor& visit) const;
};

/// Is told of each commit that was trimmed, when what is left is read in the order of positions.
using trimmed_visitor = std::function<void(const trimmed_history&)>;

/// Like `journal::read_all`, but tells `trimmed` of the commits that were trimmed, and goes on behind them.
void read_what_is_left(const journal& from,
                       std::uint64_t from_position,
                       const commit_visitor& visit,
                       const trimmed_visitor& trimmed);

}  // namespace reprise
