#pragma once

#include "bench/statistics.hpp"
#include "reprise/answer.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace bench {

struct loop_result {
  std::uint64_t answered = 0;
  std::uint64_t accepted = 0;
  std::string first_other;       ///< the first answer that was not `accepted`; empty if all were
  double seconds = 0;            ///< from the first request to the last answer
  double processor_seconds = 0;  ///< of the whole process, meanwhile

  double per_second() const { return static_cast<double>(answered) / seconds; }
  double processor_microseconds_each() const {
    return processor_seconds * 1e6 / static_cast<double>(answered);
  }
};

/// Keeps a fixed number of requests in flight. The answer to one sends the next, on the thread that brings the
/// answer: nobody is woken up for it, so the load costs what its messages cost and is not the bottleneck.
///
/// `send(number, done)` sends request `number` and has `done` called with its answer. Numbers run on from one
/// call of `run` to the next. Whoever is answered anything but `accepted` sends nothing more.
template <class Send>
class closed_loop {
 public:
  /// `latencies`, if any, outlives the loop.
  closed_loop(std::size_t window, Send send, latency_histogram* latencies = nullptr)
      : send_(std::move(send)), latencies_(latencies), slots_(window) {
    for (slot& s : slots_) s.loop = this;
  }

  /// Runs until so many more requests were sent and all are answered.
  loop_result run(std::uint64_t requests) {
    return run_until(next_ + requests, clock::time_point::max());
  }

  /// Runs for that long, and then until all requests are answered.
  loop_result run(std::chrono::duration<double> time) {
    return run_until(std::numeric_limits<std::uint64_t>::max(),
                     clock::now() + std::chrono::duration_cast<clock::duration>(time));
  }

 private:
  using clock = std::chrono::steady_clock;

  struct slot {
    closed_loop* loop = nullptr;
    clock::time_point sent;
  };

  /// Small enough that a std::function holds it without an allocation.
  struct done {
    slot* from;
    template <class Answer>
    void operator()(const Answer& a) const {
      from->loop->on_answer(*from, a.kind, a.reason);
    }
  };

  loop_result run_until(std::uint64_t last, clock::time_point end) {
    last_ = last;
    end_ = end;
    answered_ = 0;
    accepted_ = 0;
    active_ = slots_.size();
    const double processor_before = processor_seconds();
    const auto begin = clock::now();
    for (slot& s : slots_) send_next(s, clock::now());
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [this] { return active_ == 0; });
    loop_result result;
    result.answered = answered_;
    result.accepted = accepted_;
    result.first_other = first_other_;
    result.processor_seconds = processor_seconds() - processor_before;
    result.seconds = std::chrono::duration<double>(clock::now() - begin).count();
    return result;
  }

  void send_next(slot& s, clock::time_point now) {
    if (now < end_) {
      if (const std::uint64_t number = next_.fetch_add(1, std::memory_order_relaxed);
          number < last_) {
        s.sent = now;
        return send_(number, done{&s});
      }
      next_.fetch_sub(1, std::memory_order_relaxed);
    }
    finish();
  }

  void on_answer(slot& s, reprise::answer_kind kind, const std::string& reason) {
    const auto now = clock::now();
    if (latencies_ != nullptr) latencies_->record(now - s.sent);
    answered_.fetch_add(1, std::memory_order_relaxed);
    if (kind == reprise::answer_kind::accepted) {
      accepted_.fetch_add(1, std::memory_order_relaxed);
      return send_next(s, now);
    }
    {
      const std::lock_guard lock(mutex_);
      if (first_other_.empty()) first_other_ = std::string(to_string(kind)) + ": " + reason;
    }
    finish();
  }

  void finish() {
    const std::lock_guard lock(mutex_);
    if (--active_ == 0) finished_.notify_all();
  }

  Send send_;
  latency_histogram* latencies_;
  std::vector<slot> slots_;
  std::uint64_t last_ = 0;
  clock::time_point end_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::mutex mutex_;
  std::condition_variable finished_;
  std::size_t active_ = 0;
  std::string first_other_;
};

}  // namespace bench
