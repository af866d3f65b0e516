#pragma once

#include "reprise/limits.hpp"

#include <boost/container/small_vector.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace reprise {

/// When the events of a commit were decided, in microseconds since 1970 UTC.
using timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// One event as it is stored. The views live as long as whoever handed them out says.
struct event_view {
  std::string_view name;             ///< the event's stable name, never a C++ type name
  std::uint32_t schema_version = 0;  ///< its Boost.Serialization class version
  std::string_view payload;          ///< what `encode` made of it
};

/// How much one commit may hold, up to what the format takes (limits.hpp).
struct commit_limits {
  std::uint32_t events = max_events_per_commit;
  std::uint32_t bytes = max_commit_bytes;
};

/// The events of one commit, encoded one behind the other, ready to be stored.
///
/// The bytes are the event section of a stored record (runtime/FORMAT.md).
class encoded_events {
 public:
  encoded_events() = default;
  explicit encoded_events(commit_limits most) noexcept : most_(most) {}

  /// Adds an event whose payload `write(std::string&)` appends to the string that it is given, and leaves
  /// what is in it alone.
  /// Throws `std::length_error`, and is as it was before, if that would pass its limits, or
  /// `max_name_bytes`; so does it if `write` throws.
  template <class Write>
  void add(std::string_view name, std::uint32_t schema_version, Write&& write);

  /// The same with a payload that exists already.
  void add(const event_view& event);

  std::size_t count() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  std::string_view bytes() const noexcept { return bytes_; }
  const commit_limits& limits() const noexcept { return most_; }

 private:
  /// Both return or take the size before the event was begun.
  std::size_t begin(std::string_view name, std::uint32_t schema_version);
  void finish(std::size_t payload_begin);

  std::string bytes_;
  std::uint32_t count_ = 0;
  commit_limits most_;
};

/// The events of one command, to be stored together or not at all.
///
/// Everything in it is borrowed: `append` reads it during the call only.
///
/// No events is allowed, and only asks whether the stream is still at `expected_version`: it is how an
/// answer that records nothing waits for, and is fenced by, what was stored before it.
struct commit {
  std::string_view stream;  ///< `category/id`
  std::uint64_t expected_version =
      0;  ///< the version of the stream before this commit; 0 is a new stream
  timestamp time{};
  std::string_view command_id;
  std::string_view correlation_id;
  std::string_view causation_id;
  const encoded_events* events = nullptr;  ///< nullptr is no events
};

/// One commit as it is stored. The views live during the call that it is handed to.
struct commit_view {
  std::string_view stream;
  std::uint64_t first_version = 0;   ///< of its first event; the others follow without gaps
  std::uint64_t first_position = 0;  ///< of its first event; the others follow without gaps
  timestamp time{};
  std::string_view command_id;
  std::string_view correlation_id;
  std::string_view causation_id;
  boost::container::small_vector<event_view, 4> events;  ///< at least one
  std::uint64_t checksum = 0;  ///< of its record: no other commit has it, wherever it is stored

  std::uint64_t last_version() const noexcept { return first_version + events.size() - 1; }
  std::uint64_t last_position() const noexcept { return first_position + events.size() - 1; }
};

template <class Write>
void encoded_events::add(std::string_view name, std::uint32_t schema_version, Write&& write) {
  const std::size_t before = bytes_.size();
  try {
    const std::size_t payload_begin = begin(name, schema_version);
    write(bytes_);
    finish(payload_begin);
  } catch (...) {
    bytes_.resize(before);
    throw;
  }
}

}  // namespace reprise
