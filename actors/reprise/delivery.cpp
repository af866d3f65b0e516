#include "reprise/delivery.hpp"

#include "reprise/host_metrics.hpp"

#include <utility>

namespace reprise {

void delivery::begin_time(bool is_measured) noexcept {
  if (is_measured) {
    thread_local unsigned number = 0;
    is_wait_measured_ = number++ % waits_measured_one_in == 0;
    taken_ = std::chrono::steady_clock::now();
  }
  gate_->deadlines().link(*this);
}

bool delivery::begin_wait() noexcept {
  if (gate_ && !is_waiting_) is_waiting_ = gate_->begin_wait();
  return !gate_ || is_waiting_;
}

void delivery::reached() noexcept {
  if (std::exchange(is_waiting_, false)) gate_->end_wait();
  if (!is_wait_measured_) return;
  is_wait_measured_ = false;
  const std::chrono::nanoseconds waited = std::chrono::steady_clock::now() - taken_;
  metrics_->waits.observe(static_cast<std::uint64_t>(waited.count()));
}

bool delivery::observe(const aggregate_instance& instance) {
  auto still = progress::open;
  if (!progress_.compare_exchange_strong(still, progress::observing)) return false;
  const auto reopen = [this] { progress_.store(progress::open, std::memory_order_release); };
  try {
    see(instance);
  } catch (...) {
    reopen();
    throw;
  }
  reopen();
  return true;
}

void delivery::settle(answer a, std::chrono::steady_clock::time_point now) noexcept {
  auto still = progress::open;
  if (!progress_.compare_exchange_strong(still, progress::settled)) return;
  if (is_linked_) gate_->deadlines().unlink(*this);
  give(std::move(a), now);
}

void delivery::expire(const std::string& reason) noexcept {
  if (progress_.load(std::memory_order_acquire) != progress::expired) return;
  gate_->be_late();
  // A query stores nothing. A command may be in the journal's hands by now, or come there later.
  const auto kind = command() != nullptr ? answer_kind::unknown : answer_kind::unavailable;
  give({kind, 0, 0, reason}, {});
}

void delivery::give(answer a, std::chrono::steady_clock::time_point now) noexcept {
  // Counted first, so that whoever has the answer finds it counted.
  if (metrics_ != nullptr) metrics_->answered(command() != nullptr, a.kind, taken_, now);
  try {
    deliver(std::move(a));
  } catch (...) {
    // The receiver is the user's code, and the answer is given: what it throws concerns nobody here.
  }
  if (gate_) gate_->leave();
}

void outcome_delivery::deliver(answer a) {
  const auto kind = [&] {
    switch (a.kind) {
    case answer_kind::accepted: return question_.found;
    case answer_kind::refused: return outcome_kind::refused;
    case answer_kind::overloaded: return outcome_kind::overloaded;
    case answer_kind::unavailable: return outcome_kind::unavailable;
    case answer_kind::unknown: return outcome_kind::unknown;
    }
    return outcome_kind::unknown;
  }();
  receiver_({kind, a.version, a.events, std::move(a.reason)});
}

void delivery::settle_if_dropped() noexcept {
  if (is_settled()) return;
  settle({answer_kind::unknown, 0, 0, "the runtime stopped before the command was answered"});
}

}  // namespace reprise
