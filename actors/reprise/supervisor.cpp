#include "reprise/supervisor.hpp"

#include <utility>

namespace reprise {

supervisor::supervisor(caf::actor_config& config, std::shared_ptr<router> routes)
    : caf::event_based_actor(config), router_(std::move(routes)) {
  router_->host()->started(host_context::part::supervisor);
}

caf::behavior supervisor::make_behavior() {
  return {
      [this](envelope& e) { on_envelope(e); },
      [this](const wanted& w) { router_->on_wanted(w); },
      [this](const departed& gone) { router_->on_departed(gone); },
  };
}

void supervisor::on_exit() {
  router_->close();
  const auto context = router_->host();
  router_.reset();
  context->ended(host_context::part::supervisor);
}

void supervisor::on_envelope(envelope& e) {
  if (!e.content) return;
  const reply_address asker(*this);
  if (!e.content->is_sent_first()) {
    return asker({answer_kind::refused, 0, 0, "a message of aggregates::message is sent once"});
  }
  e.content->answer_to(asker);
  router_->take(std::move(e.content));
}

supervised_entrance::supervised_entrance(caf::actor_system& system,
                                         std::shared_ptr<aggregate_group> group)
    : router_(std::make_shared<router>(system, group)),
      supervisor_(system.spawn<reprise::supervisor>(router_)) {
  group->supervisor = supervisor_.address();
}

}  // namespace reprise
