#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace simulation {

/// Where the runtime's threads leave what one thread of the program collects.
template <class T>
class mailbox {
 public:
  void put(T item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    is_filled_.notify_one();
  }

  /// Ends a wait that finds nothing.
  void nudge() {
    {
      const std::lock_guard lock(mutex_);
      is_nudged_ = true;
    }
    is_filled_.notify_one();
  }

  /// Returns everything that is there; waits so long for the first of it.
  std::vector<T> take(std::chrono::nanoseconds patience) {
    std::unique_lock lock(mutex_);
    is_filled_.wait_for(lock, patience, [this] { return !items_.empty() || is_nudged_; });
    is_nudged_ = false;
    return std::exchange(items_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable is_filled_;
  std::vector<T> items_;
  bool is_nudged_ = false;
};

}  // namespace simulation
