#include "reprise/rocksdb_database.hpp"

#include "reprise/byte_order.hpp"
#include "reprise/directory_sync.hpp"
#include "reprise/durable_mark.hpp"
#include "reprise/rocksdb_layout.hpp"
#include "reprise/rocksdb_log_end.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <fcntl.h>
#include <random>
#include <system_error>
#include <unistd.h>

namespace reprise::detail {

namespace {

namespace fs = std::filesystem;

constexpr const char* streams_family = "streams";
constexpr const char* order_family = "order";

constexpr std::size_t mebibyte = std::size_t{1024} * 1024;

/// The stream's part of a key: all but the version behind it.
class stream_part final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "reprise.stream.1"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), key.size() - version_bytes};
  }
  bool InDomain(const rocksdb::Slice& key) const override { return key.size() > version_bytes; }

 private:
  static constexpr std::size_t version_bytes = 8;
};

/// RocksDB's diary tells nothing that a status does not, and a journal that is only read gets no new file.
class no_log final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

class no_recovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason,
                            rocksdb::Status,
                            bool* goes_on_by_itself) override {
    *goes_on_by_itself = false;
  }
};

rocksdb::DBOptions database_options(const rocksdb_seams& seams) {
  rocksdb::DBOptions options;
  set_what_all_share(options);
  if (seams.env != nullptr) options.env = seams.env;
  // RocksDB's default opens without an error and without what is behind a damage in the log.
  options.wal_recovery_mode = seams.refuses_damaged_log
                                  ? rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords
                                  : rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.paranoid_checks = true;
  options.track_and_verify_wals_in_manifest = true;
  options.verify_sst_unique_id_in_manifest = true;
  // The memtable of the streams takes one writer, which is all that a journal has.
  options.allow_concurrent_memtable_write = false;
  // One flush and one compaction at a time: they share two cores with the actors.
  options.max_background_jobs = 2;
  // The tables are written out as they grow, so that a sync of the log never waits behind a whole one.
  options.bytes_per_sync = mebibyte;
  // Few batches fill the order's memtable slowly, and it holds on to the log until it is flushed.
  options.max_total_wal_size = 256 * mebibyte;
  options.max_open_files = 512;
  return options;
}

rocksdb::BlockBasedTableOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  // A stream of some dozen commits is one block, and lz4 has something to work on.
  table.block_size = std::size_t{16} * 1024;
  return table;
}

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache,
                                            const rocksdb_seams& seams) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = seams.buffer_bytes != 0 ? seams.buffer_bytes : 64 * mebibyte;
  // Records repeat names and ids, and lz4 costs less than the input and output that it saves.
  const auto compressions = rocksdb::GetSupportedCompressions();
  const bool has_lz4 = std::find(compressions.begin(), compressions.end(), rocksdb::kLZ4Compression)
                       != compressions.end();
  options.compression = has_lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  options.level_compaction_dynamic_level_bytes = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(cache)));
  return options;
}

rocksdb::ColumnFamilyOptions stream_options(const std::shared_ptr<rocksdb::Cache>& cache,
                                            const rocksdb_seams& seams) {
  rocksdb::ColumnFamilyOptions options = family_options(cache, seams);
  options.prefix_extractor = std::make_shared<stream_part>();
  // A later commit sorts first, so that adding to a stream's list in the memtable is a step at its head. Past
  // 256 commits the list becomes a skip list, which keeps a seek in a hot stream short. As many buckets as
  // there can be small commits, about, at an address each.
  options.memtable_factory.reset(
      rocksdb::NewHashLinkListRepFactory(options.write_buffer_size / 512, 0, 0, false, 256));
  options.max_write_buffer_number = 3;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> families(const rocksdb_seams& seams) {
  // Few shards, because a table's filter is one entry, and one that fits no shard is read again each time.
  const auto cache = rocksdb::NewLRUCache(128 * mebibyte, 2);
  return {{rocksdb::kDefaultColumnFamilyName, family_options(cache, seams)},
          {streams_family, stream_options(cache, seams)},
          {order_family, family_options(cache, seams)}};
}

[[noreturn]] void refuse_as_foreign(const fs::path& directory) {
  throw journal_failure(directory.string() + " holds something that is not a journal of reprise");
}

/// What is not a journal any more, but was one, is damaged.
[[noreturn]] void refuse_as_damaged_or_foreign(const fs::path& directory) {
  if (!durable_mark::read(directory)) refuse_as_foreign(directory);
  throw damaged_history({}, "the journal in " + directory.string()
                                + " has lost what names its parts: its MANIFEST or its log");
}

[[noreturn]] void refuse_as_in_use(const fs::path& directory) {
  throw journal_in_use("the journal in " + directory.string()
                       + " is open already, in this process or another");
}

bool is_left_by_unfinished_making(const std::string& name) {
  static constexpr std::string_view beginnings[] = {"LOCK", "IDENTITY", "MANIFEST-", "OPTIONS-"};
  for (const std::string_view beginning : beginnings) {
    if (name.compare(0, beginning.size(), beginning) == 0) return true;
  }
  return name.size() > 6 && name.compare(name.size() - 6, 6, ".dbtmp") == 0;
}

/// Returns whether there is a database in `directory`; false also if one was begun and never finished.
bool holds_database(const fs::path& directory) {
  if (fs::exists(directory / "CURRENT")) return true;
  if (durable_mark::read(directory)) {
    throw damaged_history({},
                          "the journal in " + directory.string() + " has lost its file CURRENT");
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    if (!is_left_by_unfinished_making(entry.path().filename().string())) {
      refuse_as_foreign(directory);
    }
  }
  return false;
}

bool holds_tables(const fs::path& directory) {
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == ".sst") return true;
  }
  return false;
}

fs::path existing_directory(const fs::path& directory, bool may_make) {
  if (may_make) make_durable_directory(directory);
  if (!fs::is_directory(directory)) {
    throw journal_failure(directory.string()
                          + (fs::exists(directory) ? " is not a directory" : " does not exist")
                          + ": name the one that a journal is in");
  }
  return fs::canonical(directory);
}

/// RocksDB's own lock, which a read-only open does not take by itself. It is given back with the last copy.
std::shared_ptr<rocksdb::FileLock> lock(const fs::path& directory, const rocksdb_seams& seams) {
  rocksdb::Env* env = seams.env != nullptr ? seams.env : rocksdb::Env::Default();
  rocksdb::FileLock* taken = nullptr;
  const rocksdb::Status status = env->LockFile((directory / "LOCK").string(), &taken);
  if (is_lock_conflict(status)) refuse_as_in_use(directory);
  require(status, "lock the journal in " + directory.string());
  return {taken, [env](rocksdb::FileLock* held) { static_cast<void>(env->UnlockFile(held)); }};
}

/// The lock for a journal that may be read but not written, such as a backup on a read-only file system. It is shared,
/// and nobody who could write is kept out by it who was not kept out already.
std::shared_ptr<rocksdb::FileLock> lock_unwritable(const fs::path& directory) {
  const int file = ::open((directory / "LOCK").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  struct flock shared {};
  shared.l_type = F_RDLCK;
  shared.l_whence = SEEK_SET;
  if (fcntl(file, F_SETLK, &shared) != 0) {
    ::close(file);
    refuse_as_in_use(directory);
  }
  return {nullptr, [file](rocksdb::FileLock*) { ::close(file); }};
}

bool is_writable(const fs::path& directory) {
  const fs::path file = directory / "LOCK";
  return access((fs::exists(file) ? file : directory).c_str(), W_OK) == 0;
}

void open_read_only_as(const std::vector<rocksdb::ColumnFamilyDescriptor>& there,
                       const rocksdb_seams& seams,
                       const fs::path& directory,
                       rocksdb_handles& handles) {
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(
      database_options(seams), directory.string(), there, &handles.families, &db);
  handles.db.reset(db);
  require(status, "open the journal in " + directory.string());
}

std::uint64_t random_bits() {
  std::random_device device;
  return std::uniform_int_distribution<std::uint64_t>()(device);
}

bool is_empty(const rocksdb_handles& handles) {
  rocksdb::ReadOptions all;
  all.total_order_seek = true;
  for (rocksdb::ColumnFamilyHandle* family : handles.families) {
    const std::unique_ptr<rocksdb::Iterator> it(handles.db->NewIterator(all, family));
    it->SeekToFirst();
    if (it->Valid()) return false;
    require(it->status(), "look into a directory");
  }
  return true;
}

}  // namespace

void set_what_all_share(rocksdb::DBOptions& options) {
  options.info_log = std::make_shared<no_log>();
  options.listeners.push_back(std::make_shared<no_recovery>());
  options.max_bgerror_resume_count = 0;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
}

bool is_lock_conflict(const rocksdb::Status& status) {
  const std::string message = status.ToString();
  return message.find("While lock file") != std::string::npos
         || message.find("lock hold by current process") != std::string::npos;
}

void require(const rocksdb::Status& status, const std::string& doing, const place& where) {
  if (status.ok()) return;
  if (status.IsCorruption()) throw damaged_history(where, doing + ": " + status.ToString());
  throw journal_failure("cannot " + doing + ": " + status.ToString());
}

unfinished_journal::unfinished_journal(const fs::path& directory)
    : journal_failure(
        "the making of the journal in " + directory.string()
        + " was cut short: it holds nothing yet, and opening it for writing finishes it") {}

rocksdb_handles::~rocksdb_handles() {
  if (db == nullptr) return;
  // Everything that was acknowledged is synced: a failure here takes nothing with it.
  for (rocksdb::ColumnFamilyHandle* family : families) {
    static_cast<void>(db->DestroyColumnFamilyHandle(family));
  }
  static_cast<void>(db->Close());
}

rocksdb_database::rocksdb_database(const fs::path& directory,
                                   const rocksdb_options& options,
                                   const rocksdb_seams& seams)
    : seal_(make_seal(random_bits())) {
  try {
    directory_ = existing_directory(directory, !options.read_only);
    open(options, seams);
  } catch (const fs::filesystem_error& failure) {
    throw journal_failure("cannot open the journal: " + failure.path1().string() + ": "
                          + failure.code().message());
  }
}

void rocksdb_database::begin(rocksdb::WriteBatch& batch) const {
  batch.Clear();
  require(batch.PutLogData(seal_), "begin a batch");
}

void rocksdb_database::open(const rocksdb_options& options, const rocksdb_seams& seams) {
  const bool is_new = !holds_database(directory_);
  if (options.read_only) {
    if (is_new) throw journal_failure(directory_.string() + " is not a journal of reprise");
    lock_ = is_writable(directory_) ? lock(directory_, seams) : lock_unwritable(directory_);
    const rocksdb_seams forgiving = pass_over_torn_write(seams);
    if (!holds_all_families(forgiving)) throw unfinished_journal(directory_);
    open_read_only(forgiving);
    return;
  }
  rocksdb_seams forgiving = seams;
  if (!is_new) {
    const auto while_looking = lock(directory_, seams);
    forgiving = pass_over_torn_write(seams);
    static_cast<void>(holds_all_families(forgiving));
  }
  open_writable(forgiving, is_new);
}

/// The log is as it was until RocksDB has put what is whole in it into tables, so whoever is killed before that
/// leaves the same to the next one.
rocksdb_seams rocksdb_database::pass_over_torn_write(rocksdb_seams seams) {
  if (!seams.refuses_damaged_log) return seams;
  shortening_ = without_torn_writes(directory_,
                                    seams.env != nullptr ? *seams.env : *rocksdb::Env::Default());
  if (shortening_) seams.env = shortening_.get();
  return seams;
}

/// Looks at the families without opening the database for writing, which would change it. Returns false if the making
/// of the journal was interrupted before all were there, and refuses what is not a journal.
bool rocksdb_database::holds_all_families(const rocksdb_seams& seams) const {
  std::vector<std::string> names;
  const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(database_options(seams),
                                                                 directory_.string(), &names);
  if (listed.IsPathNotFound() || listed.IsNotFound()) refuse_as_damaged_or_foreign(directory_);
  require(listed, "read what is in " + directory_.string());
  std::sort(names.begin(), names.end());
  if (names
      == std::vector<std::string>{rocksdb::kDefaultColumnFamilyName, order_family,
                                  streams_family}) {
    return true;
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> there;
  for (const auto& family : families(seams)) {
    if (std::erase(names, family.name) != 0) there.push_back(family);
  }
  if (!names.empty()) refuse_as_damaged_or_foreign(directory_);
  rocksdb_handles handles;
  open_read_only_as(there, seams, directory_, handles);
  if (!is_unfinished(handles)) refuse_as_damaged_or_foreign(directory_);
  return false;
}

/// The mark is made last, and a table is not made before the format is written, which is what is written first.
bool rocksdb_database::is_unfinished(const rocksdb_handles& handles) const {
  return !durable_mark::read(directory_) && !holds_tables(directory_) && is_empty(handles);
}

void rocksdb_database::open_writable(const rocksdb_seams& seams, bool is_new) {
  rocksdb::DBOptions options = database_options(seams);
  options.create_if_missing = is_new;
  options.create_missing_column_families = true;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, directory_.string(), families(seams),
                                                   &handles_.families, &db);
  handles_.db.reset(db);
  if (is_lock_conflict(status)) refuse_as_in_use(directory_);
  require(status, "open the journal in " + directory_.string());
  check_format(true);
}

void rocksdb_database::open_read_only(const rocksdb_seams& seams) {
  open_read_only_as(families(seams), seams, directory_, handles_);
  check_format(false);
}

void rocksdb_database::check_format(bool may_finish) {
  std::string value;
  const rocksdb::Status status = handles_.db->Get({}, handles_.families[0], format_key, &value);
  if (status.IsNotFound()) {
    if (!is_unfinished(handles_)) refuse_as_damaged_or_foreign(directory_);
    if (!may_finish) throw unfinished_journal(directory_);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    rocksdb::WriteBatch batch;
    begin(batch);
    require(batch.Put(handles_.families[0], format_key, format_value), "begin a journal");
    require(handles_.db->Write(synced, &batch), "make the journal in " + directory_.string());
    return;
  }
  require(status, "read the format of the journal in " + directory_.string());
  if (value != format_value && value != trimmed_format_value) {
    throw journal_failure("the journal in " + directory_.string()
                          + " has a format that this version does not know: " + value);
  }
}

}  // namespace reprise::detail
