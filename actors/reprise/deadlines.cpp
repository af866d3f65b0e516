#include "reprise/deadlines.hpp"

#include "reprise/admission.hpp"
#include "reprise/delivery.hpp"

#include <algorithm>
#include <utility>

namespace reprise {

namespace {

using std::chrono::milliseconds;

milliseconds interval_for(milliseconds limit) {
  return std::clamp(limit / 8, milliseconds(1), milliseconds(1'000));
}

std::uint64_t rounds_for(milliseconds limit) {
  const auto interval = interval_for(limit);
  return static_cast<std::uint64_t>((limit + interval - milliseconds(1)) / interval);
}

}  // namespace

deadlines::deadlines(milliseconds limit)
    : interval_(interval_for(limit)),
      rounds_(rounds_for(limit)),
      reason_("command_timeout is reached: it was not answered within "
              + std::to_string(limit.count()) + " ms") {}

deadlines::shard& deadlines::shard_of(const delivery& d) noexcept {
  static_assert(std::tuple_size_v<decltype(shards_)> == 16, "four bits of the hash are used");
  const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&d));
  return shards_[(address * 0x9E37'79B9'7F4A'7C15U) >> 60U];
}

void deadlines::link(delivery& d) noexcept {
  if (!is_limited()) return;
  d.is_linked_ = true;
  deadline_hook& hook = d;
  shard& to = shard_of(d);
  const std::lock_guard lock(to.mutex);
  hook.round = to.round;
  hook.after = &to.ends;
  hook.before = to.ends.before;
  hook.before->after = to.ends.before = &hook;
}

void deadlines::unlink(delivery& d) noexcept {
  const deadline_hook& hook = d;
  const std::lock_guard lock(shard_of(d).mutex);
  hook.before->after = hook.after;
  hook.after->before = hook.before;
}

void deadlines::sweep() noexcept {
  if (!is_limited()) return;
  for (shard& s : shards_) {
    {
      const std::lock_guard lock(s.mutex);
      ++s.round;
    }
    for (bool is_more = true; is_more;) {
      expired late;
      const std::size_t count = take_expired(s, late);
      for (std::size_t i = 0; i < count; ++i) late[i]->expire(reason_);
      is_more = count == late.size();
    }
  }
}

std::size_t deadlines::take_expired(shard& from, expired& into) noexcept {
  std::size_t count = 0;
  const std::lock_guard lock(from.mutex);
  deadline_hook* next = from.ends.after;
  while (next != &from.ends && from.round - next->round > rounds_ && count < into.size()) {
    auto& d = static_cast<delivery&>(*next);
    next = next->after;
    // One that is being answered is unlinked by who answers it. One that is just being looked at has its turn at the end
    // of the next round. One that is being destroyed, which has no owner any more, answers itself; until this lock is
    // released it stays where it is, because it has to unlink itself first.
    if (d.progress_.load(std::memory_order_acquire) != delivery::progress::open) continue;
    auto owner = d.weak_from_this().lock();
    if (!owner) continue;
    auto still = delivery::progress::open;
    if (d.progress_.compare_exchange_strong(still, delivery::progress::expired)) {
      static_cast<deadline_hook&>(d).before->after = next;
      next->before = static_cast<deadline_hook&>(d).before;
    }
    // Kept in any case: if this is the last owner, it must not end while the lock is held.
    into[count++] = std::move(owner);
  }
  return count;
}

}  // namespace reprise
