#include "reprise/delivery.hpp"

namespace reprise {

void delivery::settle(answer a) noexcept {
  if (settled_) return;
  settled_ = true;
  try {
    deliver(std::move(a));
  } catch (...) {
    // The receiver is the user's code, and the answer is given: what it throws concerns nobody here.
  }
  if (gate_) gate_->leave();
}

void delivery::settle_if_dropped() noexcept {
  if (!settled_)
    settle({answer_kind::unknown, 0, 0, "the runtime stopped before the command was answered"});
}

}  // namespace reprise
