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

struct named_metric {
  std::string_view name;
  metric what;
  bool is_time;
};

constexpr std::array metric_names{named_metric{"p50", metric::p50, true},
                                  named_metric{"p90", metric::p90, true},
                                  named_metric{"p99", metric::p99, true},
                                  named_metric{"p99.9", metric::p999, true},
                                  named_metric{"max", metric::max, true},
                                  named_metric{"rate", metric::rate, false},
                                  named_metric{"accepted", metric::accepted, false},
                                  named_metric{"refused", metric::refused, false},
                                  named_metric{"overloaded", metric::overloaded, false},
                                  named_metric{"unavailable", metric::unavailable, false},
                                  named_metric{"unknown", metric::unknown, false}};

/// Returns the nanoseconds of a unit that a time has to have.
double unit_of_time(std::string_view name, const char* expected) {
  const auto found = std::find_if(units.begin(), units.end(),
                                  [&](const unit& u) { return u.name == name; });
  if (name.empty() || found == units.end()) throw bad_setting(expected);
  return found->nanoseconds;
}

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

/// Reads `name=value,name=value`, each of `names` once at most. Returns the values beside the names; one that is not there
/// is empty.
template <std::size_t Names>
std::array<std::string_view, Names> values_of(const std::array<std::string_view, Names>& names,
                                              std::string_view text,
                                              const char* expected) {
  std::array<std::string_view, Names> values;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto item = text.substr(begin, text.find(',', begin) - begin);
    begin += item.size() + 1;
    const auto equals = item.find('=');
    const auto found = std::find(names.begin(), names.end(), item.substr(0, equals));
    if (found == names.end() || equals >= item.size() - 1) throw bad_setting(expected);
    auto& value = values[static_cast<std::size_t>(found - names.begin())];
    if (!value.empty()) throw bad_setting(expected);
    value = item.substr(equals + 1);
  }
  return values;
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

std::chrono::nanoseconds duration_from(const std::string& text, std::chrono::nanoseconds least) {
  static constexpr auto expected = "it takes a time such as 10s, 500ms or 2m";
  const auto [number, rest] = leading_number(text, expected);
  const auto found = std::find_if(units.begin(), units.end(),
                                  [&r = rest](const unit& u) { return u.name == r; });
  if (found == units.end()) throw bad_setting(expected);
  const double nanoseconds = number * found->nanoseconds;
  if (nanoseconds < static_cast<double>(least.count()) || nanoseconds > 3600e9 * 24 * 365)
    throw bad_setting("it takes a time from " + std::to_string(least.count()) + "ns to a year");
  return std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds));
}

double rate_from(const std::string& text) {
  static constexpr auto expected = "it takes a number above 0, and at most 10 million, a second";
  const auto [number, rest] = leading_number(text, expected);
  if ((!rest.empty() && rest != "/s") || number <= 0 || number > 1e7) throw bad_setting(expected);
  return number;
}

arrivals arrivals_from(const std::string& text) {
  if (text == "poisson") return arrivals::poisson;
  if (text == "fixed") return arrivals::fixed;
  throw bad_setting("it takes poisson or fixed");
}

command_mix mix_from(const std::string& text) {
  static constexpr auto expected =
      "it takes shares such as add=60,remove=20,view=15,checkout=5, not all of them 0";
  static constexpr std::array<std::string_view, 4> names{"add", "remove", "view", "checkout"};
  const auto shares = values_of(names, text, expected);
  command_mix mix;
  for (std::size_t i = 0; i < names.size(); ++i)
    mix.weights[i] = shares[i].empty() ? 0 : weight(shares[i], expected);
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

chaos_rates chaos_from(const std::string& text) {
  static constexpr auto expected =
      "it takes rates such as crash=5/s,passivate=10/s,restart=0.1/s, not all of them 0";
  static constexpr std::array<std::string_view, 3> names{"crash", "passivate", "restart"};
  const auto rates = values_of(names, text, expected);
  const auto rate = [](std::string_view value) {
    if (value.empty()) return 0.0;
    const auto [number, behind] = leading_number(value, expected);
    if (behind != "/s" || number < 0 || number > 1e6) throw bad_setting(expected);
    return number;
  };
  const chaos_rates result{rate(rates[0]), rate(rates[1]), rate(rates[2])};
  if (result.crash + result.passivate + result.restart == 0) throw bad_setting(expected);
  return result;
}

threshold threshold_from(const std::string& text) {
  static constexpr auto expected =
      "it takes p50, p90, p99, p99.9 or max with a time, or rate, accepted, refused, overloaded, "
      "unavailable or unknown with a number, such as p99>20ms or rate<50000/s";
  const std::string_view view = text;
  const auto at = view.find_first_of("<>");
  if (at == view.npos) throw bad_setting(expected);
  const auto named = std::find_if(metric_names.begin(), metric_names.end(),
                                  [&](const auto& m) { return m.name == view.substr(0, at); });
  if (named == metric_names.end()) throw bad_setting(expected);
  const bool is_or_equal = view.substr(at + 1).starts_with('=');
  const auto [number, rest] = leading_number(view.substr(at + (is_or_equal ? 2 : 1)), expected);
  threshold result{text, named->what, comparison::above, rest == "/s", number};
  if (view[at] == '>') result.how = is_or_equal ? comparison::at_least : comparison::above;
  if (view[at] == '<') result.how = is_or_equal ? comparison::at_most : comparison::below;
  if (named->is_time) {
    result.is_per_second = false;
    result.limit = number * unit_of_time(rest, expected);
  } else if (!rest.empty() && rest != "/s") {
    throw bad_setting(expected);
  }
  return result;
}

}  // namespace stress
