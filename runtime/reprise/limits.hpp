#pragma once

#include <cstddef>

namespace reprise {

/// The limits of the stored format. Stores, actors and tools share them, and they never shrink: an
/// old journal must still be read. Past any of them a command is refused and nothing is stored.

/// Bytes in the name of a category, and in the name of an event.
inline constexpr std::size_t max_name_bytes = 128;

/// Bytes in an aggregate's id. Any bytes are an id, except none.
inline constexpr std::size_t max_aggregate_id_bytes = 512;

/// Bytes in the name of a stream: `category/id`.
inline constexpr std::size_t max_stream_bytes = max_name_bytes + 1 + max_aggregate_id_bytes;

/// Bytes in a command's, correlation's or causation's id.
inline constexpr std::size_t max_command_id_bytes = 128;

/// Events in one commit.
inline constexpr std::size_t max_events_per_commit = 1024;

/// Bytes of all the events of one commit, encoded.
inline constexpr std::size_t max_commit_bytes = 1024 * 1024;

/// Bytes of all the events of one batch of commits, encoded. Of what is stored this is no limit, only of what is appended.
inline constexpr std::size_t max_batch_bytes = std::size_t{64} * 1024 * 1024;

/// Bytes of a snapshot, with all that is in it. Of a larger state none is kept: it is always replayed.
inline constexpr std::size_t max_snapshot_bytes = std::size_t{64} * 1024 * 1024;

/// Commands that a snapshot remembers.
inline constexpr std::size_t max_remembered_commands = 100'000;

/// Snapshots that are kept of one stream.
inline constexpr std::size_t max_kept_snapshots = 16;

}  // namespace reprise
