#include "cart/format.hpp"
#include "reprise/text.hpp"
#include "stress/report.hpp"

#include <cmath>
#include <cstdio>
#include <iomanip>
#include <ostream>

namespace stress {

using simulation::as_bytes;
using simulation::as_duration;
using simulation::counted;
using simulation::grouped;

namespace {

constexpr int label_width = 16;

std::ostream& label(std::ostream& out, const char* name) {
  return out << std::left << std::setw(label_width) << name << std::right;
}

std::string rate(double per_second) {
  return grouped(static_cast<std::uint64_t>(std::llround(per_second))) + "/s";
}

/// A µ takes two bytes and one column.
std::string right_aligned(const std::string& text, std::size_t width) {
  std::size_t columns = 0;
  for (const char c : text) columns += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1 : 0;
  return std::string(width > columns ? width - columns : 1, ' ') + text;
}

void print_row(std::ostream& out, const result& r, const char* name, const command_figures& f) {
  label(out, name) << right_aligned(grouped(f.latency.count()), 13)
                   << right_aligned(rate(r.per_second(f.latency.count())), 12);
  for (const auto& p : reported_parts)
    out << right_aligned(as_duration(f.latency.percentile(p.part)), 10);
  out << '\n';
}

void print_commands(std::ostream& out, const result& r) {
  label(out, "command") << right_aligned("count", 13) << right_aligned("rate", 12);
  for (const auto& p : reported_parts) out << right_aligned(p.name, 10);
  out << '\n';
  for (const auto kind : all_command_kinds) {
    const auto& figures = r.commands[static_cast<std::size_t>(kind)];
    if (figures.latency.count() > 0)
      print_row(out, r, std::string(to_string(kind)).c_str(), figures);
  }
  print_row(out, r, "all", r.total());
}

void print_answers(std::ostream& out, const result& r) {
  const auto a = r.total().answers;
  label(out, "answers") << grouped(a.accepted) << " accepted (" << grouped(a.already_so)
                        << " already so), " << grouped(a.refused) << " refused, "
                        << grouped(a.overloaded) << " overloaded, " << grouped(a.unavailable)
                        << " unavailable, " << grouped(a.unknown) << " unknown\n";
  for (const auto& [reason, count] : r.refused)
    label(out, "") << grouped(count) << " refused: " << reason << '\n';
  label(out, "goodput") << rate(r.goodput()) << " accepted and refused, in " << as_duration(r.time)
                        << '\n';
  if (r.sent_again > 0) label(out, "sent again") << counted(r.sent_again, "sending") << '\n';
  if (r.resent > 0) label(out, "resent") << counted(r.resent, "command") << " of an earlier run\n";
}

void print_journal(std::ostream& out, const result& r) {
  const auto& j = r.journal;
  const double per_write = j.synced_writes == 0 ? 0
                                                : static_cast<double>(j.commits)
                                                      / static_cast<double>(j.synced_writes);
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", per_write);
  const bool is_synced = r.options.journal == simulation::store_kind::rocksdb;
  label(out, "journal") << counted(j.synced_writes, is_synced ? "synced write" : "write") << ", "
                        << text << " commits a write, p99 of a write "
                        << as_duration(r.write_times.percentile(0.99)) << ", "
                        << counted(j.events, "event") << ", " << as_bytes(j.bytes) << '\n';
  label(out, "recovery") << counted(r.recovery.recovered, "cart") << " with "
                         << counted(r.recovery.replayed_events, "event") << " in "
                         << as_duration(r.recovery.replay_time) << '\n';
}

void print_environment(std::ostream& out, const result& r) {
  const auto& w = r.where;
  char load[32];
  std::snprintf(load, sizeof load, "%.2f", w.load);
  label(out, "machine") << w.processor << ", " << counted(w.cores, "core") << ", " << w.system
                        << ", load average " << load << '\n';
  label(out, "program") << "reprise " << w.reprise << ", " << w.build << " build, " << w.compiler
                        << ", CAF " << w.caf << ", RocksDB " << w.rocksdb << ", Boost " << w.boost
                        << ", " << w.allocator << '\n';
  if (r.options.journal == simulation::store_kind::memory) {
    label(out, "journal in") << "memory, nothing is synced\n";
  } else {
    label(out, "journal in") << r.options.directory.string() << ", RocksDB on " << w.file_system
                             << ", every write synced\n";
  }
  for (const auto& warning : w.warnings) label(out, "warning") << warning << '\n';
}

void print_load(std::ostream& out, const result& r) {
  const auto& o = r.options;
  label(out, "load");
  if (o.rate) {
    out << rate(*o.rate) << ", " << (o.arrive == arrivals::poisson ? "poisson" : "fixed")
        << " arrivals";
  } else {
    out << counted(o.clients, "client") << " with " << counted(o.window, "command")
        << " under way each";
  }
  out << ", " << counted(o.carts, "cart") << ", " << o.distribution.text << ", product ids of "
      << counted(o.payload, "byte") << '\n';
  label(out, "seed") << o.seed << ", command ids begin with " << r.run << "\n\n";
}

void print_open_loop(std::ostream& out, const result& r) {
  if (!r.options.rate) return;
  label(out, "lag") << "sent late by p99 " << as_duration(r.lag.percentile(0.99)) << ", max "
                    << as_duration(r.lag.max()) << "; skipped " << grouped(r.skipped) << '\n';
}

void print_memory(std::ostream& out, const result& r) {
  if (r.live_carts == 0) return;
  label(out, "memory") << "about " << as_bytes(r.grown_bytes / r.live_carts)
                       << " a cart: " << as_bytes(r.grown_bytes) << " more than before the load, "
                       << counted(r.live_carts, "cart") << " live\n";
}

void print_chaos(std::ostream& out, const result& r) {
  const auto& c = r.options.chaos;
  if (c.crash + c.passivate + c.restart == 0) return;
  label(out, "chaos") << grouped(r.crashes) << (r.crashes == 1 ? " crash" : " crashes") << ", "
                      << counted(r.passivations, "passivation") << ", "
                      << counted(r.restarts, "restart");
  if (r.restarts > 0) out << ", the longest took " << as_duration(r.longest_restart);
  out << '\n';
}

void print_verdict(std::ostream& out, const result& r) {
  if (!r.options.verify) return;
  label(out, "verified");
  if (!r.verdict || !r.verdict->is_finished) out << "not finished, ";
  if (!r.verdict) {
    out << "no cart\n";
    return;
  }
  out << counted(r.verdict->checked, "cart") << ", "
      << counted(r.verdict->difference_count, "difference") << '\n';
  print_differences(out, r);
}

}  // namespace

void print_differences(std::ostream& out, const result& r) {
  if (!r.verdict) return;
  const auto& v = *r.verdict;
  for (const auto& d : v.differences) {
    out << "difference: cart " << reprise::printable(d.cart) << ", version " << d.version
        << ": expected " << d.expected << ", found " << d.found << '\n';
  }
  if (v.difference_count > v.differences.size()) {
    out << "and " << counted(v.difference_count - v.differences.size(), "more difference") << '\n';
  }
}

void print_text(std::ostream& out, const result& r) {
  print_environment(out, r);
  print_load(out, r);
  print_commands(out, r);
  out << '\n';
  print_answers(out, r);
  print_open_loop(out, r);
  print_journal(out, r);
  print_memory(out, r);
  print_chaos(out, r);
  print_verdict(out, r);
}

}  // namespace stress
