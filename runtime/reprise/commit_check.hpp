#pragma once

#include "reprise/commit.hpp"
#include "reprise/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace reprise::detail {

/// Reads a record like `decode_commit`; a damage is reported at `found_at` where the record cannot say.
void decode_commit_at(const place& found_at, std::string_view record, commit_view& out);

/// Follows the versions of one stream, and throws `damaged_history` where a commit is missing or does not
/// belong there.
class stream_check {
 public:
  /// `stream` outlives the check. The first commit is the one that holds `from_version`.
  stream_check(std::string_view stream, std::uint64_t from_version)
      : stream_(stream), next_(from_version == 0 ? 1 : from_version) {}

  void operator()(const commit_view& c);

  /// The version that the next commit holds.
  std::uint64_t next() const noexcept { return next_; }

 private:
  std::string_view stream_;
  std::uint64_t next_;
  bool is_first_ = true;
};

/// Follows the positions of the journal in the same way.
class position_check {
 public:
  explicit position_check(std::uint64_t from_position)
      : next_(from_position == 0 ? 1 : from_position) {}

  void operator()(const commit_view& c);

  std::uint64_t next() const noexcept { return next_; }

 private:
  std::uint64_t next_;
  bool is_first_ = true;
};

}  // namespace reprise::detail
