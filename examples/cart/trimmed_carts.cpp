#include "cart/trimmed_carts.hpp"

#include "cart/cart_events.hpp"
#include "reprise/state_codec.hpp"
#include "reprise/stream.hpp"

namespace simulation {

using shop::shopping_cart;

namespace {

std::optional<trimmed_cart> decoded(const reprise::stream_base& base) {
  const reprise::snapshot& s = base.state;
  const auto cart = cart_of(s.stream);
  if (!cart) return std::nullopt;
  try {
    return trimmed_cart{std::string(*cart),
                        reprise::decode_state<shopping_cart>(s.schema.version, s.state), s.version,
                        base.trimmed, base.commits};
  } catch (const reprise::undecodable& bad) {
    throw reprise::damaged_history({s.stream, s.version, s.position}, bad.what());
  }
}

}  // namespace

std::optional<trimmed_cart> trimmed_cart_of(const reprise::journal& journal,
                                            const std::string& cart) {
  const auto base = journal.base(reprise::stream_name(shopping_cart::category, cart));
  return base ? decoded(*base) : std::nullopt;
}

std::vector<trimmed_cart> trimmed_carts(const reprise::journal& journal) {
  std::vector<trimmed_cart> carts;
  journal.read_bases([&carts](const reprise::stream_base& base) {
    if (auto cart = decoded(base)) carts.push_back(std::move(*cart));
    return true;
  });
  return carts;
}

}  // namespace simulation
