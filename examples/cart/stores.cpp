#include "cart/stores.hpp"

#include "reprise/error.hpp"
#include "reprise/memory_journal.hpp"
#include "reprise/rocksdb_journal.hpp"

#include <cerrno>
#include <cstring>
#include <stdlib.h>
#include <string>
#include <utility>

namespace simulation {

std::shared_ptr<reprise::journal> open_to_read(const std::filesystem::path& directory) {
  return reprise::rocksdb_at(directory, {.read_only = true});
}

std::shared_ptr<reprise::journal> open_to_change(const std::filesystem::path& directory) {
  static_cast<void>(open_to_read(directory));  // a wrong name makes no new journal
  return reprise::rocksdb_at(directory);
}

std::filesystem::path make_directory() {
  std::string name = "cart-journal-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw reprise::journal_failure("cannot make a directory for the journal here: "
                                   + std::string(std::strerror(errno)));
  }
  return name;
}

store::store(store_kind kind, std::filesystem::path directory)
    : kind_(kind),
      directory_(std::move(directory)),
      journal_(kind == store_kind::memory ? reprise::in_memory()
                                          : reprise::rocksdb_at(directory_)) {}

void store::reopen() {
  if (kind_ == store_kind::memory) return;
  earlier_ = stats();
  journal_.reset();
  journal_ = reprise::rocksdb_at(directory_);
}

reprise::journal_stats store::stats() const {
  // There is no journal if opening it again failed.
  auto sum = journal_ ? journal_->stats()
                      : reprise::journal_stats{.synced_writes = 0, .bytes = earlier_.bytes};
  sum.synced_writes += earlier_.synced_writes;
  sum.commits += earlier_.commits;
  sum.events += earlier_.events;
  return sum;
}

}  // namespace simulation
