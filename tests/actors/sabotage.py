#!/usr/bin/env python3
"""Breaks each promise of the actors on purpose, and shows that actor_tests fails on it.

    tests/actors/sabotage.py [name…]

Copies the checkout to a scratch directory, and for each sabotage, or those named, edits one place of the copy,
builds actor_tests and runs it. Prints what caught it. Fails if a sabotage goes unnoticed, or no longer applies
because the source has changed. The checkout itself is left alone.
"""

import filecmp
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN_SECONDS = 300

# name: (file, what it says, what it is made to say)
SABOTAGES = {
    # -- acknowledged means durable --------------------------------------------------------------------------------
    "answers when a commit is handed in": (
        "append_queue.cpp",
        "  queued_.push_back(std::move(a));\n",
        "  if (a.content) a.content->settle(a.reply);\n  queued_.push_back(std::move(a));\n",
    ),
    "answers when a write begins": (
        "journal_actor.cpp",
        "  write(*next);\n",
        "  for (append& a : next->appends) {\n    if (a.content) a.content->settle(a.reply);\n  }\n  write(*next);\n",
    ),
    "answers queries and refusals on what is not durable": (
        "aggregate_actor.cpp",
        "if (tail_->durable.load(std::memory_order_acquire) == version_) return",
        "return",
    ),
    "takes for durable what was handed in": (
        "append_queue.cpp",
        "  queued_.push_back(std::move(a));\n",
        "  a.to->durable.store(a.expected_version + a.events.count());\n  queued_.push_back(std::move(a));\n",
    ),
    "never learns that nothing is in flight": (
        "journal_actor.cpp",
        "  a.to->durable.store(a.expected_version + a.events.count(), std::memory_order_release);\n",
        "",
    ),
    # -- a write that fails ----------------------------------------------------------------------------------------
    "acknowledges what was in a failed write": (
        "journal_actor.cpp",
        'a.content->settle({kind, 0, 0, "the write failed: " + written.failure});',
        "static_cast<void>(kind), a.content->settle(std::move(a.reply));",
    ),
    "denies what was in a failed write": (
        "journal_actor.cpp",
        "const auto kind = a.reply.events != 0 ? answer_kind::unknown : answer_kind::unavailable;\n    a.content",
        "const auto kind = answer_kind::unavailable;\n    a.content",
    ),
    "writes on after a failed write": (
        "journal_actor.cpp",
        "return has_failed || a.to->conflicted",
        "return a.to->conflicted",
    ),
    "forgets what queued behind a failed write": (
        "journal_actor.cpp",
        "    a.content->settle({kind, 0, 0, \"the journal failed: \" + host_->failure()});\n",
        "    static_cast<void>(kind);\n",
    ),
    "denies a command that was sent again behind a failed write": (
        "messages.hpp",
        "return a.events.empty() && a.reply.events != 0;",
        "return a.events.empty() && a.reply.events == 77'777;",
    ),
    "goes on from a state that a failed write may have changed": (
        "journal_actor.cpp",
        "    if (!a.events.empty()) a.to->lost.store(true, std::memory_order_release);\n  }\n",
        "  }\n",
    ),
    "recovers from a journal that failed": (
        "recovery_actor.cpp",
        "if (host_->has_failed()) {",
        "if (false) {",
    ),
    "does not say that the journal failed": (
        "host_context.cpp",
        "  failed_.store(true, std::memory_order_release);\n  log(",
        "  failed_.store(true, std::memory_order_release);\n  if (reason.empty()) log(",
    ),
    "takes too few results for good ones": (
        "journal_actor.cpp",
        "if (next.results.size() == next.appends.size()) return;",
        "if (next.results.size() <= next.appends.size()) return;",
    ),
    "lets a clock that throws end the aggregate": (
        "aggregate_actor.cpp",
        "    return crashed(*d, failed.what(), log_cause::clock);\n  }\n  if (!d->is_id_new())",
        "    throw;\n  }\n  if (!d->is_id_new())",
    ),
    "fails for good on one damaged stream": (
        "journal_actor.cpp",
        "if (stream.empty() || !next.damages.emplace(stream, damage.what()).second) throw;",
        "throw;",
    ),
    # -- one writer ------------------------------------------------------------------------------------------------
    "writes what queued behind a conflict": (
        "journal_actor.cpp",
        "return has_failed || a.to->conflicted.load(std::memory_order_acquire);",
        "return has_failed || (a.to == nullptr);",
    ),
    "begins the next write before a conflict is known": (
        "journal_actor.cpp",
        "      a.to->conflicted.store(true, std::memory_order_release);\n",
        "",
    ),
    "drops what a conflict returned": (
        "aggregate_actor.cpp",
        "  if (r.content) queued().again.push_back(std::move(r.content));\n",
        "",
    ),
    "reads again before what is in flight is settled": (
        "aggregate_actor.cpp",
        "  phase_ = phase::settling;\n  hand_in(nullptr, {}, version_, {});\n",
        "  tail_ = new tail(tail_->stream);\n  begin_recovery();\n",
    ),
    "decides what waited before what was returned": (
        "aggregate_actor.cpp",
        "  for (auto& d : now->again) on_delivery(std::move(d));\n  for (auto& d : now->waiting) on_delivery(std::move(d));\n",
        "  for (auto& d : now->waiting) on_delivery(std::move(d));\n  for (auto& d : now->again) on_delivery(std::move(d));\n",
    ),
    # -- once ------------------------------------------------------------------------------------------------------
    "decides a command that was sent again": (
        "aggregate_actor.cpp",
        "if (const auto first = window_.find(d->options().id, now)) {",
        "if (const auto first = dedup_window(0).find(d->options().id, now)) {",
    ),
    "does not remember what it recorded": (
        "aggregate_actor.cpp",
        "  window_.remember(d->options().id, {version_, count, now}, now);\n",
        "",
    ),
    "does not remember what it replayed": (
        "recovery_actor.cpp",
        "      r.window.remember(c.command_id, {c.last_version(), count, c.time}, now);\n",
        "      static_cast<void>(count), static_cast<void>(now);\n",
    ),
    "remembers commands for ever": (
        "../../runtime/reprise/dedup_window.cpp",
        "return passed > std::uint64_t{age_s_} * 1'000'000;",
        "return passed > ~std::uint64_t{0} - 1;",
    ),
    "stores no time": (
        "journal_actor.cpp",
        "  c.time = a.time;\n",
        "",
    ),
    # -- outcomes --------------------------------------------------------------------------------------------------
    "tells an outcome before it is durable": (
        "aggregate_actor.cpp",
        "if (first.version <= tail_->durable.load(std::memory_order_acquire)) return",
        "return",
    ),
    "denies what another writer has stored": (
        "aggregate_actor.cpp",
        "hand_in(std::move(d), {}, version_, {answer_kind::accepted, version_, 0, {}});",
        "respond(std::move(d), {answer_kind::accepted, version_, 0, {}});",
    ),
    "denies what it has forgotten": (
        "aggregate_actor.cpp",
        "window_.may_have_forgotten(asked.since, now) ?",
        "window_.size() == 77'777 ?",
    ),
    "does not know that it has forgotten what is too old": (
        "../../runtime/reprise/dedup_window.cpp",
        "if (capacity_ == 0 || is_too_old(what.time, now)) return forget_until(what.time);",
        "if (capacity_ == 0 || is_too_old(what.time, now)) return;",
    ),
    "does not ask since when": (
        "aggregate_actor.cpp",
        "window_.may_have_forgotten(asked.since, now)",
        "window_.may_have_forgotten({}, now)",
    ),
    "asks about ids of any length": (
        "router.cpp",
        "asked->command_id.size(), 1, most",
        "asked->command_id.size(), 0, 77'777",
    ),
    "stores no command id": (
        "journal_actor.cpp",
        "      c.command_id = a.content->options().id;\n",
        "",
    ),
    # -- exactly one answer ----------------------------------------------------------------------------------------
    "answers twice": (
        "delivery.cpp",
        "  if (!progress_.compare_exchange_strong(still, progress::settled)) return;\n",
        "  if (!progress_.compare_exchange_strong(still, progress::settled) && still == progress::observing) return;\n",
    ),
    "does not answer what is dropped": (
        "delivery.cpp",
        "  settle({answer_kind::unknown,",
        "  if (is_settled()) settle({answer_kind::unknown,",
    ),
    "drops what waits for recovery": (
        "aggregate_actor.cpp",
        "    q.waiting.push_back(std::move(d));\n    if (q.under_way) group_->recoveries->wait_for(q.under_way, q.waiting.back());\n",
        "    d.reset();\n",
    ),
    "forgets that a command was answered": (
        "delivery.cpp",
        "  if (gate_) gate_->leave();\n",
        "",
    ),
    "does not answer what is written at the deadline": (
        "append_queue.cpp",
        "      if (a.content) a.content->settle(stopped);\n",
        "",
    ),
    "denies what is written at the deadline": (
        "append_queue.cpp",
        "const answer stopped{answer_kind::unknown,",
        "const answer stopped{answer_kind::unavailable,",
    ),
    "stops without waiting for what it took": (
        "host.cpp",
        "gate->wait_until_empty(commands_until)",
        "gate->wait_until_empty(until - time)",
    ),
    "takes commands while it stops": (
        "admission.cpp",
        "if ((before & closed_bit) == 0 && before + late() < limit_)",
        "if ((before & ~closed_bit) < limit_)",
    ),
    "does not name what hangs": (
        "host.cpp",
        "if (!context_->wait_until_ended(until)) name_what_runs(report);",
        "context_->wait_until_ended(until);",
    ),
    "loses the answer of an actor's request": (
        "supervisor.cpp",
        "  e.content->answer_to(asker);\n",
        "",
    ),
    # -- command_timeout -------------------------------------------------------------------------------------------
    "lets commands wait as long as the journal does": (
        "router.cpp",
        "  d.begin_time(host_->config.command_times);\n",
        "",
    ),
    "answers commands before their time is over": (
        "deadlines.cpp",
        "from.round - next->round > rounds_",
        "from.round - next->round >= rounds_",
    ),
    "answers a few of those whose time is over": (
        "deadlines.cpp",
        "is_more = count == late.size();",
        "is_more = false;",
    ),
    "denies a command whose time is over": (
        "delivery.cpp",
        "command() != nullptr ? answer_kind::unknown",
        "command() == nullptr ? answer_kind::unknown",
    ),
    "answers late commands while a lock is held": (
        "deadlines.cpp",
        "    into[count++] = std::move(owner);\n",
        "    owner->expire(reason_);\n",
    ),
    "keeps what is late among the commands in flight": (
        "delivery.cpp",
        "  gate_->be_late();\n",
        "  gate_->be_late();\n  gate_->stay();\n",
    ),
    "collects any number of late commands": (
        "admission.cpp",
        "before + late() < limit_",
        "before < limit_",
    ),
    "never gives back the room of late commands": (
        "admission.hpp",
        "late_.fetch_sub(1, std::memory_order_acq_rel);",
        "",
    ),
    "leaves what was answered in the list": (
        "delivery.cpp",
        "  if (is_linked_) gate_->deadlines().unlink(*this);\n",
        "",
    ),
    "answers a query while it looks": (
        "delivery.cpp",
        "(still, progress::observing)) return false;",
        "(still, progress::open)) return false;",
    ),
    "looks for a query that was answered": (
        "delivery.cpp",
        "(still, progress::observing)) return false;",
        "(still, progress::observing)) {}",
    ),
    "decides commands that nobody waits for": (
        "aggregate_actor.cpp",
        "  if (d->is_settled()) return;\n",
        "",
    ),
    "has no thread that sweeps": (
        "host.cpp",
        "if (!context.config.dedicated_threads ||",
        "if (context.config.dedicated_threads ||",
    ),
    "takes a command_timeout of any length": (
        "host_config.cpp",
        '  check_time("command_timeout", config.command_timeout, std::chrono::hours(24));\n',
        "",
    ),
    # -- never a wrong state ---------------------------------------------------------------------------------------
    "forgives a damaged history": (
        "recovery_actor.cpp",
        "    r.failure = thrown.what();\n",
        "    static_cast<void>(thrown);\n",
    ),
    "skips an event that does not decode": (
        "../../runtime/reprise/rebuild.cpp",
        "      throw damaged_history(event_place(c, i), bad.what());\n",
        "      static_cast<void>(bad);\n",
    ),
    "tells no place of a crash in the history": (
        "../../runtime/reprise/rebuild.cpp",
        'throw damaged_history(event_place(c, i), std::string("evolve threw: ") + thrown.what());',
        'throw damaged_history({}, std::string("evolve threw: ") + thrown.what());',
    ),
    "reads a broken history again for each command": (
        "aggregate_actor.cpp",
        " && host().steady_now() >= trouble_->retry_at;",
        ";",
    ),
    "stops reading after the first slice": (
        "recovery_actor.cpp",
        "if (read_slice(*next)) {",
        "if (read_slice(*next); true) {",
    ),
    "recovers in the order in which it was asked for": (
        "recovery_queue.cpp",
        "if (is_waited_for(*next)) return next;",
        "return next;",
    ),
    "leaves set aside what is waited for again": (
        "recovery_queue.cpp",
        "if (is_stopped_ || r->place != recovery_place::set_aside) return;",
        "return;",
    ),
    "recovers what crashed behind all others": (
        "recovery_queue.cpp",
        "(r->was_in_memory ? ended_ : cold_).push_back(std::move(r));",
        "cold_.push_back(std::move(r));",
    ),
    "begins any number of recoveries": (
        "recovery_queue.cpp",
        "const bool has_room = open_ < most_at_once_;",
        "const bool has_room = true;",
    ),
    "forgets a reader that found no room": (
        "recovery_queue.cpp",
        "    asleep_.push_back(reader);\n",
        "    static_cast<void>(reader);\n",
    ),
    "wakes a reader that is stuck in a history": (
        "recovery_queue.cpp",
        "caf::actor reader = std::move(asleep_.back());",
        "caf::actor reader = readers_.front();",
    ),
    "lets a reader sleep while there is more to read": (
        "recovery_actor.cpp",
        "    tell(*this, self, recover{});\n",
        "",
    ),
    "breaks down what is read while the clock fails": (
        "recovery_actor.cpp",
        "    return timestamp::min();\n",
        "    throw;\n",
    ),
    "lets an actor go on for as long as it has messages": (
        "sharing_scheduler.cpp",
        '  config.set("scheduler.max-throughput", messages_a_turn);\n',
        "  static_cast<void>(messages_a_turn);\n",
    ),
    "takes a message again that it has turned away": (
        "supervisor.cpp",
        "if (!e.content->is_sent_first()) {",
        "if (e.content->is_sent_first(), false) {",
    ),
    "waits for a writer that has ended": (
        "journal_actor.cpp",
        "  if (queue_->close(why)) host_->journal_failed(why);\n",
        "",
    ),
    "counts only the states of snapshots that are not saved": (
        "snapshot_actor.cpp",
        "for (const remembered_command& c : s.commands) bytes += sizeof c + c.id.size();",
        "",
    ),
    "lets those that wait take up all of max_in_flight": (
        "admission.hpp",
        "return limit_ - limit_ / 4;",
        "return limit_;",
    ),
    "lets those that gave up take up max_waiting": (
        "aggregate_actor.cpp",
        "if (q.waiting.size() >= most && q.waiting.front()->is_settled()) {",
        "if (false) {",
    ),
    "keeps a state that evolve left half way": (
        "aggregate_actor.cpp",
        "if (failed.is_state_lost()) return restart(failed.what());",
        "",
    ),
    "lets a successor read before what was in flight is settled": (
        "router.cpp",
        "if (gone.last->durable.load(std::memory_order_acquire) != gone.version) {",
        "if (false) {",
    ),
    "lets a successor deny what was in flight": (
        "aggregate_actor.cpp",
        "const bool forgot = window_.size() == 0 && (",
        "const bool forgot = window_.size() == 77'777 && (",
    ),
    # -- restarts --------------------------------------------------------------------------------------------------
    "never reads a broken history again": (
        "aggregate_actor.cpp",
        "return !is_leaving_ && !host().has_failed() && host()",
        "return is_leaving_ && !host().has_failed() && host()",
    ),
    "reads a broken history again while it leaves": (
        "aggregate_actor.cpp",
        "return !is_leaving_ && !host()",
        "return !host()",
    ),
    "reads again from a journal that failed": (
        "aggregate_actor.cpp",
        "return !is_leaving_ && !host().has_failed() && host()",
        "return !is_leaving_ && host()",
    ),
    "tries again before what is in flight is settled": (
        "aggregate_actor.cpp",
        "if (trouble_->is_in_flight) return settle_first();",
        "",
    ),
    "does not slow down": (
        "host_context.cpp",
        "std::ldexp(least, static_cast<int>(std::min(failures, 64U)) - 1)",
        "least",
    ),
    "slows down without a limit": (
        "host_context.cpp",
        "const double whole = std::min(most, ",
        "const double whole = std::max(0 * most, ",
    ),
    "comes back with all others at once": (
        "host_context.cpp",
        "const double less = chance() *",
        "const double less = 0.5 *",
    ),
    "restarts at once each time": (
        "aggregate_actor.cpp",
        "if (wait.count() != 0) return break_down(reason, wait);",
        "",
    ),
    "keeps the first restart waiting": (
        "aggregate_actor.cpp",
        "host().backoff(troubled().failures++);",
        "host().backoff(++troubled().failures);",
    ),
    "restarts for each command that crashes evolve": (
        "aggregate_actor.cpp",
        "return trouble_ ? care::on_copy : care::in_place;",
        "return care::in_place;",
    ),
    "evolves on copies for ever": (
        "aggregate_actor.cpp",
        "  if (has_been_calm()) trouble_.reset();\n  return",
        "  return",
    ),
    "is calm while it crashes": (
        "aggregate_actor.cpp",
        "    trouble_->calm_since = host().steady_now();\n    return;\n",
        "    return;\n",
    ),
    "takes over what was evolved half way": (
        "../../runtime/reprise/model.hpp",
        "        State next = fold(state_, events);\n",
        "        State& next = state_;\n        for (const auto& event : events) next = apply_event(std::move(next), event);\n",
    ),
    "logs each attempt to read": (
        "aggregate_actor.cpp",
        "if (!host().has_failed() && !std::exchange(t.is_logged, true)) {",
        "t.is_logged = true;\n  if (!host().has_failed()) {",
    ),
    "does not say that an aggregate is back": (
        "aggregate_actor.cpp",
        "if (std::exchange(trouble_->is_logged, false))",
        "if (std::exchange(trouble_->is_logged, false) && false)",
    ),
    "forgets the wait of one that leaves": (
        "router.cpp",
        "    if (gone.left) remember(s, id, gone.left);\n",
        "",
    ),
    "keeps one waiting that was asked to leave": (
        "router.cpp",
        "  if (gone.left && e.is_asked_to_leave) gone.left->retry_at = {};\n",
        "",
    ),
    "remembers any number of waits": (
        "router.cpp",
        "  if (s.troubles.size() >= most_troubles_a_shard) {\n",
        "  if (s.troubles.size() >= 77'777) {\n",
    ),
    "never grows calm out of memory": (
        "aggregate_actor.cpp",
        "if (!trouble_->calm_since) trouble_->calm_since",
        "trouble_->calm_since",
    ),
    "counts no restart after a wait": (
        "aggregate_actor.cpp",
        "  host().metrics.restarts.add(restart_reason::retry);\n",
        "",
    ),
    "takes those that leave for another for idle": (
        "router.cpp",
        "begin_to_leave(s, *e, passivation_reason::limit)",
        "begin_to_leave(s, *e, passivation_reason::idle)",
    ),
    "logs whatever comes": (
        "log_throttle.cpp",
        "    ++of.left_out;\n    return {};\n",
        "    ++of.left_out;\n",
    ),
    "does not say when it reads again": (
        "aggregate_actor.cpp",
        'return trouble_->reason + "; it is read again in "',
        'return trouble_->reason + "; "',
    ),
    # -- leaving ---------------------------------------------------------------------------------------------------
    "leaves as soon as everything is durable": (
        "aggregate_actor.cpp",
        "    lose_state();\n  } else if (phase_ == phase::broken) {\n    hand_in",
        "    if (tail_->durable == version_) return quit();\n    lose_state();\n  } else if (phase_ == phase::broken) {\n    hand_in",
    ),
    "leaves with what has come back to it": (
        "aggregate_actor.cpp",
        "if (is_leaving_ && nobody_waits()) return quit();",
        "if (is_leaving_) return quit();",
    ),
    "leaves those that wait for its recovery": (
        "aggregate_actor.cpp",
        "if (phase_ == phase::recovering && nobody_waits()) return quit();",
        "if (phase_ == phase::recovering) return quit();",
    ),
    "leaves before what it has in flight": (
        "aggregate_actor.cpp",
        "  is_leaving_ = true;\n",
        "  is_leaving_ = true;\n  return quit();\n",
    ),
    "stays when it was told to leave while it recovered": (
        "aggregate_actor.cpp",
        "  host().live.fetch_add(1);\n  decide_waiting();\n  leave_when_settled();\n",
        "  host().live.fetch_add(1);\n  decide_waiting();\n",
    ),
    "stays broken when it was told to leave": (
        "aggregate_actor.cpp",
        "    if (!is_leaving_ || !is_settled) return;\n",
        "    if (!is_leaving_ || is_settled) return;\n",
    ),
    "waits for ever to be settled after it has been": (
        "aggregate_actor.cpp",
        "  tail_ = new tail(tail_->stream);\n  version_ = 0;\n",
        "  tail_ = new tail(tail_->stream);\n",
    ),
    "sends on to an actor that leaves": (
        "router.cpp",
        "  if (e.is == presence::here) {\n",
        "  if (e.actor) {\n",
    ),
    "forgets what came in while an actor left": (
        "router.cpp",
        "  auto& all = kept.mapped();\n",
        "  auto& all = kept.mapped();\n  if (sizeof...(arguments) == 1) all.clear();\n",
    ),
    "sends on in another order what came in while an actor left": (
        "router.cpp",
        "  auto& all = kept.mapped();\n",
        "  auto& all = kept.mapped();\n  std::reverse(all.begin(), all.end());\n",
    ),
    "leaves before it has what came in until then": (
        "router.cpp",
        "    s.kept[id].push_back(nullptr);\n",
        "    s.kept[id].insert(s.kept[id].begin(), nullptr);\n",
    ),
    "forgets what came in after it was to leave": (
        "router.cpp",
        "if (!all.empty()) s.kept.insert(std::move(kept));",
        "",
    ),
    "passivates what cannot be read again": (
        "router.cpp",
        "if (e.is != presence::here || host_->has_failed()) return false;",
        "if (e.is != presence::here) return false;",
    ),
    "lets a crash finish first": (
        "router.cpp",
        "    tell_to_stop(e.actor);\n    lock.unlock();",
        "    tell(e.actor, envelope{});\n    lock.unlock();",
    ),
    # -- snapshots -------------------------------------------------------------------------------------------------
    "saves a snapshot before it is durable": (
        "aggregate_actor.cpp",
        "  hand_in(std::make_shared<snapshot_delivery>(group_->model, unsaved, group_->snapshot_writer), {},"
        " version_, {answer_kind::accepted, version_, 0, {}});",
        "  tell(*this, group_->snapshot_writer, save{unsaved});",
    ),
    "tells each snapshot that a store does not save": (
        "snapshot_actor.cpp",
        "  if (was_told) return;\n",
        "",
    ),
    "stops while snapshots are on their way": (
        "host.cpp",
        "    context_->unsaved_snapshots.wait_until_empty(commands_until);\n",
        "",
    ),
    "saves a snapshot of a state that never was": (
        "snapshot_actor.hpp",
        "void see(const aggregate_instance&) override { content_.reset(); }",
        "void see(const aggregate_instance&) override {}",
    ),
    "saves a snapshot of what a failed write may have lost": (
        "snapshot_actor.cpp",
        "if (a.kind == answer_kind::accepted && content_)",
        "if (content_)",
    ),
    "forgets in a snapshot which commands were recorded": (
        "aggregate_actor.cpp",
        "s.commands.push_back({std::move(e.id), e.what.version, e.what.events, e.what.time});",
        "if (e.what.version == 77'777) s.commands.push_back({std::move(e.id), e.what.version, e.what.events, e.what.time});",
    ),
    "forgets in a snapshot that commands were forgotten": (
        "aggregate_actor.cpp",
        "    s.forgotten_until = window_.forgotten_until();\n",
        "",
    ),
    "keeps two snapshots, whatever it was told": (
        "aggregate_actor.cpp",
        "unsaved_snapshot::begin(group_->host, group_->snapshots.keep)",
        "unsaved_snapshot::begin(group_->host, 2)",
    ),
    "does not count the snapshots that fail": (
        "aggregate_actor.cpp",
        "void aggregate_actor::stop_snapshots(const std::string& why) {\n"
        "  host().metrics.snapshot_writes.add(snapshot_write::failed);\n",
        "void aggregate_actor::stop_snapshots(const std::string& why) {\n",
    ),
    "does not count the recoveries that fail": (
        "recovery_actor.cpp",
        "    metrics.failed_recoveries.fetch_add(1);\n",
        "",
    ),
    "takes snapshots without a bound on their bytes": (
        "snapshot_actor.cpp",
        "      > host_context::max_unsaved_snapshot_bytes) {",
        "      > host_context::max_unsaved_snapshot_bytes * 1'000) {",
    ),
    "ends its snapshots when the clock fails": (
        "aggregate_actor.cpp",
        "  } catch (const clock_failed&) {\n",
        "  } catch (const evolve_failed&) {\n",
    ),
    "counts what stands for trimmed events as a snapshot": (
        "recovery_actor.cpp",
        "  r.snapshot_version = restored.snapshot_version;\n",
        "  r.snapshot_version = restored.version;\n",
    ),
    "takes what a snapshot has forgotten for new": (
        "recovery_actor.cpp",
        "if (restored.forgotten_until) window",
        "if (false && restored.forgotten_until) window",
    ),
    "replays everything though there is a snapshot": (
        "recovery_actor.cpp",
        "  r.version = restored.version;\n  r.snapshot",
        "  r.version = 0;\n  r.instance = r.model->make();\n  r.snapshot",
    ),
    "leaves without a snapshot": (
        "aggregate_actor.cpp",
        "if (group_->snapshots.on_passivation && version_ > last_snapshot_) take_snapshot();",
        "",
    ),
    "passes over a damaged snapshot in silence": (
        "recovery_actor.cpp",
        "host_->log(log_level::warning, {log_cause::snapshot, s.where.stream, s.text()}, s.text());",
        "",
    ),
    "takes snapshot after snapshot of a state that cannot be stored": (
        "aggregate_actor.cpp",
        "  last_snapshot_ = std::numeric_limits<std::uint64_t>::max();\n",
        "",
    ),
    # -- trimmed streams -------------------------------------------------------------------------------------------
    "knows nothing of what stands for trimmed events": (
        "../../runtime/reprise/rebuild.cpp",
        "  if (last == 0) return std::nullopt;\n  auto base",
        "  if (last != 0) return std::nullopt;\n  auto base",
    ),
    "forgets which commands were recorded before a trim": (
        "../../runtime/reprise/rebuild.cpp",
        "  return std::move(state);\n",
        "  state.commands.clear();\n  return std::move(state);\n",
    ),
    "prefers what stands for trimmed events to a newer snapshot": (
        "../../runtime/reprise/rebuild.cpp",
        "  auto taken = detail::take_snapshot(from, stream, last, model.snapshot_schema(), take, report);",
        "  std::optional<snapshot> taken;\n"
        "  if (!from.base(stream))\n"
        "    taken = detail::take_snapshot(from, stream, last, model.snapshot_schema(), take, report);",
    ),
    "takes a snapshot of before a trim": (
        "../../runtime/reprise/rebuild.cpp",
        'return "the commit that it stands on was trimmed";',
        "return {};",
    ),
    "tells no place of a state that stands for trimmed events": (
        "../../runtime/reprise/rebuild.cpp",
        "throw damaged_history({state.stream, state.version, state.position},",
        "throw damaged_history({},",
    ),
    "gives up when a trim comes while it recovers": (
        "recovery_actor.cpp",
        "return first_kept != 0 ? !begin_again(r, first_kept) : at_end;",
        "return first_kept != 0 || at_end;",
    ),
    "goes on where it was when a trim comes while it recovers": (
        "recovery_actor.cpp",
        "  r.version = 0;\n  r.snapshot_version = 0;\n",
        "  r.version = first_kept - 1;\n  r.instance = r.model->make();\n",
    ),
    "recovers for ever what nothing stands for": (
        "recovery_actor.cpp",
        "if (first_kept <= r.first_kept) return false;",
        "",
    ),
    # -- idle ------------------------------------------------------------------------------------------------------
    "lets an aggregate leave that is in use": (
        "router.cpp",
        "  e.last_use = ++s.uses;\n",
        "  ++s.uses;\n",
    ),
    "lets an aggregate leave that waits for the journal": (
        "router.cpp",
        "if (is_as_old(e.last_use, long_ago) && e.is_idle())",
        "if (is_as_old(e.last_use, long_ago))",
    ),
    "lets an aggregate leave a little early": (
        "router.cpp",
        "const std::uint32_t long_ago = std::exchange(s.uses_at_round[s.round], s.uses);",
        "const std::uint32_t long_ago = s.uses_at_round[(s.round + 1) % idle_rounds];\n"
        "    s.uses_at_round[s.round] = s.uses;",
    ),
    "lets the one leave that was used last": (
        "router.cpp",
        "std::greater<>());",
        "std::less<>());",
    ),
    "lets a busy one leave for another": (
        "router.cpp",
        "if (e.is == presence::here && e.is_idle()) idle",
        "if (e.is == presence::here) idle",
    ),
    "keeps any number of aggregates in memory": (
        "router.cpp",
        "  if (staying() < most_actors_) return true;\n",
        "  if (staying() < most_actors_ + 77'777) return true;\n",
    ),
    "lets any number leave at once": (
        "router.cpp",
        "if (staying() + s.number_of(presence::leaving) >= most_in_all) return false;",
        "if (most_in_all == 0) return false;",
    ),
    "remembers every id for ever": (
        "router.cpp",
        "    if (!found->second.is_idle()) return false;\n    s.entries.erase(found);",
        "    if (!found->second.is_idle()) return true;\n    s.entries.erase(found);",
    ),
    # -- bounded ---------------------------------------------------------------------------------------------------
    "lets any number wait for recovery": (
        "aggregate_actor.cpp",
        "if (q.waiting.size() < most) {",
        "if (q.waiting.size() < most || true) {",
    ),
    "takes any number of commands": (
        "admission.cpp",
        "&& before + late() < limit_)",
        "&& before < ~closed_bit)",
    ),
    "lets one aggregate take up all the room": (
        "router.cpp",
        "if (e.in_flight.load(std::memory_order_relaxed) >= host_->config.max_in_flight_per_aggregate) {",
        "if (e.in_flight.load(std::memory_order_relaxed) > 77'777'777) {",
    ),
    "never has room again for an aggregate that was full": (
        "delivery.hpp",
        "if (room_ != nullptr) room_->fetch_sub",
        "if (room_ == nullptr) room_->fetch_sub",
    ),
    "takes ids of any length": (
        "router.cpp",
        "if (size <= longest) return {};",
        "if (size >= least) return {};",
    ),
    "takes commands of any type": (
        "router.cpp",
        "if (&d.model() != &model_) {",
        "if (&d.model() == nullptr) {",
    ),
    "writes batches of any size": (
        "append_queue.cpp",
        "count < queued_.size() && count < most_commits && ",
        "count < queued_.size() && ",
    ),
    "writes any number of bytes at once": (
        "append_queue.cpp",
        " && bytes < most_bytes) {",
        ") {",
    ),
    # -- speed, and neighbours ---------------------------------------------------------------------------------------
    "lets a blocked aggregate stop all others": (
        "sharing_scheduler.cpp",
        "      is_stuck_ = true;\n      wake_one(",
        "      is_stuck_ = false;\n      wake_one(",
    ),
    "writes one commit at a time": (
        "append_queue.cpp",
        "count < queued_.size() && count < most_commits && ",
        "count < queued_.size() && count < 1 && ",
    ),
    "answers before the next write begins": (
        "journal_actor.cpp",
        "return settle(*written, host_->config);\n  handed_over_",
        "return settle(*written, host_->config);\n  if (true) return settle(*written, host_->config);\n  handed_over_",
    ),
    "lets the answers of a later batch overtake": (
        "journal_actor.cpp",
        "if (!all_accepted || (is_quick && is_all_answered())) return",
        "if (!all_accepted || is_quick) return",
    ),
    "never wakes the writer again": (
        "append_queue.cpp",
        "  writer_sleeps_ = queued_.empty();\n",
        "",
    ),
    "recovers a long history in one go": (
        "recovery_actor.cpp",
        "slice_events = 10'000;",
        "slice_events = 10'000'000;",
    ),
    "ends with a command whose decide crashes": (
        "aggregate_actor.cpp",
        'return crashed(*d, std::string("decide threw: ") + thrown.what());',
        "throw;",
    ),
    # -- seeing it -------------------------------------------------------------------------------------------------
    "counts the wait of a command that is decided again": (
        "delivery.cpp",
        "  is_wait_measured_ = false;\n",
        "",
    ),
    "counts commits that conflicted as written": (
        "journal_actor.cpp",
        "if (!results[i].accepted || commits_[i].events->empty()) continue;",
        "if (commits_[i].events->empty()) continue;",
    ),
    "counts no command that was turned away before it was taken": (
        "router.cpp",
        "  d.counted_in(metrics_);\n",
        "  if (d.aggregate_id().size() <= 512) d.counted_in(metrics_);\n",
    ),
    "times what was turned away past a limit": (
        "host_metrics.cpp",
        " || kind == answer_kind::overloaded) return;",
        ") return;",
    ),
    "keeps the journal after the host has ended": (
        "host.cpp",
        "    metrics_->let_go();\n",
        "",
    ),
    "says in a loop that the journal has failed": (
        "host_context.cpp",
        "    if (!failure_.empty()) return;\n",
        "    if (failure_ == \"77777\") return;\n",
    ),
    "says of each command that an aggregate is in doubt": (
        "aggregate_actor.cpp",
        "  if (!tail_->lost.load(std::memory_order_acquire)) return false;\n",
        "  if (!tail_->lost.load(std::memory_order_acquire)) return false;\n"
        "  host().log(log_level::warning, printable(tail_->stream) + \" is in doubt\");\n",
    ),
    "never forgets an actor that has ended": (
        "router.cpp",
        "  if (s.is_closed || found == s.entries.end() || found->second.actor.address() != gone.who) return;",
        "  if (s.is_closed || found != s.entries.end()) return;",
    ),
}


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options)


def build(build_dir):
    return run(["cmake", "--build", build_dir, "--target", "actor_tests"])


def find_catcher(build_dir):
    """Returns the test case that failed, or None if all passed."""
    # Those that play every order of turns take most of the time, and few sabotages need them.
    return run_tests(build_dir, "--test-case-exclude=*every order*") or run_tests(build_dir)


def run_tests(build_dir, *options):
    """Returns the test case that failed, or None."""
    program = next(p for p in build_dir.rglob("actor_tests") if p.is_file())
    # promtool is where ./dev has put it for the checkout itself.
    env = dict(os.environ, RC_PARAMS="max_success=50 noshrink=1",
               PATH=f"{os.environ['PATH']}{os.pathsep}{ROOT / 'build/tools'}")
    try:
        result = run([program, "--abort-after=1", *options], env=env, timeout=RUN_SECONDS)
    except subprocess.TimeoutExpired:
        return "it hangs"
    if result.returncode == 0:
        return None
    found = re.search(r"TEST CASE:\s+(.*)", result.stdout)
    return found.group(1) if found else f"it crashes with {result.returncode}"


def pattern_of(text):
    """Matches `text` however it is broken into lines."""
    return re.compile(r"\s*".join(re.escape(token) for token in re.findall(r"\w+|[^\w\s]", text)))


def try_one(name, actors, build_dir):
    """Returns whether the sabotage was caught, and prints by what."""
    file, before, after = SABOTAGES[name]
    path = actors / file
    whole = path.read_text()
    places = list(pattern_of(before).finditer(whole))
    if len(places) != 1:
        print(f"STALE     {name}: {file} says it {len(places)} times", flush=True)
        return False
    path.write_text(whole[: places[0].start()] + after + whole[places[0].end() :])
    try:
        built = build(build_dir)
        if built.returncode != 0:
            print(f"STALE     {name}: it does not compile\n{built.stdout[-2000:]}", flush=True)
            return False
        catcher = find_catcher(build_dir)
    finally:
        path.write_text(whole)
    print(f"UNNOTICED {name}" if catcher is None else f"caught    {name}\n          by: {catcher}", flush=True)
    return catcher is not None


def copy_if_changed(source, target):
    """What is as it was keeps its time, and what is not gets a new one: what was built of it broken is built again."""
    if not os.path.exists(target) or not filecmp.cmp(source, target, shallow=False):
        shutil.copy(source, target)


def main():
    names = sys.argv[1:] or list(SABOTAGES)
    unknown = [name for name in names if name not in SABOTAGES]
    if unknown:
        sys.exit(f"no such sabotage: {', '.join(unknown)}")
    # A place of this checkout's own that stays, so that a second run builds only what has changed.
    scratch = pathlib.Path(tempfile.gettempdir(), f"reprise-sabotage-{zlib.crc32(bytes(ROOT)):08x}")
    tree, build_dir = scratch / "tree", scratch / "build"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("build", ".git"), copy_function=copy_if_changed,
                    dirs_exist_ok=True)
    configured = run(["cmake", "-S", tree, "-B", build_dir, "-G", "Ninja", "-DREPRISE_INSTALL=OFF",
                      "-DREPRISE_ROCKSDB=OFF"])
    built = build(build_dir) if configured.returncode == 0 else configured
    if built.returncode != 0:
        sys.exit(built.stdout[-4000:])
    catcher = find_catcher(build_dir)
    if catcher is not None:
        sys.exit(f"actor_tests fails without any sabotage: {catcher}")
    caught = sum(try_one(name, tree / "actors/reprise", build_dir) for name in names)
    print(f"{caught} of {len(names)} sabotages caught")
    sys.exit(0 if caught == len(names) else 1)


if __name__ == "__main__":
    main()
