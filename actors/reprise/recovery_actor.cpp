#include "reprise/recovery_actor.hpp"

#include "reprise/rebuild.hpp"
#include "reprise/text.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <utility>
#include <vector>

namespace reprise {

namespace {

/// Events read in one turn: some milliseconds of work.
constexpr std::uint64_t slice_events = 10'000;

/// Returns the time. If the clock fails, it is so early that no command id is too old for it: the next command asks the
/// clock again, and is told that it failed.
timestamp time_or_earliest(const host_context& host) {
  try {
    return host.now();
  } catch (const clock_failed&) {
    return timestamp::min();
  }
}

/// Returns a window as it was when a snapshot was taken, or what of it fits.
dedup_window window_of(const rebuilt& restored, dedup_window window, timestamp now) {
  if (restored.forgotten_until) window.forget_until(*restored.forgotten_until);
  for (const remembered_command& c : restored.commands) {
    window.remember(c.id, {c.version, c.events, c.time}, now);
  }
  return window;
}

}  // namespace

recovery_actor::recovery_actor(caf::actor_config& config,
                               std::shared_ptr<host_context> host,
                               std::shared_ptr<recovery_queue> queue,
                               std::shared_ptr<journal> from)
    : caf::event_based_actor(config),
      host_(std::move(host)),
      queue_(std::move(queue)),
      journal_(std::move(from)) {
  host_->started(host_context::part::recovery);
}

caf::behavior recovery_actor::make_behavior() {
  return {[this](recover) {
    const auto self = caf::actor_cast<caf::actor>(this);
    auto next = queue_->take(self);
    if (!next) return;
    if (read_slice(*next)) {
      finish(std::move(next));
    } else {
      queue_->put_back(std::move(next));
    }
    tell(*this, self, recover{});
  }};
}

void recovery_actor::finish(std::shared_ptr<recovery> r) {
  count(*r);
  queue_->finish();
  const caf::actor aggregate = std::exchange(r->reply_to, nullptr);
  tell(*this, aggregate, recovered{std::move(r)});
}

void recovery_actor::on_exit() {
  queue_.reset();
  journal_.reset();
  host_->ended(host_context::part::recovery);
}

bool recovery_actor::read_slice(recovery& r) {
  if (host_->has_failed()) {
    // A write that failed may be there after the next open, so no state that is read now is sure to last.
    r.failure = "the journal failed: " + host_->failure();
    return true;
  }
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t before = r.version;
  std::uint64_t first_kept = 0;
  bool at_end = true;
  try {
    const timestamp now = time_or_earliest(*host_);
    if (!r.instance) before = begin_with_snapshot(r, now);
    journal_->read_stream(r.of->stream, r.version + 1, [&](const commit_view& c) {
      replay(c, *r.instance);
      r.version = c.last_version();
      const auto count = static_cast<std::uint32_t>(c.events.size());
      r.window.remember(c.command_id, {c.last_version(), count, c.time}, now);
      at_end = r.version - before < slice_events;
      return at_end;
    });
  } catch (const trimmed_history& gap) {
    r.failure = gap.what();
    first_kept = gap.next_version();
  } catch (const std::exception& thrown) {
    r.failure = thrown.what();
    at_end = true;
  } catch (...) {
    r.failure = "the journal threw something that is no std::exception";
    at_end = true;
  }
  const auto spent = std::chrono::steady_clock::now() - begin;
  host_->replay_nanoseconds.fetch_add(
      static_cast<std::uint64_t>(std::chrono::nanoseconds(spent).count()));
  host_->replayed_events.fetch_add(r.version - before);
  return first_kept != 0 ? !begin_again(r, first_kept) : at_end;
}

bool recovery_actor::begin_again(recovery& r, std::uint64_t first_kept) const {
  if (first_kept <= r.first_kept) return false;
  r.first_kept = first_kept;
  r.failure.clear();
  r.instance.reset();
  r.version = 0;
  r.snapshot_version = 0;
  r.window = host_->new_window();
  return true;
}

std::uint64_t recovery_actor::begin_with_snapshot(recovery& r, timestamp now) {
  auto restored = restore(*journal_, *r.model, r.of->stream, [this](const skipped_snapshot& s) {
    host_->metrics.snapshots_ignored.add(s.fault);
    host_->log(log_level::warning, {log_cause::snapshot, s.where.stream, s.text()}, s.text());
  });
  r.window = window_of(restored, std::move(r.window), now);
  r.instance = std::move(restored.instance);
  r.version = restored.version;
  r.snapshot_version = restored.snapshot_version;
  return r.version;
}

void recovery_actor::count(const recovery& r) const {
  host_metrics& metrics = host_->metrics;
  const std::chrono::nanoseconds time = std::chrono::steady_clock::now() - r.begun;
  metrics.recovery_times.observe(static_cast<std::uint64_t>(time.count()));
  if (!r.failure.empty()) {
    metrics.failed_recoveries.fetch_add(1);
    return;
  }
  if (r.snapshot_version != 0) {
    metrics.snapshot_reads.add(snapshot_read::hit);
  } else if (r.version != 0 && r.has_policy) {
    metrics.snapshot_reads.add(snapshot_read::miss);
  }
  host_->recovered.fetch_add(1);
  if (r.version == 0) host_->recovered_empty.fetch_add(1);
}

std::shared_ptr<recovery_queue> spawn_recoveries(caf::actor_system& system,
                                                 const std::shared_ptr<host_context>& host,
                                                 const std::shared_ptr<journal>& from) {
  auto queue = std::make_shared<recovery_queue>(host->config.max_recoveries);
  std::vector<caf::actor> readers;
  for (std::size_t i = 0; i < host->config.recovery_threads; ++i) {
    readers.push_back(host->config.dedicated_threads
                          ? system.spawn<recovery_actor, caf::detached>(host, queue, from)
                          : system.spawn<recovery_actor>(host, queue, from));
  }
  queue->is_read_by(std::move(readers));
  return queue;
}

}  // namespace reprise
