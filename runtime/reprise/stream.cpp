#include "reprise/stream.hpp"

#include "reprise/text.hpp"

#include <chrono>
#include <stdexcept>

namespace reprise {

std::string stream_name(std::string_view category, std::string_view id) {
  if (category.empty() || category.size() > max_name_bytes) {
    throw std::invalid_argument("category " + printable(category) + " has "
                                + std::to_string(category.size()) + " bytes; it takes 1 to "
                                + std::to_string(max_name_bytes));
  }
  if (id.empty() || id.size() > max_aggregate_id_bytes) {
    throw std::invalid_argument("aggregate id " + printable(id) + " has "
                                + std::to_string(id.size()) + " bytes; it takes 1 to "
                                + std::to_string(max_aggregate_id_bytes));
  }
  std::string name;
  name.reserve(category.size() + 1 + id.size());
  name += category;
  name += '/';
  name += id;
  return name;
}

conflict::conflict(const std::string& stream, std::uint64_t expected, std::uint64_t actual)
    : error("stream " + printable(stream) + " is at version " + std::to_string(actual)
            + ", not at the expected " + std::to_string(expected) + "; nothing was stored"),
      expected_(expected),
      actual_(actual) {}

std::uint64_t append_commit(journal& to,
                            std::string_view stream,
                            std::uint64_t expected_version,
                            const encoded_events& events) {
  commit c;
  c.stream = stream;
  c.expected_version = expected_version;
  c.time = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  c.events = &events;
  const append_result result = to.append({&c, 1}).front();
  if (!result.accepted) throw conflict(std::string(stream), expected_version, result.version);
  return result.version;
}

}  // namespace reprise
