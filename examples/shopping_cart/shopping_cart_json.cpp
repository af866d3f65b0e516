#include "shopping_cart/shopping_cart_json.hpp"

#include "reprise/limits.hpp"
#include "reprise/text.hpp"
#include "shopping_cart/json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>

namespace shop {

namespace {

using json = nlohmann::ordered_json;

// -- commands ------------------------------------------------------------------

const json& member(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) throw no_command("\"" + std::string(name) + "\" is missing");
  return *found;
}

std::string text_member(const json& object, const char* name) {
  const json& value = member(object, name);
  if (!value.is_string()) {
    throw no_command("\"" + std::string(name) + "\" is to be a string, not " + value.type_name());
  }
  return value.get<std::string>();
}

std::string text_member(const json& object, const char* name, std::size_t longest) {
  std::string text = text_member(object, name);
  if (text.empty() || text.size() > longest) {
    throw no_command("\"" + std::string(name) + "\" has " + std::to_string(text.size())
                     + " bytes; it takes 1 to " + std::to_string(longest));
  }
  return text;
}

std::int64_t integer_member(const json& object, const char* name) {
  const json& value = member(object, name);
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool fits = value.is_number_integer()
                    && (!value.is_number_unsigned() || value.get<std::uint64_t>() <= largest);
  if (!fits) {
    throw no_command("\"" + std::string(name) + "\" is to be an integer of 64 bits, not "
                     + value.dump());
  }
  return value.get<std::int64_t>();
}

/// A misspelt member would otherwise be one that is missing without a word.
void check_members(const json& object, std::initializer_list<std::string_view> known) {
  for (const auto& item : object.items()) {
    if (std::find(known.begin(), known.end(), item.key()) == known.end()) {
      throw no_command("there is no member " + reprise::printable(item.key()) + " in this command");
    }
  }
}

shopping_cart::command command_of(const json& object) {
  const std::string name = text_member(object, "command");
  if (name == "add_product") {
    check_members(object, {"cart", "id", "command", "product_id", "quantity", "unit_price"});
    return add_product{text_member(object, "product_id"), integer_member(object, "quantity"),
                       object.contains("unit_price")
                           ? std::optional(integer_member(object, "unit_price"))
                           : std::nullopt};
  }
  if (name == "change_quantity") {
    check_members(object, {"cart", "id", "command", "product_id", "quantity"});
    return change_quantity{text_member(object, "product_id"), integer_member(object, "quantity")};
  }
  if (name == "remove_product") {
    check_members(object, {"cart", "id", "command", "product_id"});
    return remove_product{text_member(object, "product_id")};
  }
  if (name == "check_out") {
    check_members(object, {"cart", "id", "command"});
    return check_out{};
  }
  throw no_command("there is no command " + reprise::printable(name)
                   + "; there are add_product, remove_product, change_quantity and check_out");
}

json parsed(std::string_view text) {
  try {
    return json_from(text);
  } catch (const bad_json& why) {
    throw no_command(why.what());
  }
}

// -- events --------------------------------------------------------------------

json string_or_hex(std::string_view bytes) {
  json text = std::string(bytes);
  try {
    static_cast<void>(text.dump());
    return text;
  } catch (const json::type_error&) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const char c : bytes) {
      hex += digits[static_cast<unsigned char>(c) >> 4U];
      hex += digits[static_cast<unsigned char>(c) & 0xfU];
    }
    return {{"hex", hex}};
  }
}

json data_of(const product_added_to_cart& event) {
  json data{{"product_id", string_or_hex(event.product_id)}, {"quantity", event.quantity}};
  if (event.unit_price) data["unit_price"] = *event.unit_price;
  return data;
}
json data_of(const product_removed_from_cart& event) {
  return {{"product_id", string_or_hex(event.product_id)}};
}
json data_of(const product_quantity_changed_in_cart& event) {
  return {{"product_id", string_or_hex(event.product_id)}, {"quantity", event.quantity}};
}
json data_of(const cart_checked_out&) {
  return json::object();
}

}  // namespace

cart_command command_from_json(std::string_view text) {
  const json object = parsed(text);
  if (!object.is_object())
    throw no_command(std::string("a JSON object is expected, not ") + object.type_name());
  cart_command result;
  result.cart = text_member(object, "cart", reprise::max_aggregate_id_bytes);
  if (object.contains("id")) result.id = text_member(object, "id", reprise::max_command_id_bytes);
  result.command = command_of(object);
  return result;
}

std::string json_string(std::string_view bytes) {
  return string_or_hex(bytes).dump();
}

std::string_view name_of(const shopping_cart::event& event) {
  return std::visit([](const auto& e) { return e.event_name; }, event);
}

std::string json_data(const shopping_cart::event& event) {
  return std::visit([](const auto& e) { return data_of(e).dump(); }, event);
}

}  // namespace shop
