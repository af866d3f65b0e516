#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <future>
#include <thread>

/// Waiting for threads, in the tests that have some. A deadline that is passed is a failure, never a hang.
namespace waiting {

inline constexpr std::chrono::seconds deadline{20};

/// Returns what comes.
template <class T>
T get(std::future<T> what) {
  REQUIRE(what.wait_for(deadline) == std::future_status::ready);
  return what.get();
}

/// Waits until `is_so`; returns false if the deadline is passed before.
inline bool comes_true(const std::function<bool()>& is_so) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace waiting
