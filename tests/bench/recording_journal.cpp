#include "bench/recording_journal.hpp"

#include <algorithm>

namespace bench {

std::vector<reprise::append_result> recording_journal::append(
    std::span<const reprise::commit> batch) {
  auto results = to_->append(batch);
  const auto stored = std::count_if(
      results.begin(), results.end(),
      [](const reprise::append_result& r) { return r.position != 0; });
  if (stored != 0) writes_.push_back(static_cast<std::size_t>(stored));
  return results;
}

void recording_journal::read_stream(std::string_view stream,
                                    std::uint64_t from_version,
                                    const reprise::commit_visitor& visit) const {
  to_->read_stream(stream, from_version, visit);
}

void recording_journal::read_all(std::uint64_t from_position,
                                 const reprise::commit_visitor& visit) const {
  to_->read_all(from_position, visit);
}

void recording_journal::verify(const reprise::commit_visitor& visit,
                               const reprise::damage_visitor& report) const {
  to_->verify(visit, report);
}

std::uint64_t recording_journal::last_position() const {
  return to_->last_position();
}

reprise::journal_stats recording_journal::stats() const {
  return to_->stats();
}

}  // namespace bench
