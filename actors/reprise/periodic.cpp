#include "reprise/periodic.hpp"

#include <utility>

namespace reprise {

periodic::periodic(std::chrono::milliseconds interval, std::function<void()> what)
    : interval_(interval), what_(std::move(what)), thread_([this] { run(); }) {}

periodic::~periodic() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void periodic::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, interval_, [this] { return is_ending_; })) {
    lock.unlock();
    what_();
    lock.lock();
  }
}

}  // namespace reprise
