#include "reprise/recovery_queue.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <vector>

using reprise::recovery;

namespace {

/// Counts how often it is told that there is something to read.
class counting_reader final : public caf::event_based_actor {
 public:
  counting_reader(caf::actor_config& config, std::size_t* told)
      : caf::event_based_actor(config), told_(told) {}

  caf::behavior make_behavior() override {
    return {[this](reprise::recover) { ++*told_; }};
  }

 private:
  std::size_t* told_;
};

/// A queue with readers, each of which is asked for what it does.
class readers {
 public:
  readers(std::size_t count, std::size_t most_at_once) : queue(most_at_once), told(count) {
    for (std::size_t& t : told) all.push_back(steps_.system().spawn<counting_reader>(&t));
    queue.is_read_by(all);
  }
  ~readers() {
    queue.stop();
    run();
  }
  readers(const readers&) = delete;
  readers& operator=(const readers&) = delete;

  void run() {
    while (!steps_.ready().empty()) steps_.step(0);
  }

  /// Asks for a recovery, which it returns.
  std::shared_ptr<recovery> push() {
    const auto r = std::make_shared<recovery>();
    queue.push(r);
    run();
    return r;
  }

  reprise::stepped_system steps_;
  reprise::recovery_queue queue;
  std::vector<std::size_t> told;
  std::vector<caf::actor> all;
};

}  // namespace

TEST_CASE(
    "a reader goes on until there is nothing that may be read, and is told of what comes then") {
  readers r(1, 1);
  const auto one = r.push();
  const auto two = r.push();
  CHECK(r.told[0] == 1);
  CHECK(r.queue.take(r.all[0]) == one);
  r.queue.finish();
  CHECK(r.queue.take(r.all[0]) == two);
  CHECK(r.queue.take(r.all[0]) == nullptr);
  r.queue.finish();
  const auto three = r.push();
  CHECK(r.told[0] == 2);
  CHECK(r.queue.take(r.all[0]) == three);
}

TEST_CASE("a reader that is stuck in a history keeps no other recovery from being read") {
  readers r(2, 64);
  const auto endless = r.push();
  const std::size_t stuck = r.told[0] == 1 ? 0 : 1;
  const std::size_t other = 1 - stuck;
  CHECK(r.queue.take(r.all[stuck]) == endless);
  for (int i = 0; i < 10; ++i) {
    const auto next = r.push();
    CHECK(r.queue.take(r.all[other]) == next);
    r.queue.finish();
    CHECK(r.queue.take(r.all[other]) == nullptr);
  }
  CHECK(r.told[stuck] == 1);
  CHECK(r.told[other] == 10);
}

TEST_CASE("what there is more to read of goes to whoever sleeps") {
  readers r(2, 64);
  const auto lengthy = r.push();
  const std::size_t first = r.told[0] == 1 ? 0 : 1;
  CHECK(r.queue.take(r.all[first]) == lengthy);
  r.queue.put_back(lengthy);
  r.run();
  CHECK(r.told[1 - first] == 1);
  CHECK(r.queue.take(r.all[1 - first]) == lengthy);
  CHECK(r.queue.take(r.all[first]) == nullptr);
}
