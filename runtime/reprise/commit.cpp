#include "reprise/commit.hpp"

#include "reprise/byte_order.hpp"

#include <stdexcept>
#include <string>

namespace reprise {

namespace {

/// The first event is given room for so much, so that most commits are allocated once.
constexpr std::size_t usual_payload_bytes = 64;

}  // namespace

void encoded_events::add(const event_view& event) {
  add(event.name, event.schema_version,
      [&event](std::string& out) { out.append(event.payload.data(), event.payload.size()); });
}

std::size_t encoded_events::begin(std::string_view name, std::uint32_t schema_version) {
  if (count_ >= most_.events) {
    throw std::length_error("more than " + std::to_string(most_.events) + " events in one commit");
  }
  if (name.size() > max_name_bytes) {
    throw std::length_error("an event name of " + std::to_string(name.size()) + " bytes, at most "
                            + std::to_string(max_name_bytes) + " are allowed");
  }
  char head[1 + max_name_bytes + 2 * sizeof(std::uint32_t)];
  char* to = detail::put_little(head, static_cast<std::uint8_t>(name.size()));
  std::memcpy(to, name.data(), name.size());
  to = detail::put_little(to + name.size(), schema_version);
  to = detail::put_little(to, std::uint32_t{0});  // the payload's size, which `finish` knows
  const auto head_size = static_cast<std::size_t>(to - head);
  if (bytes_.empty()) bytes_.reserve(head_size + usual_payload_bytes);
  bytes_.append(head, head_size);
  return bytes_.size();
}

void encoded_events::finish(std::size_t payload_begin) {
  if (bytes_.size() < payload_begin) {
    throw std::length_error("the writer of a payload took bytes away instead of appending some");
  }
  if (bytes_.size() > most_.bytes) {
    throw std::length_error("more than " + std::to_string(most_.bytes)
                            + " bytes of events in one commit");
  }
  const auto size = static_cast<std::uint32_t>(bytes_.size() - payload_begin);
  detail::put_little(bytes_.data() + payload_begin - sizeof size, size);
  ++count_;
}

}  // namespace reprise
