#include "reprise/commit_check.hpp"

#include "reprise/commit_format.hpp"
#include "reprise/text.hpp"

namespace reprise::detail {

void decode_commit_at(const place& found_at, std::string_view record, commit_view& out) {
  try {
    decode_commit(record, out);
  } catch (const damaged_history& damage) {
    place where = damage.where();
    if (where.stream.empty()) where.stream = found_at.stream;
    if (where.version == 0) where.version = found_at.version;
    if (where.position == 0) where.position = found_at.position;
    throw damaged_history(where, damage.reason());
  }
}

void stream_check::operator()(const commit_view& c) {
  if (c.stream != stream_) {
    throw damaged_history({std::string(stream_), next_, c.first_position},
                          "a commit of stream " + printable(c.stream) + " is stored here");
  }
  const bool has_gap = is_first_ ? c.first_version > next_ : c.first_version != next_;
  if (has_gap || c.last_version() < next_) {
    throw damaged_history({std::string(stream_), next_, 0},
                          "missing: the next commit that is stored has versions "
                              + std::to_string(c.first_version) + " to "
                              + std::to_string(c.last_version()));
  }
  is_first_ = false;
  next_ = c.last_version() + 1;
}

void position_check::operator()(const commit_view& c) {
  const bool has_gap = is_first_ ? c.first_position > next_ : c.first_position != next_;
  if (has_gap || c.last_position() < next_) {
    throw damaged_history({{}, 0, next_}, "missing: the next commit that is stored has positions "
                                              + std::to_string(c.first_position) + " to "
                                              + std::to_string(c.last_position()));
  }
  is_first_ = false;
  next_ = c.last_position() + 1;
}

}  // namespace reprise::detail
