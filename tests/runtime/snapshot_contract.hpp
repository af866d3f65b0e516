#pragma once

#include "reprise/journal.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace reprise::testing {

/// The contract of `snapshot_store`, as a suite that runs against the one of any journal. `open` is that of
/// `journal_contract`.
void snapshot_contract(const std::function<std::shared_ptr<journal>()>& open);

/// A snapshot of a stream at a version that stands on nothing, with a state that is its version in words.
snapshot snapshot_at(std::string_view stream, std::uint64_t version);

/// The versions of a stream's snapshots, newest first, and what was passed over: `30, 20; 10 damaged: why`.
std::string snapshots_of(const journal& j, std::string_view stream);

}  // namespace reprise::testing
