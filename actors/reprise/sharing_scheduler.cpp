#include "reprise/sharing_scheduler.hpp"

#include <algorithm>
#include <cstddef>
#include <thread>

#if REPRISE_CAF_1

namespace reprise {

void share_work(caf::actor_system_config& config, std::size_t threads) {
  const std::size_t one_a_core = std::max(2U, std::thread::hardware_concurrency());
  config.set("caf.scheduler.policy", "sharing");
  config.set("caf.scheduler.max-threads", threads != 0 ? threads : one_a_core);
}

}  // namespace reprise

#else

#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace reprise {

namespace {

/// What is to run, in the order in which it came. Safe on any thread.
class run_queue {
 public:
  void push(caf::resumable* job) {
    std::unique_lock lock(mutex_);
    jobs_.push_back(job);
    if (is_stuck_) spare_.notify_one();
    wake_one(std::move(lock));
  }

  /// Returns the next job, and waits for one if there is none.
  caf::resumable* pop() {
    std::unique_lock lock(mutex_);
    while (jobs_.empty()) {
      ++sleeping_;
      wake_.wait(lock, [this] { return woken_ != 0; });
      --woken_;
    }
    ++taken_;
    is_stuck_ = false;
    caf::resumable* job = take_first();
    if (!jobs_.empty()) wake_one(std::move(lock));
    return job;
  }

  /// Waits until there is a job and nobody has taken one for a while, and returns it, and each that comes until somebody
  /// calls `pop` again. Returns null once it is over.
  caf::resumable* pop_when_stuck() {
    std::unique_lock lock(mutex_);
    const auto is_needed = [this] { return is_over_ || (is_stuck_ && !jobs_.empty()); };
    auto look_again = first_look;
    while (!is_needed()) {
      const std::uint64_t taken_before = taken_;
      spare_.wait_for(lock, look_again, is_needed);
      const bool is_still = taken_ == taken_before;
      if (is_still && !jobs_.empty()) is_stuck_ = true;
      look_again = is_still ? std::min(2 * look_again, last_look) : first_look;
    }
    return is_over_ ? nullptr : take_first();
  }

  /// Sends away who waits in `pop_when_stuck`.
  void needs_no_spare() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    spare_.notify_one();
  }

  /// Returns what is left, when nobody waits any more.
  std::deque<caf::resumable*> rest() {
    const std::lock_guard lock(mutex_);
    return std::move(jobs_);
  }

 private:
  /// A message seldom takes so long, and where nothing runs, looking costs nothing that can be measured.
  static constexpr std::chrono::milliseconds first_look{10};
  static constexpr std::chrono::milliseconds last_look{160};

  caf::resumable* take_first() {
    caf::resumable* job = jobs_.front();
    jobs_.pop_front();
    return job;
  }

  /// Wakes a thread that sleeps, unless one is waking up already: that one wakes the next if it leaves something to do. No
  /// lock is held that the thread takes next.
  void wake_one(std::unique_lock<std::mutex> lock) {
    if (sleeping_ == 0 || woken_ != 0) return;
    --sleeping_;
    ++woken_;
    lock.unlock();
    wake_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable spare_;
  std::deque<caf::resumable*> jobs_;
  std::size_t sleeping_ = 0;  ///< and not woken
  std::size_t woken_ = 0;     ///< and not awake
  std::uint64_t taken_ = 0;   ///< how often `pop` has returned
  bool is_stuck_ =
      false;  ///< who calls `pop` has not come for a while, although there was something
  bool is_over_ = false;
};

/// Runs jobs on the thread that calls it, which takes them from the queue with `pop`. A null job ends it.
class worker final : public caf::execution_unit {
 public:
  worker(caf::actor_system& system, run_queue& queue, std::size_t max_throughput)
      : caf::execution_unit(&system), queue_(queue), max_throughput_(max_throughput) {}

  void exec_later(caf::resumable* job) override { queue_.push(job); }

  void run(caf::resumable* (run_queue::*pop)()) {
    while (caf::resumable* job = (queue_.*pop)()) {
      switch (job->resume(this, max_throughput_)) {
      case caf::resumable::resume_later: queue_.push(job); break;
      case caf::resumable::done:
      case caf::resumable::awaiting_message: caf::intrusive_ptr_release(job); break;
      case caf::resumable::shutdown_execution_unit: return;
      }
    }
  }

 private:
  run_queue& queue_;
  const std::size_t max_throughput_;
};

class sharing_scheduler final : public caf::scheduler::abstract_coordinator {
 public:
  using abstract_coordinator::abstract_coordinator;

  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new sharing_scheduler(system);
  }

  void enqueue(caf::resumable* job) override { queue_.push(job); }
  caf::detail::thread_safe_actor_clock& clock() noexcept override { return clock_; }

 protected:
  void start() override {
    for (std::size_t i = 0; i < num_workers(); ++i) {
      workers_.push_back(started([this] { work(&run_queue::pop); }));
    }
    spare_ = started([this] { work(&run_queue::pop_when_stuck); });
    timer_ = started([this] { clock_.run_dispatch_loop(); });
    abstract_coordinator::start();
  }

  void stop() override {
    queue_.needs_no_spare();
    spare_.join();
    for (std::size_t i = 0; i < workers_.size(); ++i) queue_.push(nullptr);
    stop_actors();
    for (std::thread& t : workers_) t.join();
    for (caf::resumable* job : queue_.rest()) cleanup_and_release(job);
    clock_.cancel_dispatch_loop();
    timer_.join();
  }

 private:
  void work(caf::resumable* (run_queue::*pop)()) {
    worker(system(), queue_, max_throughput()).run(pop);
  }

  template <class Work>
  std::thread started(Work work) {
    return std::thread([this, work] {
      system().thread_started();
      work();
      system().thread_terminates();
    });
  }

  run_queue queue_;
  std::vector<std::thread> workers_;
  std::thread spare_;
  caf::detail::thread_safe_actor_clock clock_;
  std::thread timer_;
};

}  // namespace

void share_work(caf::actor_system_config& config, std::size_t threads) {
  const std::size_t but_one = std::max(2U, std::thread::hardware_concurrency()) - 1;
  config.load<sharing_scheduler>();
  config.set("scheduler.max-threads", threads != 0 ? threads : but_one);
}

}  // namespace reprise

#endif
