#pragma once

namespace simulation {

/// From now on the first SIGINT or SIGTERM is only noted; a second one ends the process as usual. Signals are the
/// program's business: the library installs no handler.
void note_interrupts();

/// Returns whether one was noted.
bool was_interrupted() noexcept;

}  // namespace simulation
