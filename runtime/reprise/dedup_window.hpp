#pragma once

#include "reprise/commit.hpp"

#include <chrono>
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
  timestamp time{};           ///< of its commit

  friend bool operator==(const recorded_command&, const recorded_command&) = default;
};

/// The ids of an aggregate's last recorded commands, so that one that is sent again takes effect once.
///
/// Holds up to `capacity` of them, none for longer than `age` after its commit: whichever is less. It is a pure function
/// of the commits: one that is built again from them, or from `entries` and `forgotten_until`, tells the same.
///
/// A look-up scans 2 bytes an id, many at a time: for the default of a thousand that touches less memory than a hash table
/// would, and costs an idle aggregate little.
class dedup_window {
 public:
  struct entry {
    std::string id;
    recorded_command what;

    friend bool operator==(const entry&, const entry&) = default;
  };

  /// `age` is up to 136 years.
  explicit dedup_window(std::uint32_t capacity,
                        std::chrono::seconds age = std::chrono::hours(24)) noexcept
      : capacity_(capacity), age_s_(static_cast<std::uint32_t>(age.count())) {}

  /// Returns what the command did, or nothing if it is not remembered at the time `now`. An empty id never is.
  std::optional<recorded_command> find(std::string_view command_id, timestamp now) const noexcept;

  /// Returns whether the window holds the id, however old it is.
  bool holds(std::string_view command_id) const noexcept;

  /// Adds a command; they are added in the order of their versions. One that is too old at the time `now` is forgotten
  /// at once. An empty id is neither remembered nor forgotten. Throws `std::invalid_argument` for an id that is longer
  /// than a commit can hold, `max_command_id_bytes`.
  void remember(std::string_view command_id, recorded_command what, timestamp now);

  /// Has the processor fetch the memory that looking up an id and adding one will touch. It costs next to nothing, and what
  /// is done meanwhile hides how long that takes.
  void fetch() const noexcept {
    __builtin_prefetch(tags_.data() + forgotten_);
    __builtin_prefetch(bytes_.data() + bytes_.size(), 1);
    __builtin_prefetch(tags_.data() + tags_.size(), 1);
  }

  /// Returns whether one that is not found may have been recorded at `since` or later and be forgotten at the time `now`.
  /// False means that no command of that id was recorded since then.
  bool may_have_forgotten(timestamp since, timestamp now) const noexcept;

  // -- for snapshots ---------------------------------------------------------------------------------------------

  /// Returns what is held, oldest first. Handing all of it to `remember` of an empty window, behind `forget_until`, makes
  /// a window like this one.
  std::vector<entry> entries() const;

  /// Returns the latest time of the commits whose commands were forgotten; nothing if none was.
  std::optional<timestamp> forgotten_until() const noexcept;

  /// Says that commands were forgotten whose commits are as late as `latest`.
  void forget_until(timestamp latest);

  std::size_t size() const noexcept { return tags_.size() - forgotten_; }

 private:
  /// A part of an id's hash. Of 65,536 other ids one has the same.
  using tag = std::uint16_t;

  /// What stands in `bytes_` before the bytes of an id.
  struct head {
    std::uint64_t version;
    timestamp time;
    std::uint32_t events;
    std::uint8_t id_bytes;
  };

  /// What a window needs once it holds many, or has forgotten some: most aggregates stay without.
  struct more {
    std::vector<std::uint32_t> marks;  ///< where in `bytes_` the ids at places 32, 64, … begin
    std::optional<timestamp> forgotten_until;
  };

  static tag tag_of(std::string_view command_id) noexcept;

  head head_at(std::size_t offset) const noexcept;
  std::string_view id_at(std::size_t offset) const noexcept;
  std::size_t behind(std::size_t offset) const noexcept;
  std::size_t offset_of(std::size_t place) const noexcept;

  /// Returns the first place from `from` on that holds the id, or else the end of the places.
  std::size_t place_of(std::string_view command_id, std::size_t from) const noexcept;

  bool is_too_old(timestamp time, timestamp now) const noexcept;
  void forget_oldest();
  void make_room(std::size_t bytes, timestamp now);
  void drop_forgotten();
  void mark(std::size_t place, std::size_t offset);
  more& rest();

  std::uint32_t capacity_;
  std::uint32_t age_s_;

  // The ids lie one behind the other, so that one more takes no memory of its own, and costs no more than its bytes.
  // Those that are forgotten are the first; they lie there until their room is needed.
  std::vector<char> bytes_;
  std::vector<tag> tags_;        ///< one for each id in `bytes_`, by its place
  std::uint32_t forgotten_ = 0;  ///< how many of them are
  std::uint32_t begin_ = 0;      ///< where in `bytes_` the first that is not begins
  std::unique_ptr<more> more_;
};

}  // namespace reprise
