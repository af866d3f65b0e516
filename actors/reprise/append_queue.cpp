#include "reprise/append_queue.hpp"

#include <iterator>
#include <utility>

namespace reprise {

namespace {

void turn_away(append& a, const std::string& why) {
  const auto kind = is_sent_again(a) ? answer_kind::unknown : answer_kind::unavailable;
  if (a.content) a.content->settle({kind, 0, 0, why});
}

}  // namespace

void append_queue::push(append a) {
  std::unique_lock lock(mutex_);
  if (is_closed_) {
    lock.unlock();
    return turn_away(a, why_closed_);
  }
  queued_.push_back(std::move(a));
  if (!std::exchange(writer_sleeps_, false)) return;
  const caf::actor sleeper = writer_;
  lock.unlock();
  tell(sleeper, appends_waiting{});
}

bool append_queue::take(std::vector<append>& appends,
                        std::size_t most_commits,
                        std::size_t most_bytes) {
  const std::lock_guard lock(mutex_);
  writer_sleeps_ = queued_.empty();
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (count < queued_.size() && count < most_commits && bytes < most_bytes) {
    bytes += queued_[count++].events.bytes().size();
  }
  if (count == queued_.size()) {
    appends.swap(queued_);
    queued_.reserve(count);
  } else {
    const auto end = queued_.begin() + static_cast<std::ptrdiff_t>(count);
    appends.assign(std::make_move_iterator(queued_.begin()), std::make_move_iterator(end));
    queued_.erase(queued_.begin(), end);
  }
  return count != 0;
}

bool append_queue::has_more() const {
  const std::lock_guard lock(mutex_);
  return !queued_.empty();
}

bool append_queue::begin_write(const std::shared_ptr<batch>& next) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_closed_) {
      being_written_ = next;
      return true;
    }
  }
  for (append& a : next->appends) turn_away(a, why_closed_);
  return false;
}

bool append_queue::end_write() {
  const std::lock_guard lock(mutex_);
  being_written_.reset();
  return !is_closed_;
}

caf::actor append_queue::close(const std::string& why) {
  std::vector<append> queued;
  std::shared_ptr<batch> written;
  caf::actor writer;
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(is_closed_, true)) why_closed_ = why;
    queued.swap(queued_);
    written.swap(being_written_);
    writer.swap(writer_);
  }
  if (written) {
    const answer stopped{answer_kind::unknown, 0, 0, why + ", and the journal has not answered"};
    for (const append& a : written->appends) {
      if (a.content) a.content->settle(stopped);
    }
  }
  for (append& a : queued) turn_away(a, why);
  return writer;
}

}  // namespace reprise
