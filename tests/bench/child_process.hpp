#pragma once

#include <string>
#include <vector>

namespace bench {

/// Runs this program once more with other arguments, waits for its end and returns what it printed. Throws if
/// it failed.
std::string output_of_self(const std::vector<std::string>& arguments);

}  // namespace bench
