#pragma once

#include <cstdint>
#include <string_view>

namespace reprise::detail {

/// Returns XXH3-64 of `bytes`, the same on every machine. Stored: never change it.
std::uint64_t checksum(std::string_view bytes) noexcept;

}  // namespace reprise::detail
