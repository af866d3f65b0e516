#include "reprise/recovery_actor.hpp"

#include "reprise/stream.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <utility>

namespace reprise {

namespace {

/// Events read in one turn: some milliseconds of work.
constexpr std::uint64_t slice_events = 10'000;

void replay(recovery& r, const commit_view& c, timestamp now) {
  for (std::size_t i = 0; i < c.events.size(); ++i) {
    try {
      r.instance->replay(c.events[i]);
    } catch (const undecodable& bad) {
      throw damaged_history(event_place(c, i), bad.what());
    } catch (const std::exception& thrown) {
      throw damaged_history(event_place(c, i), std::string("evolve threw: ") + thrown.what());
    } catch (...) {
      throw damaged_history(event_place(c, i), "evolve threw something that is no std::exception");
    }
  }
  r.version = c.last_version();
  const auto count = static_cast<std::uint32_t>(c.events.size());
  r.window.remember(c.command_id, {c.last_version(), count, c.time}, now);
}

}  // namespace

recovery_actor::recovery_actor(caf::actor_config& config,
                               std::shared_ptr<host_context> host,
                               std::shared_ptr<journal> from)
    : caf::event_based_actor(config), host_(std::move(host)), journal_(std::move(from)) {
  host_->started(host_context::part::recovery);
}

caf::behavior recovery_actor::make_behavior() {
  return {
      [this](recover& r) {
        if (read_slice(*r.content)) {
          count(*r.content);
          tell(*this, r.reply_to, recovered{std::move(r.content)});
        } else {
          tell(*this, caf::actor_cast<caf::actor>(this), std::move(r));
        }
      },
  };
}

void recovery_actor::on_exit() {
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
  const std::uint64_t before = r.version;
  bool at_end = true;
  try {
    const timestamp now = host_->now();
    journal_->read_stream(r.of->stream, r.version + 1, [&](const commit_view& c) {
      replay(r, c, now);
      at_end = r.version - before < slice_events;
      return at_end;
    });
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
  return at_end;
}

void recovery_actor::count(const recovery& r) const {
  host_metrics& metrics = host_->metrics;
  const std::chrono::nanoseconds time = std::chrono::steady_clock::now() - r.begun;
  metrics.recovery_times.observe(static_cast<std::uint64_t>(time.count()));
  if (!r.failure.empty()) {
    metrics.failed_recoveries.fetch_add(1);
    return;
  }
  host_->recovered.fetch_add(1);
  if (r.version == 0) host_->recovered_empty.fetch_add(1);
}

std::vector<caf::actor> spawn_recoveries(caf::actor_system& system,
                                         const std::shared_ptr<host_context>& host,
                                         const std::shared_ptr<journal>& from) {
  std::vector<caf::actor> all;
  for (std::size_t i = 0; i < host->config.recovery_threads; ++i) {
    all.push_back(host->config.dedicated_threads
                      ? system.spawn<recovery_actor, caf::detached>(host, from)
                      : system.spawn<recovery_actor>(host, from));
  }
  return all;
}

}  // namespace reprise
