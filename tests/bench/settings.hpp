#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace bench {

/// How much is measured. The defaults are for telling what a change does from what the machine does, and take longer than the
/// run that the README quotes, which names its options. `--quick` only shows that it all works.
struct settings {
  /// How long each side of a comparison runs in a round. Short turns, and many of them: what else the machine
  /// does changes from second to second, and should hit both sides alike.
  std::chrono::duration<double> measured{1.0};
  std::size_t rounds = 9;

  std::size_t carts = 10'000;                ///< of the throughput and replay scenarios
  std::size_t replayed_events = 30;          ///< per cart of the replay scenario
  std::size_t spawned_carts = 50'000;        ///< in each turn of the spawn scenario
  std::size_t idle_actors = 100'000;         ///< in each child process of the memory scenario
  std::size_t long_life_events = 1'000'000;  ///< of the oldest cart
  std::size_t stampede_carts = 100'000;
  std::filesystem::path directory;  ///< everything that is stored goes into it
};

/// What the command line asks for.
struct options {
  settings how;
  std::vector<std::string> only;  ///< names of scenarios; empty is all
  bool json = false;
  std::string child;  ///< not empty: this process is a child that measures its own memory
  std::size_t child_actors = 0;
};

/// Reads the command line. Ends the process for `--help` and for what it does not understand.
options read_command_line(int argc, char** argv);

}  // namespace bench
