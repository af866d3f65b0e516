#include "reprise/memory_journal.hpp"

#include "reprise/batch_judge.hpp"
#include "reprise/commit_check.hpp"
#include "reprise/commit_format.hpp"
#include "reprise/memory_snapshots.hpp"
#include "reprise/stream_map.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace reprise {

namespace {

struct stored_commit {
  std::uint64_t last_version;
  std::uint64_t last_position;
  std::string_view record;
};

struct stream_log {
  detail::stream_head head;
  std::vector<const stored_commit*> commits;
};

/// Readers take references to records under the lock, some at a time, and read the bytes outside it: bytes
/// never move or change once they are there. What is behind `durable_` is being added and not yet seen.
class memory_journal final : public journal {
 public:
  std::vector<append_result> append(std::span<const commit> batch) override {
    for (const commit& c : batch) check_limits(c);
    const std::lock_guard one_at_a_time(appending_);
    if (has_failed_) throw journal_failure("an earlier append to the memory journal failed");
    has_failed_ = true;
    std::vector<append_result> results;
    results.reserve(batch.size());
    std::vector<stream_log*> logs;
    logs.reserve(batch.size());
    detail::batch_judge judge(++batches_, durable_ + 1);
    for (const commit& c : batch) {
      logs.push_back(log_of(c.stream));
      results.push_back(judge.judge(logs.back()->head, c));
    }
    std::string records = encode(batch, results);
    store(batch, results, logs, std::move(records));
    forget_absent(batch, results);
    has_failed_ = false;
    return results;
  }

  void read_stream(std::string_view stream,
                   std::uint64_t from_version,
                   const commit_visitor& visit) const override {
    detail::stream_check check(stream, from_version);
    read([this, stream, &check](references& out) { find_in_stream(stream, check.next(), out); },
         [&](const commit_view& c) {
           check(c);
           return visit(c);
         });
  }

  void read_all(std::uint64_t from_position, const commit_visitor& visit) const override {
    detail::position_check check(from_position);
    read([this, &check](references& out) { find_in_order(check.next(), out); },
         [&](const commit_view& c) {
           check(c);
           return visit(c);
         });
  }

  /// Nothing but a fault of the machine can damage what is in memory: each record is decoded, and a place
  /// in the order that has no sound commit is reported.
  void verify(const commit_visitor& visit, const damage_visitor& report) const override {
    std::uint64_t next = 1;
    commit_view c;
    for (references found; find_in_order(next, found), !found.empty(); found.clear()) {
      for (const stored_commit* stored : found) {
        const place where{{}, 0, next};
        next = stored->last_position + 1;
        try {
          detail::decode_commit_at(where, stored->record, c);
        } catch (const damaged_history& damage) {
          report(damage);
          continue;
        }
        if (!visit(c)) return;
      }
    }
  }

  std::uint64_t last_position() const override {
    const std::lock_guard lock(mutex_);
    return durable_;
  }

  journal_stats stats() const override {
    const std::lock_guard lock(mutex_);
    return stats_;
  }

  snapshot_store* snapshots() const noexcept override { return &snapshots_; }

 private:
  using references = std::vector<const stored_commit*>;

  /// A reader holds the lock for as long as it takes to copy this many references.
  static constexpr std::size_t references_at_once = 128;

  /// Only appending changes `streams_`, so the appending thread looks into it without the readers' lock.
  stream_log* log_of(std::string_view stream) {
    if (const auto it = streams_.find(stream); it != streams_.end()) return &it->second;
    const std::lock_guard lock(mutex_);
    return &streams_.try_emplace(std::string(stream)).first->second;
  }

  static bool has_record(const append_result& result) { return result.position != 0; }

  static std::string encode(std::span<const commit> batch,
                            const std::vector<append_result>& results) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (has_record(results[i])) size += encoded_size(batch[i]);
    }
    std::string records;
    records.reserve(size);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (has_record(results[i])) encode_commit(batch[i], results[i].position, records);
    }
    return records;
  }

  void store(std::span<const commit> batch,
             const std::vector<append_result>& results,
             const std::vector<stream_log*>& logs,
             std::string records) {
    const std::lock_guard lock(mutex_);
    const std::string_view bytes = bytes_.emplace_back(std::move(records));
    std::size_t begin = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (!has_record(results[i])) continue;
      const std::size_t size = encoded_size(batch[i]);
      const std::uint64_t events = batch[i].events->count();
      const stored_commit& stored = order_.emplace_back(stored_commit{
          results[i].version, results[i].position + events - 1, bytes.substr(begin, size)});
      logs[i]->commits.push_back(&stored);
      logs[i]->head.version = results[i].version;
      begin += size;
      ++stats_.commits;
      stats_.events += events;
    }
    if (begin == 0) {
      bytes_.pop_back();
      return;
    }
    durable_ = order_.back().last_position;
    ++stats_.synced_writes;
    stats_.bytes += begin;
  }

  /// A stream that was only asked about, or refused, is as if it had never been named.
  void forget_absent(std::span<const commit> batch, const std::vector<append_result>& results) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (results[i].version != 0) continue;
      const std::lock_guard lock(mutex_);
      const auto it = streams_.find(batch[i].stream);
      if (it != streams_.end() && it->second.commits.empty()) streams_.erase(it);
    }
  }

  /// Copies references to what is durable and ends at `from` or later, `references_at_once` at most.
  template <class Commits, class Last, class Get>
  void copy(const Commits& commits, std::uint64_t from, Last last, Get get, references& out) const {
    auto it = std::partition_point(commits.begin(), commits.end(),
                                   [&](const auto& c) { return last(c) < from; });
    for (; it != commits.end() && out.size() < references_at_once; ++it) {
      const stored_commit* stored = get(*it);
      if (stored->last_position > durable_) return;
      out.push_back(stored);
    }
  }

  void find_in_stream(std::string_view stream, std::uint64_t from, references& out) const {
    const std::lock_guard lock(mutex_);
    const auto it = streams_.find(stream);
    if (it == streams_.end()) return;
    copy(
        it->second.commits, from, [](const stored_commit* c) { return c->last_version; },
        [](const stored_commit* c) { return c; }, out);
  }

  void find_in_order(std::uint64_t from, references& out) const {
    const std::lock_guard lock(mutex_);
    copy(
        order_, from, [](const stored_commit& c) { return c.last_position; },
        [](const stored_commit& c) { return &c; }, out);
  }

  /// Visits what `find` finds, until it finds nothing more, or ends before what is durable now.
  template <class Find, class Visit>
  void read(Find find, Visit visit) const {
    const std::uint64_t end = last_position();
    references found;
    commit_view c;
    for (;;) {
      found.clear();
      find(found);
      for (const stored_commit* stored : found) {
        if (stored->last_position > end) return;
        detail::decode_commit_at({{}, stored->last_version, stored->last_position}, stored->record,
                                 c);
        if (!visit(c)) return;
      }
      if (found.size() < references_at_once) return;
    }
  }

  std::mutex appending_;
  std::uint64_t batches_ = 0;
  bool has_failed_ = false;

  mutable std::mutex mutex_;
  detail::stream_map<stream_log> streams_;
  std::deque<stored_commit> order_;
  std::deque<std::string> bytes_;
  std::uint64_t durable_ = 0;
  journal_stats stats_;

  mutable detail::memory_snapshots snapshots_;
};

}  // namespace

std::shared_ptr<journal> in_memory() {
  return std::make_shared<memory_journal>();
}

}  // namespace reprise
