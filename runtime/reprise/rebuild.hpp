#pragma once

#include "reprise/journal.hpp"
#include "reprise/model.hpp"
#include "reprise/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace reprise {

/// From a stream to its aggregate: the newest snapshot that holds, and the events behind it.

inline constexpr std::uint64_t newest_version = std::numeric_limits<std::uint64_t>::max();

/// An aggregate that was made again from what is stored.
struct rebuilt {
  std::unique_ptr<aggregate_instance> instance;
  std::uint64_t version = 0;                 ///< of the last event that is in it
  std::uint64_t snapshot_version = 0;        ///< of the snapshot that it began with; 0 is none
  std::vector<remembered_command> commands;  ///< the last ones up to `version`, oldest first
  /// As in a snapshot: of those that are not among `commands`.
  std::optional<timestamp> forgotten_until;
};

/// Returns the aggregate of the newest snapshot up to version `last` that holds: whose bytes are whole, whose schema is
/// the program's, and which stands on a commit that the journal has. If there is none, that of the stream's base, or else
/// a new one at version 0. Reads no events but those of that one commit, and decodes none. Looks at no snapshots if the model has
/// no `snapshot_schema`.
///
/// Each snapshot that is passed over is told to `report`, newest first. Throws `journal_failure` if the journal, not
/// its snapshots, cannot be read; `damaged_history` if the base must be used and does not decode; `trimmed_history` if what it
/// takes to come to version `last` was trimmed.
rebuilt restore(const journal& from,
                const aggregate_model& model,
                std::string_view stream,
                const skipped_visitor& report = {},
                std::uint64_t last = newest_version);

/// Evolves an aggregate by the events of a commit, the next ones of its stream. Throws `damaged_history` with the place of
/// an event that does not decode, or that `evolve` throws at; the aggregate is then lost.
void replay(const commit_view& c, aggregate_instance& instance);

/// Returns the aggregate at the end of its stream, or at version `last` if a commit ends there, else at the end of the one
/// before: what `restore` returns, with the events behind it. Remembers the last `max_commands` commands. A trim may come
/// meanwhile.
///
/// Throws what `replay` and `journal::read_stream` throw.
rebuilt rebuild(const journal& from,
                const aggregate_model& model,
                std::string_view stream,
                const skipped_visitor& report = {},
                std::uint64_t last = newest_version,
                std::size_t max_commands = 1000);

/// Saves a snapshot of a state that is durable, and keeps `keep` of that stream. Looks up the commit that ends at
/// `s.version` and puts its position and checksum into `s`, so that it is known later what the snapshot stands on.
///
/// Slow, as it reads and writes: not for the thread that an aggregate lives on. Throws `error` if no commit ends there, or
/// it is not that of the command that `s` remembers last, which is what an aggregate that was overtaken finds; and what
/// `snapshot_store::save` throws, `journal_failure` also if the journal keeps no snapshots.
void save_snapshot(const journal& in, snapshot s, std::size_t keep);

namespace detail {

/// Reads a state of a class version. Throws `undecodable`.
using state_taker = std::function<void(std::uint32_t version, std::string_view state)>;

/// The first half of `restore`, for a state whose type is known: gives `take` the state of one snapshot after the other until
/// it takes one, and returns that one. Without a schema none is looked at.
std::optional<snapshot> take_snapshot(const journal& from,
                                      std::string_view stream,
                                      std::uint64_t last,
                                      const std::optional<state_schema>& schema,
                                      const state_taker& take,
                                      const skipped_visitor& report);

/// The second half, where no snapshot holds: gives `take` the state of the stream's base, whatever its schema version, because
/// it is all there is, and returns it; nothing if nothing was trimmed, or `last` is 0.
std::optional<snapshot> take_base(const journal& from,
                                  std::string_view stream,
                                  std::uint64_t last,
                                  const state_taker& take);

/// Returns what `read` returns, which is called again where a trim came between what it began with and what it then read:
/// what stands for those events is there now. Throws its `trimmed_history` if it is not, or what was asked for is gone.
template <class Read>
auto read_beside_trims(const Read& read) {
  for (std::uint64_t first_kept = 1;;) {
    try {
      return read();
    } catch (const trimmed_history& gap) {
      if (gap.next_version() <= first_kept) throw;
      first_kept = gap.next_version();
    }
  }
}

/// Returns the aggregate of the stream's base, or a new one at version 0 if nothing was trimmed.
rebuilt restore_base(const journal& from, const aggregate_model& model, std::string_view stream);

}  // namespace detail

}  // namespace reprise
