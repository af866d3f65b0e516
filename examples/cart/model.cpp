#include "cart/model.hpp"

#include "reprise/text.hpp"

#include <algorithm>

namespace simulation {

namespace {

// Wide enough for any sum of two quantities.
__extension__ typedef __int128 wide;

bool is_bad_name(const std::string& product_id, std::string_view& why) {
  if (product_id.empty()) why = "product_id_is_empty";
  if (product_id.size() > 100) why = "product_id_is_too_long";
  return !why.empty();
}

std::string beyond(const char* what, std::size_t size, const char* limit, std::size_t most) {
  if (size <= most) return {};
  return std::string(what) + " has " + std::to_string(size) + " bytes; " + limit + " is "
         + std::to_string(most);
}

}  // namespace

std::string refusal_of_ids(std::string_view cart, std::string_view command_id) {
  if (cart.empty()) return "the aggregate id is empty";
  std::string refusal = beyond("the aggregate id", cart.size(), "max_aggregate_id_bytes", 512);
  if (refusal.empty())
    refusal = beyond("the command id", command_id.size(), "max_command_id_bytes", 128);
  return refusal;
}

const model_cart::line* model_cart::line_of(std::string_view product_id) const {
  for (const line& l : lines_) {
    if (l.product_id == product_id) return &l;
  }
  return nullptr;
}

// -- what should come of a command ---------------------------------------------

model_cart::verdict model_cart::expect(const shop::shopping_cart::command& command) const {
  return std::visit([this](const auto& c) { return expect_of(c); }, command);
}

model_cart::verdict model_cart::expect_of(const shop::add_product& command) const {
  std::string_view why;
  if (bought_) return {"is_checked_out", {}};
  if (is_bad_name(command.product_id, why)) return {why, {}};
  if (command.quantity < 1) return {"quantity_is_not_positive", {}};
  if (command.unit_price && *command.unit_price < 0) return {"unit_price_is_negative", {}};
  const line* present = line_of(command.product_id);
  const wide sum = static_cast<wide>(command.quantity)
                   + (present == nullptr ? 0 : present->quantity);
  if (sum > 1000) return {"too_many_of_a_product", {}};
  if (present == nullptr && lines_.size() >= 100) return {"too_many_products", {}};
  return {"",
          {shop::product_added_to_cart{command.product_id, command.quantity, command.unit_price}}};
}

model_cart::verdict model_cart::expect_of(const shop::remove_product& command) const {
  std::string_view why;
  if (bought_) return {"is_checked_out", {}};
  if (is_bad_name(command.product_id, why)) return {why, {}};
  if (line_of(command.product_id) == nullptr) return {"", {}};
  return {"", {shop::product_removed_from_cart{command.product_id}}};
}

model_cart::verdict model_cart::expect_of(const shop::change_quantity& command) const {
  std::string_view why;
  if (bought_) return {"is_checked_out", {}};
  if (is_bad_name(command.product_id, why)) return {why, {}};
  if (command.quantity < 1) return {"quantity_is_not_positive", {}};
  if (command.quantity > 1000) return {"too_many_of_a_product", {}};
  const line* present = line_of(command.product_id);
  if (present == nullptr) return {"product_is_not_in_cart", {}};
  if (present->quantity == command.quantity) return {"", {}};
  return {"", {shop::product_quantity_changed_in_cart{command.product_id, command.quantity}}};
}

model_cart::verdict model_cart::expect_of(const shop::check_out&) const {
  if (bought_) return {"", {}};
  if (lines_.empty()) return {"cart_is_empty", {}};
  return {"", {shop::cart_checked_out{}}};
}

// -- what has happened ---------------------------------------------------------

void model_cart::follow(const shop::shopping_cart::event& event) {
  std::visit([this](const auto& e) { follow_it(e); }, event);
}

void model_cart::follow_it(const shop::product_added_to_cart& event) {
  for (line& l : lines_) {
    if (l.product_id != event.product_id) continue;
    const wide sum = static_cast<wide>(l.quantity) + event.quantity;
    l.quantity = static_cast<std::int64_t>(std::clamp<wide>(sum, INT64_MIN, INT64_MAX));
    return;
  }
  lines_.push_back({event.product_id, event.quantity});
}

void model_cart::follow_it(const shop::product_removed_from_cart& event) {
  std::erase_if(lines_, [&](const line& l) { return l.product_id == event.product_id; });
}

void model_cart::follow_it(const shop::product_quantity_changed_in_cart& event) {
  for (line& l : lines_) {
    if (l.product_id != event.product_id) continue;
    l.quantity = event.quantity;
    return;
  }
  lines_.push_back({event.product_id, event.quantity});
}

void model_cart::follow_it(const shop::cart_checked_out&) {
  bought_ = true;
}

// -- comparing -----------------------------------------------------------------

void model_cart::begin_with(const shop::shopping_cart& cart) {
  lines_.clear();
  for (const auto& [product_id, quantity] : cart.items) lines_.push_back({product_id, quantity});
  bought_ = cart.checked_out;
}

bool model_cart::is_like(const shop::shopping_cart& cart) const {
  if (cart.checked_out != bought_ || cart.items.size() != lines_.size()) return false;
  return std::all_of(lines_.begin(), lines_.end(), [&](const line& l) {
    const auto found = cart.items.find(l.product_id);
    return found != cart.items.end() && found->second == l.quantity;
  });
}

std::string model_cart::text() const {
  std::vector<line> sorted = lines_;
  std::sort(sorted.begin(), sorted.end(),
            [](const line& a, const line& b) { return a.product_id < b.product_id; });
  std::string text;
  for (const line& l : sorted) {
    if (!text.empty()) text += ", ";
    text += std::to_string(l.quantity) + ' ' + reprise::printable(l.product_id);
  }
  if (text.empty()) text = "empty";
  if (bought_) text += ", checked out";
  return text;
}

}  // namespace simulation
