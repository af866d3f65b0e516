#pragma once

#include "reprise/caf.hpp"
#include "reprise/messages.hpp"
#include "reprise/router.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace reprise {

/// Routes the commands of one aggregate type by aggregate id.
///
/// Its `router` hands on what the host takes, on the caller's thread. The actor itself is where actors of the user's
/// send their messages, and where an aggregate's actor says that it has ended: for whatever reason that was, it is
/// forgotten, and the next command for its id spawns another, which recovers. When the supervisor stops, its
/// aggregates do.
class supervisor final : public caf::event_based_actor {
 public:
  supervisor(caf::actor_config& config, std::shared_ptr<router> routes);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "reprise.supervisor"; }

 private:
  void on_envelope(envelope& e);

  std::shared_ptr<router> router_;
};

/// Where the commands and queries for one aggregate type come in.
class supervised_entrance final : public entrance {
 public:
  /// Spawns the supervisor of the aggregates of `group`.
  supervised_entrance(caf::actor_system& system, std::shared_ptr<aggregate_group> group);

  void take(std::shared_ptr<delivery> d) override { router_->take(std::move(d)); }
  void let_leave(std::string id, bool at_once) override { router_->let_leave(id, at_once); }
  const caf::actor& supervisor() const override { return supervisor_; }

  const aggregate_model& model() const noexcept { return router_->model(); }

  /// See `router::pass_a_round`.
  void pass_a_round() { router_->pass_a_round(); }

  /// See `router::known_ids`.
  std::size_t known_ids() const { return router_->known_ids(); }

  /// See `router::busy_ids`.
  std::vector<std::string> busy_ids(std::size_t most) const { return router_->busy_ids(most); }

  /// Once the supervisor is to stop: handles of the user's may outlive the actor system.
  void let_go() { supervisor_ = nullptr; }

 private:
  std::shared_ptr<router> router_;
  caf::actor supervisor_;
};

}  // namespace reprise
