#include "reprise/commit_format.hpp"

#include "reprise/byte_order.hpp"
#include "reprise/checksum.hpp"
#include "reprise/error.hpp"
#include "reprise/text.hpp"

#include <limits>
#include <stdexcept>

namespace reprise {

namespace {

using detail::get_little;
using detail::put_little;

constexpr std::uint8_t format_version = 1;
constexpr std::size_t header_bytes = 32;
constexpr std::size_t checksum_bytes = 8;
constexpr std::size_t least_event_bytes = 9;  // an empty name, a schema version, an empty payload

/// What the header says, before any of it is believed.
struct header {
  std::uint64_t first_position, first_version;
  std::int64_t time;
  std::uint16_t events, stream;
  std::uint8_t command_id, correlation_id, causation_id;
};

header read_header(std::string_view record) {
  const char* at = record.data();
  header h{};
  h.first_position = get_little<std::uint64_t>(at + 1);
  h.time = static_cast<std::int64_t>(get_little<std::uint64_t>(at + 9));
  h.first_version = get_little<std::uint64_t>(at + 17);
  h.events = get_little<std::uint16_t>(at + 25);
  h.stream = get_little<std::uint16_t>(at + 27);
  h.command_id = get_little<std::uint8_t>(at + 29);
  h.correlation_id = get_little<std::uint8_t>(at + 30);
  h.causation_id = get_little<std::uint8_t>(at + 31);
  return h;
}

[[noreturn]] void refuse(const std::string& reason) {
  throw damaged_history({}, reason);
}

/// Both numbers of a commit run on from its first event to its last without passing the end of 64 bits.
bool has_room(std::uint64_t first, std::uint16_t events) {
  return first != 0 && first <= std::numeric_limits<std::uint64_t>::max() - events;
}

void check_header(const header& h) {
  if (h.events == 0 || h.events > max_events_per_commit) {
    refuse("the record says that it has " + std::to_string(h.events) + " events");
  }
  if (h.stream == 0 || h.stream > max_stream_bytes) {
    refuse("the record has a stream name of " + std::to_string(h.stream) + " bytes");
  }
  if (h.command_id > max_command_id_bytes || h.correlation_id > max_command_id_bytes
      || h.causation_id > max_command_id_bytes) {
    refuse("an id in the record is longer than " + std::to_string(max_command_id_bytes) + " bytes");
  }
  if (!has_room(h.first_position, h.events)) refuse("the record has an impossible position");
  if (!has_room(h.first_version, h.events)) refuse("the record has an impossible version");
}

/// Returns the first `size` bytes of `rest` and takes them away.
std::string_view take(std::string_view& rest, std::size_t size) {
  if (size > rest.size()) refuse("the record ends inside one of its fields");
  const std::string_view taken = rest.substr(0, size);
  rest.remove_prefix(size);
  return taken;
}

event_view take_event(std::string_view& rest) {
  event_view event;
  const auto name_bytes = get_little<std::uint8_t>(take(rest, 1).data());
  if (name_bytes > max_name_bytes) refuse("an event name in the record is too long");
  event.name = take(rest, name_bytes);
  event.schema_version = get_little<std::uint32_t>(take(rest, 4).data());
  event.payload = take(rest, get_little<std::uint32_t>(take(rest, 4).data()));
  return event;
}

/// Throws unless the record's frame holds: a known version, and the checksum over everything before it.
void check_frame(std::string_view record) {
  if (record.empty()) refuse("the record is empty");
  if (static_cast<std::uint8_t>(record[0]) != format_version) {
    refuse("the record has format version " + std::to_string(static_cast<std::uint8_t>(record[0]))
           + ", this program reads " + std::to_string(format_version));
  }
  if (record.size() < header_bytes + checksum_bytes) refuse("the record is cut short");
  const std::size_t covered = record.size() - checksum_bytes;
  if (get_little<std::uint64_t>(record.data() + covered)
      != detail::checksum(record.substr(0, covered))) {
    refuse("the record's checksum is wrong");
  }
}

std::string too_long(std::string_view what, std::size_t is, std::size_t most) {
  return std::string(what) + " is " + std::to_string(is) + " bytes long, at most "
         + std::to_string(most) + " are allowed";
}

void check_id(std::string_view what, std::string_view id) {
  if (id.size() > max_command_id_bytes) {
    throw std::invalid_argument(too_long(what, id.size(), max_command_id_bytes));
  }
}

/// Who collected the events may have set himself other limits than those of the format.
void check_events(const encoded_events& events) {
  if (events.count() > max_events_per_commit) {
    throw std::invalid_argument("the commit has " + std::to_string(events.count())
                                + " events, at most " + std::to_string(max_events_per_commit)
                                + " are allowed");
  }
  if (events.bytes().size() > max_commit_bytes) {
    throw std::invalid_argument(too_long("what the commit's events are encoded to",
                                         events.bytes().size(), max_commit_bytes));
  }
}

}  // namespace

std::size_t encoded_size(const commit& c) noexcept {
  return header_bytes + c.stream.size() + c.command_id.size() + c.correlation_id.size()
         + c.causation_id.size() + (c.events == nullptr ? 0 : c.events->bytes().size())
         + checksum_bytes;
}

void encode_commit(const commit& c, std::uint64_t first_position, std::string& out) {
  char head[header_bytes];
  char* to = put_little(head, format_version);
  to = put_little(to, first_position);
  to = put_little(to, static_cast<std::uint64_t>(std::int64_t{c.time.time_since_epoch().count()}));
  to = put_little(to, c.expected_version + 1);
  to = put_little(to, static_cast<std::uint16_t>(c.events->count()));
  to = put_little(to, static_cast<std::uint16_t>(c.stream.size()));
  to = put_little(to, static_cast<std::uint8_t>(c.command_id.size()));
  to = put_little(to, static_cast<std::uint8_t>(c.correlation_id.size()));
  put_little(to, static_cast<std::uint8_t>(c.causation_id.size()));

  const std::size_t begin = out.size();
  out.append(head, header_bytes);
  for (const std::string_view part :
       {c.stream, c.command_id, c.correlation_id, c.causation_id, c.events->bytes()}) {
    out.append(part);
  }
  char sum[checksum_bytes];
  put_little(sum, detail::checksum(std::string_view(out).substr(begin)));
  out.append(sum, checksum_bytes);
}

void decode_commit(std::string_view record, commit_view& out) {
  check_frame(record);
  const header h = read_header(record);
  check_header(h);
  std::string_view rest = record.substr(header_bytes);
  rest.remove_suffix(checksum_bytes);
  out.first_position = h.first_position;
  out.first_version = h.first_version;
  out.checksum = get_little<std::uint64_t>(record.data() + record.size() - checksum_bytes);
  out.time = timestamp{std::chrono::microseconds{h.time}};
  out.stream = take(rest, h.stream);
  try {
    out.command_id = take(rest, h.command_id);
    out.correlation_id = take(rest, h.correlation_id);
    out.causation_id = take(rest, h.causation_id);
    if (rest.size() > max_commit_bytes) refuse("the record has too many bytes of events");
    if (rest.size() / least_event_bytes < h.events)
      refuse("the record has too few bytes of events");
    out.events.clear();
    out.events.reserve(h.events);
    for (std::uint16_t i = 0; i < h.events; ++i) out.events.push_back(take_event(rest));
    if (!rest.empty()) refuse("bytes are left over behind the record's events");
  } catch (const damaged_history& damage) {
    throw damaged_history({std::string(out.stream), out.first_version, out.first_position},
                          damage.reason());
  }
}

void check_limits(const commit& c) {
  if (c.stream.empty()) throw std::invalid_argument("the stream has no name");
  if (c.stream.size() > max_stream_bytes) {
    throw std::invalid_argument(
        too_long("the name of stream " + printable(c.stream), c.stream.size(), max_stream_bytes));
  }
  check_id("the command id", c.command_id);
  check_id("the correlation id", c.correlation_id);
  check_id("the causation id", c.causation_id);
  if (c.events != nullptr) check_events(*c.events);
}

void check_limits(std::span<const commit> batch) {
  std::size_t bytes = 0;
  for (const commit& c : batch) {
    check_limits(c);
    if (c.events != nullptr) bytes += c.events->bytes().size();
  }
  if (bytes > max_batch_bytes) {
    throw std::invalid_argument(
        too_long("what the batch's events are encoded to", bytes, max_batch_bytes));
  }
}

}  // namespace reprise
