// Commands of the user's own, a JSON object a line. A line that is read is a command that, written as JSON, is read as
// the same one; the first line that is none ends the input with its name.

#include "cart/input.hpp"
#include "fuzz/fuzz.hpp"
#include "shopping_cart/shopping_cart_json.hpp"

#include <sstream>
#include <sys/mman.h>
#include <unistd.h>
#include <variant>

namespace {

using namespace shop;

std::string printed(const shopping_cart::command& command) {
  std::ostringstream out;
  out << command;
  return out.str();
}

struct to_json {
  std::string operator()(const add_product& c) const {
    return R"("add_product","product_id":)" + json_string(c.product_id) + R"(,"quantity":)"
           + std::to_string(c.quantity)
           + (c.unit_price ? R"(,"unit_price":)" + std::to_string(*c.unit_price) : "");
  }
  std::string operator()(const change_quantity& c) const {
    return R"("change_quantity","product_id":)" + json_string(c.product_id) + R"(,"quantity":)"
           + std::to_string(c.quantity);
  }
  std::string operator()(const remove_product& c) const {
    return R"("remove_product","product_id":)" + json_string(c.product_id);
  }
  std::string operator()(const check_out&) const { return R"("check_out")"; }
};

void check_line(const simulation::step& step) {
  fuzz::require(step.command.has_value(), "a line is a command");
  std::string text = R"({"cart":)" + json_string(step.cart);
  if (!step.id.empty()) text += R"(,"id":)" + json_string(step.id);
  text += R"(,"command":)" + std::visit(to_json{}, *step.command) + '}';
  const auto again = command_from_json(text);
  fuzz::require(again.cart == step.cart && again.id == step.id, "its ids are read again");
  fuzz::require(printed(again.command) == printed(*step.command), "a command is read again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = memfd_create("input", 0);
  fuzz::require(file >= 0 && ftruncate(file, 0) == 0, "there is room for a file");
  fuzz::require(pwrite(file, data, size, 0) == static_cast<ssize_t>(size), "the input is written");
  simulation::json_lines lines("/proc/self/fd/" + std::to_string(file));
  std::size_t read = 0;
  try {
    while (!lines.is_at_end()) {
      const auto step = lines.next();
      if (step) check_line(*step);
      fuzz::require(++read <= size + 1, "the input comes to an end");
    }
  } catch (const simulation::bad_input&) {
    fuzz::require(lines.is_at_end(), "nothing is read behind a line that is none");
  }
  return 0;
}
