#include "reprise/aggregate_actor.hpp"

#include "reprise/snapshot_actor.hpp"
#include "reprise/stream.hpp"
#include "reprise/text.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace reprise {

aggregate_actor::aggregate_actor(caf::actor_config& config,
                                 std::shared_ptr<aggregate_group> group,
                                 std::string_view id,
                                 const std::shared_ptr<trouble>& left)
    : caf::event_based_actor(config),
      group_(std::move(group)),
      tail_(new tail(stream_name(group_->model.category(), id))) {
  take_over(left);
  host().started(host_context::part::aggregate);
}

aggregate_actor::aggregate_actor(caf::actor_config& config,
                                 std::shared_ptr<aggregate_group> group,
                                 const departed& before)
    : caf::event_based_actor(config),
      group_(std::move(group)),
      tail_(before.last),
      version_(before.version),
      phase_(phase::settling) {
  take_over(before.left);
  host().started(host_context::part::aggregate);
}

aggregate_actor::~aggregate_actor() = default;

void aggregate_actor::take_over(const std::shared_ptr<trouble>& left) {
  if (left) troubled() = *left;
}

caf::behavior aggregate_actor::make_behavior() {
  host().recovering.fetch_add(1);
  if (phase_ == phase::settling) {
    settle_first();
  } else {
    begin(false);
  }
  return {
      [this](envelope& e) { e.content ? on_delivery(std::move(e.content)) : on_depart(); },
      [this](recovered& r) { on_recovered(*r.content); },
      [this](returned& r) { on_returned(r); },
  };
}

void aggregate_actor::on_exit() {
  // An actor's members live as long as somebody holds a handle to it, so what waits is answered here.
  if (queued_) {
    for (const auto& d : queued_->again) turn_away(*d, "the aggregate's actor was stopped");
    for (const auto& d : queued_->waiting) turn_away(*d, "the aggregate's actor was stopped");
    queued_.reset();
  }
  auto& counter = phase_ == phase::ready    ? host().live
                  : phase_ == phase::broken ? host().broken
                                            : host().recovering;
  counter.fetch_sub(1);
  instance_.reset();
  if (has_been_calm()) trouble_.reset();
  if (const auto supervisor = caf::actor_cast<caf::actor>(group_->supervisor)) {
    tell(supervisor, departed{address(), std::move(tail_), version_, std::move(trouble_)});
  }
  const auto context = group_->host;
  group_.reset();
  context->ended(host_context::part::aggregate);
}

// -- phases --------------------------------------------------------------------------------------------------------

void aggregate_actor::begin(bool was_in_memory) {
  if (!trouble_ || host().steady_now() >= trouble_->retry_at) return begin_recovery(was_in_memory);
  if (std::exchange(trouble_->is_in_flight, false)) trouble_->is_forgotten = true;
  become_broken();
}

void aggregate_actor::begin_recovery(bool was_in_memory) {
  phase_ = phase::recovering;
  auto content = std::make_shared<recovery>();
  content->of = tail_;
  content->model = &group_->model;
  content->reply_to = caf::actor_cast<caf::actor>(this);
  content->was_in_memory = was_in_memory;
  content->has_policy = !group_->snapshots.is_off();
  content->window = host().new_window();
  queues& q = queued();
  if (!nobody_waits()) content->newest = q.waiting.empty() ? q.again.back() : q.waiting.back();
  q.under_way = content;
  group_->recoveries->push(std::move(content));
}

void aggregate_actor::on_recovered(recovery& result) {
  if (result.of != tail_ || phase_ != phase::recovering) return;
  if (!result.failure.empty()) return cannot_be_read(result.failure);
  instance_ = std::move(result.instance);
  version_ = result.version;
  last_snapshot_ = result.snapshot_version;
  window_ = std::move(result.window);
  tail_->durable.store(version_, std::memory_order_release);
  if (trouble_) {
    if (!trouble_->calm_since) trouble_->calm_since = host().steady_now();
    if (std::exchange(trouble_->is_logged, false))
      host().log(log_level::info, printable(tail_->stream) + " is available again");
  }
  phase_ = phase::ready;
  host().recovering.fetch_sub(1);
  host().live.fetch_add(1);
  decide_waiting();
  leave_when_settled();
}

void aggregate_actor::break_down(const std::string& reason, std::chrono::milliseconds wait) {
  trouble& t = troubled();
  t.reason = reason;
  t.wait = wait;
  t.retry_at = host().steady_now() + wait;
  t.calm_since.reset();
  t.is_in_flight = phase_ == phase::ready;
  t.is_forgotten = false;
  become_broken();
}

void aggregate_actor::become_broken() {
  (phase_ == phase::ready ? host().live : host().recovering).fetch_sub(1);
  host().broken.fetch_add(1);
  phase_ = phase::broken;
  instance_.reset();
  decide_waiting();
  leave_when_settled();
}

void aggregate_actor::cannot_be_read(const std::string& reason) {
  trouble& t = troubled();
  // That the journal failed is in the log already.
  if (!host().has_failed() && !std::exchange(t.is_logged, true)) {
    host().log(log_level::error,
               printable(tail_->stream) + " cannot be recovered and is unavailable: " + reason);
  }
  break_down(reason, host().backoff(++t.failures));
}

void aggregate_actor::restart(const std::string& reason) {
  const auto wait = host().backoff(troubled().failures++);
  const std::string when = wait.count() == 0
                               ? "at once"
                               : "in " + std::to_string(wait.count()) + " ms at the earliest";
  host().log(log_level::warning, {log_cause::restart, tail_->stream, reason},
             printable(tail_->stream) + " lost its state and is read again " + when + ": "
                 + reason);
  if (wait.count() != 0) return break_down(reason, wait);
  host().metrics.restarts.add(restart_reason::crash);
  trouble_->calm_since.reset();
  lose_state();
}

bool aggregate_actor::may_try_again() const {
  return !is_leaving_ && !host().has_failed() && host().steady_now() >= trouble_->retry_at;
}

void aggregate_actor::try_again() {
  host().metrics.restarts.add(restart_reason::retry);
  host().log(log_level::info, {log_cause::restart, tail_->stream, "retry"},
             printable(tail_->stream) + " is read again after a wait of "
                 + std::to_string(trouble_->wait.count()) + " ms: " + trouble_->reason);
  host().broken.fetch_sub(1);
  host().recovering.fetch_add(1);
  if (trouble_->is_in_flight) return settle_first();
  begin_recovery(false);
}

std::string aggregate_actor::why_broken() const {
  if (host().has_failed()) return trouble_->reason;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(trouble_->retry_at
                                                                 - host().steady_now());
  return trouble_->reason + "; it is read again in "
         + std::to_string(std::max<std::int64_t>(left.count(), 0)) + " ms at the earliest";
}

bool aggregate_actor::has_been_calm() const {
  return trouble_ && trouble_->calm_since
         && host().steady_now() - *trouble_->calm_since >= host().config.restart_backoff_max;
}

care aggregate_actor::how_careful() {
  if (has_been_calm()) trouble_.reset();
  return trouble_ ? care::on_copy : care::in_place;
}

trouble& aggregate_actor::troubled() {
  if (!trouble_) trouble_ = std::make_unique<trouble>();
  return *trouble_;
}

bool aggregate_actor::break_down_if_lost() {
  if (!tail_->lost.load(std::memory_order_acquire)) return false;
  host().log(log_level::warning,
             printable(tail_->stream) + " had commits in the write that failed and is unavailable");
  break_down("what this aggregate stored last is not known, because the journal failed: "
                 + host().failure(),
             {});
  return true;
}

void aggregate_actor::on_returned(returned& r) {
  const bool is_settled = !r.content;
  if (r.content) queued().again.push_back(std::move(r.content));
  if (phase_ == phase::ready && !r.damage.empty()) {
    window_ = dedup_window{0};
    cannot_be_read(r.damage);
  } else if (phase_ == phase::ready) {
    host().conflicts.fetch_add(1);
    host().metrics.restarts.add(restart_reason::conflict);
    host().log(log_level::warning, {log_cause::restart, tail_->stream, "conflict"},
               printable(tail_->stream) + " was changed by another writer and is read again");
    lose_state();
  } else if (phase_ == phase::settling && is_settled) {
    if (break_down_if_lost()) return;
    // Nothing is in doubt any more: what it remembers was stored and is read again, or was returned.
    window_ = dedup_window{0};
    renew_tail();
    if (is_leaving_ && nobody_waits()) return quit();
    begin(true);
  } else if (phase_ == phase::broken) {
    decide_waiting();
    if (!is_leaving_ || !is_settled) return;
    if (!tail_->lost.load(std::memory_order_acquire)) renew_tail();
    quit();
  }
}

void aggregate_actor::lose_state() {
  host().live.fetch_sub(1);
  host().recovering.fetch_add(1);
  instance_.reset();
  settle_first();
}

void aggregate_actor::settle_first() {
  phase_ = phase::settling;
  hand_in(nullptr, {}, version_, {});
}

void aggregate_actor::decide_waiting() {
  if (!queued_) return;
  const auto now = std::move(queued_);
  for (auto& d : now->again) on_delivery(std::move(d));
  for (auto& d : now->waiting) on_delivery(std::move(d));
}

aggregate_actor::queues& aggregate_actor::queued() {
  if (!queued_) queued_ = std::make_unique<queues>();
  return *queued_;
}

bool aggregate_actor::nobody_waits() const noexcept {
  return !queued_ || (queued_->again.empty() && queued_->waiting.empty());
}

// -- leaving -------------------------------------------------------------------------------------------------------

void aggregate_actor::on_depart() {
  is_leaving_ = true;
  if (phase_ == phase::recovering && nobody_waits()) return quit();
  leave_when_settled();
}

void aggregate_actor::leave_when_settled() {
  if (!is_leaving_) return;
  // That everything is durable is not enough: a query or a refusal may still come back, to be decided again.
  if (phase_ == phase::ready) {
    if (group_->snapshots.on_passivation && version_ > last_snapshot_) take_snapshot();
    lose_state();
  } else if (phase_ == phase::broken) {
    hand_in(nullptr, {}, version_, {});
  }
}

void aggregate_actor::renew_tail() {
  tail_ = new tail(tail_->stream);
  version_ = 0;
}

// -- snapshots -----------------------------------------------------------------------------------------------------

void aggregate_actor::take_snapshot_if_due() {
  if (group_->snapshots.is_off()) return;
  try {
    if (!group_->snapshots.is_due(*instance_, version_, last_snapshot_)) return;
  } catch (const std::exception& thrown) {
    return stop_snapshots(std::string("snapshot_policy.when threw: ") + thrown.what());
  } catch (...) {
    return stop_snapshots("snapshot_policy.when threw something that is no std::exception");
  }
  take_snapshot();
}

void aggregate_actor::take_snapshot() {
  // When saving is too slow, the next commands find it due again.
  const auto unsaved = unsaved_snapshot::begin(group_->host, group_->snapshots.keep);
  if (!unsaved) return host().metrics.snapshot_writes.add(snapshot_write::dropped);
  snapshot s;
  s.stream = tail_->stream;
  s.version = version_;
  try {
    s.time = host().now();
    s.schema = group_->model.snapshot_schema().value();
    s.forgotten_until = window_.forgotten_until();
    for (auto& e : window_.entries()) {
      s.commands.push_back({std::move(e.id), e.what.version, e.what.events, e.what.time});
    }
    instance_->encode(s.state);
  } catch (const clock_failed&) {
    // A clock may go again. The commands that it fails tell the log.
    return host().metrics.snapshot_writes.add(snapshot_write::failed);
  } catch (const std::exception& thrown) {
    return stop_snapshots(thrown.what());
  } catch (...) {
    return stop_snapshots("serialize threw something that is no std::exception");
  }
  last_snapshot_ = version_;
  // What does not fit beside those that wait is dropped, or each command would encode it again in vain.
  if (!unsaved->hold(std::move(s)))
    return host().metrics.snapshot_writes.add(snapshot_write::dropped);
  hand_in(std::make_shared<snapshot_delivery>(group_->model, unsaved, group_->snapshot_writer), {},
          version_, {answer_kind::accepted, version_, 0, {}});
}

void aggregate_actor::stop_snapshots(const std::string& why) {
  host().metrics.snapshot_writes.add(snapshot_write::failed);
  host().log(log_level::error, {log_cause::snapshot, tail_->stream, why},
             "no more snapshots are taken of " + printable(tail_->stream)
                 + " until its actor starts again: " + why);
  last_snapshot_ = std::numeric_limits<std::uint64_t>::max();
}

// -- commands ------------------------------------------------------------------------------------------------------

void aggregate_actor::on_delivery(std::shared_ptr<delivery> d) {
  window_.fetch();  // which is looked into once it is clear what came
  // Its time was over before it was decided, or was to be decided again: nobody waits for it any more.
  if (d->is_settled()) return;
  switch (phase_) {
  case phase::recovering:
  case phase::settling: return wait(std::move(d));
  case phase::broken:
    if (!may_try_again()) return turn_away(*d, why_broken());
    wait(std::move(d));
    return try_again();
  case phase::ready: return decide(std::move(d));
  }
}

void aggregate_actor::wait(std::shared_ptr<delivery> d) {
  const std::size_t most = host().config.max_waiting;
  queues& q = queued();
  // Those that were answered because their time was over came first.
  if (q.waiting.size() >= most && q.waiting.front()->is_settled()) {
    std::erase_if(q.waiting, [](const auto& earlier) { return earlier->is_settled(); });
  }
  if (q.waiting.size() < most) {
    if (!d->begin_wait()) return host().too_many_wait(*d);
    q.waiting.push_back(std::move(d));
    if (q.under_way) group_->recoveries->wait_for(q.under_way, q.waiting.back());
    return;
  }
  host().metrics.limits_hit.add(limit::waiting);
  d->settle({answer_kind::overloaded, 0, 0,
             "max_waiting is reached: " + std::to_string(most)
                 + " commands wait for this aggregate to recover"});
}

void aggregate_actor::turn_away(delivery& d, const std::string& reason) const {
  // One that was handed in before may be stored. The successor of an actor that was killed, or left while it was broken,
  // does not know which were.
  const bool forgot = window_.size() == 0
                      && (phase_ == phase::settling || tail_->lost.load(std::memory_order_acquire)
                          || (trouble_ && trouble_->is_forgotten));
  const bool in_doubt = d.command() != nullptr && (forgot || window_.holds(d.options().id));
  d.settle({in_doubt ? answer_kind::unknown : answer_kind::unavailable, 0, 0, reason});
}

void aggregate_actor::decide(std::shared_ptr<delivery> d) {
  if (break_down_if_lost()) return on_delivery(std::move(d));
  d->reached();
  if (d->command() != nullptr) return decide_command(std::move(d));
  if (d->question() != nullptr) return tell_outcome(std::move(d));
  try {
    if (!d->observe(*instance_)) return;
  } catch (const std::exception& thrown) {
    return crashed(*d, std::string("the query threw: ") + thrown.what());
  } catch (...) {
    return crashed(*d, "the query threw something that is no std::exception");
  }
  respond(std::move(d), {answer_kind::accepted, version_, 0, {}});
}

void aggregate_actor::decide_command(std::shared_ptr<delivery> d) {
  timestamp now;
  try {
    now = host().now();
  } catch (const clock_failed& failed) {
    return crashed(*d, failed.what(), log_cause::clock);
  }
  if (!d->is_id_new()) {
    if (const auto first = window_.find(d->options().id, now)) {
      return tell_first(std::move(d), *first);
    }
  }
  if (host().has_failed()) {
    return d->settle({answer_kind::unavailable, 0, 0, "the journal failed: " + host().failure()});
  }
  encoded_events events(host().commit_limits());
  try {
    if (const auto refused = instance_->handle(*d->command(), events, how_careful())) {
      return respond(std::move(d),
                     {answer_kind::refused, version_, 0, std::string(refused->reason())});
    }
  } catch (const limit_exceeded& too_much) {
    const bool too_many = events.count() == events.limits().events;
    const limit which = too_many ? limit::commit_events : limit::commit_bytes;
    host().metrics.limits_hit.add(which);
    return respond(std::move(d), {answer_kind::refused, version_, 0,
                                  std::string(name_of(which)) + ": " + too_much.what()});
  } catch (const evolve_failed& failed) {
    crashed(*d, failed.what());
    if (failed.is_state_lost()) return restart(failed.what());
    trouble_->calm_since = host().steady_now();
    return;
  } catch (const std::exception& thrown) {
    return crashed(*d, std::string("decide threw: ") + thrown.what());
  } catch (...) {
    return crashed(*d, "decide threw something that is no std::exception");
  }
  if (events.empty()) return respond(std::move(d), {answer_kind::accepted, version_, 0, {}});
  record(std::move(d), std::move(events), now);
}

void aggregate_actor::crashed(delivery& d, const std::string& what, log_cause cause) {
  // A clock fails for all aggregates alike, and is none of them.
  const bool is_its_own = cause != log_cause::clock;
  if (is_its_own) host().crashes.fetch_add(1);
  const std::string of = d.command() == nullptr ? "" : ", command " + printable(d.options().id);
  const std::string_view about = is_its_own ? std::string_view(tail_->stream) : std::string_view();
  host().log(log_level::error, {cause, about, what}, printable(tail_->stream) + of + ": " + what);
  d.settle({answer_kind::unavailable, 0, 0, what});
}

void aggregate_actor::record(std::shared_ptr<delivery> d, encoded_events events, timestamp now) {
  const std::uint64_t expected = version_;
  const auto count = static_cast<std::uint32_t>(events.count());
  version_ += count;
  window_.remember(d->options().id, {version_, count, now}, now);
  hand_in(std::move(d), std::move(events), expected, {answer_kind::accepted, version_, count, {}},
          now);
  take_snapshot_if_due();
}

void aggregate_actor::tell_first(std::shared_ptr<delivery> d, const recorded_command& first) {
  answer a{answer_kind::accepted, first.version, first.events, {}};
  if (first.version <= tail_->durable.load(std::memory_order_acquire))
    return d->settle(std::move(a));
  hand_in(std::move(d), {}, version_, std::move(a));
}

void aggregate_actor::tell_outcome(std::shared_ptr<delivery> d) {
  outcome_question& asked = *d->question();
  timestamp now;
  try {
    now = host().now();
  } catch (const clock_failed& failed) {
    return d->settle({answer_kind::unavailable, 0, 0, failed.what()});
  }
  if (const auto first = window_.find(asked.command_id, now)) {
    asked.found = outcome_kind::accepted;
    return tell_first(std::move(d), *first);
  }
  asked.found = window_.may_have_forgotten(asked.since, now) ? outcome_kind::out_of_window
                                                             : outcome_kind::not_taken;
  // That it is not here says nothing of what another writer has stored, which the journal checks.
  hand_in(std::move(d), {}, version_, {answer_kind::accepted, version_, 0, {}});
}

void aggregate_actor::respond(std::shared_ptr<delivery> d, answer a) {
  if (tail_->durable.load(std::memory_order_acquire) == version_) return d->settle(std::move(a));
  hand_in(std::move(d), {}, version_, std::move(a));
}

void aggregate_actor::hand_in(std::shared_ptr<delivery> d,
                              encoded_events events,
                              std::uint64_t expected,
                              answer a,
                              timestamp now) {
  group_->journal->push({tail_, expected, std::move(events), std::move(d), std::move(a),
                         caf::actor_cast<caf::strong_actor_ptr>(this), now});
}

}  // namespace reprise
