#pragma once

namespace simulation {

/// From now on the first SIGINT or SIGTERM is only noted; a second one ends the process as usual. A write past the
/// limit on the size of files fails and ends nothing. Signals are the program's business: the library installs no
/// handler.
void note_interrupts();

/// Returns whether one was noted.
bool was_interrupted() noexcept;

}  // namespace simulation
