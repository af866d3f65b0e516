#include "bench/scenario.hpp"
#include "bench/settings.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>

namespace bench {

namespace {

void be_quick(settings& how) {
  how.measured = std::chrono::duration<double>(0.2);
  how.rounds = 2;
  how.carts = 1'000;
  how.spawned_carts = 5'000;
  how.long_life_events = 10'000;
  how.stampede_carts = 5'000;
  how.idle_actors = 20'000;
}

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const scenario& s : all_scenarios()) names.emplace_back(s.name);
  return names;
}

}  // namespace

options read_command_line(int argc, char** argv) {
  options result;
  double seconds = 0;
  std::size_t rounds = 0;
  bool quick = false;

  CLI::App app{"Measures reprise against what it is made of, interleaved, and prints ratios."};
  app.add_flag("--json", result.json,
               "print the report for a program (schema " + std::string(report_schema) + ")");
  app.add_flag("--quick", quick, "small and short: shows that it works, measures nothing well");
  app.add_option("--seconds", seconds, "how long each side runs in each round")
      ->check(CLI::Range(0.05, 3'600.0));
  app.add_option("--rounds", rounds, "how often the sides take turns")->check(CLI::Range(1, 1'000));
  app.add_option("--only", result.only, "run these scenarios only")
      ->check(CLI::IsMember(scenario_names()));
  app.add_option("--dir", result.how.directory,
                 "an existing directory to store in; without it, the directory of this program");
  app.add_option("--child", result.child)->group("");
  app.add_option("--actors", result.child_actors)->group("");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    std::exit(app.exit(stop) == 0 ? 0 : 1);
  }
  if (quick) be_quick(result.how);
  if (seconds != 0) result.how.measured = std::chrono::duration<double>(seconds);
  if (rounds != 0) result.how.rounds = rounds;
  return result;
}

}  // namespace bench
