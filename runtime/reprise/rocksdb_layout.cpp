#include "reprise/rocksdb_layout.hpp"

#include "reprise/byte_order.hpp"
#include "reprise/checksum.hpp"
#include "reprise/error.hpp"
#include "reprise/limits.hpp"

#include <limits>

namespace reprise::detail {

namespace {

constexpr std::uint8_t order_version = 1;
constexpr std::size_t order_header_bytes =
    29;  // version, first position, totals before, number of commits
constexpr std::size_t ordered_bytes = 12;  // events, last version, length of the stream's name
constexpr std::size_t checksum_bytes = 8;
constexpr std::size_t version_bytes = 8;
constexpr std::size_t length_bytes = 2;

template <std::unsigned_integral T>
void append_little(std::string& to, T value) {
  char bytes[sizeof value];
  put_little(bytes, value);
  to.append(bytes, sizeof value);
}

[[noreturn]] void refuse(std::uint64_t position, const std::string& reason) {
  throw damaged_history({{}, 0, position}, "the order of commits: " + reason);
}

ordered_commit take_ordered(std::string_view& rest, std::uint64_t position) {
  if (rest.size() < ordered_bytes) refuse(position, "an entry ends too early");
  ordered_commit c;
  c.events = get_little<std::uint16_t>(rest.data());
  c.last_version = get_little<std::uint64_t>(rest.data() + 2);
  const std::size_t name = get_little<std::uint16_t>(rest.data() + 10);
  rest.remove_prefix(ordered_bytes);
  if (c.events == 0 || c.events > max_events_per_commit || c.last_version < c.events || name == 0
      || name > max_stream_bytes || name > rest.size()) {
    refuse(position, "an entry has impossible numbers");
  }
  c.first_position = position;
  c.stream = rest.substr(0, name);
  rest.remove_prefix(name);
  return c;
}

}  // namespace

std::string stream_prefix(std::string_view stream) {
  char length[length_bytes];
  put_big(length, static_cast<std::uint16_t>(stream.size()));
  std::string prefix(length, length_bytes);
  prefix.append(stream);
  return prefix;
}

void make_stream_key(std::string_view stream, std::uint64_t last_version, std::string& key) {
  char length[length_bytes];
  put_big(length, static_cast<std::uint16_t>(stream.size()));
  char version[version_bytes];
  put_big(version, ~last_version);
  key.assign(length, length_bytes);
  key.append(stream);
  key.append(version, version_bytes);
}

bool parse_stream_key(std::string_view key, stream_key& out) noexcept {
  if (key.size() <= length_bytes + version_bytes) return false;
  const std::size_t name = key.size() - length_bytes - version_bytes;
  if (get_big<std::uint16_t>(key.data()) != name || name > max_stream_bytes) return false;
  out.stream = key.substr(length_bytes, name);
  out.last_version = ~get_big<std::uint64_t>(key.data() + length_bytes + name);
  return true;
}

std::string make_order_key(std::uint64_t last_position) {
  std::string key(sizeof last_position, '\0');
  put_big(key.data(), last_position);
  return key;
}

std::string make_seal(std::uint64_t secret) {
  std::string seal;
  append_little(seal, secret);
  append_little(seal, checksum(seal));
  return seal;
}

bool is_seal(std::string_view bytes) noexcept {
  return bytes.size() == seal_bytes && bytes == make_seal(get_little<std::uint64_t>(bytes.data()));
}

void order_writer::begin(const order_totals& before) {
  totals_ = before;
  ++totals_.batches;
  commits_before_ = before.commits;
  value_.clear();
  append_little(value_, order_version);
  append_little(value_, before.last_position + 1);
  append_little(value_, before.batches);
  append_little(value_, before.commits);
  append_little(value_, std::uint32_t{0});  // the number of commits, which `finish` knows
}

void order_writer::add(std::string_view stream, std::uint64_t last_version, std::size_t events) {
  append_little(value_, static_cast<std::uint16_t>(events));
  append_little(value_, last_version);
  append_little(value_, static_cast<std::uint16_t>(stream.size()));
  value_.append(stream);
  ++totals_.commits;
  totals_.last_position += events;
}

std::string_view order_writer::finish() {
  const auto commits = static_cast<std::uint32_t>(totals_.commits - commits_before_);
  put_little(value_.data() + order_header_bytes - sizeof commits, commits);
  append_little(value_, checksum(value_));
  return value_;
}

order_totals decode_order(std::string_view key,
                          std::string_view value,
                          std::vector<ordered_commit>& out) {
  out.clear();
  if (key.size() != 8) refuse(0, "a key has " + std::to_string(key.size()) + " bytes");
  const auto last_position = get_big<std::uint64_t>(key.data());
  if (value.size() < order_header_bytes + checksum_bytes)
    refuse(last_position, "a batch is cut short");
  const std::size_t covered = value.size() - checksum_bytes;
  if (get_little<std::uint64_t>(value.data() + covered) != checksum(value.substr(0, covered))) {
    refuse(last_position, "the checksum of a batch is wrong");
  }
  if (get_little<std::uint8_t>(value.data()) != order_version) {
    refuse(last_position, "a batch has an unknown format version");
  }
  auto position = get_little<std::uint64_t>(value.data() + 1);
  order_totals totals;
  totals.batches = get_little<std::uint64_t>(value.data() + 9) + 1;
  const auto commits = get_little<std::uint32_t>(value.data() + 25);
  totals.commits = get_little<std::uint64_t>(value.data() + 17) + commits;
  totals.last_position = last_position;
  std::string_view rest = value.substr(order_header_bytes, covered - order_header_bytes);
  if (commits == 0 || commits > rest.size() / ordered_bytes || position == 0
      || position > last_position) {
    refuse(last_position, "a batch has impossible numbers");
  }
  out.reserve(commits);
  for (std::uint32_t i = 0; i < commits; ++i) {
    out.push_back(take_ordered(rest, position));
    position += out.back().events;
  }
  if (!rest.empty()) refuse(last_position, "bytes are left over behind a batch");
  if (position - 1 != last_position) refuse(last_position, "a batch is stored under a wrong key");
  return totals;
}

}  // namespace reprise::detail
