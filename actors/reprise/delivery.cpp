#include "reprise/delivery.hpp"

namespace reprise {

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

void delivery::settle(answer a) noexcept {
  auto still = progress::open;
  if (!progress_.compare_exchange_strong(still, progress::settled)) return;
  if (is_linked_) gate_->deadlines().unlink(*this);
  give(std::move(a));
}

void delivery::expire(const std::string& reason) noexcept {
  if (progress_.load(std::memory_order_acquire) != progress::expired) return;
  gate_->be_late();
  // A query stores nothing. A command may be in the journal's hands by now, or come there later.
  const auto kind = command() != nullptr ? answer_kind::unknown : answer_kind::unavailable;
  give({kind, 0, 0, reason});
}

void delivery::give(answer a) noexcept {
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
  settle({answer_kind::unknown, 0, 0, "the runtime stopped before the command was answered"});
}

}  // namespace reprise
