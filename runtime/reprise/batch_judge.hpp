#pragma once

#include "reprise/journal.hpp"

#include <cstdint>

namespace reprise::detail {

/// How far a stream has come, and what the batch in hand would make of it.
struct stream_head {
  std::uint64_t version = 0;  ///< durable
  std::uint64_t planned = 0;  ///< after the commits of `batch` that were accepted so far
  std::uint64_t batch = 0;    ///< the batch that `planned` and `is_refused` are about
  bool is_refused = false;    ///< a commit of `batch` was refused, so all behind it are
};

/// Judges the commits of one batch, in order: the one place where an expected version is compared.
/// Nothing needs undoing if the batch is then not written, because a head's plan dies with its batch.
class batch_judge {
 public:
  /// `batch` is a number that no earlier batch had, from 1; `next_position` is the journal's next free one.
  batch_judge(std::uint64_t batch, std::uint64_t next_position)
      : batch_(batch), next_position_(next_position) {}

  append_result judge(stream_head& head, const commit& c) {
    if (head.batch != batch_) head = {head.version, head.version, batch_, false};
    if (head.is_refused || c.expected_version != head.planned) {
      head.is_refused = true;
      return {false, head.planned, 0};
    }
    const std::uint64_t events = c.events == nullptr ? 0 : c.events->count();
    const std::uint64_t position = events == 0 ? 0 : next_position_;
    head.planned += events;
    next_position_ += events;
    return {true, head.planned, position};
  }

  std::uint64_t next_position() const noexcept { return next_position_; }

 private:
  std::uint64_t batch_;
  std::uint64_t next_position_;
};

}  // namespace reprise::detail
