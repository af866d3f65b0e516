#pragma once

#include "reprise/journal.hpp"
#include "reprise/limits.hpp"
#include "reprise/model.hpp"
#include "reprise/rebuild.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace reprise {

/// What became of a stream that was trimmed.
struct trimmed_stream {
  std::uint64_t base_version = 0;  ///< of the state that stands for the events
  trim_result deleted;
};

/// Deletes the events of a stream before the commit of its newest snapshot up to version `up_to`, for ever, and keeps that
/// snapshot's state in the journal in their place. It is what nobody but an explicit call does; no policy comes to it.
///
/// Before that the snapshot is read back, its state decoded and compared, byte by byte, with what all events up to its version
/// give, and its commands with those of the commits; then each commit that is to go is handed to `archive`, and when
/// `archived` returns, it has them safe. An exception of either, or the answer that no more is wanted, ends it: nothing is
/// deleted. Without an `archive` nobody has the events any more.
///
/// From then on the class versions of the state are as much for ever as those of events: each later program must read the
/// state of this one.
///
/// Throws `error` if there is no such snapshot, or it is not what the events give, and what `rebuild` and `journal::trim` throw:
/// nothing is deleted then. Not for the thread that an aggregate lives on; its host may run meanwhile.
trimmed_stream trim_stream(journal& in,
                           const aggregate_model& model,
                           std::string_view stream,
                           std::uint64_t up_to = newest_version,
                           const commit_visitor& archive = {},
                           const std::function<void()>& archived = {});

/// Takes a snapshot of a stream as all its events have it, and returns its version; 0 if no commit ends at version `up_to` or
/// before. For whoever wants to trim a stream of which there is none.
///
/// It remembers the last `max_commands` commands, as many as a snapshot can: what it does not remember no dedup window will,
/// once the stream is trimmed, and no window is larger. Of the snapshots of later versions the newest that holds stays, beside
/// this one, whatever `keep` is; a host that saves one meanwhile may lose it, which costs time.
///
/// Throws `error` if the state has no `serialize`, or one that throws, and what `rebuild` and `save_snapshot` throw.
std::uint64_t take_snapshot_now(const journal& in,
                                const aggregate_model& model,
                                std::string_view stream,
                                std::uint64_t up_to = newest_version,
                                std::size_t max_commands = max_remembered_commands,
                                std::size_t keep = 2);

}  // namespace reprise
