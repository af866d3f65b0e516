#pragma once

#include "crash/simulated_disk.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace reprise::crash {

/// Which faults this process has, read from its environment once:
///
///     CRASH_DIRECTORY  the directory whose files they act on
///     CRASH_REPORT     a file outside of it, which gets a line for each fault that fired: its name, the nanoseconds
///                      of CLOCK_MONOTONIC, details
///     CRASH_FAULTS     name=number,name=number,…
///
/// The names, where n counts from 1 and from the start of the process:
///
///     seed=s             of everything that is chosen at random
///     kill_before_sync=n SIGKILL at the n-th sync of the journal's log: after the append, before it is durable
///     kill_after_sync=n  right after it: durable, and nobody has been answered
///     kill_before_snapshot=n  before the n-th write to a log in the folder of the snapshots, which saves one or more
///     kill_after_snapshot=n  right after it; it is never synced
///     kill_in_write=n    when a random number of the pages of the n-th write have been done
///     kill_at_read=n     at the n-th read of a file: early ones are in the recovery of the journal
///     kill_at_operation=n  before the n-th write, sync, making, renaming or unlinking
///     lose_power=1       a kill takes what was not synced with it; 2: and may leave zeros or garbage behind the
///                        last synced byte, as file systems do that write a size before the content
///     fail_sync=n        the n-th sync fails with EIO
///     fail_log_sync=n    the n-th sync of the journal's log does
///     drop_pages=1       what it did not sync reads as zeros from then on
///     full_after=bytes   there is no space for more than so many new bytes
///     short_writes=n     every n-th write does only a part
///     read_only=1        nothing can be changed
///     hang_sync=n        the n-th sync of a log takes hang_ms
///     hang_syncs=k       and so do all up to the k-th from there
///     slow_sync_ms=ms    every sync takes so long
///
/// An unknown name ends the process: a fault that is misspelled would prove nothing.
class fault_plan {
 public:
  /// Returns nullptr where there is no CRASH_DIRECTORY. Never taken down.
  static fault_plan* get();

  /// Held while a file is changed, so that a loss of power takes everything at one moment.
  std::mutex changing;
  simulated_disk disk;
  simulated_disk::random_source random;

  /// Returns the number of a fault, 0 if it was not asked for.
  std::uint64_t number(std::string_view fault) const;

  /// Counts one more of what is counted for a fault. Returns whether it is the n-th, or one of the `times - 1` after it.
  bool is_due(std::string_view fault, std::uint64_t times = 1);

  /// Counts, and dies if it is the n-th. The caller holds `changing`.
  void die_if_due(std::string_view fault, std::string_view where);

  /// Writes that a fault fired, and dies of it. The caller holds `changing`.
  [[noreturn]] void die(std::string_view fault, std::string_view where);

  void report(std::string_view fault, std::string_view details) const;

  /// Returns how many of the next new bytes have space.
  std::uint64_t take_space(std::uint64_t bytes);
  bool is_full() const;

 private:
  fault_plan(const char* directory, const char* report, const char* faults);

  std::string report_;
  std::map<std::string, std::uint64_t, std::less<>> numbers_;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
  std::uint64_t space_taken_ = 0;
};

}  // namespace reprise::crash
