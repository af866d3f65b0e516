#pragma once

#include "reprise/commit.hpp"
#include "reprise/error.hpp"
#include "reprise/snapshot_store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
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

/// Returns where the event `index` of a commit is.
inline place event_place(const commit_view& c, std::size_t index) {
  return {std::string(c.stream), c.first_version + index, c.first_position + index};
}

/// Is given one commit after the other, and returns whether it wants the next. An exception that it
/// throws passes through the reading function.
using commit_visitor = std::function<bool(const commit_view&)>;

/// Is given one damage after the other.
using damage_visitor = std::function<void(const damaged_history&)>;

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
  /// Throws `std::invalid_argument` if a commit is outside the limits of limits.hpp; nothing is stored.
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
  /// were visited; `journal_failure` if the store cannot read.
  virtual void read_stream(std::string_view stream,
                           std::uint64_t from_version,
                           const commit_visitor& visit) const = 0;

  /// Reads the commits of all streams in the order of positions, from the one that holds `from_position`.
  /// Sees and throws what `read_stream` does.
  virtual void read_all(std::uint64_t from_position, const commit_visitor& visit) const = 0;

  /// Reads everything that is stored, and reports each damage with its place instead of throwing it:
  /// what `read_all` and `read_stream` would find, and records that neither reaches. Goes on behind a
  /// damage wherever the store can. Visits each sound commit once, in the order of positions, as far as
  /// that order can be told. Throws `journal_failure` only if there is nothing to read from.
  virtual void verify(const commit_visitor& visit, const damage_visitor& report) const = 0;

  /// Returns the position of the last event that is durable, 0 in an empty journal.
  virtual std::uint64_t last_position() const = 0;

  virtual journal_stats stats() const = 0;

  /// Returns where the snapshots of this journal's streams are kept, which lives as long as the journal; nullptr if it
  /// keeps none. They are no part of the history: none of the functions above reads them.
  virtual snapshot_store* snapshots() const noexcept { return nullptr; }
};

}  // namespace reprise
