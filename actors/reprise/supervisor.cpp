#include "reprise/supervisor.hpp"

#include "reprise/text.hpp"

#include <atomic>
#include <utility>

namespace reprise {

namespace {

/// Returns what of a delivery is beyond a limit; empty if nothing is.
std::string beyond_limits(const delivery& d) {
  const auto check = [](const char* what, std::size_t size, std::size_t least,
                        std::size_t most) -> std::string {
    if (size >= least && size <= most) return {};
    return std::string(what) + " has " + std::to_string(size) + " bytes; it takes "
           + std::to_string(least) + " to " + std::to_string(most);
  };
  std::string wrong = check("the aggregate id", d.aggregate_id().size(), 1, max_aggregate_id_bytes);
  if (wrong.empty())
    wrong = check("the command id", d.options().id.size(), 0, max_command_id_bytes);
  if (wrong.empty())
    wrong = check("the correlation id", d.options().correlation_id.size(), 0, max_command_id_bytes);
  if (wrong.empty())
    wrong = check("the causation id", d.options().causation_id.size(), 0, max_command_id_bytes);
  return wrong;
}

}  // namespace

bool admit(host_context& host, const aggregate_model& model, delivery& d) {
  if (&d.model() != &model) {
    d.settle({answer_kind::refused, 0, 0,
              "a message for " + printable(d.model().category()) + " was sent to "
                  + printable(model.category())});
    return false;
  }
  if (std::string wrong = beyond_limits(d); !wrong.empty()) {
    d.settle({answer_kind::refused, 0, 0, std::move(wrong)});
    return false;
  }
  switch (host.gate->enter()) {
  case admission::verdict::admitted: break;
  case admission::verdict::full:
    d.settle({answer_kind::overloaded, 0, 0,
              "max_in_flight is reached: " + std::to_string(host.gate->limit())
                  + " commands are in flight"});
    return false;
  case admission::verdict::closed:
    d.settle({answer_kind::unavailable, 0, 0, "the host is stopping"});
    return false;
  }
  d.admitted_by(host.gate);
  if (d.command() != nullptr && d.options().id.empty()) d.name_command(host.next_command_id());
  d.begin_time();
  return true;
}

supervisor::supervisor(caf::actor_config& config, std::shared_ptr<aggregate_group> group)
    : caf::event_based_actor(config), group_(std::move(group)) {
  group_->supervisor = address();
  group_->host->started(host_context::part::supervisor);
}

caf::behavior supervisor::make_behavior() {
  return {
      [this](envelope& e) { on_envelope(e); },
      [this](const depart& d) { on_depart(d); },
      [this](const departed& gone) { on_departed(gone); },
  };
}

void supervisor::on_exit() {
  for (const auto& [id, actor] : aggregates_) tell_to_stop(actor);
  aggregates_.clear();
  leaving_.clear();
  const auto context = group_->host;
  group_.reset();
  context->ended(host_context::part::supervisor);
}

void supervisor::on_envelope(envelope& e) {
  if (!e.content) return;
  if (!e.content->is_admitted()) {
    // It comes from an actor of the user's, not through the host.
    e.content->answer_to(reply_address(*this));
    if (!admit(*group_->host, group_->model, *e.content)) return;
  }
  if (!leaving_.empty()) {
    const auto found = leaving_.find(e.content->aggregate_id());
    if (found != leaving_.end()) return found->second.push_back(std::move(e));
  }
  route(e);
}

void supervisor::route(envelope& e) {
  const caf::actor& to = aggregate(e.content->aggregate_id());
  tell(*this, to, std::move(e));
}

void supervisor::on_depart(const depart& d) {
  const auto found = aggregates_.find(d.id);
  if (found == aggregates_.end()) return;
  if (d.at_once) {
    leaving_.try_emplace(d.id);
    tell_to_stop(found->second);
  } else if (!group_->host->has_failed() && leaving_.try_emplace(d.id).second) {
    // An envelope with nothing in it: a message of its own would cost each aggregate the memory of another handler.
    tell(*this, found->second, envelope{});
  }
}

void supervisor::on_departed(const departed& gone) {
  const auto id = gone.last->stream.substr(group_->model.category().size() + 1);
  const auto found = aggregates_.find(id);
  if (found == aggregates_.end() || found->second.address() != gone.who) return;
  if (gone.last->durable.load(std::memory_order_acquire) == gone.version) {
    aggregates_.erase(found);
  } else {
    found->second = spawn<aggregate_actor, caf::lazy_init>(group_, gone);
  }
  auto late = leaving_.extract(id);
  if (late.empty()) return;
  for (envelope& e : late.mapped()) route(e);
}

const caf::actor& supervisor::aggregate(const std::string& id) {
  const auto found = aggregates_.find(id);
  if (found != aggregates_.end()) return found->second;
  auto actor = spawn<aggregate_actor, caf::lazy_init>(group_, id);
  return aggregates_.emplace(id, std::move(actor)).first->second;
}

}  // namespace reprise
