#include "reprise/snapshot_format.hpp"

#include "reprise/archive.hpp"
#include "reprise/byte_order.hpp"
#include "reprise/checksum.hpp"
#include "reprise/limits.hpp"
#include "reprise/text.hpp"

#include <concepts>
#include <optional>
#include <stdexcept>

namespace reprise {

namespace {

using detail::get_little;
using detail::put_little;

constexpr std::uint8_t format_version = 2;
constexpr std::size_t header_bytes = 60;
constexpr std::uint8_t first_format_version = 1;
constexpr std::size_t first_header_bytes = 51;  // without what was forgotten
constexpr std::size_t command_bytes = 19;       // without the id
constexpr std::size_t checksum_bytes = 8;

[[noreturn]] void refuse(const std::string& reason) {
  throw undecodable(reason);
}

std::uint64_t as_number(timestamp time) {
  return static_cast<std::uint64_t>(std::int64_t{time.time_since_epoch().count()});
}

timestamp as_time(std::uint64_t number) {
  return timestamp{std::chrono::microseconds{static_cast<std::int64_t>(number)}};
}

/// Returns the first `size` bytes of `rest` and takes them away.
std::string_view take(std::string_view& rest, std::size_t size) {
  if (size > rest.size()) refuse("the snapshot ends inside one of its fields");
  const std::string_view taken = rest.substr(0, size);
  rest.remove_prefix(size);
  return taken;
}

template <std::unsigned_integral T>
T take_number(std::string_view& rest) {
  return get_little<T>(take(rest, sizeof(T)).data());
}

void append_command(const remembered_command& c, std::string& out) {
  char head[command_bytes];
  char* to = put_little(head, static_cast<std::uint8_t>(c.id.size()));
  to = put_little(to, c.version);
  to = put_little(to, static_cast<std::uint16_t>(c.events));
  put_little(to, as_number(c.time));
  out.append(head, command_bytes);
  out.append(c.id);
}

remembered_command take_command(std::string_view& rest) {
  remembered_command c;
  const auto id_bytes = take_number<std::uint8_t>(rest);
  c.version = take_number<std::uint64_t>(rest);
  c.events = take_number<std::uint16_t>(rest);
  c.time = as_time(take_number<std::uint64_t>(rest));
  c.id = take(rest, id_bytes);
  return c;
}

char* put_forgotten(char* to, const std::optional<timestamp>& until) {
  to = put_little(to, static_cast<std::uint8_t>(until ? 1 : 0));
  return put_little(to, until ? as_number(*until) : 0);
}

std::optional<timestamp> take_forgotten(std::string_view& rest) {
  const auto has_forgotten = take_number<std::uint8_t>(rest);
  const auto until = take_number<std::uint64_t>(rest);
  if (has_forgotten > 1 || (has_forgotten == 0 && until != 0))
    refuse("it does not say whether the snapshot has forgotten commands");
  return has_forgotten == 1 ? std::optional(as_time(until)) : std::nullopt;
}

/// Returns what a snapshot of the first format version has forgotten, which it does not say: nothing if its commands recorded
/// all of its events, else any.
std::optional<timestamp> presumed_forgotten(const snapshot& s) {
  std::uint64_t covered = 0;
  for (const remembered_command& c : s.commands) covered += c.events;
  return covered == s.version ? std::nullopt : std::optional(timestamp::max());
}

/// Returns what is wrong with the commands that a snapshot remembers, nothing if they can be so.
const char* fault_of_commands(const snapshot& s) {
  std::uint64_t before = 0;
  for (const remembered_command& c : s.commands) {
    if (c.id.empty()) return "a remembered command has no id";
    if (c.id.size() > max_command_id_bytes) return "the id of a remembered command is too long";
    if (c.events == 0 || c.events > max_events_per_commit || c.events > c.version) {
      return "a remembered command has an impossible number of events";
    }
    if (c.version - c.events < before || c.version > s.version) {
      return "the remembered commands are not in the order of their versions";
    }
    before = c.version;
  }
  return nullptr;
}

/// Returns what is wrong with a snapshot but for its size, nothing if nothing is.
const char* fault_of(const snapshot& s) {
  if (s.stream.empty() || s.stream.size() > max_stream_bytes) {
    return "the snapshot's stream has a name of an impossible length";
  }
  if (s.version == 0) return "the snapshot has no version";
  if (s.position < s.version) return "the snapshot has an impossible position";
  if (s.commands.size() > max_remembered_commands)
    return "the snapshot remembers too many commands";
  return fault_of_commands(s);
}

std::size_t header_bytes_of(std::uint8_t version) {
  return version == first_format_version ? first_header_bytes : header_bytes;
}

bool is_known(std::uint8_t version) {
  return version >= first_format_version && version <= format_version;
}

/// Throws unless the record's frame holds: a known version, and the checksum over everything before it.
void check_frame(std::string_view record) {
  if (record.empty()) refuse("the snapshot is empty");
  const auto version = static_cast<std::uint8_t>(record[0]);
  if (!is_known(version)) {
    refuse("the snapshot has format version " + std::to_string(version)
           + ", this program reads up to " + std::to_string(format_version));
  }
  if (record.size() < header_bytes_of(version) + checksum_bytes)
    refuse("the snapshot is cut short");
  if (record.size() > max_snapshot_bytes) refuse("the snapshot is too large");
  const std::size_t covered = record.size() - checksum_bytes;
  if (get_little<std::uint64_t>(record.data() + covered)
      != detail::checksum(record.substr(0, covered))) {
    refuse("the snapshot's checksum is wrong");
  }
}

}  // namespace

std::size_t encoded_size(const snapshot& s) noexcept {
  std::size_t size = header_bytes + s.stream.size() + s.state.size() + checksum_bytes;
  for (const remembered_command& c : s.commands) size += command_bytes + c.id.size();
  return size;
}

void encode_snapshot(const snapshot& s, std::string& out) {
  const std::size_t begin = out.size();
  out.reserve(begin + encoded_size(s));
  char head[header_bytes];
  char* to = put_little(head, format_version);
  to = put_little(to, s.version);
  to = put_little(to, s.position);
  to = put_little(to, s.commit_checksum);
  to = put_little(to, as_number(s.time));
  to = put_little(to, s.schema.version);
  to = put_little(to, s.schema.shape);
  to = put_forgotten(to, s.forgotten_until);
  to = put_little(to, static_cast<std::uint32_t>(s.commands.size()));
  put_little(to, static_cast<std::uint16_t>(s.stream.size()));
  out.append(head, header_bytes);
  out.append(s.stream);
  for (const remembered_command& c : s.commands) append_command(c, out);
  out.append(s.state);
  char sum[checksum_bytes];
  put_little(sum, detail::checksum(std::string_view(out).substr(begin)));
  out.append(sum, checksum_bytes);
}

snapshot decode_snapshot(std::string_view record) {
  check_frame(record);
  std::string_view rest = record.substr(1, record.size() - 1 - checksum_bytes);
  snapshot s;
  s.version = take_number<std::uint64_t>(rest);
  s.position = take_number<std::uint64_t>(rest);
  s.commit_checksum = take_number<std::uint64_t>(rest);
  s.time = as_time(take_number<std::uint64_t>(rest));
  s.schema.version = take_number<std::uint32_t>(rest);
  s.schema.shape = take_number<std::uint64_t>(rest);
  const bool says_forgotten = static_cast<std::uint8_t>(record[0]) != first_format_version;
  if (says_forgotten) s.forgotten_until = take_forgotten(rest);
  const std::size_t commands = take_number<std::uint32_t>(rest);
  s.stream = take(rest, take_number<std::uint16_t>(rest));
  if (commands > rest.size() / command_bytes) refuse("the snapshot ends inside its commands");
  s.commands.reserve(commands);
  for (std::size_t i = 0; i < commands; ++i) s.commands.push_back(take_command(rest));
  s.state = rest;
  if (const char* fault = fault_of(s)) refuse(fault);
  if (!says_forgotten) s.forgotten_until = presumed_forgotten(s);
  return s;
}

std::uint64_t claimed_version(std::string_view record) noexcept {
  if (record.size() < first_header_bytes || !is_known(static_cast<std::uint8_t>(record[0])))
    return 0;
  return get_little<std::uint64_t>(record.data() + 1);
}

void check_limits(const snapshot& s) {
  if (const char* fault = fault_of(s)) throw std::invalid_argument(fault);
  if (const std::size_t size = encoded_size(s); size > max_snapshot_bytes) {
    throw std::length_error("a snapshot of stream " + printable(s.stream) + " would have "
                            + std::to_string(size) + " bytes, at most "
                            + std::to_string(max_snapshot_bytes) + " are allowed");
  }
}

}  // namespace reprise
