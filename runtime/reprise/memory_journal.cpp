#include "reprise/memory_journal.hpp"

#include "reprise/batch_judge.hpp"
#include "reprise/commit_check.hpp"
#include "reprise/commit_format.hpp"
#include "reprise/memory_snapshots.hpp"
#include "reprise/snapshot_check.hpp"
#include "reprise/snapshot_format.hpp"
#include "reprise/stream_map.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace reprise {

namespace {

struct stored_commit {
  std::uint64_t last_version;
  std::uint64_t last_position;
  std::uint64_t events;
  std::string_view stream;
  std::string_view record;                   ///< empty if it was trimmed
  std::shared_ptr<const std::string> bytes;  ///< what the record is in, with those of its batch
};

struct stream_log {
  std::string_view name;
  detail::stream_head head;
  std::deque<stored_commit*> commits;
  std::uint64_t trimmed = 0;  ///< the last version that is gone
  std::uint64_t trimmed_commits = 0;
  std::string base;  ///< the record of the state that stands for them
};

/// Readers take references to records under the lock, some at a time, and read the bytes outside it: bytes
/// never move or change once they are there. What is behind `durable_` is being added and not yet seen.
class memory_journal final : public journal {
 public:
  std::vector<append_result> append(std::span<const commit> batch) override {
    check_limits(batch);
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
      for (const stored_commit& stored : found) {
        const place where{{}, 0, next};
        next = stored.last_position + 1;
        if (stored.record.empty()) continue;
        try {
          detail::decode_commit_at(where, stored.record, c);
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

  trim_result trim(const snapshot& base) override {
    check_limits(base);
    std::string record;
    encode_snapshot(base, record);
    const std::lock_guard one_at_a_time(appending_);
    if (has_failed_) throw journal_failure("an earlier append to the memory journal failed");
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(base.stream);
    stream_log* log = found == streams_.end() ? nullptr : &found->second;
    const std::uint64_t kept = first_version_kept(log, base);
    trim_result result;
    for (; log->commits.front()->last_version < kept; log->commits.pop_front()) {
      stored_commit& gone = *log->commits.front();
      ++result.commits;
      result.events += gone.events;
      stats_.bytes -= gone.record.size();
      gone.record = {};
      gone.bytes.reset();
    }
    if (result.commits == 0) return result;
    log->trimmed = kept - 1;
    log->trimmed_commits += result.commits;
    log->base = std::move(record);
    return result;
  }

  std::optional<stream_base> base(std::string_view stream) const override {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(stream);
    if (found == streams_.end() || found->second.trimmed == 0) return std::nullopt;
    return base_of(found->second);
  }

  void read_bases(const base_visitor& visit) const override {
    std::vector<stream_base> bases;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [name, log] : streams_) {
        if (log.trimmed != 0) bases.push_back(base_of(log));
      }
    }
    for (const stream_base& b : bases) {
      if (!visit(b)) return;
    }
  }

 private:
  using references = std::vector<stored_commit>;

  /// A reader holds the lock for as long as it takes to copy this many references.
  static constexpr std::size_t references_at_once = 128;

  /// Only appending changes `streams_`, so the appending thread looks into it without the readers' lock.
  stream_log* log_of(std::string_view stream) {
    if (const auto it = streams_.find(stream); it != streams_.end()) return &it->second;
    const std::lock_guard lock(mutex_);
    const auto made = streams_.try_emplace(std::string(stream)).first;
    made->second.name = made->first;
    return &made->second;
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
    if (records.empty()) return;
    const auto bytes = std::make_shared<const std::string>(std::move(records));
    const std::lock_guard lock(mutex_);
    std::size_t begin = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (!has_record(results[i])) continue;
      const std::size_t size = encoded_size(batch[i]);
      const std::uint64_t events = batch[i].events->count();
      const std::string_view record = std::string_view(*bytes).substr(begin, size);
      logs[i]->commits.push_back(
          &order_.emplace_back(stored_commit{results[i].version, results[i].position + events - 1,
                                             events, logs[i]->name, record, bytes}));
      logs[i]->head.version = results[i].version;
      begin += size;
      ++stats_.commits;
      stats_.events += events;
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
      const stored_commit& stored = get(*it);
      if (stored.last_position > durable_) return;
      out.push_back(stored);
    }
  }

  void find_in_stream(std::string_view stream, std::uint64_t from, references& out) const {
    const std::lock_guard lock(mutex_);
    const auto it = streams_.find(stream);
    if (it == streams_.end()) return;
    if (from <= it->second.trimmed) {
      throw trimmed_history({std::string(stream), from, 0}, it->second.trimmed + 1);
    }
    copy(
        it->second.commits, from, [](const stored_commit* c) { return c->last_version; },
        [](const stored_commit* c) -> const stored_commit& { return *c; }, out);
  }

  void find_in_order(std::uint64_t from, references& out) const {
    const std::lock_guard lock(mutex_);
    copy(
        order_, from, [](const stored_commit& c) { return c.last_position; },
        [](const stored_commit& c) -> const stored_commit& { return c; }, out);
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
      for (const stored_commit& stored : found) {
        if (stored.last_position > end) return;
        if (stored.record.empty()) throw_trimmed(stored);
        detail::decode_commit_at({{}, stored.last_version, stored.last_position}, stored.record, c);
        if (!visit(c)) return;
      }
      if (found.size() < references_at_once) return;
    }
  }

  [[noreturn]] void throw_trimmed(const stored_commit& c) const {
    const std::lock_guard lock(mutex_);
    throw trimmed_history(
        {std::string(c.stream), c.last_version - c.events + 1, c.last_position - c.events + 1},
        streams_.find(c.stream)->second.trimmed + 1, c.last_position + 1);
  }

  static stream_base base_of(const stream_log& log) {
    return {decode_snapshot(log.base), log.trimmed, log.trimmed_commits};
  }

  /// Returns the first version of the commit that a base stands on.
  static std::uint64_t first_version_kept(const stream_log* log, const snapshot& base) {
    commit_view c;
    const stored_commit* found = nullptr;
    if (log != nullptr) {
      const auto it = std::partition_point(
          log->commits.begin(), log->commits.end(),
          [&base](const stored_commit* s) { return s->last_version < base.version; });
      if (it != log->commits.end()) found = *it;
    }
    if (found != nullptr) decode_commit(found->record, c);
    detail::check_stands_on(base, found == nullptr ? nullptr : &c);
    return c.first_version;
  }

  std::mutex appending_;
  std::uint64_t batches_ = 0;
  bool has_failed_ = false;

  mutable std::mutex mutex_;
  detail::stream_map<stream_log> streams_;
  std::deque<stored_commit> order_;
  std::uint64_t durable_ = 0;
  journal_stats stats_;

  mutable detail::memory_snapshots snapshots_;
};

}  // namespace

std::shared_ptr<journal> in_memory() {
  return std::make_shared<memory_journal>();
}

}  // namespace reprise
