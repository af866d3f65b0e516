#pragma once

#include "reprise/commit.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace simulation {

/// Numbers as people read them, and bytes.

/// Returns `1,234,567`.
std::string grouped(std::uint64_t number);

/// Returns a count with its noun, which is made plural unless the count is one: `1 cart`, `2,000 carts`.
std::string counted(std::uint64_t number, const std::string& noun);

/// Returns `61.3 ms`, `1.24 s`, `2 min 5 s`: three digits, or whole seconds.
std::string as_duration(std::chrono::nanoseconds time);

/// Returns `512 B`, `1.2 KB`, `34.0 MB`.
std::string as_bytes(std::uint64_t bytes);

/// Returns a time as ISO 8601 with microseconds: `2026-01-31T12:00:00.000001Z`.
std::string as_time(reprise::timestamp time);

/// Returns two hexadecimal digits for each byte.
std::string hex_of(std::string_view bytes);

}  // namespace simulation
