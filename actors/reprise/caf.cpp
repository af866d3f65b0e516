#include "reprise/messages.hpp"
#include "reprise/sharing_scheduler.hpp"

#include <string>

#if REPRISE_CAF_1
#include <caf/detail/test_coordinator.hpp>
#include <caf/init_global_meta_objects.hpp>
#else
#include <caf/scheduler/test_coordinator.hpp>
#endif

namespace reprise {

void prepare() {
#if REPRISE_CAF_1
  static const bool once = [] {
    caf::init_global_meta_objects<caf::id_block::reprise>();
    caf::core::init_global_meta_objects();
    return true;
  }();
  static_cast<void>(once);
#endif
}

std::unique_ptr<caf::actor_system_config> system_config(std::size_t threads) {
  prepare();
  auto config = std::make_unique<caf::actor_system_config>();
  share_work(*config, threads);
  return config;
}

// -- stepped_system ------------------------------------------------------------------------------------------------

namespace {

#if REPRISE_CAF_1
using stepping_scheduler = caf::detail::test_coordinator;
constexpr char scheduler_policy[] = "caf.scheduler.policy";
const std::string stepping = "testing";
#else
using stepping_scheduler = caf::scheduler::test_coordinator;
constexpr char scheduler_policy[] = "scheduler.policy";
const caf::atom_value stepping = caf::atom("testing");
#endif

stepping_scheduler& scheduler_of(caf::actor_system& system) {
  return static_cast<stepping_scheduler&>(system.scheduler());
}

void run_first_job(stepping_scheduler& scheduler) {
#if REPRISE_CAF_1
  // Upstream does not export the coordinator's own function from its library.
  caf::resumable* job = scheduler.jobs.front();
  scheduler.jobs.pop_front();
  const auto result = job->resume(&scheduler, 1);
  if (result == caf::resumable::resume_later) scheduler.jobs.push_front(job);
  if (result == caf::resumable::done || result == caf::resumable::awaiting_message) {
    caf::intrusive_ptr_release(job);
  }
#else
  scheduler.run_once();
#endif
}

}  // namespace

stepped_system::stepped_system() {
  prepare();
  config_ = std::make_unique<caf::actor_system_config>();
  config_->set(scheduler_policy, stepping);
  system_ = std::make_unique<caf::actor_system>(*config_);
  // Nothing would ever run an actor that is left.
  system_->await_actors_before_shutdown(false);
}

stepped_system::~stepped_system() = default;

caf::actor_system& stepped_system::system() noexcept {
  return *system_;
}

std::vector<const caf::local_actor*> stepped_system::ready() const {
  std::vector<const caf::local_actor*> actors;
  for (const caf::resumable* job : scheduler_of(*system_).jobs) {
    actors.push_back(dynamic_cast<const caf::local_actor*>(job));
  }
  return actors;
}

void stepped_system::step(std::size_t index) {
  auto& jobs = scheduler_of(*system_).jobs;
  const auto chosen = jobs.begin() + static_cast<std::ptrdiff_t>(index);
  std::rotate(jobs.begin(), chosen, chosen + 1);
  run_first_job(scheduler_of(*system_));
}

}  // namespace reprise
