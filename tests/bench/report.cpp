#include "bench/report.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace bench {

namespace {

/// Returns a number as people read it: 12,345 or 12.3 or 0.123.
std::string readable(double value) {
  std::ostringstream out;
  const double size = std::abs(value);
  out << std::fixed
      << std::setprecision(size >= 1'000 ? 0
                           : size >= 10  ? 1
                           : size >= 1   ? 2
                                         : 3)
      << value;
  std::string text = out.str();
  const std::size_t end = std::min(text.find('.'), text.size());
  const std::size_t begin = text[0] == '-' ? 1 : 0;
  for (std::size_t at = end; at > begin + 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string as_time(double microseconds) {
  if (microseconds >= 1e6) return readable(microseconds / 1e6) + " s";
  if (microseconds >= 1e3) return readable(microseconds / 1e3) + " ms";
  return readable(microseconds) + " µs";
}

constexpr std::ptrdiff_t name_width = 48;
constexpr int number_width = 12;

/// Pads by characters, where `std::setw` counts the bytes of "µ".
void print_name(std::ostream& out, const std::string& name) {
  const auto characters = std::count_if(name.begin(), name.end(),
                                        [](char c) { return (c & 0xc0) != 0x80; });
  const auto padding = static_cast<std::size_t>(
      std::max<std::ptrdiff_t>(name_width - characters, 1));
  out << "  " << name << std::string(padding, ' ');
}

void print_spread(std::ostream& out, const spread& s) {
  for (const double value : {s.min, s.median, s.max})
    out << std::setw(number_width) << readable(value);
}

void print_aim(std::ostream& out, const ratio& r) {
  if (!r.aim) return;
  out << "   target: at " << (r.aim->is_least ? "least " : "most ") << r.aim->value << ", "
      << (r.is_met() ? "met" : "missed");
}

template <class T>
T& find_or_add(std::vector<T>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&name](const T& t) { return t.name == name; });
  if (found != all.end()) return *found;
  all.emplace_back();
  all.back().name = name;
  return all.back();
}

double in_microseconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e3;
}

}  // namespace

bool ratio::is_met() const {
  if (!aim) return true;
  const double median = spread_of(rounds).median;
  return aim->is_least ? median >= aim->value : median <= aim->value;
}

void result::add(const std::string& series_name, const std::string& unit, double value) {
  series& to = find_or_add(figures, series_name);
  to.unit = unit;
  to.rounds.push_back(value);
}

void result::add_ratio(const std::string& ratio_name, std::optional<target> aim, double value) {
  ratio& to = find_or_add(ratios, ratio_name);
  to.aim = aim;
  to.rounds.push_back(value);
}

void result::add_latency(const std::string& latency_name, const latency_histogram& all_rounds) {
  latencies.push_back(
      {latency_name, all_rounds.count(), in_microseconds(all_rounds.percentile(0.5)),
       in_microseconds(all_rounds.percentile(0.99)), in_microseconds(all_rounds.max())});
}

void print_environment(std::ostream& out, const environment& where, const settings& how) {
  const auto line = [&out](const char* name, const std::string& value) {
    out << "  " << std::left << std::setw(14) << name << std::right << value << '\n';
  };
  out << "reprise bench\n";
  line("processor", where.processor + ", " + std::to_string(where.cores) + " cores");
  line("system", where.system);
  line("load", readable(where.load) + " when it began");
  line("directory", how.directory.string() + " (" + where.file_system + ")");
  line("build", where.build + ", " + where.compiler);
  line("libraries", "CAF " + where.caf + ", RocksDB " + where.rocksdb + ", Boost " + where.boost
                        + ", " + where.allocator);
  line("rounds", std::to_string(how.rounds) + " of " + readable(how.measured.count())
                     + " s for each side, taking turns");
  for (const std::string& warning : where.warnings) out << "  warning: " << warning << '\n';
  out << std::flush;
}

void print_result(std::ostream& out, const result& found) {
  out << '\n' << found.name << ": " << found.title << '\n';
  if (!found.figures.empty() || !found.ratios.empty()) {
    print_name(out, "");
    for (const char* head : {"min", "median", "max"}) out << std::setw(number_width) << head;
    out << '\n';
  }
  for (const series& s : found.figures) {
    print_name(out, s.name + ", " + s.unit);
    print_spread(out, spread_of(s.rounds));
    out << '\n';
  }
  for (const ratio& r : found.ratios) {
    print_name(out, r.name);
    print_spread(out, spread_of(r.rounds));
    print_aim(out, r);
    out << '\n';
  }
  for (const latency& l : found.latencies) {
    print_name(out, l.name);
    out << "  p50 " << as_time(l.p50_us) << ", p99 " << as_time(l.p99_us) << ", max "
        << as_time(l.max_us) << '\n';
  }
  for (const std::string& fact : found.facts) out << "  " << fact << '\n';
  for (const std::string& problem : found.problems) out << "  WRONG: " << problem << '\n';
  out << std::flush;
}

}  // namespace bench
