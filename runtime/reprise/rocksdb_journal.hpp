#pragma once

#include "reprise/journal.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>

namespace reprise {

/// How a RocksDB journal is opened. Every field has a default that is meant to be kept.
struct rocksdb_options {
  /// Opens an existing journal without changing anything in its directory, `append` throws. A directory that
  /// is not a journal is an error. A journal from which something is missing as a whole opens too, so that
  /// `verify` can say what; its other reads throw.
  bool read_only = false;
};

/// Opens, or makes, the journal in `directory`. One object at a time may have it open, in all processes,
/// read-only ones included.
///
/// Throws `journal_in_use` if it is open elsewhere, `damaged_history` if what is stored cannot be trusted,
/// `journal_failure` if the directory cannot be opened, or holds something that is not a journal of ours,
/// or of a format that this version does not know.
///
/// A torn last write, which is what a crash leaves, is dropped: it was never acknowledged. Any other damage
/// is an error, never a shorter history: at once if something is missing as a whole, else when what is damaged
/// is read. runtime/FORMAT.md says what can be told.
std::shared_ptr<journal> rocksdb_at(const std::filesystem::path& directory,
                                    const rocksdb_options& options = {});

}  // namespace reprise
