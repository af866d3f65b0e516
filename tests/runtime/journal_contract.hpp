#pragma once

#include "reprise/commit.hpp"
#include "reprise/journal.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::testing {

/// The contract of `journal`, as a suite that runs against any store:
///
///     TEST_CASE("the memory journal keeps the contract of every journal") {
///       reprise::testing::journal_contract([journal = reprise::in_memory()] { return journal; });
///     }
///
/// `open` opens the store under test, an empty one the first time; a case may open it again after it let go of
/// what it had.
///
/// No damage is in it, a torn tail or a flipped bit: only who knows where a store puts its bytes can break them, so that is
/// each store's own test. RocksDB's are rocksdb_damage_test.cpp and rocksdb_opening_test.cpp, and of its snapshots and trims
/// rocksdb_snapshots_test.cpp and rocksdb_trim_test.cpp.
void journal_contract(const std::function<std::shared_ptr<journal>()>& open);

/// A batch of commits that owns what it names.
class batch {
 public:
  /// Adds a commit with one event of type "noted" for each payload.
  batch& add(std::string_view stream,
             std::uint64_t expected_version,
             const std::vector<std::string>& payloads);

  /// The commit that was added last, to be changed.
  commit& last() { return commits_.back(); }

  /// Keeps `text` for as long as the batch.
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  const std::vector<commit>& commits() const { return commits_; }

  std::vector<append_result> append_to(journal& j) const { return j.append(commits_); }

 private:
  std::list<std::string> texts_;
  std::list<encoded_events> events_;
  std::vector<commit> commits_;
};

/// Appends one commit and returns whether it was accepted.
bool append(journal& j,
            std::string_view stream,
            std::uint64_t expected_version,
            const std::vector<std::string>& payloads);

/// What a stream holds, one event behind the other: `1 a, 2 b`.
std::string stream_of(const journal& j, std::string_view stream, std::uint64_t from_version = 1);

/// What the journal holds, in order: `1 cart/1@1 a, 2 cart/2@1 b`.
std::string order_of(const journal& j, std::uint64_t from_position = 1);

/// What `verify` visits, and then what it reports: `1 cart/1@1 a; position 2: the reason`.
std::string verified(const journal& j);

}  // namespace reprise::testing
