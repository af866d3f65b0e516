#include "reprise/sharing_scheduler.hpp"

#include <algorithm>
#include <cstddef>
#include <thread>

namespace reprise {

namespace {

/// Left to itself CAF 0.17 takes at least four, which on two cores halves what they do.
std::size_t one_a_core() {
  return std::max(2U, std::thread::hardware_concurrency());
}

/// Messages that an actor handles before others have their turn. CAF's default lets it go on for as long as something is
/// in its mailbox: a client that asks again in the callback of each answer would keep a thread to itself.
constexpr std::size_t messages_a_turn = 100;

}  // namespace

}  // namespace reprise

#if REPRISE_CAF_1

namespace reprise {

void share_work(caf::actor_system_config& config, std::size_t threads) {
  config.set("caf.scheduler.policy", "sharing");
  config.set("caf.scheduler.max-threads", threads != 0 ? threads : one_a_core());
  config.set("caf.scheduler.max-throughput", messages_a_turn);
}

}  // namespace reprise

#else

#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

namespace reprise {

namespace {

/// What is to run, in the order in which it came. Safe on any thread.
class run_queue {
 public:
  /// One thread more than `most` is going to call `pop`; up to `most` have a job at a time, and the last while all of these
  /// are stuck. Before the first of them does.
  void lets_run(std::size_t most) {
    most_ = most;
    awake_ = most + 1;
  }

  void push(caf::resumable* job) {
    std::unique_lock lock(mutex_);
    jobs_.push_back(job);
    wake_one(std::move(lock));
  }

  /// Returns the next job, once there is one and it is this thread's turn. `stepped_in` is the caller's, false at first: it
  /// says that the job is one that others are stuck before.
  caf::resumable* pop(bool& stepped_in) {
    std::unique_lock lock(mutex_);
    if (!stepped_in) is_stuck_ = false;
    while (jobs_.empty() || awake_ > most_awake()) {
      --awake_;
      ++sleeping_;
      wake_.wait(lock, [this] { return woken_ != 0; });
      --woken_;
    }
    stepped_in = is_stuck_;
    ++taken_;
    caf::resumable* job = jobs_.front();
    jobs_.pop_front();
    if (!jobs_.empty()) wake_one(std::move(lock));
    return job;
  }

  /// Looks, until it is `over`, whether the threads that have jobs come for the next.
  void watch() {
    std::unique_lock lock(mutex_);
    auto look_again = first_look;
    while (!is_over_) {
      const std::uint64_t taken_before = taken_;
      over_.wait_for(lock, look_again, [this] { return is_over_; });
      const bool is_still = taken_ == taken_before;
      look_again = is_still ? std::min(2 * look_again, last_look) : first_look;
      if (!is_still || jobs_.empty() || is_stuck_) continue;
      is_stuck_ = true;
      wake_one(std::move(lock));
      lock = std::unique_lock(mutex_);
    }
  }

  /// From now on all threads may run: what is left for each is the job that ends it.
  void over() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    over_.notify_one();
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

  std::size_t most_awake() const noexcept {
    if (is_over_) return std::numeric_limits<std::size_t>::max();
    return is_stuck_ ? most_ + 1 : most_;
  }

  /// Wakes a thread that sleeps, if it may run, unless one is waking up already: that one wakes the next if it leaves
  /// something to do. No lock is held that the thread takes next.
  void wake_one(std::unique_lock<std::mutex> lock) {
    if (sleeping_ == 0 || woken_ != 0 || awake_ >= most_awake()) return;
    --sleeping_;
    ++woken_;
    ++awake_;
    lock.unlock();
    wake_.notify_one();
  }

  std::size_t most_ = 1;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable over_;
  std::deque<caf::resumable*> jobs_;
  std::size_t awake_ = 0;     ///< have a job, or are on the way from or to one
  std::size_t sleeping_ = 0;  ///< the others
  std::size_t woken_ = 0;     ///< of those awake, who have not noticed
  std::uint64_t taken_ = 0;   ///< how many jobs
  bool is_stuck_ = false;  ///< nobody has come for the next job for a while, although there was one
  bool is_over_ = false;
};

/// Runs jobs on the thread that calls it. A null job ends it.
class worker final : public caf::execution_unit {
 public:
  worker(caf::actor_system& system, run_queue& queue, std::size_t max_throughput)
      : caf::execution_unit(&system), queue_(queue), max_throughput_(max_throughput) {}

  void exec_later(caf::resumable* job) override { queue_.push(job); }

  void run() {
    bool stepped_in = false;
    while (caf::resumable* job = queue_.pop(stepped_in)) {
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
    // There is one thread more than may run at a time, which steps in when these are stuck.
    queue_.lets_run(num_workers());
    for (std::size_t i = 0; i < num_workers() + 1; ++i) {
      workers_.push_back(started([this] { worker(system(), queue_, max_throughput()).run(); }));
    }
    watch_ = started([this] { queue_.watch(); });
    timer_ = started([this] { clock_.run_dispatch_loop(); });
    abstract_coordinator::start();
  }

  void stop() override {
    queue_.over();
    watch_.join();
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
  std::thread watch_;
  caf::detail::thread_safe_actor_clock clock_;
  std::thread timer_;
};

}  // namespace

void share_work(caf::actor_system_config& config, std::size_t threads) {
  config.load<sharing_scheduler>();
  config.set("scheduler.max-threads", threads != 0 ? threads : one_a_core());
  config.set("scheduler.max-throughput", messages_a_turn);
}

}  // namespace reprise

#endif
