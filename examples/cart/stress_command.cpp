#include "cart/stress_command.hpp"

#include "cart/command_line.hpp"
#include "cart/format.hpp"
#include "cart/interrupt.hpp"
#include "cart/output_files.hpp"
#include "cart/status_line.hpp"
#include "cart/stores.hpp"
#include "shopping_cart/shopping_cart.hpp"
#include "stress/ack_log.hpp"
#include "stress/compare.hpp"
#include "stress/hdr.hpp"
#include "stress/load.hpp"
#include "stress/report.hpp"
#include "stress/settings.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>

using cart_program::print_result;
using cart_program::run_error;
using cart_program::some_text;
using cart_program::success;
using cart_program::whole_number;
using simulation::store_kind;

struct stress_command::settings {
  stress::options options;
  std::optional<std::uint64_t> seed;
  std::string directory;
  std::string journal_name = "rocksdb";
  std::string format = "text";
  std::string percentiles;  ///< file; empty: none
  CLI::App* compare = nullptr;
  std::string first_report;
  std::string second_report;
};

namespace {

constexpr std::size_t most_under_way = 1'000'000;
constexpr std::size_t least_payload = 2;

/// Adds an option whose text `set` reads, which throws `stress::bad_setting`.
template <class Set>
CLI::Option* add_text(CLI::App& app,
                      const std::string& name,
                      const std::string& type,
                      Set set,
                      const std::string& description) {
  const auto read = [name, set](const std::string& text) {
    try {
      set(text);
    } catch (const stress::bad_setting& bad) {
      throw CLI::ValidationError(name, std::string(bad.what()) + ", not " + text);
    }
  };
  return app.add_option_function<std::string>(name, read, description)->type_name(type);
}

void add_load(CLI::App& app, stress::options& o, std::optional<std::uint64_t>& seed) {
  app.add_option("--clients", o.clients, "Clients of a closed loop")
      ->transform(whole_number(1, 100'000))
      ->capture_default_str();
  app.add_option("--window", o.window, "Commands that each client has under way")
      ->transform(whole_number(1, 100'000))
      ->capture_default_str();
  auto* duration = add_text(
      app, "--duration", "TIME",
      [&o](const std::string& text) { o.duration = stress::duration_from(text); },
      "How long, after the warm-up [10s]");
  app.add_option("--commands", o.commands,
                 "How many commands, after the warm-up, instead of how long")
      ->transform(whole_number(1))
      ->excludes(duration);
  add_text(
      app, "--warmup", "TIME",
      [&o](const std::string& text) { o.warmup = stress::duration_from(text, {}); },
      "How long before anything is measured [0]");
  app.add_option("--carts", o.carts, "Carts that are open at a time")
      ->transform(whole_number(1, 10'000'000))
      ->capture_default_str();
  add_text(
      app, "--dist", "TEXT",
      [&o](const std::string& text) { o.distribution = stress::distribution_from(text); },
      "How often each cart is chosen: uniform, zipf:S, hot:P%@Q% or latest")
      ->default_str(o.distribution.text);
  add_text(
      app, "--mix", "TEXT", [&o](const std::string& text) { o.mix = stress::mix_from(text); },
      "Shares of the commands")
      ->default_str("add=60,remove=20,view=15,checkout=5");
  app.add_option("--payload", o.payload, "Bytes of each product id")
      ->transform(whole_number(least_payload, shop::max_product_id_bytes))
      ->capture_default_str();
  app.add_option("--seed", seed, "Where chance begins; printed, so that it can be repeated")
      ->transform(whole_number(0));
  app.add_option("--retries", o.retries,
                 "Times that a command of unknown outcome is sent again, under the same id")
      ->transform(whole_number(0, 1'000))
      ->capture_default_str();
  add_text(
      app, "--rate", "NUMBER", [&o](const std::string& text) { o.rate = stress::rate_from(text); },
      "Commands a second, all together, whatever the answers: an open loop, whose latencies begin "
      "when a command was due")
      ->excludes("--window");
  add_text(
      app, "--arrivals", "TEXT",
      [&o](const std::string& text) { o.arrive = stress::arrivals_from(text); },
      "When commands of an open loop are due: poisson or fixed")
      ->needs("--rate")
      ->default_str("poisson");
  add_text(
      app, "--chaos", "TEXT", [&o](const std::string& text) { o.chaos = stress::chaos_from(text); },
      "Harm done meanwhile, and how often: crash=5/s,passivate=10/s,restart=0.1/s");
  app.add_flag(
      "--verify", o.verify,
      "Check every cart in the end; that takes about 260 bytes of memory a command, and more for "
      "a long product id");
}

void add_places(CLI::App& app,
                stress::options& o,
                std::string& journal_name,
                std::string& directory) {
  app.add_option("--journal", journal_name, "Where events are stored")
      ->check(CLI::IsMember({"rocksdb", "memory"}))
      ->capture_default_str();
  app.add_option("--dir", directory,
                 "Directory of the journal, a new one or one to go on with [a new one here]")
      ->check(some_text());
  app.add_option("--ack-log", o.ack_log,
                 "File, outside the journal's directory, that every command and answer is "
                 "appended to")
      ->check(some_text());
  app.add_option("--resend-from", o.resend_from,
                 "Such a file of an earlier run: what it has no answer to is sent again first, "
                 "under the same ids")
      ->check(CLI::ExistingFile);
}

void add_times(CLI::App& app, simulation::runtime_settings& runtime) {
  const auto milliseconds = [](const std::string& text) {
    const auto time = std::chrono::ceil<std::chrono::milliseconds>(stress::duration_from(text));
    if (time < std::chrono::milliseconds(10) || time > std::chrono::hours(24))
      throw stress::bad_setting("it takes 10ms to 24h");
    return time;
  };
  add_text(
      app, "--timeout", "TIME",
      [&runtime, milliseconds](const std::string& text) {
        runtime.command_timeout = milliseconds(text);
      },
      "How long the runtime lets a command wait for its answer, 10ms to 24h [30s]");
  add_text(
      app, "--passivate-after", "TIME",
      [&runtime, milliseconds](const std::string& text) {
        runtime.passivate_after = milliseconds(text);
      },
      "How long a cart may be idle until it leaves memory, 10ms to 24h [10m]");
}

void add_output(CLI::App& app, stress::options& o, std::string& format, std::string& percentiles) {
  app.add_option("--format", format,
                 "How the report is printed; json and csv name their schema, reprise.stress/1")
      ->check(CLI::IsMember({"text", "json", "csv"}))
      ->capture_default_str();
  app.add_option("--timeseries", o.timeseries, "File for a table with a line for each interval")
      ->check(some_text());
  app.add_option("--metrics", o.metrics,
                 "File for the runtime's metrics, in Prometheus' text format; written at each "
                 "interval and at the end of the load")
      ->check(some_text());
  app.add_option("--hdr", percentiles,
                 "File for all percentiles, in the format that HdrHistogram's plotter reads")
      ->check(some_text());
  add_text(
      app, "--interval", "TIME",
      [&o](const std::string& text) { o.interval = stress::duration_from(text); },
      "Time between two lines of progress [1s]");
  add_text(
      app, "--fail-if", "TEXT",
      [&o](const std::string& text) { o.fail_if.push_back(stress::threshold_from(text)); },
      "What the result is not to be, such as p99>20ms or rate<50000/s; can be given again")
      ->take_all()
      ->trigger_on_parse();
}

/// A comparison takes no option of a run. Throws `CLI::ValidationError`.
void check_nothing_beside(const CLI::App& compare, const CLI::App& command) {
  if (!compare.parsed()) return;
  for (const auto* option : command.get_options()) {
    if (option->count() == 0) continue;
    throw CLI::ValidationError(option->get_name(),
                               "it is of a run, and compare only reads the reports of two");
  }
}

/// What no single option can tell. Throws `CLI::ValidationError`.
void check_together(const stress::options& o,
                    const std::string& directory,
                    const std::string& percentiles) {
  if (o.journal == store_kind::memory && !directory.empty())
    throw CLI::ValidationError("--dir", "a journal in memory has no directory");
  if (o.clients * o.window > most_under_way) {
    throw CLI::ValidationError(
        "--window",
        "clients and window make " + simulation::counted(o.clients * o.window, "command")
            + " under way; it takes " + simulation::grouped(most_under_way) + " at most");
  }
  cart_program::check_outputs({{"--ack-log", o.ack_log},
                               {"--timeseries", o.timeseries},
                               {"--metrics", o.metrics},
                               {"--hdr", percentiles}},
                              directory);
  // A log may be gone on with. Anything else would be written over it.
  cart_program::check_outputs({{"--resend-from", o.resend_from},
                               {"--timeseries", o.timeseries},
                               {"--metrics", o.metrics},
                               {"--hdr", percentiles}},
                              {});
}

std::runtime_error cannot_write(const std::string& file) {
  return std::runtime_error("cannot write to " + file + ": " + std::strerror(errno));
}

void print_report(std::ostream& out, const std::string& format, const stress::result& result) {
  if (format == "json") return print_json(out, result);
  if (format == "csv") return print_csv(out, result);
  print_text(out, result);
}

}  // namespace

stress_command::stress_command(CLI::App& app) : settings_(std::make_unique<settings>()) {
  auto& s = *settings_;
  auto* command = app.add_subcommand("stress", "Put many carts under load, and measure");
  add_load(*command, s.options, s.seed);
  add_places(*command, s.options, s.journal_name, s.directory);
  cart_program::add_runtime(*command, s.options.runtime);
  add_times(*command, s.options.runtime);
  add_output(*command, s.options, s.format, s.percentiles);
  s.compare = command->add_subcommand("compare",
                                      "Print the ratios of two reports that are in JSON");
  s.compare->add_option("FIRST", s.first_report, "The report to compare with")->required();
  s.compare->add_option("SECOND", s.second_report, "The report to compare")->required();
  command->final_callback([&s, command] {
    check_nothing_beside(*s.compare, *command);
    s.options.journal = s.journal_name == "memory" ? store_kind::memory : store_kind::rocksdb;
    if (!s.options.duration && !s.options.commands) s.options.duration = std::chrono::seconds(10);
    check_together(s.options, s.directory, s.percentiles);
  });
}

stress_command::~stress_command() = default;

int stress_command::compare() {
  try {
    const auto warnings = stress::compare(std::cout, settings_->first_report,
                                          settings_->second_report);
    for (const auto& warning : warnings) std::cerr << "cart: warning: " << warning << '\n';
  } catch (const stress::bad_report& bad) {
    std::cerr << "cart: " << bad.what() << '\n';
    return run_error;
  }
  return print_result(0);
}

int stress_command::run() {
  if (settings_->compare->parsed()) return compare();
  auto& o = settings_->options;
  o.seed = settings_->seed ? *settings_->seed : std::random_device{}();
  simulation::note_interrupts();
  o.directory = settings_->directory;
  simulation::status_line status;
  // It is opened first, so that a wrong name neither costs a run nor leaves a journal behind.
  std::ofstream percentiles;
  if (!settings_->percentiles.empty()) percentiles.open(settings_->percentiles);
  if (!percentiles) throw cannot_write(settings_->percentiles);
  const auto result = stress::put_under_load(o, status);
  print_report(std::cout, settings_->format, result);
  if (settings_->format == "csv") print_differences(std::cerr, result);
  for (const auto& t : failed_thresholds(result))
    std::cerr << "cart: the result fails " << t.text << '\n';
  if (!result.failure.empty()) std::cerr << "cart: " << result.failure << '\n';
  if (result.was_interrupted) std::cerr << "cart: interrupted\n";
  const int ended = print_result(exit_status(result));
  if (percentiles.is_open()) print_percentiles(percentiles, result.total().latency);
  if (percentiles.flush()) return ended;
  std::cerr << "cart: " << cannot_write(settings_->percentiles).what() << '\n';
  return ended == success ? run_error : ended;
}
