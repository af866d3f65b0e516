#include "cart/check_command.hpp"

#include "cart/command_line.hpp"
#include "cart/format.hpp"
#include "cart/interrupt.hpp"
#include "cart/status_line.hpp"
#include "cart/stores.hpp"
#include "checker/ack_log.hpp"
#include "checker/history.hpp"
#include "checker/judge.hpp"
#include "checker/recovery.hpp"
#include "checker/report.hpp"
#include "reprise/error.hpp"
#include "reprise/rocksdb_journal.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <string>

namespace cart_program {

namespace {

/// What the command line says to `cart check`.
struct check_arguments {
  std::string log;
  std::string directory;
  bool foreign_ok = false;
  bool no_recovery = false;
  bool as_json = false;
};

/// They are bound to the command line's options, and live as long as the process.
check_arguments& arguments() {
  static check_arguments args;
  return args;
}

/// Reads the log. Returns false if it was interrupted.
bool read_log(const std::string& path,
              checker::history& history,
              simulation::status_line& status,
              checker::findings& out) {
  std::uint64_t lines = 0;
  const auto add = [&](const checker::ack_line& line) {
    history.add(line);
    if (++lines % 4096 == 0 && status.is_due())
      status.draw("reading the log: " + simulation::counted(lines, "line"));
    return !simulation::was_interrupted();
  };
  out.log = checker::read_ack_log(path, add, simulation::was_interrupted);
  return !simulation::was_interrupted();
}

/// Of a journal that does not even open for its damage, the damage is what was found. What was found before it could
/// not go on is kept.
void judge_all(const check_arguments& args,
               checker::history& history,
               simulation::status_line& status,
               checker::findings& out) {
  checker::judge_options options;
  options.foreign_ok = args.foreign_ok;
  options.is_interrupted = simulation::was_interrupted;
  checker::judge judge(history, options, out);
  try {
    judge.read(*simulation::open_to_read(args.directory));
    out.recovery_is_skipped = args.no_recovery;
    if (args.no_recovery || out.was_interrupted) return;
    check_recovery(
        judge, reprise::rocksdb_at(args.directory),
        [&](const std::string& what) { status.note("cart: " + what); }, simulation::was_interrupted,
        out);
  } catch (const reprise::damaged_history& damage) {
    out.add({checker::violation_kind::damaged, "", 0, "", "a journal that opens", damage.what()});
  } catch (const reprise::journal_failure& failed) {
    if (!out.journal_is_read && out.violation_count == 0) throw;
    out.failure = failed.what();
  }
}

}  // namespace

void add_check(CLI::App& app) {
  auto& args = arguments();
  auto* command = app.add_subcommand(
      "check", "Judge a run by what its clients were told, and by its journal");
  command
      ->add_option("--ack-log", args.log,
                   "What the clients sent and were told, a JSON object a line")
      ->required()
      ->check(some_text());
  command->add_option("--dir", args.directory, "Directory of the journal")
      ->required()
      ->check(some_text());
  command->add_flag("--foreign-ok", args.foreign_ok,
                    "The journal has commands of others too, which the log does not know");
  command->add_flag("--no-recovery", args.no_recovery,
                    "Only read; start no runtime on the journal to ask each cart for its state");
  command->add_flag("--json", args.as_json, "Print the findings as JSON");
}

int run_check() {
  const auto& args = arguments();
  simulation::note_interrupts();
  simulation::status_line status;
  checker::history history;
  checker::findings findings;
  if (read_log(args.log, history, status, findings)) {
    judge_all(args, history, status, findings);
  } else {
    findings.was_interrupted = true;
  }
  status.wipe();
  if (args.as_json) {
    print_json(std::cout, findings);
  } else {
    print_text(std::cout, findings);
  }
  if (!findings.failure.empty()) std::cerr << "cart: " << findings.failure << '\n';
  if (findings.was_interrupted) std::cerr << "cart: interrupted\n";
  return checker::exit_status(findings);
}

}  // namespace cart_program
