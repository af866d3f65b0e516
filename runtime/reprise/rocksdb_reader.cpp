#include "reprise/rocksdb_reader.hpp"

#include "reprise/commit_check.hpp"

#include <rocksdb/table_properties.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

namespace reprise::detail {

namespace {

constexpr std::uint64_t newest = std::numeric_limits<std::uint64_t>::max();

rocksdb::Slice slice_of(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

/// Reads a stream's commits, which are stored newest first, a window of versions at a time.
class stream_window {
 public:
  /// No version before `from` is sought.
  stream_window(const rocksdb_reader& reader, std::string_view stream, std::uint64_t from)
      : reader_(reader), stream_(stream), where_{std::string(stream), 0, 0} {
    make_stream_key(stream, from == 0 ? 0 : from - 1, end_key_);
    end_ = slice_of(end_key_);
    renew();
  }

  /// An iterator that has met a damage does not find its way back: this takes a new one.
  void renew() { it_ = reader_.streams(end_); }

  /// Goes to the last commit that ends at `version` or before. Returns its last version, 0 if there is none.
  std::uint64_t seek(std::uint64_t version) {
    make_stream_key(stream_, version, key_);
    it_->Seek(slice_of(key_));
    return last_version_here(version);
  }

  enum class past_most { stop, keep_oldest };

  /// Copies the commits from here back to the one that holds version `from`. If that is more than one and more than a
  /// window should hold, it stops and returns false, or keeps those that it comes to last.
  bool fill(std::uint64_t from, past_most then) {
    records_.reserve(usual_commits);
    bytes_.reserve(usual_bytes);
    forget();
    for (std::uint64_t last; (last = last_version_here(from)) >= from; it_->Next()) {
      const std::string_view record = view_of(it_->value());
      if (!empty() && bytes_.size() + record.size() > most_bytes) {
        if (then == past_most::stop) return false;
        forget();
      }
      records_.push_back({last, bytes_.size(), record.size()});
      bytes_.append(record);
    }
    return true;
  }

  bool empty() const noexcept { return records_.empty(); }

  /// Visits what was copied, oldest first; returns false if the visitor did.
  bool visit(stream_check& check, const commit_visitor& visit) {
    for (auto it = records_.rbegin(); it != records_.rend(); ++it) {
      const std::string_view record = std::string_view(bytes_).substr(it->begin, it->size);
      where_.version = check.next();
      decode_commit_at(where_, record, commit_);
      check(commit_);
      if (!belongs_under({stream_, it->last_version}, commit_)) {
        throw wrong_key(commit_,
                        {std::string(stream_), commit_.first_version, commit_.first_position});
      }
      if (!visit(commit_)) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t most_bytes = std::size_t{4} * 1024 * 1024;

  /// Most streams are short: room for one is asked for once.
  static constexpr std::size_t usual_commits = 64;
  static constexpr std::size_t usual_bytes = std::size_t{8} * 1024;

  struct copied_record {
    std::uint64_t last_version;
    std::size_t begin, size;
  };

  void forget() {
    records_.clear();
    bytes_.clear();
  }

  std::uint64_t last_version_here(std::uint64_t sought) const {
    if (!it_->Valid()) {
      reader_.check(*it_, {std::string(stream_), sought == newest ? 0 : sought, 0});
      return 0;
    }
    stream_key found;
    if (!parse_stream_key(view_of(it_->key()), found) || found.stream != stream_
        || found.last_version == 0) {
      throw damaged_history({std::string(stream_), sought, 0}, "a key is stored here that is none");
    }
    return found.last_version;
  }

  const rocksdb_reader& reader_;
  std::string end_key_;
  rocksdb::Slice end_;
  std::unique_ptr<rocksdb::Iterator> it_;
  std::string_view stream_;
  place where_;
  std::string key_;
  std::string bytes_;
  std::vector<copied_record> records_;
  commit_view commit_;
};

/// Chooses where the window ends that begins with the version that is read next: soon when the commits are large, later
/// when the first of them ends beyond it, and never at what the store cannot read, so that all that is sound before
/// that is still visited.
class window_end {
 public:
  explicit window_end(std::uint64_t head) : last_(head) {}

  /// Returns whether a window from `from` may hold something: whether it can be wider than the last one if that held
  /// nothing. No commit is longer than the widest.
  bool may_find(std::uint64_t from) const noexcept {
    return from <= last_ && last_ - from >= empty_ && empty_ < max_events_per_commit;
  }
  std::uint64_t for_window_from(std::uint64_t from) const noexcept {
    return from + std::min(versions_ - 1, last_ - from);
  }
  bool follows_empty() const noexcept { return empty_ != 0; }

  // -- what became of the window from `from` to `to` -------------------------
  void visited() noexcept { empty_ = 0; }
  void was_too_large() noexcept { versions_ = std::max<std::uint64_t>(1, versions_ / 2); }
  void was_empty(std::uint64_t from, std::uint64_t to) noexcept {
    empty_ = to - from + 1;
    versions_ = std::min<std::uint64_t>(max_events_per_commit, 2 * empty_);
  }
  /// Half way between what held nothing and what cannot be read is tried next.
  void was_unreadable(std::uint64_t from, std::uint64_t to) noexcept {
    last_ = to - 1;
    versions_ = std::max<std::uint64_t>(1, (empty_ + to - from + 1) / 2);
  }

 private:
  std::uint64_t last_;       ///< no window goes beyond it
  std::uint64_t empty_ = 0;  ///< how many versions the last window had if it held nothing
  std::uint64_t versions_ = max_events_per_commit;
};

[[noreturn]] void throw_missing(std::string_view stream,
                                std::uint64_t version,
                                std::uint64_t head,
                                const std::optional<damaged_history>& damage) {
  throw damaged_history({std::string(stream), version, 0},
                        damage ? damage->reason()
                               : "missing: the stream goes on to version " + std::to_string(head));
}

}  // namespace

damaged_history wrong_key(const commit_view& c, place found_at) {
  return {std::move(found_at),
          "the commit that is stored under this key is that of "
              + describe({std::string(c.stream), c.first_version, c.first_position})};
}

void decode_ordered(const ordered_commit& expected,
                    const rocksdb::Status& status,
                    std::string_view record,
                    commit_view& out) {
  const place where{std::string(expected.stream), expected.last_version - expected.events + 1,
                    expected.first_position};
  if (status.IsNotFound()) throw damaged_history(where, "missing: the order of commits has it");
  require(status, "read a commit", where);
  decode_commit_at(where, record, out);
  if (!belongs_under({expected.stream, expected.last_version}, out)) throw wrong_key(out, where);
  if (out.first_position != expected.first_position || out.events.size() != expected.events) {
    throw damaged_history(where, "the record has position " + std::to_string(out.first_position)
                                     + " and " + std::to_string(out.events.size())
                                     + " events, the order of commits says otherwise");
  }
}

void rocksdb_reader::check(const rocksdb::Iterator& it, const place& where) const {
  if (checks_iterators_) require(it.status(), "read the journal", where);
}

std::unique_ptr<rocksdb::Iterator> rocksdb_reader::all_order() const {
  return std::unique_ptr<rocksdb::Iterator>(database_.db().NewIterator({}, database_.order()));
}

std::unique_ptr<rocksdb::Iterator> rocksdb_reader::streams(const rocksdb::Slice& end) const {
  rocksdb::ReadOptions options;
  // Behind it there may be nothing but a million keys that were trimmed.
  options.iterate_upper_bound = &end;
  return std::unique_ptr<rocksdb::Iterator>(
      database_.db().NewIterator(options, database_.streams()));
}

std::unique_ptr<rocksdb::Iterator> rocksdb_reader::all_streams() const {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.fill_cache = false;
  return std::unique_ptr<rocksdb::Iterator>(
      database_.db().NewIterator(options, database_.streams()));
}

order_totals rocksdb_reader::totals() const {
  order_totals totals;
  const auto it = all_order();
  it->SeekToLast();
  if (it->Valid()) {
    std::vector<ordered_commit> commits;
    totals = decode_order(view_of(it->key()), view_of(it->value()), commits);
    commit_view c;
    look_up(commits, [&c, this](const ordered_commit& expected, const rocksdb::Status& status,
                                std::string_view record) {
      if (!was_trimmed(expected, status)) decode_ordered(expected, status, record, c);
      return true;
    });
  } else {
    check(*it, {});
  }
  const std::uint64_t batches = entries(database_.order());
  const std::uint64_t commits = entries(database_.streams());
  const std::uint64_t left = totals.commits - trims_.commits();
  if (batches != totals.batches || commits != left) {
    throw damaged_history({}, "the journal in " + database_.directory().string() + " should hold "
                                  + std::to_string(totals.batches) + " batches of "
                                  + std::to_string(left) + " commits, and holds "
                                  + std::to_string(batches) + " and " + std::to_string(commits));
  }
  return totals;
}

/// Nothing is ever overwritten, and what is trimmed is deleted by one entry for each one, which goes when that one goes.
/// So the tables' own counts add up to what is stored: the entries, less two for each that deletes another.
std::uint64_t rocksdb_reader::entries(rocksdb::ColumnFamilyHandle* family) const {
  rocksdb::TablePropertiesCollection tables;
  require(database_.db().GetPropertiesOfAllTables(family, &tables), "read the tables' properties");
  std::uint64_t sum = 0;
  for (const auto& [name, properties] : tables) {
    sum += properties->num_entries - 2 * properties->num_deletions;
  }
  std::uint64_t in_memory = 0;
  for (const auto& property : {rocksdb::DB::Properties::kNumEntriesActiveMemTable,
                               rocksdb::DB::Properties::kNumEntriesImmMemTables}) {
    std::uint64_t value = 0;
    if (database_.db().GetIntProperty(family, property, &value)) in_memory += value;
  }
  if (in_memory == 0 || trims_.commits() == 0) return sum + in_memory;
  // Of what is in memory RocksDB does not count what deletes; but none of it deletes something in memory.
  const std::uint64_t records = records_in_memory(family);
  return sum + records - (in_memory - records);
}

std::uint64_t rocksdb_reader::records_in_memory(rocksdb::ColumnFamilyHandle* family) const {
  const auto it = in_memory(family);
  std::uint64_t count = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next()) ++count;
  require(it->status(), "count what is in memory");
  return count;
}

std::unique_ptr<rocksdb::Iterator> rocksdb_reader::in_memory(
    rocksdb::ColumnFamilyHandle* family) const {
  rocksdb::ReadOptions options;
  options.read_tier = rocksdb::kMemtableTier;
  options.total_order_seek = true;
  return std::unique_ptr<rocksdb::Iterator>(database_.db().NewIterator(options, family));
}

bool rocksdb_reader::is_in_memory(std::string_view stream, std::uint64_t last_version) const {
  const auto it = in_memory(database_.streams());
  std::string key;
  make_stream_key(stream, last_version, key);
  it->Seek(slice_of(key));
  stream_key found;
  return it->Valid() && parse_stream_key(view_of(it->key()), found) && found.stream == stream;
}

std::uint64_t rocksdb_reader::version(std::string_view stream) const {
  stream_window window(*this, stream, 0);
  return window.seek(newest);
}

/// What was trimmed is found missing first. Only then it is asked whether it was: a trim may go on meanwhile.
void rocksdb_reader::read_stream(std::string_view stream,
                                 std::uint64_t from_version,
                                 const commit_visitor& visit) const {
  try {
    read_stored(stream, from_version, visit);
  } catch (const damaged_history& damage) {
    const place& where = damage.where();
    const std::uint64_t trimmed = trims_.of(stream).version;
    if (where.stream != stream || where.version == 0 || where.version > trimmed) throw;
    throw trimmed_history(where, trimmed + 1);
  }
}

void rocksdb_reader::read_stored(std::string_view stream,
                                 std::uint64_t from_version,
                                 const commit_visitor& visit) const {
  stream_check check(stream, from_version);
  stream_window window(*this, stream, check.next());
  std::optional<damaged_history> damage;
  std::uint64_t head = newest;
  std::uint64_t here = 0;
  try {
    here = head = window.seek(newest);
  } catch (const damaged_history& at_head) {
    damage = at_head;
    window.renew();
  }
  window_end end(head);
  while (check.next() <= head) {
    const std::uint64_t from = check.next();
    if (!end.may_find(from)) throw_missing(stream, from, head, damage);
    const std::uint64_t to = end.for_window_from(from);
    try {
      if (std::exchange(here, 0) != to) window.seek(to);
      // What follows a window that held nothing must come to `from`, or the two would take turns for ever.
      using enum stream_window::past_most;
      if (!window.fill(from, end.follows_empty() ? keep_oldest : stop)) {
        end.was_too_large();
        continue;
      }
    } catch (const damaged_history& behind) {
      damage = behind;
      window.renew();
      end.was_unreadable(from, to);
      continue;
    }
    if (window.empty()) {
      end.was_empty(from, to);
      continue;
    }
    if (!window.visit(check, visit)) return;
    end.visited();
  }
}

bool rocksdb_reader::look_up(std::span<const ordered_commit> commits,
                             const ordered_visitor& visit) const {
  static constexpr std::size_t at_once = 32;
  std::array<std::string, at_once> keys;
  std::array<rocksdb::Slice, at_once> slices;
  std::array<rocksdb::Status, at_once> statuses;
  while (!commits.empty()) {
    const auto some = commits.first(std::min(at_once, commits.size()));
    commits = commits.subspan(some.size());
    std::array<rocksdb::PinnableSlice, at_once> records;
    for (std::size_t i = 0; i < some.size(); ++i) {
      make_stream_key(some[i].stream, some[i].last_version, keys[i]);
      slices[i] = keys[i];
    }
    database_.db().MultiGet({}, database_.streams(), some.size(), slices.data(), records.data(),
                            statuses.data());
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (!visit(some[i], statuses[i], view_of(records[i]))) return false;
    }
  }
  return true;
}

void rocksdb_reader::throw_trimmed(const ordered_commit& c) const {
  throw trimmed_history({std::string(c.stream), c.last_version - c.events + 1, c.first_position},
                        trims_.of(c.stream).version + 1, c.last_position() + 1);
}

void rocksdb_reader::read_all(std::uint64_t from_position,
                              std::uint64_t end,
                              const commit_visitor& visit) const {
  position_check check(from_position);
  std::vector<ordered_commit> commits;
  commit_view c;
  const auto it = all_order();
  for (it->Seek(make_order_key(check.next())); it->Valid() && check.next() <= end; it->Next()) {
    decode_order(view_of(it->key()), view_of(it->value()), commits);
    const auto first = std::partition_point(
        commits.begin(), commits.end(),
        [&check](const ordered_commit& o) { return o.last_position() < check.next(); });
    const bool goes_on = look_up({first, commits.end()},
                                 [&](const ordered_commit& expected, const rocksdb::Status& status,
                                     std::string_view record) {
                                   if (was_trimmed(expected, status)) throw_trimmed(expected);
                                   decode_ordered(expected, status, record, c);
                                   check(c);
                                   return visit(c);
                                 });
    if (!goes_on) return;
  }
  if (!it->Valid()) this->check(*it, {{}, 0, check.next()});
  if (check.next() <= end) {
    throw damaged_history({{}, 0, check.next()},
                          "missing: the order of commits ends before position "
                              + std::to_string(end));
  }
}

std::uint64_t rocksdb_reader::bytes() const {
  std::uint64_t sum = 0;
  std::error_code none;
  // A file may go while it is looked at: RocksDB is at work meanwhile.
  for (auto it = std::filesystem::directory_iterator(database_.directory(), none);
       it != std::filesystem::directory_iterator(); it.increment(none)) {
    const auto size = it->file_size(none);
    if (!none) sum += size;
  }
  return sum;
}

}  // namespace reprise::detail
