#pragma once

#include "reprise/journal.hpp"

#include <memory>

namespace reprise {

/// Returns a journal in memory, for tests, and as the measure of everything that is not storage.
///
/// It keeps the same records as the other stores, checksums included, and hands them out the same way.
/// Nothing of it survives the process; it can be handed from one host to the next.
std::shared_ptr<journal> in_memory();

}  // namespace reprise
