#include "cart/lives.hpp"

#include <utility>

namespace simulation {

namespace {

constexpr std::chrono::seconds stop_deadline{30};

}  // namespace

lives::lives(store_kind journal,
             std::filesystem::path directory,
             status_line& status,
             const runtime_settings& settings,
             decorator decorate)
    : status_(status),
      settings_(settings),
      decorate_(std::move(decorate)),
      store_(journal, std::move(directory)) {}

void lives::start() {
  start(settings_);
}

void lives::start_to_ask() {
  auto settings = settings_;
  settings.command_timeout = std::chrono::milliseconds(0);
  start(settings);
}

void lives::start(const runtime_settings& settings) {
  if (std::exchange(was_used_, true)) store_.reopen();
  reprise::host_config config;
  config.journal = decorate_ ? decorate_(store_.journal()) : store_.journal();
  config.log = [this](reprise::log_level level, const std::string& what) {
    if (level != reprise::log_level::info) status_.note("cart: " + what);
  };
  if (settings.max_live) config.max_live = *settings.max_live;
  if (settings.passivate_after) config.passivate_after = *settings.passivate_after;
  if (settings.command_timeout) config.command_timeout = *settings.command_timeout;
  host_.emplace(std::move(config));
  carts_.emplace(host_->aggregates<shop::shopping_cart>({.every_events = settings.snapshot_every}));
}

void lives::begin_stop(std::function<void()> then) {
  has_stopped_ = false;
  stopper_ = std::jthread([this, then = std::move(then)] {
    stopped_ = host_->stop(stop_deadline);
    has_stopped_ = true;
    then();
  });
}

std::string lives::finish_stop() {
  stopper_.join();
  earlier_ = so_far();
  carts_.reset();
  host_.reset();
  std::string unfinished;
  for (const auto& what : stopped_.unfinished)
    unfinished += (unfinished.empty() ? "" : "; ") + what;
  if (!stopped_.clean && unfinished.empty()) unfinished = "it does not say what";
  return unfinished;
}

lives::totals lives::so_far() const {
  totals sum = earlier_;
  if (!host_) return sum;
  const auto now = host_->stats();
  sum.recovered += now.recovered - now.recovered_empty;
  sum.replayed_events += now.replayed_events;
  sum.replay_time += now.replay_time;
  return sum;
}

}  // namespace simulation
