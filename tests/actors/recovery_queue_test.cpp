#include "reprise/recovery_queue.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>

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

}  // namespace

TEST_CASE("a reader that finds no room is told when there is some") {
  reprise::stepped_system steps;
  std::size_t told = 0;
  const auto run = [&steps] {
    while (!steps.ready().empty()) steps.step(0);
  };
  reprise::recovery_queue queue(1);
  queue.is_read_by({steps.system().spawn<counting_reader>(&told)});
  const auto one = std::make_shared<recovery>();
  const auto two = std::make_shared<recovery>();
  queue.push(one);
  queue.push(two);
  run();
  CHECK(told == 2);
  CHECK(queue.take() == one);
  CHECK(queue.take() == nullptr);
  queue.finish();
  run();
  CHECK(told == 3);
  CHECK(queue.take() == two);
  queue.finish();
  queue.stop();
  run();
  CHECK(told == 3);
}
