#pragma once

#include "reprise/journal.hpp"
#include "reprise/limits.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace reprise {

enum class log_level { info, warning, error };

/// Is told what happened, one sentence a call, from any thread, possibly several at once.
using log_callback = std::function<void(log_level, const std::string&)>;

/// Everything about a host that can be set. Each default is meant to be kept; `validate` refuses what cannot
/// work.
struct host_config {
  /// Where commits are stored. Needed. The host shares it: hand it to the next host to go on with it, unless a write failed:
  /// then let go of it everywhere, and open it again.
  std::shared_ptr<reprise::journal> journal{};

  /// Threads that actors run on at a time, 1 to 1,024; 0 is one a core, and at least two. One more steps in while these are
  /// stuck, as `sharing_scheduler.hpp` says. Where most commands are quick and many are in flight, one fewer than cores can
  /// be faster, because the journal's writer needs one. Only for a host with its own actor system.
  std::size_t scheduler_threads = 0;

  /// Threads that read the journal to recover aggregates, 1 to 256.
  std::size_t recovery_threads = 2;

  /// Aggregates that recover at once, 1 to 1,000,000: whose history is in memory in part, because it is long and is read
  /// in slices. The others wait: first comes what was in memory until it crashed, then what has commands waiting.
  std::size_t max_recoveries = 64;

  /// Commands and queries taken and not yet answered, in the whole host, 1 to 10,000,000. Past it the answer
  /// is `overloaded` at once. Those that `command_timeout` has answered count until the host is done with them. No more
  /// than three quarters may wait for aggregates to recover, so that those in memory are served meanwhile.
  std::size_t max_in_flight = 100'000;

  /// The same for one aggregate, 1 to 10,000,000; by default 100,000 too. Less keeps one that is hot or slow from taking up
  /// the room of all others.
  std::size_t max_in_flight_per_aggregate = 100'000;

  /// Commands and queries that wait for one aggregate while it recovers, 1 to 1,000,000. Past it the answer
  /// is `overloaded` at once.
  std::size_t max_waiting = 10'000;

  /// How long a command or query may wait for its answer, 10 ms to 24 hours, whatever the journal does; 0 is for
  /// ever. Then a command is answered `unknown`: it may take effect all the same, now or later, and sent again under the
  /// same id it gets the first answer. A query is answered `unavailable`. The host looks at most a second apart, and
  /// eight times in that time: answers come so much later, never earlier.
  std::chrono::milliseconds command_timeout = std::chrono::seconds(30);

  /// How long nothing may come in for an aggregate until its actor leaves and its memory is free, 10 ms to a year; 0 is
  /// never. The next command or query starts another, which replays the history. It leaves up to a quarter later.
  std::chrono::milliseconds passivate_after = std::chrono::minutes(10);

  /// Aggregates of one type that are in memory, 1 to 100,000,000. Past it, the least recently used of those that are idle
  /// leave. Ids are spread over up to 64 parts, each of which has its share of it and looks at its own: one part may be full
  /// before all are. While those that leave are still in memory it may be an eighth more, and then, or if none is idle, what
  /// would need another is answered `overloaded` at once.
  std::size_t max_live = 1'000'000;

  /// Bytes in an aggregate's id, 1 to the 512 of the format, and in a command's, correlation's or causation's id, 1 to its
  /// 128. Past them the answer is `refused`.
  std::size_t max_aggregate_id_bytes = reprise::max_aggregate_id_bytes;
  std::size_t max_command_id_bytes = reprise::max_command_id_bytes;

  /// Events that one command may record, 1 to the 1,024 of the format, and their bytes, 64 to its 1 MiB. Past them the
  /// answer is `refused`, and the aggregate stays as it was.
  std::size_t max_events_per_commit = reprise::max_events_per_commit;
  std::size_t max_commit_bytes = reprise::max_commit_bytes;

  /// Commits written with one sync, 1 to 100,000. More of them wait for the next write.
  std::size_t max_batch_commits = 4'096;

  /// Bytes of events written with one sync, 64 KiB to 63 MiB; a batch ends with the commit that passes it, and fits a
  /// journal's 64 MiB.
  std::size_t max_batch_bytes = 8 * 1024 * 1024;

  /// Command ids that each aggregate remembers, 0 to 100,000: a command sent again within its aggregate's
  /// last so many recorded commands, and within `dedup_age`, takes effect once and gets the first answer.
  std::size_t dedup_window = 1'000;

  /// How long a command id is remembered after its commit, 1 second to 3,650 days, by `clock`.
  std::chrono::seconds dedup_age = std::chrono::hours(24);

  /// An aggregate whose history cannot be read, or that has lost its state to one crash after another, is read again by
  /// the first command or query that comes after a while; till then what comes is answered `unavailable` at once, with the
  /// reason and the time that is left. The while is `restart_backoff_min` at first and twice as long each time, up to
  /// `restart_backoff_max`: 1 ms to 24 hours each. The first restart after a crash is at once, and an aggregate that has
  /// gone on for `restart_backoff_max` begins anew. Till then it evolves copies of its state, so that a command that
  /// crashes it every time makes it restart once.
  std::chrono::milliseconds restart_backoff_min = std::chrono::milliseconds(100);
  std::chrono::milliseconds restart_backoff_max = std::chrono::seconds(30);

  /// By up to how much each such while is shortened, at random, so that many aggregates do not come back at once: 0 to
  /// 100 percent.
  std::size_t restart_jitter_percent = 20;

  /// Whether it is measured how long commands and queries take, and wait for their aggregate. Everything else in
  /// `host::metrics` is counted in any case.
  bool command_times = true;

  /// What time it is: when a command is decided, which is the time of its commit, and by which ids grow old. Called on
  /// any thread, on several at once. If it throws, the command at hand is answered `unavailable`.
  std::function<timestamp()> clock = system_time;

  /// Told once: a failed write and, when it is next asked for, each aggregate with commits in it, an aggregate that cannot be recovered, and that it
  /// can again, and an actor that `aggregates::crash` ended. Told at once, and then at most once in a minute with how often
  /// it came in between, because clients can bring it about at will: a crash for the same reason in the same aggregate, a
  /// clock that throws, an aggregate that is read again and why, a snapshot that was passed over or cannot be taken or
  /// saved. Of these, past 256 different ones in a minute, those of one cause are taken together. May be empty.
  log_callback log{};

  /// False runs the journal's writer and the recoveries as ordinary actors instead of on threads of their
  /// own, so that a deterministic scheduler sees each step. For tests: a write then blocks a scheduler thread, and
  /// nothing is answered by `command_timeout`.
  bool dedicated_threads = true;

  static timestamp system_time();
};

/// Throws `invalid_config`, which names the field, its value and its bounds.
void validate(const host_config& config);

}  // namespace reprise
