#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise {

/// What a command that was recorded did, as far as its answer needs it.
struct recorded_command {
  std::uint64_t version = 0;  ///< the aggregate's version after it
  std::uint32_t events = 0;   ///< how many events it recorded, at least one
};

/// The ids of an aggregate's last recorded commands, so that one that is sent again takes effect once.
///
/// Holds up to `capacity` of them; the oldest makes room. A look-up scans 8 bytes an id, which for the default
/// of a thousand is about as fast as a hash table and costs an idle aggregate little.
class dedup_window {
 public:
  explicit dedup_window(std::uint32_t capacity) noexcept : capacity_(capacity) {}

  /// Returns what the command did, or nothing if it is not among the last `capacity`. An empty id never is.
  std::optional<recorded_command> find(std::string_view command_id) const noexcept;

  /// Adds a command. An empty id is not remembered.
  void remember(std::string_view command_id, recorded_command what);

  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct entry {
    std::string id;
    recorded_command what;
  };

  /// Up to so many ids are compared without hashes, which would only cost memory: most aggregates stay small.
  static constexpr std::size_t few = 16;

  std::size_t place_of(std::string_view command_id) const noexcept;
  void index(std::size_t place);

  std::uint32_t capacity_;
  std::uint32_t oldest_ = 0;  ///< once it is full: where the next one goes
  std::vector<entry> entries_;
  std::unique_ptr<std::vector<std::uint64_t>>
      hashes_;  ///< beside `entries_`, once there are more than a few
};

}  // namespace reprise
