#include "shopping_cart/shopping_cart_json.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

using namespace shop;

namespace {

std::string printed(const shopping_cart::command& command) {
  std::ostringstream out;
  out << command;
  return out.str();
}

std::string complaint(std::string_view text) {
  try {
    command_from_json(text);
    return "none";
  } catch (const no_command& why) {
    return why.what();
  }
}

}  // namespace

TEST_CASE("each command is read from JSON") {
  const auto added = command_from_json(
      R"({"cart":"cart-42","command":"add_product","product_id":"tea","quantity":2})");
  CHECK(added.cart == "cart-42");
  CHECK(added.id.empty());
  CHECK(printed(added.command) == R"(add product: 2 "tea")");

  const auto changed = command_from_json(
      R"({"cart":"c","command":"change_quantity","product_id":"tea","quantity":-3,"id":"4711"})");
  CHECK(changed.id == "4711");
  CHECK(printed(changed.command) == R"(change quantity: to -3 "tea")");

  CHECK(printed(
            command_from_json(R"({"cart":"c","command":"remove_product","product_id":""})").command)
        == R"(remove product: "")");
  CHECK(printed(command_from_json(R"( {"cart":"c","command":"check_out"} )").command)
        == "check out");
}

TEST_CASE("what is no command is refused with what is wrong with it") {
  CHECK(complaint("") != "none");
  CHECK(complaint("{").starts_with("no JSON: "));
  CHECK(complaint("[]") == "a JSON object is expected, not array");
  CHECK(complaint("{}") == R"("cart" is missing)");
  CHECK(complaint(R"({"cart":7})") == R"("cart" is to be a string, not number)");
  CHECK(complaint(R"({"cart":""})") == R"("cart" has 0 bytes; it takes 1 to 512)");
  CHECK(complaint(R"({"cart":")" + std::string(513, 'x') + R"("})")
        == R"("cart" has 513 bytes; it takes 1 to 512)");
  CHECK(complaint(R"({"cart":"c"})") == R"("command" is missing)");
  CHECK(complaint(R"({"cart":"c","command":"steal"})")
            .starts_with(R"(there is no command "steal"; there are add_)"));
  CHECK(complaint(R"({"cart":"c","command":"add_product"})") == R"("product_id" is missing)");
  CHECK(complaint(R"({"cart":"c","command":"add_product","product_id":"tea"})")
        == R"("quantity" is missing)");
  CHECK(complaint(R"({"cart":"c","command":"check_out","qantity":2})")
        == R"(there is no member "qantity" in this command)");
  CHECK(complaint(R"({"cart":"c","cart":"d","command":"check_out"})")
        == R"(the member "cart" is there twice)");
  CHECK(complaint(R"({"cart":"c","cart":"d")").starts_with("no JSON: "));
  CHECK(complaint(R"({"cart":"c","command":"check_out","id":""})")
        == R"("id" has 0 bytes; it takes 1 to 128)");
  CHECK(complaint("{\"cart\":\"\xff\",\"command\":\"check_out\"}").starts_with("no JSON: "));
}

TEST_CASE("a quantity is an integer of 64 bits") {
  const auto with_quantity = [](const std::string& quantity) {
    return complaint(R"({"cart":"c","command":"add_product","product_id":"tea","quantity":)"
                     + quantity + "}");
  };
  CHECK(with_quantity("9223372036854775807") == "none");
  CHECK(with_quantity("-9223372036854775808") == "none");
  CHECK(with_quantity("9223372036854775808")
        == R"("quantity" is to be an integer of 64 bits, not 9223372036854775808)");
  CHECK(with_quantity("1.5") == R"("quantity" is to be an integer of 64 bits, not 1.5)");
  CHECK(with_quantity("\"2\"") == R"("quantity" is to be an integer of 64 bits, not "2")");
  CHECK(with_quantity("null") == R"("quantity" is to be an integer of 64 bits, not null)");
}

TEST_CASE("a price is an integer, and none if it is not there") {
  const auto with_price = [](const std::string& price) {
    return R"({"cart":"c","command":"add_product","product_id":"tea","quantity":2,"unit_price":)"
           + price + "}";
  };
  CHECK(printed(command_from_json(with_price("350")).command)
        == R"(add product: 2 "tea" at 350 each)");
  CHECK(printed(command_from_json(with_price("-1")).command)
        == R"(add product: 2 "tea" at -1 each)");
  CHECK(complaint(with_price("3.5")) == R"("unit_price" is to be an integer of 64 bits, not 3.5)");
  CHECK(complaint(with_price("null"))
        == R"("unit_price" is to be an integer of 64 bits, not null)");
  CHECK(
      complaint(
          R"({"cart":"c","command":"change_quantity","product_id":"tea","quantity":2,"unit_price":1})")
      == R"(there is no member "unit_price" in this command)");
}

TEST_CASE("events are written as JSON") {
  CHECK(json_data(product_added_to_cart{"tea", 2, 350})
        == R"({"product_id":"tea","quantity":2,"unit_price":350})");
  CHECK(name_of(product_quantity_changed_in_cart{}) == "product_quantity_changed_in_cart");
  CHECK(json_data(product_added_to_cart{"tea", 2}) == R"({"product_id":"tea","quantity":2})");
  CHECK(json_data(product_quantity_changed_in_cart{"a\"b", -1})
        == R"({"product_id":"a\"b","quantity":-1})");
  CHECK(json_data(product_removed_from_cart{"tea"}) == R"({"product_id":"tea"})");
  CHECK(json_data(cart_checked_out{}) == "{}");
}

TEST_CASE("bytes that are not UTF-8 are kept as hex") {
  CHECK(json_string("k\xc3\xa4se") == "\"k\xc3\xa4se\"");
  CHECK(json_string("cart-\xff") == R"({"hex":"636172742dff"})");
  CHECK(json_string(std::string_view("\0a", 2)) == R"("\u0000a")");
  CHECK(json_data(product_removed_from_cart{"\xc3"}) == R"({"product_id":{"hex":"c3"}})");
}
