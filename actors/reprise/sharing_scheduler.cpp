#include "reprise/sharing_scheduler.hpp"

#if REPRISE_CAF_1

namespace reprise {

void share_work(caf::actor_system_config& config) {
  config.set("caf.scheduler.policy", "sharing");
}

}  // namespace reprise

#else

#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
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
    caf::resumable* job = jobs_.front();
    jobs_.pop_front();
    if (!jobs_.empty()) wake_one(std::move(lock));
    return job;
  }

  /// Returns what is left, when nobody waits any more.
  std::deque<caf::resumable*> rest() {
    const std::lock_guard lock(mutex_);
    return std::move(jobs_);
  }

 private:
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
  std::deque<caf::resumable*> jobs_;
  std::size_t sleeping_ = 0;  ///< and not woken
  std::size_t woken_ = 0;     ///< and not awake
};

/// Runs jobs on the thread that calls it. A null job ends it.
class worker final : public caf::execution_unit {
 public:
  worker(caf::actor_system& system, run_queue& queue, std::size_t max_throughput)
      : caf::execution_unit(&system), queue_(queue), max_throughput_(max_throughput) {}

  void exec_later(caf::resumable* job) override { queue_.push(job); }

  void run() {
    while (caf::resumable* job = queue_.pop()) {
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
      workers_.push_back(started([this] { worker(system(), queue_, max_throughput()).run(); }));
    }
    timer_ = started([this] { clock_.run_dispatch_loop(); });
    abstract_coordinator::start();
  }

  void stop() override {
    for (std::size_t i = 0; i < workers_.size(); ++i) queue_.push(nullptr);
    stop_actors();
    for (std::thread& t : workers_) t.join();
    for (caf::resumable* job : queue_.rest()) cleanup_and_release(job);
    clock_.cancel_dispatch_loop();
    timer_.join();
  }

 private:
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
  caf::detail::thread_safe_actor_clock clock_;
  std::thread timer_;
};

}  // namespace

void share_work(caf::actor_system_config& config) {
  config.load<sharing_scheduler>();
}

}  // namespace reprise

#endif
