#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace reprise {

/// Calls a function again and again on a thread of its own, until it is destroyed, which waits for a call that runs.
class periodic {
 public:
  /// The time to the next call begins when one has returned, so calls are never closer than `interval`.
  /// `what` does not throw.
  periodic(std::chrono::milliseconds interval, std::function<void()> what);
  periodic(const periodic&) = delete;
  periodic& operator=(const periodic&) = delete;
  ~periodic();

 private:
  void run();

  const std::chrono::milliseconds interval_;
  const std::function<void()> what_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace reprise
