#include "reprise/error.hpp"

#include "reprise/text.hpp"

#include <utility>

namespace reprise {

std::string describe(const place& where) {
  std::string text;
  const auto add = [&text](const std::string& part) {
    if (!text.empty()) text += ", ";
    text += part;
  };
  if (!where.stream.empty()) add("stream " + printable(where.stream));
  if (where.version != 0) add("version " + std::to_string(where.version));
  if (where.position != 0) add("position " + std::to_string(where.position));
  return text.empty() ? "unknown place" : text;
}

damaged_history::damaged_history(place where, const std::string& reason)
    : error(describe(where) + ": " + reason), where_(std::move(where)), reason_(reason) {}

trimmed_history::trimmed_history(place where,
                                 std::uint64_t next_version,
                                 std::uint64_t next_position)
    : error(describe(where) + ": the events before version " + std::to_string(next_version)
            + " were trimmed, and a state stands for them"),
      where_(std::move(where)),
      next_version_(next_version),
      next_position_(next_position) {}

}  // namespace reprise
