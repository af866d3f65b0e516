#include "stress/report.hpp"

#include <ostream>

namespace stress {

namespace {

void print_row(std::ostream& out,
               const result& r,
               std::string_view name,
               const command_figures& f) {
  out << name << ',' << f.latency.count() << ',' << r.per_second(f.latency.count());
  for (const auto& p : reported_parts) {
    out << ',' << std::chrono::duration<double, std::milli>(f.latency.percentile(p.part)).count();
  }
  const auto& a = f.answers;
  out << ',' << a.accepted << ',' << a.refused << ',' << a.overloaded << ',' << a.unavailable << ','
      << a.unknown << ',' << report_schema << '\n';
}

}  // namespace

void print_csv(std::ostream& out, const result& r) {
  out << "command,count,per_second";
  for (const auto& p : reported_parts) out << ',' << p.name << "_ms";
  out << ",accepted,refused,overloaded,unavailable,unknown,schema\n";
  for (const auto kind : all_command_kinds)
    print_row(out, r, to_string(kind), r.commands[static_cast<std::size_t>(kind)]);
  print_row(out, r, "all", r.total());
}

}  // namespace stress
