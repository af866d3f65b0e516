#pragma once

#include "reprise/caf.hpp"

#include <cstddef>

namespace reprise {

/// Has the actor systems of a configuration run their actors as CAF's `sharing` scheduler does: threads take from one queue
/// what comes first, so many at a time. 0 is one a core, and at least two.
///
/// There is one thread more than may run at a time. It takes turns with the others, because the one that sleeps where a
/// job comes from is the cheapest to wake. And it steps in while nobody has come for the next job for 10 ms, or up to 160
/// after a time in which nothing ran: an actor that blocks, however few threads there are, does not stop the others.
///
/// CAF 0.17's own scheduler costs a command about a fifth more: it asks of each job which actor it is, allocates for it, and
/// wakes a thread for it while it holds the lock that this thread takes next. With CAF 1.x its own is used, which has no
/// thread to step in.
void share_work(caf::actor_system_config& config, std::size_t threads);

}  // namespace reprise
