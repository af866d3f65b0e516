#pragma once

#include "cart/input.hpp"
#include "cart/report.hpp"
#include "cart/simulation_options.hpp"
#include "cart/status_line.hpp"

#include <memory>

namespace simulation {

/// Runs the simulation and returns what came of it, whatever came of it: `report::failure` says why
/// it could not go on. Throws only if it cannot begin: what `reprise::rocksdb_at` and `read_all` throw,
/// or `bad_input` for a file that does not open.
///
/// Each shopper has one command under way at a time. In the middle the runtime is stopped under their
/// hands and started again on the same journal; whoever was told `unavailable` then sends the same
/// command again. At the end another runtime recovers every cart, and each is checked against the
/// model.
///
/// `input` is the opened `options.input`, or empty if the shoppers choose.
report simulate(const simulation_options& options,
                status_line& status,
                std::unique_ptr<json_lines> input);

}  // namespace simulation
