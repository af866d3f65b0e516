#include "cart/format.hpp"
#include "cart/report.hpp"
#include "reprise/text.hpp"

#include <iomanip>
#include <ostream>
#include <sstream>
#include <string_view>

namespace simulation {

namespace {

constexpr int label_width = 16;
constexpr int number_width = 12;

void row(std::ostream& out, std::string_view label, const std::string& text) {
  out << std::left << std::setw(label_width) << label << text << '\n';
}

void count(std::ostream& out, std::string_view label, std::uint64_t number, int indent = 0) {
  constexpr int widest_label = 28;
  out << std::string(static_cast<std::size_t>(indent), ' ') << std::left
      << std::setw(widest_label - indent) << label << std::right << std::setw(number_width)
      << grouped(number) << '\n';
}

std::string with_one_digit(double number) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << number;
  return text.str();
}

void print_shopping(std::ostream& out, const report& r) {
  const auto& shopping = r.options.shopping;
  if (r.options.input.empty()) {
    row(out, "seed", std::to_string(shopping.seed));
    row(out, "carts",
        grouped(r.carts) + ", " + grouped(shopping.carts) + " open at a time, visited by "
            + counted(shopping.shoppers, "shopper"));
  } else {
    row(out, "input", r.options.input == "-" ? "standard input" : r.options.input);
    row(out, "carts", grouped(r.carts));
  }
}

void print_commands(std::ostream& out, const report& r) {
  out << '\n';
  count(out, "commands", r.commands);
  count(out, "accepted", r.accepted, 2);
  count(out, "already so", r.already_so, 2);
  count(out, "refused", r.refused_count(), 2);
  for (const auto& [reason, number] : r.refused) count(out, reason, number, 4);
  if (r.overloaded > 0) count(out, "overloaded", r.overloaded, 2);
  if (r.unavailable > 0) count(out, "unavailable", r.unavailable, 2);
  if (r.unknown > 0) count(out, "unknown", r.unknown, 2);
  count(out, "events", r.events);
  count(out, "looks at a cart", r.looks);
  out << '\n';
  row(out, "speed",
      grouped(static_cast<std::uint64_t>(r.commands_per_second())) + " commands/s over "
          + as_duration(r.time));
  row(out, "latency",
      "p50 " + as_duration(r.latency.percentile(0.5)) + ", p99 "
          + as_duration(r.latency.percentile(0.99)) + ", max "
          + as_duration(r.latency.percentile(1)));
}

void print_journal(std::ostream& out, const report& r) {
  const bool is_stored = r.options.journal == store_kind::rocksdb;
  row(out, "journal",
      as_bytes(r.journal.bytes)
          + (is_stored ? " in " + r.options.directory.string() : " in memory"));
  if (r.events_before > 0)
    row(out, "", "taken up with " + counted(r.events_before, "event") + " in it");
  row(out, is_stored ? "synced writes" : "writes",
      grouped(r.journal.synced_writes) + ", with " + with_one_digit(r.commits_per_write())
          + " commits a write");
}

void print_recovery(std::ostream& out, const report& r) {
  if (r.was_restarted) {
    row(out, "restart",
        "after " + counted(r.restarted_after, "command") + ": stopped in "
            + as_duration(r.stop_time) + ", started in " + as_duration(r.start_time) + ", "
            + counted(r.sent_again, "command") + " sent again");
  }
  if (r.recovered == 0) return;
  row(out, "recovered",
      counted(r.recovered, "cart") + " by replay of " + counted(r.replayed_events, "event") + ", "
          + grouped(static_cast<std::uint64_t>(r.replayed_per_second())) + " events/s");
}

void print_check(std::ostream& out, const report& r) {
  out << '\n';
  if (r.difference_count > 0) {
    row(out, "check",
        counted(r.difference_count, "difference") + " to the model in "
            + counted(r.checked, "cart"));
    for (const auto& d : r.differences) {
      out << "\n  " << reprise::printable(d.cart) << ", version " << d.version << "\n    expected  "
          << d.expected << "\n    found     " << d.found << '\n';
    }
    if (r.difference_count > r.differences.size()) {
      out << "\n  and " << counted(r.difference_count - r.differences.size(), "more difference")
          << '\n';
    }
  } else if (r.is_checked) {
    row(out, "check",
        counted(r.commands, "answer") + " and " + counted(r.checked, "cart")
            + " compared with the model, no difference");
  } else {
    row(out, "check", "not finished");
  }
}

}  // namespace

void print_table(std::ostream& out, const report& r) {
  print_shopping(out, r);
  print_commands(out, r);
  print_journal(out, r);
  print_recovery(out, r);
  print_check(out, r);
}

}  // namespace simulation
