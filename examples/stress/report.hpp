#pragma once

#include "stress/result.hpp"

#include <iosfwd>

namespace stress {

/// Prints what a run measured for people: a table with a line for each kind of command, and what else there is.
void print_text(std::ostream& out, const result& r);

}  // namespace stress
