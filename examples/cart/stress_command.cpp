#include "cart/stress_command.hpp"

#include "cart/format.hpp"
#include "cart/interrupt.hpp"
#include "cart/status_line.hpp"
#include "cart/stores.hpp"
#include "shopping_cart/shopping_cart.hpp"
#include "stress/ack_log.hpp"
#include "stress/load.hpp"
#include "stress/report.hpp"
#include "stress/settings.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <optional>
#include <random>
#include <string>

using simulation::store_kind;

struct stress_command::settings {
  stress::options options;
  std::optional<std::uint64_t> seed;
  std::string directory;
  std::string journal_name = "rocksdb";
};

namespace {

constexpr int run_error = 2;
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
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--window", o.window, "Commands that each client has under way")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  auto* duration = add_text(
      app, "--duration", "TIME",
      [&o](const std::string& text) { o.duration = stress::duration_from(text); },
      "How long, after the warm-up [10s]");
  add_text(
      app, "--commands", "UINT",
      [&o](const std::string& text) { o.commands = stress::number_from(text, 1); },
      "How many commands, after the warm-up, instead of how long")
      ->excludes(duration);
  add_text(
      app, "--warmup", "TIME",
      [&o](const std::string& text) { o.warmup = stress::duration_from(text); },
      "How long before anything is measured");
  app.add_option("--carts", o.carts, "Carts that are open at a time")
      ->check(CLI::Range(1, 10'000'000))
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
      ->check(CLI::Range(least_payload, shop::max_product_id_bytes))
      ->capture_default_str();
  add_text(
      app, "--seed", "UINT",
      [&seed](const std::string& text) { seed = stress::number_from(text, 0); },
      "Where chance begins; printed, so that it can be repeated");
  app.add_option("--retries", o.retries,
                 "Times that a command of unknown outcome is sent again, under the same id")
      ->check(CLI::Range(0, 1'000))
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
      "Harm done meanwhile, and how often: restart=0.1/s");
  app.add_flag("--verify", o.verify,
               "Check every cart in the end; that takes about 250 bytes of memory a command");
  add_text(
      app, "--fail-if", "TEXT",
      [&o](const std::string& text) { o.fail_if.push_back(stress::threshold_from(text)); },
      "What the result is not to be, such as p99>20ms or rate<50000/s; can be given again")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_text(
      app, "--interval", "TIME",
      [&o](const std::string& text) { o.interval = stress::duration_from(text); },
      "Time between two lines of progress [1s]");
}

void add_places(CLI::App& app,
                stress::options& o,
                std::string& journal_name,
                std::string& directory) {
  app.add_option("--journal", journal_name, "Where events are stored")
      ->check(CLI::IsMember({"rocksdb", "memory"}))
      ->capture_default_str();
  app.add_option("--dir", directory,
                 "Directory of the journal, a new one or one to go on with [a new one here]");
  app.add_option("--ack-log", o.ack_log,
                 "File, outside the journal's directory, that every command and answer is "
                 "appended to");
  app.add_option("--resend-from", o.resend_from,
                 "Such a file of an earlier run: what it has no answer to is sent again first, "
                 "under the same ids")
      ->check(CLI::ExistingFile);
  app.add_option("--timeseries", o.timeseries, "File for a table with a line for each interval");
}

/// What no single option can tell. Throws `CLI::ValidationError`.
void check_together(const stress::options& o, const std::string& directory) {
  if (o.journal == store_kind::memory && !directory.empty())
    throw CLI::ValidationError("--dir", "a journal in memory has no directory");
  if (!directory.empty() && !o.ack_log.empty() && stress::is_inside(o.ack_log, directory)) {
    throw CLI::ValidationError("--ack-log", o.ack_log.string()
                                                + " is inside the journal's directory, which "
                                                  "holds nothing but the journal");
  }
}

int print_result(int exit_status) {
  std::cout.flush();
  if (std::cout) return exit_status;
  std::cerr << "cart: cannot write to the standard output\n";
  return run_error;
}

}  // namespace

stress_command::stress_command(CLI::App& app) : settings_(std::make_unique<settings>()) {
  auto& s = *settings_;
  auto* command = app.add_subcommand("stress", "Put many carts under load, and measure");
  add_load(*command, s.options, s.seed);
  add_places(*command, s.options, s.journal_name, s.directory);
  command->final_callback([&s] {
    s.options.journal = s.journal_name == "memory" ? store_kind::memory : store_kind::rocksdb;
    if (!s.options.duration && !s.options.commands) s.options.duration = std::chrono::seconds(10);
    check_together(s.options, s.directory);
  });
}

stress_command::~stress_command() = default;

int stress_command::run() {
  auto& o = settings_->options;
  o.seed = settings_->seed ? *settings_->seed : std::random_device{}();
  simulation::note_interrupts();
  if (o.journal == store_kind::rocksdb) {
    o.directory = settings_->directory.empty() ? simulation::make_directory()
                                               : std::filesystem::path(settings_->directory);
  }
  simulation::status_line status;
  status.note("cart: seed " + std::to_string(o.seed) + ", journal in "
              + (o.journal == store_kind::memory ? "memory" : o.directory.string()));
  const auto result = stress::put_under_load(o, status);
  stress::print_text(std::cout, result);
  if (!result.failure.empty()) std::cerr << "cart: " << result.failure << '\n';
  if (result.was_interrupted) std::cerr << "cart: interrupted\n";
  return print_result(exit_status(result));
}
