#include "reprise/memory_snapshots.hpp"

#include "reprise/snapshot_check.hpp"
#include "reprise/snapshot_format.hpp"

#include <utility>

namespace reprise::detail {

void memory_snapshots::save(const snapshot& s, std::size_t keep) {
  check_to_save(s, keep);
  auto record = std::make_shared<std::string>();
  encode_snapshot(s, *record);
  const std::lock_guard lock(mutex_);
  std::vector<kept>& all = streams_[s.stream];
  for (const kept& k : all) bytes_ -= k.record->size();
  std::erase_if(all, [&s](const kept& k) { return k.version >= s.version; });
  all.insert(all.begin(), {s.version, std::move(record)});
  if (all.size() > keep) all.resize(keep);
  for (const kept& k : all) bytes_ += k.record->size();
  ++saved_;
}

void memory_snapshots::read(std::string_view stream,
                            const snapshot_visitor& visit,
                            const skipped_visitor& report) const {
  for (const kept& k : copy_of(stream)) {
    if (!visit_record(stream, *k.record, visit, report)) return;
  }
}

void memory_snapshots::remove(std::string_view stream) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  for (const kept& k : found->second) bytes_ -= k.record->size();
  streams_.erase(found);
}

void memory_snapshots::verify(const snapshot_visitor& visit, const skipped_visitor& report) const {
  std::vector<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, all] : streams_) names.push_back(name);
  }
  for (const std::string& name : names) {
    for (const kept& k : copy_of(name)) {
      if (!visit_record(name, *k.record, visit, report)) return;
    }
  }
}

snapshot_stats memory_snapshots::stats() const {
  const std::lock_guard lock(mutex_);
  return {saved_, bytes_, {}};
}

std::vector<memory_snapshots::kept> memory_snapshots::copy_of(std::string_view stream) const {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  return found == streams_.end() ? std::vector<kept>{} : found->second;
}

}  // namespace reprise::detail
