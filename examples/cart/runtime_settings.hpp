#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace simulation {

/// What a user of a program may set of its runtime. Whatever is not set is as `reprise::host_config` has it.
struct runtime_settings {
  std::uint64_t snapshot_every = 0;     ///< events between two snapshots of a cart; 0 is none
  std::optional<std::size_t> max_live;  ///< carts in memory
  std::optional<std::chrono::milliseconds> passivate_after;
  std::optional<std::chrono::milliseconds> command_timeout;
};

}  // namespace simulation
