#pragma once

#include "cart/status_line.hpp"
#include "stress/options.hpp"
#include "stress/result.hpp"

namespace stress {

/// Puts a runtime under load, and returns what was measured, whatever came of it: `result::failure` says why it could
/// not go on. Throws only if it cannot begin: what `reprise::rocksdb_at` and `simulation::make_directory` throw,
/// `ack_log_failure`, what `unsettled_in` throws, and `std::runtime_error` for a table that does not open. What is
/// named wrong leaves no journal behind.
///
/// Ends when the time is over or the commands are sent, or when it was interrupted (`note_interrupts`), and everything
/// that was sent is answered.
result put_under_load(const options& o, simulation::status_line& status);

}  // namespace stress
