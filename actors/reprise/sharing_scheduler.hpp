#pragma once

#include "reprise/caf.hpp"

namespace reprise {

/// Has the actor systems of a configuration run their actors as CAF's `sharing` scheduler does: some threads take from one
/// queue what comes first. CAF 0.17's own costs a command about a fifth more: it asks of each job which actor it is,
/// allocates for it, and wakes a thread for it while it holds the lock that this thread takes next. With CAF 1.x its own
/// is used.
void share_work(caf::actor_system_config& config);

}  // namespace reprise
