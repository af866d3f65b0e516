#pragma once

#include "reprise/rocksdb_reader.hpp"

#include <cstdint>
#include <limits>

namespace reprise::detail {

/// The end of a journal that cannot tell where it ends.
inline constexpr std::uint64_t unknown_end = std::numeric_limits<std::uint64_t>::max();

/// `journal::verify` of the RocksDB journal, up to position `end`: reads the order and every commit that it
/// names, then every record there is, and compares the two.
void verify_journal(const rocksdb_reader& reader,
                    std::uint64_t end,
                    const commit_visitor& visit,
                    const damage_visitor& report);

}  // namespace reprise::detail
