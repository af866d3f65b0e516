#include "reprise/host.hpp"

#include "reprise/caf.hpp"
#include "reprise/host_context.hpp"
#include "reprise/journal_actor.hpp"
#include "reprise/messages.hpp"
#include "reprise/metrics_source.hpp"
#include "reprise/periodic.hpp"
#include "reprise/recovery_actor.hpp"
#include "reprise/snapshot_actor.hpp"
#include "reprise/stream.hpp"
#include "reprise/supervisor.hpp"
#include "reprise/text.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace reprise {

namespace {

/// Deadlines beyond it mean it: a clock cannot hold any number of milliseconds.
constexpr std::chrono::milliseconds longest_stop = std::chrono::hours(24 * 365);

host_config without_journal(host_config config) {
  config.journal.reset();
  return config;
}

host_config validated(host_config config) {
  validate(config);
  return config;
}

/// Returns why an aggregate type has no `snapshot_schema`.
std::string why_not_stored(const aggregate_model& model) {
  try {
    std::string bytes;
    model.make()->encode(bytes);
  } catch (const std::exception& thrown) {
    return thrown.what();
  } catch (...) {
    return "something was thrown that is no std::exception";
  }
  return "its `serialize` threw";
}

/// Returns what answers commands whose time is over, if any can be.
std::unique_ptr<periodic> sweeper_for(const host_context& context) {
  auto& deadlines = context.gate->deadlines();
  if (!context.config.dedicated_threads || !deadlines.is_limited()) return nullptr;
  return std::make_unique<periodic>(deadlines.interval(),
                                    [gate = context.gate] { gate->deadlines().sweep(); });
}

}  // namespace

class host::core {
 public:
  core(caf::actor_system* users, host_config config)
      : journal_(validated(config).journal),
        context_(std::make_shared<host_context>(without_journal(config))),
        metrics_(std::make_shared<metrics_source>(context_, journal_)),
        sweeper_(sweeper_for(*context_)),
        own_config_(users != nullptr ? nullptr : system_config(config.scheduler_threads)),
        own_system_(users != nullptr ? nullptr : std::make_unique<caf::actor_system>(*own_config_)),
        system_(users != nullptr ? *users : *own_system_),
        journal_line_(spawn_journal(system_, context_, journal_)),
        recoveries_(spawn_recoveries(system_, context_, journal_)),
        snapshots_(spawn_snapshots(system_, context_, journal_)),
        idleness_(look_for_idle()) {}

  ~core() {
    stop(std::chrono::seconds(10));
    // What is left is inside the journal, and holds what this object is about to let go of.
    const auto forever = std::chrono::steady_clock::time_point::max();
    context_->wait_until_ended(forever);
    context_->gate->wait_until_empty(forever);
    for (auto& [category, way_in] : entrances_) way_in->let_go();
    idleness_.reset();
    // It may still hold what it has answered last.
    sweeper_.reset();
    metrics_->let_go();
  }

  std::shared_ptr<entrance> enter(const aggregate_model& model, snapshot_policy snapshots) {
    const std::lock_guard lock(mutex_);
    if (state_ != host_state::running) throw error("the host was stopped");
    const auto found = entrances_.find(model.category());
    if (found != entrances_.end()) {
      if (&found->second->model() == &model) return found->second;
      throw invalid_config("two aggregate types have the category " + printable(model.category()));
    }
    if (model.category().empty() || model.category().size() > max_name_bytes
        || model.category().find('/') != std::string_view::npos) {
      throw invalid_config("the category " + printable(model.category()) + " is not a name of 1 to "
                           + std::to_string(max_name_bytes) + " bytes without a slash");
    }
    check(model, snapshots);
    auto group = std::make_shared<aggregate_group>(model, context_, journal_line_.appends,
                                                   recoveries_, std::move(snapshots), snapshots_);
    auto way_in = std::make_shared<supervised_entrance>(system_, std::move(group));
    entrances_.emplace(model.category(), way_in);
    return way_in;
  }

  host_state state() const {
    const std::lock_guard lock(mutex_);
    if (state_ == host_state::running && context_->has_failed()) return host_state::journal_failed;
    return state_;
  }

  std::string failure() const { return context_->failure(); }

  host_stats stats() const {
    host_stats s;
    s.in_flight = context_->gate->in_flight();
    s.late = context_->gate->late();
    s.live = context_->live;
    s.recovering = context_->recovering;
    s.recovered = context_->recovered;
    s.recovered_empty = context_->recovered_empty;
    s.broken = context_->broken;
    s.replayed_events = context_->replayed_events;
    s.replay_time = std::chrono::nanoseconds(context_->replay_nanoseconds.load());
    s.conflicts = context_->conflicts;
    s.crashes = context_->crashes;
    s.journal = journal_->stats();
    return s;
  }

  const std::shared_ptr<metrics_source>& metrics() const noexcept { return metrics_; }

  stop_report stop(std::chrono::milliseconds deadline) {
    const auto time = std::clamp(deadline, {}, longest_stop);
    const auto until = std::chrono::steady_clock::now() + time;
    const std::unique_lock stopping(stop_mutex_, until);
    if (!stopping) return report_so_far();
    if (report_) return *report_;
    // What can stop at once is left some time for it, so that only what hangs is named.
    const auto commands_until = until
                                - std::min<std::chrono::milliseconds>(
                                    time / 4, std::chrono::milliseconds(250));
    context_->gate->close();
    set_state(host_state::stopping);
    stop_report report;
    if (!context_->gate->wait_until_empty(commands_until)) name_what_waits(report);
    // One that was taken behind the last answer is still on its way. To lose it would cost time, so it is no fault.
    context_->unsaved_snapshots.close();
    context_->unsaved_snapshots.wait_until_empty(commands_until);
    stop_actors();
    if (!context_->wait_until_ended(until)) name_what_runs(report);
    report.clean = report.unfinished.empty();
    set_state(host_state::stopped);
    report_ = report;
    return report;
  }

 private:
  /// Throws `invalid_config` if snapshots are asked for that cannot be had.
  void check(const aggregate_model& model, const snapshot_policy& snapshots) const {
    snapshots.check();
    if (snapshots.is_off()) return;
    if (!model.snapshot_schema()) {
      throw invalid_config("no snapshot can be taken of " + printable(model.category())
                           + ": a new state cannot be stored: " + why_not_stored(model));
    }
    if (journal_->snapshots() == nullptr) throw invalid_config("the journal keeps no snapshots");
  }

  void set_state(host_state next) {
    const std::lock_guard lock(mutex_);
    state_ = next;
  }

  /// Returns what lets idle aggregates leave, if any are to.
  std::unique_ptr<periodic> look_for_idle() {
    const host_config& config = context_->config;
    if (!config.dedicated_threads || config.passivate_after.count() == 0) return nullptr;
    return std::make_unique<periodic>(config.passivate_after / router::idle_rounds,
                                      [this] { pass_a_round(); });
  }

  void pass_a_round() {
    std::vector<std::shared_ptr<supervised_entrance>> all;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [category, way_in] : entrances_) all.push_back(way_in);
    }
    for (const auto& way_in : all) way_in->pass_a_round();
  }

  void stop_actors() {
    const std::lock_guard lock(mutex_);
    for (const auto& [category, way_in] : entrances_) tell_to_stop(way_in->supervisor());
    tell_to_stop(journal_line_.actor);
    recoveries_->stop();
    finish_snapshots(snapshots_);
    journal_line_ = {};
    snapshots_ = nullptr;
  }

  /// Returns what another call of `stop` still waits for.
  stop_report report_so_far() const {
    stop_report report;
    if (context_->gate->in_flight() != 0) {
      name_what_waits(report);
    } else if (const auto unsaved = context_->unsaved_snapshots.in_flight(); unsaved != 0) {
      report.unfinished.push_back("snapshots that are not saved: " + std::to_string(unsaved));
    } else {
      name_what_runs(report);
    }
    report.clean = report.unfinished.empty();
    return report;
  }

  void name_what_waits(stop_report& report) const {
    constexpr std::size_t named = 10;
    std::vector<std::string> streams;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [category, way_in] : entrances_) {
        for (const std::string& id : way_in->busy_ids(named + 1))
          streams.push_back(printable(stream_name(category, id)));
      }
    }
    std::string line = "commands and queries that were not answered by the deadline: "
                       + std::to_string(context_->gate->in_flight());
    for (std::size_t i = 0; i < std::min(streams.size(), named); ++i)
      line += (i == 0 ? ", of " : ", ") + streams[i];
    report.unfinished.push_back(line + (streams.size() > named ? ", …" : ""));
  }

  void name_what_runs(stop_report& report) const {
    using part = host_context::part;
    const auto name = [&](part which, const char* what) {
      const std::uint64_t left = context_->running(which);
      if (left != 0) report.unfinished.push_back(what + std::to_string(left));
    };
    name(part::supervisor, "supervisors that have not stopped: ");
    name(part::aggregate, "aggregates that have not stopped: ");
    name(part::journal, "journal actors that have not stopped: ");
    name(part::writer, "writers that are still inside a write to the journal: ");
    name(part::recovery, "recovery threads that are still reading the journal: ");
    name(part::snapshots, "snapshot threads that are still saving: ");
  }

  std::shared_ptr<journal> journal_;
  std::shared_ptr<host_context> context_;
  std::shared_ptr<metrics_source> metrics_;
  std::unique_ptr<periodic> sweeper_;  ///< none if nothing can be late
  std::unique_ptr<caf::actor_system_config> own_config_;
  std::unique_ptr<caf::actor_system> own_system_;
  caf::actor_system& system_;
  journal_line journal_line_;
  std::shared_ptr<recovery_queue> recoveries_;
  caf::actor snapshots_;

  mutable std::mutex mutex_;
  host_state state_ = host_state::running;
  std::map<std::string_view, std::shared_ptr<supervised_entrance>> entrances_;

  std::timed_mutex stop_mutex_;
  std::optional<stop_report> report_;

  std::unique_ptr<periodic>
      idleness_;  ///< none if no time makes an aggregate leave; uses all the others
};

host::host(host_config config) : core_(std::make_unique<core>(nullptr, std::move(config))) {}

host::host(caf::actor_system& system, host_config config)
    : core_(std::make_unique<core>(&system, std::move(config))) {}

host::~host() = default;

std::shared_ptr<entrance> host::enter(const aggregate_model& model, snapshot_policy snapshots) {
  return core_->enter(model, std::move(snapshots));
}

host_state host::state() const {
  return core_->state();
}

std::string host::failure() const {
  return core_->failure();
}

host_stats host::stats() const {
  return core_->stats();
}

std::shared_ptr<const metrics_source> host::source() const {
  return core_->metrics();
}

stop_report host::stop(std::chrono::milliseconds deadline) {
  return core_->stop(deadline);
}

std::string_view to_string(host_state state) noexcept {
  switch (state) {
  case host_state::running: return "running";
  case host_state::journal_failed: return "journal_failed";
  case host_state::stopping: return "stopping";
  case host_state::stopped: return "stopped";
  }
  return "unknown";
}

}  // namespace reprise
