#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): that is its name
class App;
}  // namespace CLI

namespace cart_program {

/// Adds the command `check`, which judges a run by the log of what its clients were told and by its journal.
void add_check(CLI::App& app);

/// Runs it after the command line was parsed, prints to the standard output, and returns the program's exit status.
int run_check();

}  // namespace cart_program
