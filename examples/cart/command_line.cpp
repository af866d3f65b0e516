#include "cart/command_line.hpp"

#include <iostream>
#include <string>

namespace cart_program {

CLI::Validator some_text() {
  return {[](const std::string& text) -> std::string { return text.empty() ? "it is empty" : ""; },
          "", ""};
}

void add_runtime(CLI::App& app, simulation::runtime_settings& settings) {
  app.add_option("--snapshot-every", settings.snapshot_every,
                 "Events between two snapshots of a cart; 0 is none")
      ->check(CLI::Range(0, 1'000'000'000))
      ->capture_default_str();
  app.add_option("--max-live", settings.max_live,
                 "Carts in memory; past that, those that were used least recently leave [1000000]")
      ->check(CLI::Range(1, 100'000'000));
}

void check_outputs(const std::vector<simulation::output_file>& files,
                   const std::string& directory) {
  if (const auto unfit = simulation::unfit_among(files, directory))
    throw CLI::ValidationError(unfit->option, unfit->why);
}

int print_result(int exit_status) {
  std::cout.flush();
  if (std::cout) return exit_status;
  std::cerr << "cart: cannot write to the standard output\n";
  return run_error;
}

}  // namespace cart_program
