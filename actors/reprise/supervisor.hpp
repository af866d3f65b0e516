#pragma once

#include "reprise/aggregate_actor.hpp"
#include "reprise/caf.hpp"
#include "reprise/host_context.hpp"
#include "reprise/messages.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace reprise {

/// Checks a delivery before it is taken: its aggregate type, its limits, and what the host has room for.
/// Returns true if it is to go on, with an id of its own and counted in flight; else it has been answered.
bool admit(host_context& host, const aggregate_model& model, delivery& d);

/// Routes the commands of one aggregate type by aggregate id, and spawns the actor that is not there.
///
/// An actor that ends for whatever reason is forgotten, and the next command for its id spawns another, which
/// recovers. When the supervisor stops, its aggregates do.
///
/// Commands for an aggregate whose actor was told to end wait here until it has, and go to its successor.
class supervisor final : public caf::event_based_actor {
 public:
  supervisor(caf::actor_config& config, std::shared_ptr<aggregate_group> group);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "reprise.supervisor"; }

 private:
  void on_envelope(envelope& e);
  void on_depart(const depart& d);
  void on_departed(const departed& gone);
  void route(envelope& e);
  const caf::actor& aggregate(const std::string& id);

  std::shared_ptr<aggregate_group> group_;
  std::unordered_map<std::string, caf::actor> aggregates_;

  /// The aggregates whose actors were told to end and have not, with what came in for them since.
  std::unordered_map<std::string, std::vector<envelope>> leaving_;
};

}  // namespace reprise
