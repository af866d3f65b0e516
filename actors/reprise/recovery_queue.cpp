#include "reprise/recovery_queue.hpp"

#include <utility>

namespace reprise {

namespace {

bool is_waited_for(const recovery& r) {
  // All wait for the same time, so the newest is the last that gives up.
  const auto newest = r.newest.lock();
  return newest && !newest->is_settled();
}

void tell_to_read(const caf::actor& reader) {
  if (reader) tell(reader, recover{});
}

}  // namespace

void recovery_queue::is_read_by(std::vector<caf::actor> readers) {
  readers_ = std::move(readers);
  asleep_ = readers_;
}

void recovery_queue::push(std::shared_ptr<recovery> r) {
  caf::actor reader;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return;
    (r->was_in_memory ? ended_ : cold_).push_back(std::move(r));
    reader = next_reader();
  }
  tell_to_read(reader);
}

void recovery_queue::wait_for(const std::shared_ptr<recovery>& r,
                              const std::shared_ptr<delivery>& d) {
  const std::lock_guard lock(mutex_);
  r->newest = d;
  if (is_stopped_ || r->place != recovery_place::set_aside) return;
  // What stays of it among those set aside is passed over there.
  r->place = recovery_place::in_line;
  (r->was_in_memory ? ended_ : cold_).push_back(r);
}

std::shared_ptr<recovery> recovery_queue::take(const caf::actor& reader) {
  const std::lock_guard lock(mutex_);
  if (is_stopped_) return nullptr;
  const bool has_room = open_ < most_at_once_;
  is_begun_next_ = !is_begun_next_;
  std::shared_ptr<recovery> next;
  if (is_begun_next_ || !has_room) next = take_from(begun_, recovery_place::begun);
  if (!next && has_room) {
    next = take_new();
    if (next) ++open_;
  }
  if (!next) next = take_from(begun_, recovery_place::begun);
  if (!next) {
    asleep_.push_back(reader);
    return nullptr;
  }
  next->place = recovery_place::begun;
  return next;
}

std::shared_ptr<recovery> recovery_queue::take_from(line& l, recovery_place there) {
  while (!l.empty()) {
    auto next = std::move(l.front());
    l.pop_front();
    if (next->place == there) return next;
  }
  return nullptr;
}

std::shared_ptr<recovery> recovery_queue::take_new() {
  if (auto next = take_wanted(ended_)) return next;
  if (auto next = take_wanted(cold_)) return next;
  return take_from(set_aside_, recovery_place::set_aside);
}

std::shared_ptr<recovery> recovery_queue::take_wanted(line& l) {
  while (auto next = take_from(l, recovery_place::in_line)) {
    if (is_waited_for(*next)) return next;
    next->place = recovery_place::set_aside;
    set_aside_.push_back(std::move(next));
  }
  return nullptr;
}

void recovery_queue::put_back(std::shared_ptr<recovery> r) {
  caf::actor reader;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return;
    begun_.push_back(std::move(r));
    reader = next_reader();
  }
  tell_to_read(reader);
}

void recovery_queue::finish() {
  const std::lock_guard lock(mutex_);
  --open_;
}

void recovery_queue::stop() {
  std::vector<caf::actor> readers;
  line lines[4];
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    readers.swap(readers_);
    asleep_.clear();
    ended_.swap(lines[0]);
    cold_.swap(lines[1]);
    set_aside_.swap(lines[2]);
    begun_.swap(lines[3]);
  }
  for (const caf::actor& reader : readers) tell_to_stop(reader);
}

caf::actor recovery_queue::next_reader() {
  if (asleep_.empty()) return {};
  caf::actor reader = std::move(asleep_.back());
  asleep_.pop_back();
  return reader;
}

}  // namespace reprise
