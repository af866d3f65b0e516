#pragma once

#include <filesystem>

namespace reprise::detail {

/// Makes the entries of a directory durable: what was made, renamed or removed in it before. Syncing a file does
/// not do that for its own entry. Throws `journal_failure`.
void sync_directory(const std::filesystem::path& directory);

/// Makes a directory, and those above it that are missing, so that a loss of power after it returns leaves it
/// there. One that exists is made durable too, because whoever made it may have died before that; where its
/// parent may not be read, somebody else made it, and is believed. Throws `journal_failure`.
void make_durable_directory(const std::filesystem::path& directory);

}  // namespace reprise::detail
