// The payload of a cart's event: the first byte chooses the event's name, the second its schema version. What decodes
// is encoded to the same bytes again.

#include "fuzz/fuzz.hpp"
#include "reprise/event_codec.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <array>

namespace {

using shop::shopping_cart;

constexpr std::array<std::string_view, 5> names{
    shop::product_added_to_cart::event_name, shop::product_removed_from_cart::event_name,
    shop::product_quantity_changed::event_name, shop::cart_checked_out::event_name, "no_event"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const reprise::event_view stored{names[data[0] % names.size()], data[1],
                                   fuzz::text_of(data + 2, size - 2)};
  shopping_cart::event event;
  try {
    event = reprise::decode_events<shopping_cart>(stored).at(0);
  } catch (const reprise::undecodable&) {
    return 0;
  }
  reprise::encoded_events once;
  reprise::encode_event<shopping_cart>(event, once);
  reprise::encoded_events as_stored;
  as_stored.add(stored);
  fuzz::require(once.bytes() == as_stored.bytes(), "an event is encoded to the same bytes again");
  // No event is ever refused: what has happened is folded under any rules.
  static_cast<void>(reprise::apply_event(shopping_cart{}, event));
  return 0;
}
