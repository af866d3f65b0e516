#pragma once

#include "reprise/limits.hpp"
#include "reprise/model.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace reprise {

/// When snapshots are taken of the aggregates of one type. By default never.
struct snapshot_policy {
  /// Is asked after each command that was recorded, where the aggregate lives, so it is quick: for several aggregates at
  /// once, on several threads. If it throws, no more snapshots are taken of that aggregate until its actor starts again;
  /// commands go on.
  using predicate = std::function<bool(const aggregate_instance&, std::uint64_t version)>;

  std::uint64_t every_events = 0;  ///< once so many events are behind the last snapshot; 0 is never
  predicate when{};                ///< also when this says so; empty is never
  bool on_passivation =
      false;             ///< also when the aggregate leaves, if anything is behind the last one
  std::size_t keep = 2;  ///< of each aggregate, 1 to `max_kept_snapshots`

  bool is_off() const noexcept { return every_events == 0 && !when && !on_passivation; }

  /// Returns whether one is to be taken now that `aggregate` is at `version`, and the last one was taken at
  /// `last_snapshot`, 0 if there is none.
  bool is_due(const aggregate_instance& aggregate,
              std::uint64_t version,
              std::uint64_t last_snapshot) const {
    if (version <= last_snapshot) return false;
    if (every_events != 0 && version - last_snapshot >= every_events) return true;
    return when && when(aggregate, version);
  }

  /// Throws `invalid_config` if it asks for what no store does.
  void check() const {
    if (keep == 0 || keep > max_kept_snapshots) {
      throw invalid_config("snapshot_policy.keep is " + std::to_string(keep) + "; it takes 1 to "
                           + std::to_string(max_kept_snapshots));
    }
  }
};

/// Returns a predicate of a policy that asks `says(state, version)` of an aggregate type.
template <aggregate State, class Says>
snapshot_policy::predicate snapshot_when(Says says) {
  return [says = std::move(says)](const aggregate_instance& of, std::uint64_t version) {
    return says(*static_cast<const State*>(of.state()), version);
  };
}

}  // namespace reprise
