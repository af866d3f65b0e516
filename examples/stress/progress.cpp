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
            "unavailable,unknown,in_flight,live,phase\n"
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
                            std::string_view phase,
                            const std::string& note) {
  draw(now, stats, note);
  end_line(now, stats, phase);
  while (due_ <= now) due_ += interval_;
}

void progress::end_phase(clock::time_point now,
                         const reprise::host_stats& stats,
                         std::string_view phase) {
  const auto& a = figures_.answers;
  if (a.good() + a.overloaded + a.unavailable + a.unknown > 0) end_line(now, stats, phase);
}

void progress::end_line(clock::time_point now,
                        const reprise::host_stats& stats,
                        std::string_view phase) {
  if (table_.is_open()) write(now, stats, phase);
  interval_begin_ = now;
  figures_.answers = {};
  figures_.latency.clear();
}

double progress::rate(clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - interval_begin_).count();
  return static_cast<double>(figures_.answers.good()) / std::max(seconds, 1e-9);
}

void progress::draw(clock::time_point now,
                    const reprise::host_stats& stats,
                    const std::string& note) {
  const auto& a = figures_.answers;
  std::ostringstream text;
  text << as_duration(now - begin_) << ": " << grouped(static_cast<std::uint64_t>(rate(now)))
       << "/s, p50 " << as_duration(figures_.latency.percentile(0.5)) << ", p99 "
       << as_duration(figures_.latency.percentile(0.99)) << ", " << grouped(stats.in_flight)
       << " in flight, " << grouped(stats.live) << " live";
  if (a.overloaded > 0) text << ", " << grouped(a.overloaded) << " overloaded";
  if (a.unavailable > 0) text << ", " << grouped(a.unavailable) << " unavailable";
  if (a.unknown > 0) text << ", " << grouped(a.unknown) << " unknown";
  if (!note.empty()) text << ", " << note;
  status_.draw(text.str());
}

void progress::write(clock::time_point now,
                     const reprise::host_stats& stats,
                     std::string_view phase) {
  const auto& a = figures_.answers;
  const auto& l = figures_.latency;
  table_ << std::chrono::duration<double>(now - begin_).count() << ',' << a.good() << ','
         << rate(now) << ',' << millis(l.percentile(0.5)) << ',' << millis(l.percentile(0.9)) << ','
         << millis(l.percentile(0.99)) << ',' << millis(l.max()) << ',' << a.accepted << ','
         << a.refused << ',' << a.overloaded << ',' << a.unavailable << ',' << a.unknown << ','
         << stats.in_flight << ',' << stats.live << ',' << phase << '\n'
         << std::flush;
  check_written();
}

void progress::check_written() const {
  if (table_) return;
  throw std::runtime_error("cannot write the timeseries to " + name_ + ": " + std::strerror(errno));
}

}  // namespace stress
