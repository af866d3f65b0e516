#include "stress/progress.hpp"

#include "cart/format.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <stdexcept>

namespace stress {

using simulation::as_duration;
using simulation::grouped;

namespace {

double millis(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

progress::progress(simulation::status_line& status,
                   std::chrono::nanoseconds interval,
                   const std::filesystem::path& timeseries)
    : status_(status), interval_(interval), name_(timeseries.string()) {
  if (name_.empty()) return;
  table_.open(timeseries);
  table_ << "seconds,count,per_second,p50_ms,p90_ms,p99_ms,max_ms,accepted,refused,overloaded,"
            "unavailable,unknown,in_flight,live\n"
         << std::flush;
  check_written();
}

void progress::begin(clock::time_point now) {
  begin_ = interval_begin_ = now;
  due_ = now + interval_;
}

void progress::count(const reprise::answer& a, bool is_view, std::chrono::nanoseconds latency) {
  figures_.add(a, is_view, latency);
}

void progress::end_interval(clock::time_point now,
                            const reprise::host_stats& stats,
                            const std::string& note) {
  const double seconds = std::max(std::chrono::duration<double>(now - interval_begin_).count(),
                                  1e-9);
  interval_begin_ = now;
  draw(seconds, stats, note);
  if (table_.is_open()) write(seconds, stats);
  figures_.answers = {};
  figures_.latency.clear();
  while (due_ <= now) due_ += interval_;
}

void progress::draw(double seconds, const reprise::host_stats& stats, const std::string& note) {
  const auto& a = figures_.answers;
  const auto rate = static_cast<double>(a.good()) / seconds;
  std::ostringstream text;
  text << as_duration(interval_begin_ - begin_) << ": " << grouped(static_cast<std::uint64_t>(rate))
       << "/s, p50 " << as_duration(figures_.latency.percentile(0.5)) << ", p99 "
       << as_duration(figures_.latency.percentile(0.99)) << ", " << grouped(stats.in_flight)
       << " in flight, " << grouped(stats.live) << " live";
  if (a.overloaded > 0) text << ", " << grouped(a.overloaded) << " overloaded";
  if (a.unavailable > 0) text << ", " << grouped(a.unavailable) << " unavailable";
  if (a.unknown > 0) text << ", " << grouped(a.unknown) << " unknown";
  if (!note.empty()) text << ", " << note;
  status_.draw(text.str());
}

void progress::write(double seconds, const reprise::host_stats& stats) {
  const auto& a = figures_.answers;
  const auto& l = figures_.latency;
  table_ << std::chrono::duration<double>(interval_begin_ - begin_).count() << ',' << a.good()
         << ',' << static_cast<double>(a.good()) / seconds << ',' << millis(l.percentile(0.5))
         << ',' << millis(l.percentile(0.9)) << ',' << millis(l.percentile(0.99)) << ','
         << millis(l.max()) << ',' << a.accepted << ',' << a.refused << ',' << a.overloaded << ','
         << a.unavailable << ',' << a.unknown << ',' << stats.in_flight << ',' << stats.live << '\n'
         << std::flush;
  check_written();
}

void progress::check_written() const {
  if (table_) return;
  throw std::runtime_error("cannot write the timeseries to " + name_ + ": " + std::strerror(errno));
}

}  // namespace stress
