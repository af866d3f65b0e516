#pragma once

#include <memory>

namespace CLI {  // NOLINT(readability-identifier-naming): the name that the library has
class App;
}  // namespace CLI

/// The command `cart stress`.
class stress_command {
 public:
  /// Adds it to the commands of a program.
  explicit stress_command(CLI::App& app);
  ~stress_command();

  /// Runs it as the command line said, and returns the program's exit status.
  int run();

 private:
  int compare();

  struct settings;
  std::unique_ptr<settings> settings_;
};
