#include "shopping_cart/json_text.hpp"

#include "reprise/text.hpp"

#include <set>
#include <string>
#include <vector>

namespace shop {

using json = nlohmann::ordered_json;

json json_from(std::string_view text) {
  std::vector<std::set<std::string>> members;  // of each object that has begun
  std::string repeated;
  const auto look = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) members.emplace_back();
    if (event == json::parse_event_t::object_end) members.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& name = value.get_ref<const std::string&>();
      if (!members.back().insert(name).second) repeated = reprise::printable(name);
    }
    return true;
  };
  try {
    json value = json::parse(text, look);
    if (!repeated.empty()) throw bad_json("the member " + repeated + " is there twice");
    return value;
  } catch (const json::exception& error) {
    // The library's own words begin with its name and number for the error, which say nothing to a person.
    const std::string_view what = error.what();
    const auto words = what.find("] ");
    throw no_json("no JSON: " + std::string(words == what.npos ? what : what.substr(words + 2)));
  }
}

}  // namespace shop
