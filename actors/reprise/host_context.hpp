#pragma once

#include "reprise/admission.hpp"
#include "reprise/dedup_window.hpp"
#include "reprise/error.hpp"
#include "reprise/host_config.hpp"
#include "reprise/host_metrics.hpp"
#include "reprise/log_throttle.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace reprise {

class delivery;

/// `host_config::clock` threw.
class clock_failed : public error {
 public:
  using error::error;
};

using steady_time = std::chrono::steady_clock::time_point;

/// Where a host takes time that only goes on, and chance, from. Tests bring their own.
struct host_sources {
  std::function<steady_time()> now = std::chrono::steady_clock::now;  ///< on any thread
  std::optional<std::uint64_t> seed{};                                ///< none is a random one
};

/// What all actors of a host share: its configuration, its counters, and what they tell each other without a
/// message. Every function is safe on any thread.
class host_context {
 public:
  /// `c` is without its journal: only those who use that hold it, so that it closes when the last of them ends.
  explicit host_context(host_config c, host_sources sources = {});

  const host_config config;
  const std::shared_ptr<admission> gate;

  // -- counters, as in host_stats ------------------------------------------------------------------------------

  std::atomic<std::uint64_t> live{0};
  std::atomic<std::uint64_t> recovering{0};
  std::atomic<std::uint64_t> recovered{0};
  std::atomic<std::uint64_t> recovered_empty{0};
  std::atomic<std::uint64_t> broken{0};
  std::atomic<std::uint64_t> replayed_events{0};
  std::atomic<std::uint64_t> replay_nanoseconds{0};
  std::atomic<std::uint64_t> conflicts{0};
  std::atomic<std::uint64_t> crashes{0};

  /// Snapshots that were taken and are not saved yet: a host that stops waits for them. None is taken that would pass
  /// either limit.
  admission unsaved_snapshots{max_unsaved_snapshots};
  std::atomic<std::size_t> unsaved_snapshot_bytes{0};

  static constexpr std::size_t max_unsaved_snapshots = 100'000;
  static constexpr std::size_t max_unsaved_snapshot_bytes = std::size_t{64} * 1024 * 1024;

  /// What is only in `host::metrics`.
  host_metrics metrics;

  /// Returns an id for a command that came without one: 15 characters, unlike any that another host gave.
  std::string next_command_id();

  /// Returns the time by `host_config::clock`. Throws `clock_failed` if that throws.
  timestamp now() const;

  /// Returns a time that only goes on.
  steady_time steady_now() const { return sources_.now(); }

  /// Returns how long an aggregate that has failed so many times in a row waits until it is read again; 0 for none.
  std::chrono::milliseconds backoff(std::uint32_t failures) noexcept;

  /// Returns how much a command may record.
  reprise::commit_limits commit_limits() const noexcept {
    return {static_cast<std::uint32_t>(config.max_events_per_commit),
            static_cast<std::uint32_t>(config.max_commit_bytes)};
  }

  /// Returns a window for command ids as the configuration has it.
  dedup_window new_window() const noexcept;

  /// Answers one that cannot wait for its aggregate to recover, because too many do.
  void too_many_wait(delivery& d);

  /// Calls the log callback, whose exceptions are dropped.
  void log(log_level level, const std::string& message) const noexcept;

  /// The same for what may come again and again: `log_throttle` decides whether it is told.
  void log(log_level level, const log_key& key, const std::string& message);

  // -- the journal's failure -----------------------------------------------------------------------------------

  /// Marks the journal as failed; only the first reason is kept.
  void journal_failed(const std::string& reason);

  bool has_failed() const noexcept { return failed_.load(std::memory_order_acquire); }

  /// Returns why; empty unless `has_failed()`.
  std::string failure() const;

  // -- what still runs -----------------------------------------------------------------------------------------

  enum class part : std::uint8_t { supervisor, aggregate, journal, writer, recovery, snapshots };
  static constexpr std::size_t parts = 6;

  void started(part what) noexcept;
  void ended(part what) noexcept;
  std::uint64_t running(part what) const noexcept;

  /// Waits until every actor has ended; returns whether all have by `deadline`.
  bool wait_until_ended(std::chrono::steady_clock::time_point deadline);

 private:
  /// Returns a number from 0 up to, and without, 1.
  double chance() noexcept;

  const host_sources sources_;
  std::atomic<std::uint64_t> random_state_;
  std::string first_id_;  ///< the last 6 characters count
  std::atomic<std::uint64_t> next_id_{0};

  log_throttle throttle_;

  std::atomic<bool> failed_{false};
  mutable std::mutex failure_mutex_;
  std::string failure_;

  std::atomic<std::uint64_t> running_[parts]{};
  std::atomic<std::uint64_t> running_in_all_{0};
  std::mutex ended_mutex_;
  std::condition_variable ended_;
};

}  // namespace reprise
