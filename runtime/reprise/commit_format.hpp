#pragma once

#include "reprise/commit.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace reprise {

/// The record that one commit is stored as, the same for every store: runtime/FORMAT.md describes the bytes.

/// Returns the bytes that `encode_commit` appends for `c`.
std::size_t encoded_size(const commit& c) noexcept;

/// Appends to `out` the record of `c`, whose events begin at `first_position`. `c` has events and is within
/// the limits of limits.hpp; its first version is `c.expected_version + 1`.
void encode_commit(const commit& c, std::uint64_t first_position, std::string& out);

/// Reads a record into `out`, whose views then point into `record`. Memory that `out` holds is used again.
///
/// Throws `damaged_history`, with as much of the place as could be read, unless `record` is exactly one whole
/// record of a known format version with the right checksum and within the limits. What a wrong checksum
/// makes doubtful is no place: then the store, which knows the record's key, names it. Safe on any bytes: it
/// allocates no more than the record's own size allows.
void decode_commit(std::string_view record, commit_view& out);

/// Throws `std::invalid_argument` that says what is wrong if `c` is outside the limits of limits.hpp, or its
/// stream has no name.
void check_limits(const commit& c);

/// The same for each commit of a batch, and if the batch is too large as a whole.
void check_limits(std::span<const commit> batch);

}  // namespace reprise
