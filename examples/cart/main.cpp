// The program `cart`: the simulation of many carts, tools that read their journal, and the checker of a run.
//
// Exit status: 0, 1 for a usage error, 2 if it could not do its work, 3 for a difference or a damage that it found,
// 130 if it was interrupted. Results are on the standard output, everything else on the standard error.

#include "cart/check_command.hpp"
#include "cart/command_line.hpp"
#include "cart/format.hpp"
#include "cart/input.hpp"
#include "cart/interrupt.hpp"
#include "cart/journal_tools.hpp"
#include "cart/metrics_file.hpp"
#include "cart/simulation.hpp"
#include "cart/stores.hpp"
#include "cart/stress_command.hpp"
#include "cart/trim_cart.hpp"
#include "reprise/error.hpp"
#include "reprise/text.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <exception>
#include <fcntl.h>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unistd.h>
#include <utility>

namespace {

using simulation::skew;
using simulation::store_kind;
using namespace cart_program;

/// What the command line says.
struct arguments {
  simulation::simulation_options simulate;
  std::optional<std::uint64_t> seed;
  std::optional<std::string> directory;
  std::string skew_name = "zipf";
  std::string journal_name = "rocksdb";
  bool as_json = false;

  std::string journal_directory;
  std::string cart;
  std::optional<std::uint64_t> version;
  std::uint64_t from_position = 1;
  std::optional<std::string> archive;
};

/// A standard stream that is closed gives its number to the next file that is opened, which would then be written to
/// as that stream.
void occupy_standard_streams() {
  int file = 0;
  do {
    file = open("/dev/null", O_RDONLY);
  } while (file >= 0 && file <= STDERR_FILENO);
  if (file > STDERR_FILENO) close(file);
}

// -- simulate ------------------------------------------------------------------

void announce(const simulation::simulation_options& options) {
  std::cerr << "cart: ";
  if (options.input.empty()) {
    const auto& shopping = options.shopping;
    std::cerr << simulation::counted(shopping.commands, "command") << " by "
              << simulation::counted(shopping.shoppers, "shopper") << " on "
              << simulation::counted(shopping.carts, "cart") << ", seed " << shopping.seed;
  } else {
    std::cerr << "commands from " << (options.input == "-" ? "the standard input" : options.input);
  }
  std::cerr << ", journal in "
            << (options.journal == store_kind::memory ? "memory" : options.directory.string())
            << '\n';
}

int simulate(arguments& args) {
  auto& options = args.simulate;
  options.shopping.seed = args.seed ? *args.seed : std::random_device{}();
  simulation::note_interrupts();
  // They are tried first, so that a wrong name leaves no journal behind.
  static_cast<void>(simulation::metrics_file(options.metrics));
  auto input = options.input.empty() ? nullptr
                                     : std::make_unique<simulation::json_lines>(options.input);
  if (options.journal == store_kind::rocksdb) {
    options.directory = args.directory ? std::filesystem::path(*args.directory)
                                       : simulation::make_directory();
  }

  announce(options);
  simulation::status_line status;
  const auto report = simulation::simulate(options, status, std::move(input));
  if (args.as_json) {
    print_json(std::cout, report);
  } else {
    print_table(std::cout, report);
  }
  if (!report.failure.empty()) std::cerr << "cart: " << report.failure << '\n';
  if (report.was_interrupted) std::cerr << "cart: interrupted\n";
  return print_result(exit_status(report));
}

void add_simulate(CLI::App& app, arguments& args) {
  auto* command = app.add_subcommand(
      "simulate", "Let shoppers loose on many carts, restart in the middle, check all");
  auto& options = args.simulate;
  auto& shopping = options.shopping;
  auto* carts = command->add_option("--carts", shopping.carts, "Carts that are open at a time")
                    ->transform(whole_number(1, 10'000'000))
                    ->capture_default_str();
  command->add_option("--shoppers", shopping.shoppers, "Shoppers; each has one command under way")
      ->transform(whole_number(1, 100'000))
      ->capture_default_str();
  auto* commands = command
                       ->add_option("--commands", shopping.commands,
                                    "Commands that they send together")
                       ->transform(whole_number(1, 100'000'000))
                       ->capture_default_str();
  auto* seed = command
                   ->add_option("--seed", args.seed,
                                "Where chance begins; printed, so that it can be repeated")
                   ->transform(whole_number(0));
  auto* skewed = command
                     ->add_option("--skew", args.skew_name,
                                  "How shoppers choose a cart: zipf, where few are wanted by many, "
                                  "or uniform")
                     ->check(CLI::IsMember({"zipf", "uniform"}))
                     ->capture_default_str();
  command->add_option("--journal", args.journal_name, "Where events are stored")
      ->check(CLI::IsMember({"rocksdb", "memory"}))
      ->capture_default_str();
  command
      ->add_option("--dir", args.directory,
                   "Directory of the journal, a new one or one to go on with [a new one here]")
      ->check(some_text());
  command
      ->add_option("--metrics", options.metrics,
                   "File for the runtime's metrics, in Prometheus' text format")
      ->check(some_text());
  command
      ->add_option("--input", options.input,
                   "Commands of your own, a JSON object a line, from a file or - for stdin")
      ->check(some_text())
      ->excludes(carts)
      ->excludes(commands)
      ->excludes(seed)
      ->excludes(skewed);
  cart_program::add_runtime(*command, options.runtime);
  command->add_flag("--json", args.as_json, "Print the report as JSON");
  command->final_callback([&args] {
    args.simulate.shopping.cart_skew = args.skew_name == "zipf" ? skew::zipf : skew::uniform;
    args.simulate.journal = args.journal_name == "memory" ? store_kind::memory
                                                          : store_kind::rocksdb;
    if (args.simulate.journal == store_kind::memory && args.directory) {
      throw CLI::ValidationError("--dir", "a journal in memory has no directory");
    }
    cart_program::check_outputs({{"--metrics", args.simulate.metrics}},
                                args.directory.value_or(std::string()));
    cart_program::check_outputs(
        {{"--input", args.simulate.input}, {"--metrics", args.simulate.metrics}}, {});
  });
}

// -- journal -------------------------------------------------------------------

CLI::App* add_tool(CLI::App& journal,
                   arguments& args,
                   const std::string& name,
                   const std::string& description) {
  auto* tool = journal.add_subcommand(name, description);
  tool->add_option("--dir", args.journal_directory, "Directory of the journal")
      ->required()
      ->check(some_text());
  return tool;
}

void add_journal(CLI::App& app, arguments& args) {
  auto* journal = app.add_subcommand("journal",
                                     "Tools for a journal of carts; all but trim only read it");
  journal->require_subcommand(1);
  auto* show = add_tool(*journal, args, "show", "Print a cart and its events");
  show->add_option("CART", args.cart, "Id of the cart")->required();
  show->add_option("--at", args.version, "As of this version [the last]")
      ->transform(whole_number(1));
  auto* exports = add_tool(*journal, args, "export",
                           "Print every event as a JSON object a line, in commit order");
  exports->add_option("--from", args.from_position, "Position to begin at")
      ->transform(whole_number(1))
      ->capture_default_str();
  add_tool(*journal, args, "verify", "Read, decode and fold everything, and name each damage");
  auto* trim = add_tool(
      *journal, args, "trim",
      "Delete the first events of a cart for ever; a state that was compared with them stays");
  trim->add_option("CART", args.cart, "Id of the cart")->required();
  trim->add_option("--to", args.version,
                   "Up to the commit that ends at this version or before [the last]")
      ->transform(whole_number(1));
  trim->add_option("--archive", args.archive,
                   "File to add them to first, one a line, as they are stored")
      ->check(some_text());
  trim->final_callback([&args] {
    cart_program::check_outputs({{"--archive", args.archive.value_or(std::string())}},
                                args.journal_directory);
  });
}

int trim_journal(const arguments& args) {
  const auto journal = simulation::open_to_change(args.journal_directory);
  simulation::trim_cart(std::cout, *journal, args.cart, args.version, args.archive);
  return success;
}

int use_journal(const CLI::App& tools, const arguments& args) {
  if (tools.got_subcommand("trim")) return trim_journal(args);
  const auto journal = simulation::open_to_read(args.journal_directory);
  if (tools.got_subcommand("show")) {
    simulation::show_cart(std::cout, *journal, args.cart, args.version);
    return success;
  }
  if (tools.got_subcommand("export")) {
    const auto trimmed = simulation::export_events(std::cout, *journal, args.from_position);
    if (trimmed != 0) {
      std::cerr << "cart: " << simulation::counted(trimmed, "commit") << " left out: trimmed\n";
    }
    return success;
  }
  return simulation::verify_journal(std::cout, *journal) ? success : damage_found;
}

/// Runs a tool. Of a damage it says the place, whatever it was asked for.
int run_tool(const CLI::App& tools, const arguments& args) {
  try {
    return print_result(use_journal(tools, args));
  } catch (const reprise::damaged_history& damage) {
    std::cout.flush();
    std::cerr << "cart: the journal is damaged: " << damage.what() << '\n';
    return damage_found;
  }
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_streams();
  std::ios::sync_with_stdio(false);
  arguments args;
  CLI::App app{"Shopping carts on the reprise runtime"};
  app.require_subcommand(1);
  add_simulate(app, args);
  add_journal(app, args);
  stress_command stress{app};
  cart_program::add_check(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 only says that a command is missing.
    const bool is_known = !app.get_subcommands().empty() || argc < 2 || argv[1][0] == '-';
    if (!is_known) std::cerr << "there is no command " << reprise::printable(argv[1]) << '\n';
    return app.exit(error) == 0 ? print_result(success) : usage_error;
  }
  try {
    if (app.got_subcommand("simulate")) return simulate(args);
    if (app.got_subcommand("stress")) return stress.run();
    if (app.got_subcommand("check")) return print_result(cart_program::run_check());
    return run_tool(*app.get_subcommand("journal"), args);
  } catch (const std::exception& error) {
    std::cerr << "cart: " << error.what() << '\n';
    return run_error;
  }
}
