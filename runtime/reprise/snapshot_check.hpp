#pragma once

#include "reprise/commit.hpp"
#include "reprise/snapshot_store.hpp"

#include <cstddef>
#include <string_view>

namespace reprise::detail {

/// What every store of snapshots does with a record, whatever it keeps it in.

/// Throws what `snapshot_store::save` throws before anything is written.
void check_to_save(const snapshot& s, std::size_t keep);

/// Reads a record that is stored as one of `stream`, and visits it, or reports why it cannot be. Returns false if the
/// visitor did.
bool visit_record(std::string_view stream,
                  std::string_view record,
                  const snapshot_visitor& visit,
                  const skipped_visitor& report);

/// Tells `report`, if it is there, of a snapshot that is damaged.
void report_damaged(const skipped_visitor& report, place where, std::string reason);

/// Throws `error` unless `c` is the commit that a base stands on.
void check_stands_on(const snapshot& base, const commit_view* c);

}  // namespace reprise::detail
