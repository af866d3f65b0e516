#pragma once

#include "checker/findings.hpp"

#include <iosfwd>

namespace checker {

/// Returns what the program's exit status says of a check: 0; 3 for a violation; if it found none, 2 for one that could
/// not go on and 130 for an interrupted one.
int exit_status(const findings& f);

void print_text(std::ostream& out, const findings& f);

/// The same as one JSON object. `schema` in it is raised when a member changes its meaning or goes.
void print_json(std::ostream& out, const findings& f);

}  // namespace checker
