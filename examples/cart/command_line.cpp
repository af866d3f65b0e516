#include "cart/command_line.hpp"

#include <charconv>
#include <iostream>
#include <string>
#include <system_error>

namespace cart_program {

CLI::Validator some_text() {
  return {[](const std::string& text) -> std::string { return text.empty() ? "it is empty" : ""; },
          "", ""};
}

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  const bool is_bounded = most != std::numeric_limits<std::uint64_t>::max();
  const std::string bounds = is_bounded ? std::to_string(least) + " to " + std::to_string(most)
                                        : std::to_string(least) + " on, of 64 bits";
  return {[=](std::string& text) -> std::string {
            std::uint64_t number = 0;
            const auto* const end = text.data() + text.size();
            const auto [rest, wrong] = std::from_chars(text.data(), end, number);
            if (wrong != std::errc() || rest != end || number < least || number > most)
              return "it takes a whole number from " + bounds + ", not " + text;
            text = std::to_string(number);
            return {};
          },
          is_bounded ? bounds : ""};
}

void add_runtime(CLI::App& app, simulation::runtime_settings& settings) {
  app.add_option("--snapshot-every", settings.snapshot_every,
                 "Events between two snapshots of a cart; 0 is none")
      ->transform(whole_number(0, 1'000'000'000))
      ->capture_default_str();
  app.add_option("--max-live", settings.max_live,
                 "Carts in memory; past that, those that were used least recently leave [1000000]")
      ->transform(whole_number(1, 100'000'000));
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
