#include "bench/bare_rocksdb.hpp"

#include "bench/statistics.hpp"
#include "reprise/commit_format.hpp"
#include "reprise/rocksdb_database.hpp"
#include "reprise/rocksdb_journal.hpp"
#include "reprise/rocksdb_layout.hpp"

#include <rocksdb/write_batch.h>

#include <chrono>
#include <memory>
#include <stdexcept>

namespace bench {

namespace {

/// Returns what `encode_commit` made a stored commit of.
std::string encode_again(const reprise::commit_view& stored) {
  reprise::encoded_events events;
  for (const reprise::event_view& e : stored.events) events.add(e);
  reprise::commit c;
  c.stream = stored.stream;
  c.expected_version = stored.first_version - 1;
  c.time = stored.time;
  c.command_id = stored.command_id;
  c.correlation_id = stored.correlation_id;
  c.causation_id = stored.causation_id;
  c.events = &events;
  std::string record;
  reprise::encode_commit(c, stored.first_position, record);
  return record;
}

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

void write_one(const recorded_writes& all,
               std::size_t write,
               const reprise::detail::rocksdb_database& to,
               rocksdb::WriteBatch& batch) {
  batch.Clear();
  for (std::size_t i = 0; i < all.commits_of(write); ++i) {
    const auto [key, value] = all.commit_of(write, i);
    batch.Put(to.streams(), slice(key), slice(value));
  }
  const auto [key, value] = all.order_of(write);
  batch.Put(to.order(), slice(key), slice(value));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  reprise::detail::require(to.db().Write(synced, &batch), "write to bare RocksDB");
}

}  // namespace

recorded_writes::recorded_writes(const std::filesystem::path& directory,
                                 const std::vector<std::size_t>& commits) {
  const auto journal = reprise::rocksdb_at(directory, {.read_only = true});
  reprise::detail::order_writer order;
  reprise::detail::order_totals totals;
  std::string key;
  std::size_t next = 0;
  journal->read_all(1, [&](const reprise::commit_view& c) {
    if (writes_.empty() || writes_.back().commits == commits[next - 1]) {
      if (next == commits.size()) {
        throw std::runtime_error("the journal has more commits than were recorded");
      }
      ++next;
      writes_.push_back({commits_.size(), 0, {}});
      order.begin(totals);
    }
    reprise::detail::make_stream_key(c.stream, c.last_version(), key);
    commits_.push_back(add(key, encode_again(c)));
    order.add(c.stream, c.last_version(), c.events.size());
    if (++writes_.back().commits == commits[next - 1]) {
      writes_.back().order = add(reprise::detail::make_order_key(c.last_position()),
                                 order.finish());
      totals = order.totals();
    }
    return true;
  });
  if (writes_.size() != commits.size()) {
    throw std::runtime_error("the journal has fewer writes than were recorded");
  }
}

recorded_writes::place recorded_writes::add(std::string_view key, std::string_view value) {
  const place added{bytes_.size(), key.size(), value.size()};
  bytes_.append(key);
  bytes_.append(value);
  return added;
}

recorded_writes::put recorded_writes::at(const place& p) const {
  const std::string_view all = bytes_;
  return {all.substr(p.begin, p.key), all.substr(p.begin + p.key, p.value)};
}

recorded_writes::put recorded_writes::commit_of(std::size_t number, std::size_t index) const {
  return at(commits_[writes_[number].first_commit + index]);
}

recorded_writes::put recorded_writes::order_of(std::size_t number) const {
  return at(writes_[number].order);
}

std::uint64_t recorded_writes::bytes_from(std::size_t number) const {
  if (number >= writes_.size()) return 0;
  return bytes_.size() - commits_[writes_[number].first_commit].begin;
}

std::uint64_t recorded_writes::commits_from(std::size_t number) const {
  if (number >= writes_.size()) return 0;
  return commits_.size() - writes_[number].first_commit;
}

time_taken write_bare(const recorded_writes& all,
                      std::size_t timed_from,
                      const std::filesystem::path& directory) {
  const reprise::detail::rocksdb_database to(directory, {}, {});
  rocksdb::WriteBatch batch;
  for (std::size_t i = 0; i < timed_from; ++i) write_one(all, i, to, batch);
  const double processor_before = processor_seconds();
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = timed_from; i < all.size(); ++i) write_one(all, i, to, batch);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  return {taken.count(), processor_seconds() - processor_before};
}

bare_scan::bare_scan(const std::filesystem::path& directory)
    : from_(std::make_unique<reprise::detail::rocksdb_database>(
        directory, reprise::rocksdb_options{.read_only = true}, reprise::detail::rocksdb_seams{})) {
}

bare_scan::~bare_scan() = default;

std::uint64_t bare_scan::run(const std::function<void(const reprise::event_view&)>& use) const {
  rocksdb::ReadOptions all;
  all.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> it(from_->db().NewIterator(all, from_->streams()));
  reprise::commit_view c;
  std::uint64_t events = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    reprise::decode_commit(it->value().ToStringView(), c);
    events += c.events.size();
    if (!use) continue;
    for (const reprise::event_view& e : c.events) use(e);
  }
  reprise::detail::require(it->status(), "scan bare RocksDB");
  return events;
}

}  // namespace bench
