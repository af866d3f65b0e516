#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace reprise::detail {

/// Returns where the last whole write in a log of RocksDB ends, nothing if no write begins in it. `bytes` are those
/// of the log, or its end from a multiple of 32 KiB on. A write has `seal` (rocksdb_layout.hpp), or may have none if that is
/// empty. Safe on any bytes.
///
/// A loss of power can leave a last write of which any sector is there or not, read as zeros or as what the disk
/// held before, and a file as long as if all were there. RocksDB takes that for damage and opens no more. But each
/// write is synced before the next one begins: where no later write begins behind it, the write was not
/// acknowledged, or the durable mark says that it was. Damage that has a later write behind it is not looked for
/// here.
std::optional<std::size_t> end_of_whole_writes(std::string_view bytes, std::string_view seal);

/// Returns an environment in which the logs in `directory`, and the manifest, which is a log too, end with their
/// last whole write, nullptr if they do so already. Of the logs only the last one that holds a write can be torn.
/// Changes nothing on the disk.
///
/// Throws `damaged_history`, which names the file and the byte, if a log or the manifest has a whole write behind
/// something that is none: RocksDB does not say where that is, and takes some of it for the end of the log.
/// `base` outlives what is returned. Throws `journal_failure` if a log cannot be read.
std::unique_ptr<rocksdb::Env> without_torn_writes(const std::filesystem::path& directory,
                                                  rocksdb::Env& base);

}  // namespace reprise::detail
