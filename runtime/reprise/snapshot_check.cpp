#include "reprise/snapshot_check.hpp"

#include "reprise/archive.hpp"
#include "reprise/limits.hpp"
#include "reprise/snapshot_format.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace reprise::detail {

void check_to_save(const snapshot& s, std::size_t keep) {
  if (keep == 0 || keep > max_kept_snapshots) {
    throw std::invalid_argument(std::to_string(keep) + " snapshots of a stream: it takes 1 to "
                                + std::to_string(max_kept_snapshots));
  }
  check_limits(s);
}

bool visit_record(std::string_view stream,
                  std::string_view record,
                  const snapshot_visitor& visit,
                  const skipped_visitor& report) {
  std::optional<snapshot> s;
  try {
    s = decode_snapshot(record);
  } catch (const undecodable& bad) {
    report_damaged(report, {std::string(stream), claimed_version(record), 0}, bad.what());
    return true;
  }
  if (s->stream != stream) {
    report_damaged(report, {std::string(stream), s->version, 0},
                   "it is that of " + describe({s->stream, s->version, s->position}));
    return true;
  }
  return visit(*s);
}

void report_damaged(const skipped_visitor& report, place where, std::string reason) {
  if (report) report({std::move(where), snapshot_fault::damaged, std::move(reason)});
}

void check_stands_on(const snapshot& base, const commit_view* c) {
  if (c != nullptr && c->last_version() == base.version && c->last_position() == base.position
      && c->checksum == base.commit_checksum) {
    return;
  }
  throw error("nothing was trimmed: the journal does not have the commit that the state of "
              + describe({base.stream, base.version, base.position}) + " stands on");
}

}  // namespace reprise::detail
