#pragma once

#include <cstdint>
#include <string_view>

namespace reprise::detail {

/// Returns the CRC-32C (Castagnoli) of some bytes: the checksum of RocksDB's logs. Takes a second for a gigabyte.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace reprise::detail
