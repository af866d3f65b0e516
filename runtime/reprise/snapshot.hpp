#pragma once

#include "reprise/commit.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise {

/// A command that an aggregate recorded, as its dedup window remembers it.
struct remembered_command {
  std::string id;             ///< never empty
  std::uint64_t version = 0;  ///< the aggregate's version after it
  std::uint32_t events = 0;   ///< how many events it recorded, at least one
  timestamp time{};           ///< of its commit

  friend bool operator==(const remembered_command&, const remembered_command&) = default;
};

/// Tells apart the forms in which a state was ever stored.
struct state_schema {
  std::uint32_t version = 0;  ///< the Boost.Serialization class version of the state
  std::uint64_t shape = 0;    ///< a checksum over the bytes of the state at version 0

  friend bool operator==(const state_schema&, const state_schema&) = default;
};

/// An aggregate as it was at one version of its stream. An optimisation: without it the events are replayed.
///
/// It stands on one commit, and is of use only where the journal has that very commit: a journal that was restored
/// from an older backup may have gone on otherwise since.
struct snapshot {
  std::string stream;
  std::uint64_t version = 0;   ///< of the last event that is in the state; a commit ends there
  std::uint64_t position = 0;  ///< of that event
  std::uint64_t commit_checksum = 0;  ///< `commit_view::checksum` of that commit
  timestamp time{};                   ///< when it was taken
  state_schema schema;
  std::vector<remembered_command> commands;  ///< the dedup window, oldest first

  /// The latest time of the commits whose commands the window has forgotten; nothing if it has forgotten none.
  std::optional<timestamp> forgotten_until;

  std::string state;  ///< what `encode_state` made of it

  friend bool operator==(const snapshot&, const snapshot&) = default;
};

}  // namespace reprise
