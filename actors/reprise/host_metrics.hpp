#pragma once

#include "reprise/answer.hpp"
#include "reprise/metric.hpp"
#include "reprise/model.hpp"
#include "reprise/snapshot_store.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>

namespace reprise {

// -- what things are counted by ------------------------------------------------

// The names are values of Prometheus labels: people's alerts have them, so they do not change.

/// A limit that kept a command from being taken or stored.
enum class limit : std::uint8_t {
  in_flight,
  in_flight_per_aggregate,
  live,
  waiting,
  aggregate_id,
  command_id,  ///< correlation and causation ids too
  commit_events,
  commit_bytes,
};
constexpr std::array<std::string_view, 8> names_of(limit) {
  return {"max_in_flight",
          "max_in_flight_per_aggregate",
          "max_live",
          "max_waiting",
          "max_aggregate_id_bytes",
          "max_command_id_bytes",
          "max_events_per_commit",
          "max_commit_bytes"};
}

/// Returns the field of `host_config` that a limit is.
constexpr std::string_view name_of(limit which) {
  return names_of(which)[static_cast<std::size_t>(which)];
}

/// Why an aggregate is rebuilt from the journal that was before.
enum class restart_reason : std::uint8_t {
  conflict,  ///< another writer was ahead of it
  crash,     ///< it lost its state when `evolve` threw
  killed,    ///< its actor was ended: `aggregates::crash`
  retry,     ///< it could not be read, or was told to back off, and was due
};
constexpr std::array<std::string_view, 4> names_of(restart_reason) {
  return {"conflict", "crash", "killed", "retry"};
}

/// Why an aggregate was let go of.
enum class passivation_reason : std::uint8_t {
  asked,  ///< `aggregates::passivate`
  idle,
  limit,  ///< too many are live
};
constexpr std::array<std::string_view, 3> names_of(passivation_reason) {
  return {"asked", "idle", "limit"};
}

/// What became of a snapshot that was due.
enum class snapshot_write : std::uint8_t {
  written,
  failed,
  dropped,  ///< too many were not saved yet
};
constexpr std::array<std::string_view, 3> names_of(snapshot_write) {
  return {"written", "failed", "dropped"};
}

/// What a recovery began from, for a type with a policy for snapshots.
enum class snapshot_read : std::uint8_t {
  hit,
  miss,  ///< there was none that could be used: it began from the first event
};
constexpr std::array<std::string_view, 2> names_of(snapshot_read) {
  return {"hit", "miss"};
}

constexpr std::array<std::string_view, 4> names_of(snapshot_fault) {
  return {"damaged", "other_schema", "undecodable", "other_history"};
}

/// Bounds for the commits, and for the bytes, of one write.
inline constexpr std::array<std::uint64_t, 10> commit_bounds{1,  2,   4,     8,     16,
                                                             64, 256, 1'024, 4'096, 16'384};
inline constexpr std::array<std::uint64_t, 10> byte_bounds{
    64, 256, 1'024, 4'096, 16'384, 65'536, 262'144, 1'048'576, 4'194'304, 16'777'216};

// -- the numbers ---------------------------------------------------------------

/// What is counted of the commands and queries for one aggregate type.
class aggregate_metrics {
 public:
  using clock = std::chrono::steady_clock;

  explicit aggregate_metrics(const aggregate_model& m) : model(m) {}

  static constexpr std::size_t answer_kinds = 5;

  const aggregate_model& model;
  busy_counts commands{answer_kinds};  ///< that were answered, by the answer
  busy_counts queries{answer_kinds};
  histogram command_times{time_bounds};  ///< from when they were taken until they are answered
  histogram query_times{time_bounds};
  histogram waits{
      time_bounds};  ///< from when either was taken until its aggregate turns to it; of some

  /// Counts an answer. `taken` is when the command was, or the epoch if that was not measured; what was turned away past
  /// a limit took no time. `now` is looked up if it is the epoch.
  void answered(bool is_command,
                answer_kind kind,
                clock::time_point taken,
                clock::time_point now) noexcept;
};

/// What a host counts for `host::metrics`, beside the counters of `host_context`. What anybody counts is one line:
///
///     host().metrics.limits_hit.add(limit::waiting);
class host_metrics {
 public:
  /// Returns the numbers of an aggregate type, which live as long as this.
  aggregate_metrics& of(const aggregate_model& model);

  /// Calls `visit` with those of each type, in the order in which they were asked for.
  template <class Visit>
  void for_each_type(Visit visit) const {
    const std::lock_guard lock(mutex_);
    for (const aggregate_metrics& type : types_) visit(type);
  }

  // -- taking in -----------------------------------------------------------------

  counts_by<limit> limits_hit;

  // -- aggregates ----------------------------------------------------------------

  std::atomic<std::uint64_t> failed_recoveries{0};
  histogram recovery_times{time_bounds};  ///< from when it is asked for, until the state is there
  counts_by<restart_reason> restarts;
  counts_by<passivation_reason> passivations;

  counts_by<snapshot_write> snapshot_writes;
  counts_by<snapshot_read> snapshot_reads;
  counts_by<snapshot_fault> snapshots_ignored;

  // -- the journal ---------------------------------------------------------------

  histogram write_times{time_bounds};      ///< of each write that succeeded, with its sync
  histogram write_commits{commit_bounds};  ///< commits with events in each
  histogram write_bytes{byte_bounds};      ///< of their events

 private:
  mutable std::mutex mutex_;
  std::deque<aggregate_metrics> types_;
};

}  // namespace reprise
