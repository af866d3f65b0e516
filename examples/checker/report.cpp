#include "checker/report.hpp"

#include "cart/format.hpp"
#include "reprise/text.hpp"
#include "shopping_cart/shopping_cart_json.hpp"

#include <nlohmann/json.hpp>

#include <iomanip>
#include <ostream>
#include <string>

namespace checker {

namespace {

using json = nlohmann::ordered_json;
using simulation::counted;
using simulation::grouped;

constexpr const char* schema = "reprise.check/1";

void print_count(std::ostream& out,
                 const std::string& name,
                 std::uint64_t count,
                 const std::string& note = {}) {
  out << "  " << std::left << std::setw(15) << name << std::right << std::setw(11) << grouped(count)
      << (note.empty() ? "" : "   " + note) << '\n';
}

void print_commands(std::ostream& out, const answer_counts& a) {
  out << "commands\n";
  for (std::size_t kind = 0; kind < command_kinds; ++kind) {
    print_count(out, std::string(to_string(static_cast<command_kind>(kind))),
                a.ids_by_command.at(kind));
  }
}

void print_answers(std::ostream& out, const answer_counts& a) {
  out << "answers\n";
  print_count(out, "accepted", a.accepted);
  print_count(out, "already so", a.already_so);
  print_count(out, "views", a.views_accepted);
  print_count(out, "refused", a.refused);
  print_count(out, "overloaded", a.overloaded);
  print_count(out, "unavailable", a.unavailable);
  print_count(out, "unknown", a.unknown,
              "leaves " + counted(a.unknown_ids, "command") + " open, of which "
                  + grouped(a.unknown_stored) + " are stored");
  print_count(out, "no answer", a.no_answer,
              "leaves " + counted(a.unanswered_ids, "command") + " open, of which "
                  + grouped(a.unanswered_stored) + " are stored");
}

void print_journal(std::ostream& out, const findings& f) {
  out << "journal      " << counted(f.events, "event") << " in " << counted(f.commits, "commit")
      << "; " << counted(f.carts, "cart") << " in it or in the log";
  if (f.foreign_events > 0) out << "; " << counted(f.foreign_events, "event") << " of others";
  if (!f.journal_is_read)
    out << "; NOT read to its end, so that nothing is said of what is missing";
  out << "\njudgements   " << grouped(f.judgements) << " compared with the model";
  if (f.unjudged > 0) out << ", " << grouped(f.unjudged) << " not, on damaged or trimmed carts";
  if (f.sent_too_late > 0)
    out << "\nsent again   " << counted(f.sent_too_late, "time")
        << " when the id was not remembered any more, which makes it a new command";
  if (f.trimmed > 0)
    out << "\ntrimmed      " << counted(f.trimmed, "acknowledged command") << " not compared";
  out << "\nrecovery     ";
  if (f.recovery_is_skipped) {
    out << "not checked: --no-recovery\n";
  } else if (f.recovered == 0) {
    out << "not checked\n";
  } else {
    out << counted(f.recovered, "cart") << " asked for its state, and compared\n";
  }
}

void print_violation(std::ostream& out, const violation& v) {
  out << "violation: " << to_string(v.kind);
  if (!v.cart.empty()) out << ", cart " << reprise::printable(v.cart);
  if (v.version != 0) out << ", version " << v.version;
  if (!v.id.empty()) out << ", id " << reprise::printable(v.id);
  out << ": expected " << v.expected << "; found " << v.found << '\n';
}

/// That nothing was found is only said of what was checked to its end.
void print_verdict(std::ostream& out, const findings& f) {
  if (f.was_interrupted) out << "interrupted: the rest was not checked\n";
  if (!f.failure.empty()) out << "failed: the rest was not checked: " << f.failure << '\n';
  if (f.violation_count > 0) {
    out << counted(f.violation_count, "violation")
        << (f.is_finished() ? "" : ", and the check was not finished") << '\n';
  } else {
    out << (f.is_finished() ? "no violation" : "no verdict: the check was not finished") << '\n';
  }
}

// -- JSON ----------------------------------------------------------------------

/// An id is any bytes, and what a cart holds may be.
json text(const std::string& bytes) {
  return json::parse(shop::json_string(bytes));
}

json answers(const answer_counts& a) {
  return {{"sent", a.sent},
          {"ids", a.ids},
          {"views_sent", a.views},
          {"views", a.views_accepted},
          {"accepted", a.accepted},
          {"already_so", a.already_so},
          {"refused", a.refused},
          {"overloaded", a.overloaded},
          {"unavailable", a.unavailable},
          {"unknown", a.unknown},
          {"no_answer", a.no_answer},
          {"unknown_ids", a.unknown_ids},
          {"unknown_ids_stored", a.unknown_stored},
          {"unanswered_ids", a.unanswered_ids},
          {"unanswered_ids_stored", a.unanswered_stored}};
}

json commands(const answer_counts& a) {
  json counts = json::object();
  for (std::size_t kind = 0; kind < command_kinds; ++kind)
    counts[std::string(to_string(static_cast<command_kind>(kind)))] = a.ids_by_command.at(kind);
  return counts;
}

json violations_by_kind(const findings& f) {
  json counts = json::object();
  for (std::size_t kind = 0; kind < violation_kinds; ++kind) {
    if (f.by_kind.at(kind) > 0)
      counts[std::string(to_string(static_cast<violation_kind>(kind)))] = f.by_kind.at(kind);
  }
  return counts;
}

json violations(const findings& f) {
  json all = json::array();
  for (const violation& v : f.violations) {
    all.push_back({{"kind", to_string(v.kind)},
                   {"cart", text(v.cart)},
                   {"version", v.version},
                   {"id", text(v.id)},
                   {"expected", text(v.expected)},
                   {"found", text(v.found)}});
  }
  return all;
}

}  // namespace

int exit_status(const findings& f) {
  if (f.violation_count > 0) return 3;
  if (!f.failure.empty()) return 2;
  return f.was_interrupted ? 130 : 0;
}

void print_text(std::ostream& out, const findings& f) {
  out << "log          " << counted(f.log.lines, "line")
      << (f.log.cut_off > 0 ? ", and 1 that was cut off at the end" : "") << "; "
      << counted(f.answers.ids, "command") << " sent in " << counted(f.answers.sent, "sending")
      << '\n';
  print_commands(out, f.answers);
  print_answers(out, f.answers);
  print_journal(out, f);
  for (const violation& v : f.violations) print_violation(out, v);
  if (f.violations.size() < f.violation_count)
    out << "and " << grouped(f.violation_count - f.violations.size()) << " more violations\n";
  print_verdict(out, f);
}

void print_json(std::ostream& out, const findings& f) {
  const json report{{"schema", schema},
                    {"log", {{"lines", f.log.lines}, {"cut_off", f.log.cut_off}}},
                    {"commands", commands(f.answers)},
                    {"answers", answers(f.answers)},
                    {"journal",
                     {{"read_to_the_end", f.journal_is_read},
                      {"commits", f.commits},
                      {"events", f.events},
                      {"carts", f.carts},
                      {"events_of_others", f.foreign_events}}},
                    {"judgements", f.judgements},
                    {"judgements_not_compared", f.unjudged},
                    {"trimmed_not_compared", f.trimmed},
                    {"sent_when_forgotten", f.sent_too_late},
                    {"recovery", {{"skipped", f.recovery_is_skipped}, {"carts", f.recovered}}},
                    {"interrupted", f.was_interrupted},
                    {"failure", f.failure.empty() ? json() : text(f.failure)},
                    {"violations", f.violation_count},
                    {"violations_by_kind", violations_by_kind(f)},
                    {"found", violations(f)},
                    {"exit_status", exit_status(f)}};
  out << report.dump(2) << '\n';
}

}  // namespace checker
