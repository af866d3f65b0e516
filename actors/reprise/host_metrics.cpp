#include "reprise/host_metrics.hpp"

namespace reprise {

void aggregate_metrics::answered(bool is_command,
                                 answer_kind kind,
                                 clock::time_point taken,
                                 clock::time_point now) noexcept {
  (is_command ? commands : queries).add(static_cast<std::size_t>(kind));
  if (taken == clock::time_point() || kind == answer_kind::overloaded) return;
  if (now == clock::time_point()) now = clock::now();
  const std::chrono::nanoseconds time = now - taken;
  (is_command ? command_times : query_times).observe(static_cast<std::uint64_t>(time.count()));
}

aggregate_metrics& host_metrics::of(const aggregate_model& model) {
  const std::lock_guard lock(mutex_);
  for (aggregate_metrics& type : types_)
    if (&type.model == &model) return type;
  return types_.emplace_back(model);
}

}  // namespace reprise
