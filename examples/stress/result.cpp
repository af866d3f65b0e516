#include "stress/result.hpp"

namespace stress {

using reprise::answer_kind;

void answer_counts::add(const reprise::answer& a, bool is_view) {
  switch (a.kind) {
  case answer_kind::accepted:
    ++accepted;
    if (a.events == 0 && !is_view) ++already_so;
    break;
  case answer_kind::refused: ++refused; break;
  case answer_kind::overloaded: ++overloaded; break;
  case answer_kind::unavailable: ++unavailable; break;
  case answer_kind::unknown: ++unknown; break;
  }
}

void answer_counts::add(const answer_counts& other) {
  accepted += other.accepted;
  already_so += other.already_so;
  refused += other.refused;
  overloaded += other.overloaded;
  unavailable += other.unavailable;
  unknown += other.unknown;
}

void command_figures::add(const command_figures& other) {
  answers.add(other.answers);
  latency.merge(other.latency);
}

command_figures result::total() const {
  command_figures sum;
  for (const auto& figures : commands) sum.add(figures);
  return sum;
}

double result::per_second(std::uint64_t count) const {
  const double seconds = std::chrono::duration<double>(time).count();
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

double result::goodput() const {
  std::uint64_t good = 0;
  for (const auto& figures : commands) good += figures.answers.good();
  return per_second(good);
}

int exit_status(const result& r) {
  if (!r.failure.empty()) return 2;
  return r.was_interrupted ? 130 : 0;
}

}  // namespace stress
