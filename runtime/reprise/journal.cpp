#include "reprise/journal.hpp"

namespace reprise {

trim_result journal::trim(const snapshot&) {
  throw journal_failure("this journal cannot be trimmed");
}

std::optional<stream_base> journal::base(std::string_view) const {
  return std::nullopt;
}

void journal::read_bases(const base_visitor&) const {}

void read_what_is_left(const journal& from,
                       std::uint64_t from_position,
                       const commit_visitor& visit,
                       const trimmed_visitor& trimmed) {
  for (;;) {
    try {
      return from.read_all(from_position, visit);
    } catch (const trimmed_history& gap) {
      trimmed(gap);
      from_position = gap.next_position();
    }
  }
}

}  // namespace reprise
