#include "reprise/rocksdb_snapshots.hpp"

#include "reprise/limits.hpp"
#include "reprise/rocksdb_database.hpp"
#include "reprise/rocksdb_layout.hpp"
#include "reprise/snapshot_check.hpp"
#include "reprise/snapshot_format.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <system_error>
#include <utility>

namespace reprise::detail {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t mebibyte = std::size_t{1024} * 1024;

/// The stream's part of a key: all but the number of the slot.
class stream_part final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "reprise.snapshots.1"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), key.size() - 1};
  }
  bool InDomain(const rocksdb::Slice& key) const override { return key.size() > 1; }
};

rocksdb::Options options_for(rocksdb::Env* env) {
  rocksdb::Options options;
  set_what_all_share(options);
  if (env != nullptr) options.env = env;
  options.create_if_missing = true;
  // Each record is checked by itself, so whatever is left of a damaged log is welcome.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  options.write_buffer_size = 16 * mebibyte;
  options.max_total_wal_size = 32 * mebibyte;
  options.max_open_files = 128;
  options.level_compaction_dynamic_level_bytes = true;
  options.prefix_extractor = std::make_shared<stream_part>();
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(16 * mebibyte, 1);
  table.cache_index_and_filter_blocks = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

/// A full disk, or a reader that still holds on to what was closed, says nothing of what is there.
bool is_lasting(const rocksdb::Status& status) {
  return !status.IsNoSpace() && !is_lock_conflict(status);
}

std::string cannot_be_opened(const std::string& reason) {
  return "the snapshots cannot be opened: " + reason;
}

std::string key_of(std::string_view stream, unsigned char slot) {
  return stream_prefix(stream) + static_cast<char>(slot);
}

std::string_view view_of(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

/// A view of the database as it is now, given back at the end.
class fixed_view {
 public:
  explicit fixed_view(rocksdb::DB& of) : of_(of) { options.snapshot = of.GetSnapshot(); }
  fixed_view(const fixed_view&) = delete;
  fixed_view& operator=(const fixed_view&) = delete;
  ~fixed_view() { of_.ReleaseSnapshot(options.snapshot); }

  rocksdb::ReadOptions options;

 private:
  rocksdb::DB& of_;
};

}  // namespace

rocksdb_snapshots::rocksdb_snapshots(const fs::path& journal_directory,
                                     bool read_only,
                                     rocksdb::Env* env)
    : directory_(journal_directory / "snapshots"), read_only_(read_only), env_(env) {}

// -- opening -------------------------------------------------------------------

rocksdb_snapshots::database rocksdb_snapshots::open(purpose why) const {
  const std::lock_guard lock(opening_);
  if (database_ != nullptr) return database_;
  std::error_code unknown;
  if (why == purpose::reading && !fs::exists(directory_, unknown) && !unknown) return nullptr;
  if (!read_only_) return database_ = open_for_writing();
  std::error_code unreadable;
  if (!fs::exists(directory_ / "CURRENT", unreadable)) return nullptr;
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::OpenForReadOnly(options_for(env_), directory_.string(), &db);
  database_.reset(db);
  trouble_ = status.ok() ? "" : cannot_be_opened(status.ToString());
  return database_;
}

rocksdb_snapshots::database rocksdb_snapshots::open_for_writing() const {
  if (!damage_.empty()) return begin_anew(damage_);
  database opened;
  const rocksdb::Status status = open_in_place(opened);
  if (status.ok()) {
    trouble_.clear();
    return opened;
  }
  if (!is_lasting(status)) {
    trouble_ = cannot_be_opened(status.ToString());
    return nullptr;
  }
  return begin_anew(status.ToString());
}

rocksdb::Status rocksdb_snapshots::open_in_place(database& opened) const {
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::Open(options_for(env_), directory_.string(), &db);
  opened.reset(db);
  return status;
}

/// What nobody can open is of no use to anybody but the one who wants to know what happened to it. If a new one cannot
/// be made either, the fault is not in what is there, and it stays.
rocksdb_snapshots::database rocksdb_snapshots::begin_anew(const std::string& reason) const {
  const fs::path aside = directory_.string() + ".damaged";
  std::error_code failed;
  fs::remove_all(aside, failed);
  fs::rename(directory_, aside, failed);
  database opened;
  const rocksdb::Status status = failed ? rocksdb::Status::IOError(failed.message())
                                        : open_in_place(opened);
  is_told_ = false;
  if (status.ok()) {
    damage_.clear();
    trouble_ = "the snapshots of before cannot be read, and are now in " + aside.string() + ": "
               + reason;
    return opened;
  }
  trouble_ = cannot_be_opened(reason);
  if (!failed) {
    fs::remove_all(directory_, failed);
    fs::rename(aside, directory_, failed);
  }
  return nullptr;
}

void rocksdb_snapshots::close(const std::string& damage) {
  const std::lock_guard lock(opening_);
  damage_ = damage;
  database_.reset();
}

void rocksdb_snapshots::report_trouble(const skipped_visitor& report) const {
  std::string trouble;
  {
    const std::lock_guard lock(opening_);
    // As long as there is no database, each reader is told: what it was denied may have been there.
    if (database_ != nullptr && std::exchange(is_told_, true)) return;
    trouble = trouble_;
  }
  if (!trouble.empty()) report_damaged(report, {}, std::move(trouble));
}

// -- writing -------------------------------------------------------------------

rocksdb_snapshots::database rocksdb_snapshots::require_open() {
  if (read_only_) throw journal_failure("the journal is open read-only");
  if (database to = open(purpose::writing)) return to;
  const std::lock_guard lock(opening_);
  throw journal_failure(trouble_);
}

/// RocksDB takes nothing more after a failed write, until it is opened again. If it met a damage in its files not even
/// then: what is there makes room for a new database, once.
void rocksdb_snapshots::write(const std::function<rocksdb::WriteBatch(rocksdb::DB&)>& changes) {
  const std::lock_guard one_at_a_time(saving_);
  rocksdb::Status status;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const database to = require_open();
    rocksdb::WriteBatch batch = changes(*to);
    status = to->Write({}, &batch);
    if (status.ok()) return;
    close(status.IsCorruption() ? status.ToString() : "");
    if (!status.IsCorruption()) break;
  }
  throw journal_failure("cannot write a snapshot: " + status.ToString());
}

void rocksdb_snapshots::save(const snapshot& s, std::size_t keep) {
  check_to_save(s, keep);
  std::string record;
  encode_snapshot(s, record);
  write([&](rocksdb::DB& to) {
    std::vector<slot> gone = slots_of(to, s.stream, {});
    const unsigned char free = make_room(gone, s.version, keep);
    rocksdb::WriteBatch changes;
    for (const slot& old : gone) {
      if (old.number != free) {
        require(changes.Delete(key_of(s.stream, old.number)), "collect a snapshot");
      }
    }
    require(changes.Put(key_of(s.stream, free), record), "collect a snapshot");
    return changes;
  });
  ++saved_;
}

void rocksdb_snapshots::remove(std::string_view stream) {
  write([stream](rocksdb::DB& to) {
    rocksdb::WriteBatch changes;
    for (const slot& s : slots_of(to, stream, {})) {
      require(changes.Delete(key_of(stream, s.number)), "collect a snapshot");
    }
    return changes;
  });
}

/// Takes those of `slots` away that stay when a snapshot of `version` is saved, and returns one that does not stay, or was
/// not taken, for the new one.
unsigned char rocksdb_snapshots::make_room(std::vector<slot>& slots,
                                           std::uint64_t version,
                                           std::size_t keep) {
  std::sort(slots.begin(), slots.end(), is_newer);
  const auto older = std::find_if(slots.begin(), slots.end(),
                                  [version](const slot& s) { return s.version < version; });
  const auto sound_end = std::find_if(older, slots.end(),
                                      [](const slot& s) { return s.version == 0; });
  const auto stay_end = older
                        + std::min<std::ptrdiff_t>(sound_end - older,
                                                   static_cast<std::ptrdiff_t>(keep) - 1);
  std::bitset<max_kept_snapshots> taken;
  for (auto it = older; it != stay_end; ++it) taken.set(it->number);
  slots.erase(older, stay_end);
  unsigned char free = 0;
  while (taken.test(free)) ++free;
  return free;
}

// -- reading -------------------------------------------------------------------

/// An iterator that meets a damaged block sees nothing behind it, not even what was written since: then each slot is
/// looked up by itself.
std::vector<rocksdb_snapshots::slot> rocksdb_snapshots::slots_of(
    rocksdb::DB& in, std::string_view stream, const rocksdb::ReadOptions& options) {
  std::vector<slot> slots;
  rocksdb::ReadOptions within_stream = options;
  within_stream.prefix_same_as_start = true;
  const std::unique_ptr<rocksdb::Iterator> it(in.NewIterator(within_stream));
  for (it->Seek(key_of(stream, 0)); it->Valid(); it->Next()) {
    const auto number = static_cast<unsigned char>(it->key()[it->key().size() - 1]);
    if (number < max_kept_snapshots)
      slots.push_back({number, claimed_version(view_of(it->value()))});
  }
  if (it->status().ok()) return slots;
  slots.clear();
  for (unsigned char number = 0; number < max_kept_snapshots; ++number) {
    rocksdb::PinnableSlice record;
    const auto status = in.Get(options, in.DefaultColumnFamily(), key_of(stream, number), &record);
    if (status.IsNotFound()) continue;
    slots.push_back({number, status.ok() ? claimed_version(view_of(record)) : 0});
  }
  return slots;
}

void rocksdb_snapshots::read(std::string_view stream,
                             const snapshot_visitor& visit,
                             const skipped_visitor& report) const {
  const database from = open(purpose::reading);
  report_trouble(report);
  if (from == nullptr) return;
  const fixed_view now(*from);
  std::vector<slot> slots = slots_of(*from, stream, now.options);
  std::sort(slots.begin(), slots.end(), is_newer);
  for (const slot& s : slots) {
    rocksdb::PinnableSlice record;
    const auto status = from->Get(now.options, from->DefaultColumnFamily(),
                                  key_of(stream, s.number), &record);
    if (!status.ok()) {
      report_damaged(report, {std::string(stream), s.version, 0}, status.ToString());
    } else if (!visit_record(stream, view_of(record), visit, report)) {
      return;
    }
  }
}

void rocksdb_snapshots::verify(const snapshot_visitor& visit, const skipped_visitor& report) const {
  const database from = open(purpose::reading);
  report_trouble(report);
  if (from == nullptr) return;
  rocksdb::ReadOptions all;
  all.total_order_seek = true;
  all.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(from->NewIterator(all));
  std::string stream;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const std::string_view key = view_of(it->key());
    if (key.size() <= 3
        || key != key_of(key.substr(2, key.size() - 3), static_cast<unsigned char>(key.back()))) {
      report_damaged(report, {stream, 0, 0}, "behind it, a key is stored that is none");
      continue;
    }
    stream = key.substr(2, key.size() - 3);
    if (!visit_record(stream, view_of(it->value()), visit, report)) return;
  }
  if (!it->status().ok()) {
    report_damaged(report, {stream, 0, 0},
                   it->status().ToString() + " (snapshots behind it were not read)");
  }
}

snapshot_stats rocksdb_snapshots::stats() const {
  snapshot_stats stats;
  {
    const std::lock_guard lock(opening_);
    stats.trouble = trouble_;
    stats.saved = saved_;
  }
  std::error_code none;
  // A file may go while it is looked at: RocksDB is at work meanwhile.
  for (auto it = fs::directory_iterator(directory_, none); it != fs::directory_iterator();
       it.increment(none)) {
    const auto size = it->file_size(none);
    if (!none) stats.bytes += size;
  }
  return stats;
}

}  // namespace reprise::detail
