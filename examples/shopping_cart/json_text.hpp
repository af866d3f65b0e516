#pragma once

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string_view>

namespace shop {

/// Text that is not to be read as JSON. `what` says why, in words for a person.
class bad_json : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// It is not even JSON, as a line is that was cut off.
class no_json : public bad_json {
 public:
  using bad_json::bad_json;
};

/// Reads a JSON value. Throws `no_json`, and `bad_json` if an object has a member twice: readers of JSON differ in which of
/// the two they take.
nlohmann::ordered_json json_from(std::string_view text);

}  // namespace shop
