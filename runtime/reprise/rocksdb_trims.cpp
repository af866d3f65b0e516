#include "reprise/rocksdb_trims.hpp"

#include "reprise/archive.hpp"
#include "reprise/byte_order.hpp"
#include "reprise/checksum.hpp"
#include "reprise/rocksdb_layout.hpp"
#include "reprise/snapshot_format.hpp"

#include <concepts>
#include <mutex>
#include <utility>
#include <vector>

namespace reprise::detail {

namespace {

constexpr std::uint8_t extent_version = 1;
constexpr std::uint8_t base_version = 1;
constexpr std::string_view extent_prefix = "trimmed/";
constexpr std::string_view base_prefix = "base/";
constexpr std::size_t extent_bytes =
    25;  // format version, last version that is gone, commits, checksum
constexpr std::size_t base_header_bytes = 17;
constexpr std::size_t checksum_bytes = 8;

template <std::unsigned_integral T>
void append_little(std::string& to, T value) {
  char bytes[sizeof value];
  put_little(bytes, value);
  to.append(bytes, sizeof value);
}

std::string_view view_of(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

std::string key_of(std::string_view prefix, std::string_view stream) {
  return std::string(prefix) + stream_prefix(stream);
}

std::string encode_extent(const rocksdb_trims::extent& gone) {
  std::string value;
  append_little(value, extent_version);
  append_little(value, gone.version);
  append_little(value, gone.commits);
  append_little(value, checksum(value));
  return value;
}

bool has_right_checksum(std::string_view value) {
  const std::size_t covered = value.size() - checksum_bytes;
  return get_little<std::uint64_t>(value.data() + covered) == checksum(value.substr(0, covered));
}

rocksdb_trims::extent decode_extent(const place& where, std::string_view value) {
  if (value.size() != extent_bytes || !has_right_checksum(value)
      || get_little<std::uint8_t>(value.data()) != extent_version) {
    throw damaged_history(where, "what says how much of it was trimmed is damaged");
  }
  const rocksdb_trims::extent gone{get_little<std::uint64_t>(value.data() + 1),
                                   get_little<std::uint64_t>(value.data() + 9)};
  if (gone.commits == 0 || gone.version < gone.commits) {
    throw damaged_history(where, "what says how much of it was trimmed has impossible numbers");
  }
  return gone;
}

std::string encode_base(const snapshot& state, const rocksdb_trims::extent& gone) {
  std::string value;
  append_little(value, base_version);
  append_little(value, gone.version);
  append_little(value, gone.commits);
  encode_snapshot(state, value);
  append_little(value, checksum(value));
  return value;
}

stream_base decode_base(const place& where, std::string_view value) {
  const auto refuse = [&where](const std::string& reason) {
    throw damaged_history(where, "the state that stands for its trimmed events: " + reason);
  };
  if (value.size() < base_header_bytes + checksum_bytes) refuse("it is cut short");
  if (!has_right_checksum(value)) refuse("its checksum is wrong");
  if (get_little<std::uint8_t>(value.data()) != base_version)
    refuse("it has an unknown format version");
  stream_base base;
  base.trimmed = get_little<std::uint64_t>(value.data() + 1);
  base.commits = get_little<std::uint64_t>(value.data() + 9);
  try {
    base.state = decode_snapshot(
        value.substr(base_header_bytes, value.size() - base_header_bytes - checksum_bytes));
  } catch (const undecodable& bad) {
    refuse(bad.what());
  }
  if (base.state.stream != where.stream || base.trimmed == 0
      || base.trimmed >= base.state.version) {
    refuse("it is another stream's, or has impossible versions");
  }
  return base;
}

/// Returns the stream that a key behind `prefix` is of; nothing if it is not one.
std::optional<std::string> stream_of(std::string_view prefix, std::string_view key) {
  if (key.substr(0, prefix.size()) != prefix) return std::nullopt;
  const std::string_view rest = key.substr(prefix.size());
  if (rest.size() < 3 || stream_prefix(rest.substr(2)) != rest) return std::nullopt;
  return std::string(rest.substr(2));
}

}  // namespace

void rocksdb_trims::load() {
  const std::unique_ptr<rocksdb::Iterator> it(database_.db().NewIterator({}, database_.about()));
  for (it->Seek(rocksdb::Slice(extent_prefix.data(), extent_prefix.size())); it->Valid();
       it->Next()) {
    if (!view_of(it->key()).starts_with(extent_prefix)) break;
    const auto stream = stream_of(extent_prefix, view_of(it->key()));
    if (!stream)
      throw damaged_history({}, "a key is stored among the trimmed streams that is none");
    note(*stream, decode_extent({*stream, 0, 0}, view_of(it->value())));
    written();
  }
  require(it->status(), "read which streams were trimmed");
}

rocksdb_trims::extent rocksdb_trims::of(std::string_view stream) const {
  const std::shared_lock lock(mutex_);
  const auto found = extents_.find(stream);
  return found == extents_.end() ? extent{} : found->second;
}

std::uint64_t rocksdb_trims::commits() const {
  const std::shared_lock lock(mutex_);
  return commits_;
}

std::uint64_t rocksdb_trims::steps() const {
  const std::shared_lock lock(mutex_);
  return steps_;
}

std::optional<stream_base> rocksdb_trims::base(std::string_view stream) const {
  extent gone;
  bool is_pending = false;
  {
    const std::shared_lock lock(mutex_);
    const auto found = extents_.find(stream);
    if (found == extents_.end()) return std::nullopt;
    gone = found->second;
    is_pending = pending_ == stream;
  }
  const place where{std::string(stream), gone.version, 0};
  rocksdb::PinnableSlice value;
  const auto status = database_.db().Get({}, database_.about(), key_of(base_prefix, stream),
                                         &value);
  if (status.IsNotFound()) {
    if (is_pending) return std::nullopt;
    throw damaged_history(where, "missing: the state that stands for its trimmed events");
  }
  require(status, "read the base of a stream", where);
  return decode_base(where, view_of(value));
}

void rocksdb_trims::read_bases(const base_visitor& visit, const damage_visitor& report) const {
  std::vector<std::string> streams;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [stream, gone] : extents_) streams.push_back(stream);
  }
  for (const std::string& stream : streams) {
    std::optional<stream_base> found;
    try {
      found = base(stream);
    } catch (const damaged_history& damage) {
      report(damage);
    }
    if (found && !visit(*found)) return;
  }
}

void rocksdb_trims::collect(const snapshot& base,
                            const extent& gone,
                            rocksdb::WriteBatch& writes) const {
  rocksdb::ColumnFamilyHandle* about = database_.about();
  require(writes.Put(about, format_key, trimmed_format_value), "collect a trim");
  require(writes.Put(about, key_of(extent_prefix, base.stream), encode_extent(gone)),
          "collect a trim");
  require(writes.Put(about, key_of(base_prefix, base.stream), encode_base(base, gone)),
          "collect a trim");
}

void rocksdb_trims::note(std::string_view stream, const extent& gone) {
  const std::unique_lock lock(mutex_);
  extent& known = extents_[std::string(stream)];
  commits_ += gone.commits - known.commits;
  known = gone;
  pending_ = stream;
  ++steps_;
}

void rocksdb_trims::written() {
  const std::unique_lock lock(mutex_);
  pending_.clear();
  ++steps_;
}

}  // namespace reprise::detail
