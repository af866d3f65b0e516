#include "reprise/snapshot_store.hpp"

namespace reprise {

std::string_view name_of(snapshot_fault fault) noexcept {
  switch (fault) {
  case snapshot_fault::damaged: return "damaged";
  case snapshot_fault::other_schema: return "other_schema";
  case snapshot_fault::undecodable: return "undecodable";
  case snapshot_fault::other_history: return "other_history";
  }
  return "unknown";
}

std::string skipped_snapshot::text() const {
  const std::string of = where.stream.empty() ? "" : " of " + describe(where);
  return "a snapshot" + of + " was passed over: " + reason;
}

}  // namespace reprise
