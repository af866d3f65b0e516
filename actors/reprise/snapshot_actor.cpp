#include "reprise/snapshot_actor.hpp"

#include "reprise/error.hpp"
#include "reprise/rebuild.hpp"
#include "reprise/text.hpp"

#include <exception>
#include <utility>

namespace reprise {

namespace {

/// Returns how many bytes of memory a snapshot takes up, about: the ids that it remembers can be more than its state.
std::size_t size_of(const snapshot& s) {
  std::size_t bytes = s.state.size();
  for (const remembered_command& c : s.commands) bytes += sizeof c + c.id.size();
  return bytes;
}

}  // namespace

std::shared_ptr<unsaved_snapshot> unsaved_snapshot::begin(std::shared_ptr<host_context> host,
                                                          std::size_t most) {
  if (host->unsaved_snapshot_bytes.load() >= host_context::max_unsaved_snapshot_bytes)
    return nullptr;
  if (host->unsaved_snapshots.enter() != admission::verdict::admitted) return nullptr;
  return std::make_shared<unsaved_snapshot>(std::move(host), most);
}

unsaved_snapshot::unsaved_snapshot(std::shared_ptr<host_context> host, std::size_t most)
    : host_(std::move(host)), keep_(most) {}

unsaved_snapshot::~unsaved_snapshot() {
  host_->unsaved_snapshot_bytes.fetch_sub(size_of(content_));
  host_->unsaved_snapshots.leave();
}

bool unsaved_snapshot::hold(snapshot s) {
  const std::size_t size = size_of(s);
  if (host_->unsaved_snapshot_bytes.fetch_add(size) + size
      > host_context::max_unsaved_snapshot_bytes) {
    host_->unsaved_snapshot_bytes.fetch_sub(size);
    return false;
  }
  content_ = std::move(s);
  return true;
}

snapshot_delivery::snapshot_delivery(const aggregate_model& model,
                                     std::shared_ptr<unsaved_snapshot> content,
                                     caf::actor writer)
    : delivery(model, {}, {}), content_(std::move(content)), writer_(std::move(writer)) {}

void snapshot_delivery::deliver(answer a) {
  if (a.kind == answer_kind::accepted && content_) tell(writer_, save{std::move(content_)});
  writer_ = nullptr;
}

snapshot_actor::snapshot_actor(caf::actor_config& config,
                               std::shared_ptr<host_context> host,
                               std::shared_ptr<journal> in)
    : caf::event_based_actor(config), host_(std::move(host)), journal_(std::move(in)) {
  host_->started(host_context::part::snapshots);
}

caf::behavior snapshot_actor::make_behavior() {
  return {
      [this](const reprise::save& s) { s.content ? save(*s.content) : quit(); },
  };
}

void snapshot_actor::on_exit() {
  journal_.reset();
  host_->ended(host_context::part::snapshots);
}

void snapshot_actor::save(const unsaved_snapshot& s) {
  try {
    save_snapshot(*journal_, s.content(), s.keep());
    host_->metrics.snapshot_writes.add(snapshot_write::written);
    if (std::exchange(is_failing_, false))
      host_->log(log_level::info, {log_cause::snapshot, {}, "again"}, "snapshots are saved again");
  } catch (const journal_failure& failure) {
    const bool was_told = std::exchange(is_failing_, true);
    failed(s, failure.what(), was_told);
  } catch (const std::exception& thrown) {
    failed(s, thrown.what(), false);
  } catch (...) {
    const bool was_told = std::exchange(is_failing_, true);
    failed(s, "the store threw something that is no std::exception", was_told);
  }
}

void snapshot_actor::failed(const unsaved_snapshot& s, const std::string& why, bool was_told) {
  host_->metrics.snapshot_writes.add(snapshot_write::failed);
  if (was_told) return;
  host_->log(log_level::warning, {log_cause::snapshot, s.content().stream, why},
             "no snapshot of " + printable(s.content().stream) + " at version "
                 + std::to_string(s.content().version) + " was saved: " + why);
}

caf::actor spawn_snapshots(caf::actor_system& system,
                           const std::shared_ptr<host_context>& host,
                           std::shared_ptr<journal> in) {
  return host->config.dedicated_threads
             ? system.spawn<snapshot_actor, caf::detached>(host, std::move(in))
             : system.spawn<snapshot_actor>(host, std::move(in));
}

void finish_snapshots(const caf::actor& writer) {
  tell(writer, save{});
}

}  // namespace reprise
