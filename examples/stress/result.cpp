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

void command_figures::add(const reprise::answer& a, bool is_view, std::chrono::nanoseconds time) {
  answers.add(a, is_view);
  if (a.kind == answer_kind::accepted || a.kind == answer_kind::refused) latency.record(time);
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

namespace {

double measured(const threshold& t, const result& r, const command_figures& total) {
  const auto percentile = [&](double part) {
    return static_cast<double>(total.latency.percentile(part).count());
  };
  const auto count = [&](std::uint64_t n) {
    return t.is_per_second ? r.per_second(n) : static_cast<double>(n);
  };
  switch (t.what) {
  case metric::p50: return percentile(0.5);
  case metric::p90: return percentile(0.9);
  case metric::p99: return percentile(0.99);
  case metric::p999: return percentile(0.999);
  case metric::max: return percentile(1);
  case metric::rate: return r.goodput();
  case metric::accepted: return count(total.answers.accepted);
  case metric::refused: return count(total.answers.refused);
  case metric::overloaded: return count(total.answers.overloaded);
  case metric::unavailable: return count(total.answers.unavailable);
  case metric::unknown: return count(total.answers.unknown);
  }
  return 0;
}

bool has_failed(const threshold& t, const result& r, const command_figures& total) {
  if (t.what <= metric::max && total.latency.count() == 0) return true;
  const double value = measured(t, r, total);
  switch (t.how) {
  case comparison::above: return value > t.limit;
  case comparison::below: return value < t.limit;
  case comparison::at_least: return value >= t.limit;
  case comparison::at_most: return value <= t.limit;
  }
  return true;
}

}  // namespace

std::vector<threshold> failed_thresholds(const result& r) {
  std::vector<threshold> failed;
  const auto total = r.total();
  for (const auto& t : r.options.fail_if)
    if (has_failed(t, r, total)) failed.push_back(t);
  return failed;
}

int exit_status(const result& r) {
  if (r.verdict && r.verdict->difference_count > 0) return 3;
  if (!r.failure.empty()) return 2;
  if (r.was_interrupted) return 130;
  return failed_thresholds(r).empty() ? 0 : 4;
}

}  // namespace stress
