#pragma once

#include "reprise/snapshot.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace reprise {

/// The record that one snapshot is stored as, the same for every store: runtime/FORMAT.md describes the bytes.

/// Returns the bytes that `encode_snapshot` appends for `s`.
std::size_t encoded_size(const snapshot& s) noexcept;

/// Appends to `out` the record of `s`, which is within its limits, in the newest format version.
void encode_snapshot(const snapshot& s, std::string& out);

/// Returns the snapshot that is stored as `record`.
///
/// Throws `undecodable` unless that is exactly one whole record of a known format version with the right checksum
/// and within the limits. Of the first format version, which does not say what its window had forgotten, it says that it may
/// have forgotten any command, unless those that it remembers recorded all of its events. Safe on any bytes: it allocates no
/// more than the record's own size allows.
snapshot decode_snapshot(std::string_view record);

/// Returns the version that a record says that it is of, without believing it; 0 if it says none.
std::uint64_t claimed_version(std::string_view record) noexcept;

/// Throws `std::invalid_argument` that says what is wrong if `s` is outside the limits of limits.hpp, has no
/// version, or remembers commands that are not in order; `std::length_error` if only its size is wrong, which
/// a state may come to by itself.
void check_limits(const snapshot& s);

}  // namespace reprise
