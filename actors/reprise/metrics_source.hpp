#pragma once

#include "reprise/host_context.hpp"
#include "reprise/journal.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace reprise {

/// Where the numbers of a host are read, also by somebody who holds on to this longer than the host lives. Safe on any
/// thread.
class metrics_source {
 public:
  metrics_source(std::shared_ptr<const host_context> counting,
                 std::shared_ptr<const journal> journal)
      : host(std::move(counting)), journal_(std::move(journal)) {}

  const std::shared_ptr<const host_context> host;

  /// Returns what the journal did; nothing once it was let go of.
  std::optional<journal_stats> stats_of_journal() const {
    const std::lock_guard lock(mutex_);
    return journal_ ? std::optional(journal_->stats()) : std::nullopt;
  }

  /// Lets go of the journal: when this returns nothing from here uses it any more, and it may be opened again.
  void let_go() {
    const std::lock_guard lock(mutex_);
    journal_.reset();
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const journal> journal_;
};

}  // namespace reprise
