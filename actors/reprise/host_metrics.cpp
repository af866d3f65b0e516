#include "reprise/host_metrics.hpp"

#include <memory>
#include <utility>

namespace reprise {

void aggregate_metrics::answered(bool is_command,
                                 answer_kind kind,
                                 clock::time_point taken,
                                 clock::time_point now) noexcept {
  (is_command ? commands : queries).add(static_cast<std::size_t>(kind));
  if (taken == clock::time_point()) return;
  if (now == clock::time_point()) now = clock::now();
  const std::chrono::nanoseconds time = now - taken;
  (is_command ? command_times : query_times).observe(static_cast<std::uint64_t>(time.count()));
}

host_metrics::~host_metrics() {
  for (const auto* m = newest_.load(); m != nullptr;) delete std::exchange(m, m->next_);
}

aggregate_metrics& host_metrics::of(const aggregate_model& model) {
  // It is asked for every command, and a host has few types: a list that only grows is looked through without a lock.
  const auto find = [&]() -> aggregate_metrics* {
    auto* m = newest_.load(std::memory_order_acquire);
    while (m != nullptr && &m->model != &model) m = m->next_;
    return m;
  };
  if (auto* found = find()) return *found;
  const std::lock_guard lock(adding_);
  if (auto* found = find()) return *found;
  auto added = std::make_unique<aggregate_metrics>(model);
  added->next_ = newest_.load(std::memory_order_relaxed);
  newest_.store(added.get(), std::memory_order_release);
  return *added.release();
}

}  // namespace reprise
