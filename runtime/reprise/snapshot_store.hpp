#pragma once

#include "reprise/error.hpp"
#include "reprise/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace reprise {

/// Why a snapshot was of no use, so that older ones, or the events alone, had to do.
enum class snapshot_fault : std::uint8_t {
  damaged,        ///< it cannot be read, or its bytes are not those that were written
  other_schema,   ///< another version of the program wrote it, and laid the state out otherwise
  undecodable,    ///< its bytes are whole, and yet no state
  other_history,  ///< the journal does not have the commit that it stands on
};

/// Returns the fault as a word for logs and metrics: "damaged", "other_schema", …
std::string_view name_of(snapshot_fault fault) noexcept;

/// A snapshot that was passed over. It cost time, no data.
struct skipped_snapshot {
  place
      where;  ///< of its last event; what is not known is 0, and without a stream it concerns all of them
  snapshot_fault fault = snapshot_fault::damaged;
  std::string reason;

  /// Returns what was passed over and why, as people read it.
  std::string text() const;
};

/// Is given one snapshot after the other, which it may take apart, and returns whether it wants the next.
using snapshot_visitor = std::function<bool(snapshot&)>;

/// Is given what was passed over. An empty one is allowed: then nobody is told.
using skipped_visitor = std::function<void(const skipped_snapshot&)>;

/// What a store of snapshots did since it was opened, and how it is.
struct snapshot_stats {
  std::uint64_t saved = 0;
  std::uint64_t bytes = 0;  ///< what all snapshots occupy now, about
  std::string trouble;  ///< why those of before are gone, or none can be kept; empty if all is well
};

/// Where the snapshots of one journal are kept: the contract of every such store, beside that of journal.hpp.
///
/// Any number of threads may call its functions at once, none of which waits for an `append` or makes one wait.
/// Nothing in it is synced, and nothing is lost with it but time.
class snapshot_store {
 public:
  snapshot_store() = default;
  snapshot_store(const snapshot_store&) = delete;
  snapshot_store& operator=(const snapshot_store&) = delete;
  virtual ~snapshot_store() = default;

  /// Keeps `s`, in place of one of the same version, and of its stream's other snapshots the newest ones before it,
  /// `keep` in all, which is 1 to `max_kept_snapshots`. Those of later versions go: they stand on a history that is
  /// no more, or belong to a writer that was overtaken, and would keep newer ones out. A crash leaves all of that
  /// or nothing, or may take back what was saved lately.
  ///
  /// Throws what `check_limits` throws, `std::invalid_argument` for another `keep`, and `journal_failure` if it cannot be
  /// written, which does no harm to what was saved before.
  virtual void save(const snapshot& s, std::size_t keep) = 0;

  /// Visits the snapshots of a stream, the newest first. Those that are damaged are given to `report`. Throws nothing of
  /// its own: if nothing can be read at all, that is reported as one damage.
  virtual void read(std::string_view stream,
                    const snapshot_visitor& visit,
                    const skipped_visitor& report) const = 0;

  /// Removes all snapshots of a stream. Throws `journal_failure`.
  virtual void remove(std::string_view stream) = 0;

  /// Reads the snapshots of all streams, in any order. Goes on behind a damage as far as it can.
  virtual void verify(const snapshot_visitor& visit, const skipped_visitor& report) const = 0;

  virtual snapshot_stats stats() const = 0;
};

}  // namespace reprise
