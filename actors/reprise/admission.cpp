#include "reprise/admission.hpp"

namespace reprise {

admission::verdict admission::enter() noexcept {
  const std::size_t before = count_.fetch_add(1, std::memory_order_acq_rel);
  if ((before & closed_bit) == 0 && before + late() < limit_) return verdict::admitted;
  leave();
  return (before & closed_bit) != 0 ? verdict::closed : verdict::full;
}

void admission::leave() noexcept {
  const std::size_t before = count_.fetch_sub(1, std::memory_order_acq_rel);
  if (before != (closed_bit | 1U)) return;
  const std::lock_guard lock(mutex_);
  empty_.notify_all();
}

bool admission::begin_wait() noexcept {
  if (waiting_.fetch_add(1, std::memory_order_acq_rel) < most_waiting()) return true;
  end_wait();
  return false;
}

void admission::close() noexcept {
  count_.fetch_or(closed_bit, std::memory_order_acq_rel);
}

bool admission::wait_until_empty(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return empty_.wait_until(lock, deadline, [this] { return in_flight() == 0; });
}

std::size_t admission::in_flight() const noexcept {
  return count_.load(std::memory_order_acquire) & ~closed_bit;
}

}  // namespace reprise
