#include "reprise/rocksdb_journal.hpp"

#include "reprise/batch_judge.hpp"
#include "reprise/commit_check.hpp"
#include "reprise/commit_format.hpp"
#include "reprise/durable_mark.hpp"
#include "reprise/rocksdb_database.hpp"
#include "reprise/rocksdb_layout.hpp"
#include "reprise/rocksdb_reader.hpp"
#include "reprise/rocksdb_snapshots.hpp"
#include "reprise/rocksdb_trims.hpp"
#include "reprise/rocksdb_verifier.hpp"
#include "reprise/snapshot_check.hpp"
#include "reprise/snapshot_format.hpp"
#include "reprise/stream_heads.hpp"

#include <rocksdb/write_batch.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace reprise {

namespace detail {

namespace {

/// What one write of a trim may delete, all of which is in memory while it is written.
constexpr std::size_t max_trim_bytes = std::size_t{32} * 1024 * 1024;

class rocksdb_journal final : public journal {
 public:
  rocksdb_journal(const std::filesystem::path& directory,
                  const rocksdb_options& options,
                  const rocksdb_seams& seams)
      : seams_(seams),
        database_(directory, options, seams),
        trims_(database_),
        reader_(database_, trims_, seams.checks_iterators),
        snapshots_(database_.directory(), options.read_only, seams.env) {
    try {
      trims_.load();
      totals_ = reader_.totals();
      durable_ = totals_.last_position;
      check_mark();
    } catch (const damaged_history& damage) {
      if (!options.read_only) throw;
      damage_ = damage;
    }
    if (options.read_only) {
      refusal_ = "the journal is open read-only";
    } else if (seams_.keeps_mark) {
      mark_.emplace(database_.directory(), durable_);
      mark_->set(durable_);
    }
  }

  std::vector<append_result> append(std::span<const commit> batch) override {
    check_limits(batch);
    const std::lock_guard one_at_a_time(appending_);
    if (!refusal_.empty()) throw journal_failure(refusal_);
    std::vector<append_result> results = judge(batch);
    prepare(batch, results);
    if (writes_.Count() != 0) write_commits();
    publish(batch, results);
    return results;
  }

  void read_stream(std::string_view stream,
                   std::uint64_t from_version,
                   const commit_visitor& visit) const override {
    throw_damage();
    reader_.read_stream(stream, from_version, visit);
  }

  void read_all(std::uint64_t from_position, const commit_visitor& visit) const override {
    throw_damage();
    reader_.read_all(from_position, durable_, visit);
  }

  void verify(const commit_visitor& visit, const damage_visitor& report) const override {
    if (damage_) report(*damage_);
    verify_journal(reader_, damage_ ? unknown_end : durable_.load(), visit, report);
  }

  std::uint64_t last_position() const override { return durable_; }

  trim_result trim(const snapshot& base) override {
    check_limits(base);
    const std::lock_guard one_trim_at_a_time(trimming_);
    throw_damage();
    throw_refusal();
    rocksdb_trims::extent gone = trims_.of(base.stream);
    rocksdb::WriteBatch deletions;
    database_.begin(deletions);
    const trim_result result = collect_deletions(base, gone, deletions);
    if (result.commits == 0) return result;
    trims_.collect(base, gone, deletions);
    put_into_tables(base.stream, gone.version);
    const std::lock_guard one_at_a_time(appending_);
    if (!refusal_.empty()) throw journal_failure(refusal_);
    trims_.note(base.stream, gone);
    write(deletions);
    trims_.written();
    return result;
  }

  std::optional<stream_base> base(std::string_view stream) const override {
    throw_damage();
    return trims_.base(stream);
  }

  void read_bases(const base_visitor& visit) const override {
    throw_damage();
    trims_.read_bases(visit, [](const damaged_history& damage) { throw damage; });
  }

  void throw_damage() const {
    if (damage_) throw *damage_;
  }

  journal_stats stats() const override {
    return {synced_writes_, commits_, events_, reader_.bytes()};
  }

  snapshot_store* snapshots() const noexcept override { return &snapshots_; }

 private:
  /// Losing what was acknowledged must not look like the torn write that a crash leaves.
  void check_mark() const {
    if (!seams_.keeps_mark) return;
    const auto acknowledged = durable_mark::read(database_.directory());
    if (!acknowledged || *acknowledged <= durable_) return;
    throw damaged_history({{}, 0, durable_ + 1},
                          "missing: events up to position " + std::to_string(*acknowledged)
                              + " were acknowledged, and the journal ends before");
  }

  std::vector<append_result> judge(std::span<const commit> batch) {
    heads_.begin_batch();
    batch_judge judge(++batches_, durable_ + 1);
    std::vector<append_result> results;
    results.reserve(batch.size());
    batch_heads_.clear();
    for (const commit& c : batch) {
      stream_head& head = heads_.get(c.stream, [&] { return reader_.version(c.stream); });
      batch_heads_.push_back(&head);
      results.push_back(judge.judge(head, c));
    }
    return results;
  }

  /// Puts the records of the accepted commits, and their place in the order, into one write.
  void prepare(std::span<const commit> batch, const std::vector<append_result>& results) {
    database_.begin(writes_);
    std::string key;
    std::string record;
    order_.begin(totals_);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (results[i].position == 0) continue;
      record.clear();
      encode_commit(batch[i], results[i].position, record);
      make_stream_key(batch[i].stream, results[i].version, key);
      put(database_.streams(), key, record);
      order_.add(batch[i].stream, results[i].version, batch[i].events->count());
    }
    if (order_.totals().commits == totals_.commits) return;
    put(database_.order(), make_order_key(order_.totals().last_position), order_.finish());
  }

  void put(rocksdb::ColumnFamilyHandle* family, std::string_view key, std::string_view value) {
    require(writes_.Put(family, rocksdb::Slice(key.data(), key.size()),
                        rocksdb::Slice(value.data(), value.size())),
            "collect a batch");
  }

  /// After a failure RocksDB may have kept the write or not, and a failed sync must never be tried again: the
  /// journal takes nothing more until it is opened anew, which settles it.
  void write(rocksdb::WriteBatch& batch) {
    rocksdb::WriteOptions options;
    options.sync = seams_.syncs;
    const rocksdb::Status status = database_.db().Write(options, &batch);
    if (status.ok()) return;
    const journal_failure failure("cannot write to the journal in " + database_.directory().string()
                                  + ": " + status.ToString());
    refuse_from_now_on(failure);
    throw failure;
  }

  void write_commits() {
    write(writes_);
    try {
      if (mark_) mark_->set(order_.totals().last_position);
    } catch (const journal_failure& failure) {
      refuse_from_now_on(failure);
      throw;
    }
    ++synced_writes_;
  }

  void refuse_from_now_on(const journal_failure& failure) {
    refusal_ = std::string("the journal must be opened anew, because a write failed: ")
               + failure.what();
  }

  /// Collects the deletions of the commits before the one that `base` stands on, and adds them to `gone`. Each is read and
  /// checked, so that nothing is deleted beside a damage.
  trim_result collect_deletions(const snapshot& base,
                                rocksdb_trims::extent& gone,
                                rocksdb::WriteBatch& deletions) const {
    trim_result result;
    std::uint64_t kept = 0;
    reader_.read_stream(base.stream, base.version, [&](const commit_view& c) {
      check_stands_on(base, &c);
      kept = c.first_version;
      return false;
    });
    if (kept == 0) check_stands_on(base, nullptr);
    if (gone.version + 1 >= kept) return result;
    std::string key;
    reader_.read_stream(base.stream, gone.version + 1, [&](const commit_view& c) {
      if (c.first_version == kept) return false;
      make_stream_key(c.stream, c.last_version(), key);
      require(deletions.SingleDelete(database_.streams(), key), "collect a trim");
      if (deletions.GetDataSize() > max_trim_bytes) {
        throw std::length_error("too many commits to trim in one write: trim to a version before "
                                + std::to_string(c.first_version) + " first");
      }
      ++result.commits;
      result.events += c.events.size();
      return true;
    });
    gone.version = kept - 1;
    gone.commits += result.commits;
    return result;
  }

  /// What deletes is never in memory together with what it deletes, so that both can be counted there.
  void put_into_tables(std::string_view stream, std::uint64_t last_version) {
    if (!reader_.is_in_memory(stream, last_version)) return;
    require(database_.db().Flush({}, database_.streams()), "put what is trimmed into tables");
  }

  void throw_refusal() {
    const std::lock_guard one_at_a_time(appending_);
    if (!refusal_.empty()) throw journal_failure(refusal_);
  }

  void publish(std::span<const commit> batch, const std::vector<append_result>& results) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (results[i].position != 0) batch_heads_[i]->version = results[i].version;
    }
    if (writes_.Count() == 0) return;
    commits_ += order_.totals().commits - totals_.commits;
    events_ += order_.totals().last_position - totals_.last_position;
    totals_ = order_.totals();
    durable_ = totals_.last_position;
  }

  const rocksdb_seams seams_;
  rocksdb_database database_;
  rocksdb_trims trims_;
  rocksdb_reader reader_;
  mutable rocksdb_snapshots snapshots_;
  std::optional<durable_mark> mark_;
  std::optional<damaged_history> damage_;  ///< of a journal that is open only to be looked at

  std::mutex trimming_;  ///< taken before `appending_`
  std::mutex appending_;
  std::string refusal_;  ///< why nothing can be appended; empty if something can
  std::uint64_t batches_ = 0;
  order_totals totals_;  ///< of what is durable
  stream_heads heads_;
  std::vector<stream_head*> batch_heads_;
  rocksdb::WriteBatch writes_;
  order_writer order_;

  std::atomic<std::uint64_t> durable_ = 0;
  std::atomic<std::uint64_t> synced_writes_ = 0;
  std::atomic<std::uint64_t> commits_ = 0;
  std::atomic<std::uint64_t> events_ = 0;
};

/// Looks at the whole journal before RocksDB may change anything. At an opening for writing it puts the logs into
/// tables, and deletes what the manifest does not name: whoever has to repair a journal that is refused finds it
/// as it was.
void require_nothing_lost(const std::filesystem::path& directory, const rocksdb_seams& seams) {
  std::error_code unreadable;  // which opening it tells
  if (!std::filesystem::exists(directory / "CURRENT", unreadable)) return;
  rocksdb_options looking;
  looking.read_only = true;
  try {
    rocksdb_journal(directory, looking, seams).throw_damage();
  } catch (const unfinished_journal&) {
    // Opening it for writing finishes it.
  }
}

}  // namespace

std::shared_ptr<journal> rocksdb_at(const std::filesystem::path& directory,
                                    const rocksdb_options& options,
                                    const rocksdb_seams& seams) {
  if (!options.read_only) require_nothing_lost(directory, seams);
  return std::make_shared<rocksdb_journal>(directory, options, seams);
}

}  // namespace detail

std::shared_ptr<journal> rocksdb_at(const std::filesystem::path& directory,
                                    const rocksdb_options& options) {
  return detail::rocksdb_at(directory, options, {});
}

}  // namespace reprise
