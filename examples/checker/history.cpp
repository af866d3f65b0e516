#include "checker/history.hpp"

#include "reprise/limits.hpp"
#include "reprise/text.hpp"

#include <utility>
#include <variant>

namespace checker {

void history::add(const ack_line& line) {
  std::visit([this](const auto& l) { add_line(l); }, line);
}

void history::add_line(const send_line& line) {
  const std::uint32_t cart = carts.add(line.cart);
  const std::uint32_t product = products.add(line.product_id);
  const std::uint32_t number = ids.add(line.id);
  if (number == commands.size()) {
    sent_command& made = commands.emplace_back();
    made.quantity = line.quantity;
    made.unit_price = line.unit_price;
    made.cart = cart;
    made.product = product;
    made.kind = line.command;
  }
  sent_command& c = commands[number];
  if (c.cart != cart || c.product != product || c.kind != line.command
      || c.quantity != line.quantity || c.unit_price != line.unit_price) {
    throw bad_log("id " + reprise::printable(line.id)
                  + " was sent before with another command or to another cart");
  }
  if (c.last_open == none) c.first_open_at = line.at;
  sending& s = sendings.emplace_back();
  s.sent_at = line.at;
  s.command = number;
  s.previous = std::exchange(c.last_open, static_cast<std::uint32_t>(sendings.size() - 1));
}

void history::add_line(const answer_line& line) {
  const auto number = ids.find(line.id);
  if (!number)
    throw bad_log("id " + reprise::printable(line.id) + " is answered, and was not sent");
  sent_command& c = commands[*number];
  if (c.last_open == none) {
    ++c.surplus_answers;
    if (!is_same(sendings[c.last_answered], line))
      different_surplus.try_emplace(*number, different_answer{c.last_answered, line});
    return;
  }
  if (line.at < c.first_open_at)
    throw bad_log("id " + reprise::printable(line.id) + " is answered before it was sent");
  const std::uint32_t answered = c.last_open;
  sending& s = sendings[answered];
  s.sent_at = c.first_open_at;
  s.answered_at = line.at;
  s.version = line.version;
  s.events = static_cast<std::uint16_t>(line.events);
  s.result = line.result;
  s.is_answered = true;
  const bool is_judged = line.result == result::accepted || line.result == result::refused;
  if (is_judged && !line.reason.empty()) s.reason = reasons.add(line.reason);
  c.last_open = std::exchange(s.previous, c.last_answered);
  c.last_answered = answered;
}

/// Whether an answer was given to a sending. Reasons are only kept of what was judged.
bool history::is_same(const sending& s, const answer_line& line) const {
  const bool is_judged = s.result == result::accepted || s.result == result::refused;
  const std::string_view reason = s.reason == none ? "" : reasons[s.reason];
  return s.result == line.result && s.version == line.version && s.events == line.events
         && (!is_judged || reason == line.reason);
}

shop::shopping_cart::command history::command_of(const sent_command& c) const {
  const std::string product(products[c.product]);
  switch (c.kind) {
  case command_kind::add_product: return shop::add_product{product, c.quantity, c.unit_price};
  case command_kind::remove_product: return shop::remove_product{product};
  case command_kind::change_quantity: return shop::change_quantity{product, c.quantity};
  case command_kind::check_out:
  case command_kind::view: break;
  }
  return shop::check_out{};
}

bool history::is_past_limits(std::uint32_t command) const {
  return is_cart_past_limits(commands[command].cart)
         || ids[command].size() > reprise::max_command_id_bytes;
}

bool history::is_cart_past_limits(std::uint32_t cart) const {
  const std::string_view id = carts[cart];
  return id.empty() || id.size() > reprise::max_aggregate_id_bytes;
}

}  // namespace checker
