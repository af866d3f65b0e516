#pragma once

#include <string>

namespace stress {

/// Returns the beginning of the ids of all commands that this process sends: twelve hexadecimal digits out of the
/// system's source of chance, its own number and the time. No other process has it, with the same seed neither, so
/// that no command of another run is taken for one of this.
std::string name_of_this_run();

}  // namespace stress
