#include "stress/settings.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

namespace stress {

namespace {

struct unit {
  std::string_view name;
  double nanoseconds;
};

constexpr std::array units{unit{"ns", 1},   unit{"us", 1e3},   unit{"ms", 1e6}, unit{"s", 1e9},
                           unit{"m", 60e9}, unit{"h", 3600e9}, unit{"", 1e9}};

/// Splits `text` into the number at its beginning and what is behind it.
std::pair<double, std::string_view> leading_number(std::string_view text, const char* expected) {
  double number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number,
                                            std::chars_format::fixed);
  if (wrong != std::errc() || !std::isfinite(number)) throw bad_setting(expected);
  return {number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

/// Returns the fraction that `1%` is.
double percentage(std::string_view text, const char* expected) {
  const auto [number, rest] = leading_number(text, expected);
  if (rest != "%" || number <= 0 || number > 100) throw bad_setting(expected);
  return number / 100;
}

std::uint32_t weight(std::string_view text, const char* expected) {
  std::uint32_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc() || end != text.data() + text.size() || number > 1'000'000)
    throw bad_setting(expected);
  return number;
}

}  // namespace

std::string_view to_string(command_kind kind) noexcept {
  switch (kind) {
  case command_kind::add_product: return "add_product";
  case command_kind::remove_product: return "remove_product";
  case command_kind::view: return "view";
  case command_kind::check_out: return "check_out";
  }
  return "unknown";
}

std::chrono::nanoseconds duration_from(const std::string& text) {
  static constexpr auto expected = "it takes a time such as 10s, 500ms or 2m";
  const auto [number, rest] = leading_number(text, expected);
  const auto found = std::find_if(units.begin(), units.end(),
                                  [&r = rest](const unit& u) { return u.name == r; });
  if (found == units.end()) throw bad_setting(expected);
  const double nanoseconds = number * found->nanoseconds;
  if (nanoseconds < 1 || nanoseconds > 3600e9 * 24 * 365)
    throw bad_setting("it takes a time from 1ns to a year");
  return std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds));
}

std::uint64_t number_from(const std::string& text, std::uint64_t least) {
  std::uint64_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc() || end != text.data() + text.size() || number < least) {
    throw bad_setting("it takes a whole number from " + std::to_string(least) + " on, of 64 bits");
  }
  return number;
}

command_mix mix_from(const std::string& text) {
  static constexpr auto expected =
      "it takes shares such as add=60,remove=20,view=15,checkout=5, not all of them 0";
  static constexpr std::array<std::string_view, 4> names{"add", "remove", "view", "checkout"};
  command_mix mix;
  mix.weights.fill(0);
  for (std::string_view rest = text; !rest.empty();) {
    const auto item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    const auto equals = item.find('=');
    const auto found = std::find(names.begin(), names.end(), item.substr(0, equals));
    if (found == names.end() || equals == item.npos) throw bad_setting(expected);
    mix.weights[static_cast<std::size_t>(found - names.begin())] = weight(item.substr(equals + 1),
                                                                          expected);
  }
  const bool is_empty = std::all_of(mix.weights.begin(), mix.weights.end(),
                                    [](auto w) { return w == 0; });
  if (is_empty) throw bad_setting(expected);
  return mix;
}

cart_distribution distribution_from(const std::string& text) {
  static constexpr auto expected = "it takes uniform, zipf:0.99, hot:1%@90% or latest";
  using shape = cart_distribution::shape;
  cart_distribution result;
  result.text = text;
  const std::string_view view = text;
  if (view == "uniform") {
    result.form = shape::uniform;
  } else if (view == "latest") {
    result.form = shape::latest;
  } else if (view.starts_with("zipf:")) {
    const auto [exponent, rest] = leading_number(view.substr(5), expected);
    if (!rest.empty() || exponent <= 0 || exponent > 10)
      throw bad_setting("the exponent of zipf is above 0 and at most 10");
    result.exponent = exponent;
  } else if (view.starts_with("hot:") && view.find('@') != view.npos) {
    const auto at = view.find('@');
    result.form = shape::hot;
    result.hot_carts = percentage(view.substr(4, at - 4), expected);
    result.hot_commands = percentage(view.substr(at + 1), expected);
  } else {
    throw bad_setting(expected);
  }
  return result;
}

}  // namespace stress
