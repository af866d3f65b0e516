// The payload of a cart's event: the first byte chooses the event's name, the second its schema version. What decodes
// is encoded to the same bytes again, or, if it is of an older form, to bytes that decode to the same.

#include "fuzz/fuzz.hpp"
#include "reprise/event_codec.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <array>
#include <string>
#include <variant>
#include <vector>

namespace {

using shop::shopping_cart;

/// A new one goes to the end, so that the inputs that were kept mean what they meant.
constexpr std::array<std::string_view, 6> names{shop::product_added_to_cart::event_name,
                                                shop::product_removed_from_cart::event_name,
                                                shop::product_quantity_changed::event_name,
                                                shop::cart_checked_out::event_name,
                                                "no_event",
                                                shop::product_quantity_changed_in_cart::event_name};

/// Returns whether today's program writes an event under the name and schema version that it was read from.
bool is_written_so(const reprise::event_view& stored) {
  if (stored.name == shop::product_added_to_cart::event_name) return stored.schema_version == 1;
  return stored.name != shop::product_quantity_changed::event_name;
}

std::string payload_of(const shopping_cart::event& event) {
  std::string bytes;
  std::visit(
      [&bytes](const auto& e) {
        reprise::payload_writer{bytes, reprise::max_commit_bytes}.outermost(e);
      },
      event);
  return bytes;
}

std::vector<shopping_cart::event> read_again(const shopping_cart::event& event,
                                             const std::string& payload) {
  return std::visit(
      [&payload]<class Event>(const Event&) {
        return reprise::decode_events<shopping_cart>(
            {Event::event_name, reprise::detail::class_version<Event>, payload});
      },
      event);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const reprise::event_view stored{names[data[0] % names.size()], data[1],
                                   fuzz::text_of(data + 2, size - 2)};
  std::vector<shopping_cart::event> events;
  try {
    events = reprise::decode_events<shopping_cart>(stored);
  } catch (const reprise::undecodable&) {
    return 0;
  }
  fuzz::require(events.size() == 1, "an event of a cart is one event today");
  const std::string written = payload_of(events.front());
  fuzz::require(!is_written_so(stored) || written == stored.payload,
                "an event is encoded to the same bytes again");
  fuzz::require(read_again(events.front(), written) == events,
                "an event is read again as what was written");
  // No event is ever refused: what has happened is folded under any rules.
  static_cast<void>(reprise::fold(shopping_cart{}, events));
  return 0;
}
