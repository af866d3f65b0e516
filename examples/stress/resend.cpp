#include "stress/resend.hpp"

#include "shopping_cart/shopping_cart_json.hpp"
#include "stress/ack_log.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <unordered_map>
#include <utility>

namespace stress {

namespace {

using json = nlohmann::json;

/// What the log says of one command so far.
struct history {
  std::uint64_t line = 0;  ///< of its first sending
  order what;
  std::uint64_t sendings = 0;
  std::uint64_t stored_nothing = 0;  ///< sendings that were answered so
  bool is_answered = false;          ///< for good

  bool is_settled() const { return is_answered || stored_nothing == sendings; }
};

using histories = std::unordered_map<std::string, history>;

/// Reads the command of a line as `command_from_json` does, whose members lie beside the others, not in `data`.
order order_of(const json& line) {
  order result;
  result.cart = line.at("cart").get<std::string>();
  const auto name = line.at("command").get<std::string>();
  if (name == "view") return result;
  json flat = line.at("data");
  flat["cart"] = result.cart;
  flat["command"] = name;
  result.command = shop::command_from_json(flat.dump()).command;
  static constexpr std::pair<std::string_view, command_kind> kinds[] = {
      {"remove_product", command_kind::remove_product}, {"check_out", command_kind::check_out}};
  result.kind = command_kind::add_product;
  for (const auto& [known, kind] : kinds)
    if (name == known) result.kind = kind;
  return result;
}

void follow(histories& all, const json& line, std::uint64_t number) {
  const auto id = line.at("id").get<std::string>();
  if (line.at("t") == "send") {
    const auto [found, is_new] = all.try_emplace(id);
    if (is_new) found->second.what = order_of(line);
    if (is_new) found->second.line = number;
    ++found->second.sendings;
    return;
  }
  if (line.at("t") != "answer") throw ack_log_failure("\"t\" is neither send nor answer");
  const auto found = all.find(id);
  if (found == all.end()) throw ack_log_failure("an answer to a command that was not sent");
  const auto outcome = line.at("result").get<std::string>();
  if (outcome == "accepted" || outcome == "refused") found->second.is_answered = true;
  if (outcome == "overloaded" || outcome == "unavailable") ++found->second.stored_nothing;
}

histories read_histories(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in)
    throw ack_log_failure("cannot read the log " + file.string() + ": " + std::strerror(errno));
  histories all;
  std::uint64_t number = 0;
  for (std::string line; std::getline(in, line) && !in.eof();) {
    ++number;
    try {
      follow(all, json::parse(line), number);
    } catch (const std::exception& wrong) {
      throw ack_log_failure(file.string() + ':' + std::to_string(number)
                            + ": no line of an acknowledgement log: " + wrong.what());
    }
  }
  return all;
}

}  // namespace

std::vector<std::vector<unsettled_command>> unsettled_in(const std::filesystem::path& file) {
  auto all = read_histories(file);
  std::vector<std::pair<std::uint64_t, unsettled_command>> open;
  for (auto& [id, h] : all) {
    if (h.what.command && !h.is_settled()) open.push_back({h.line, {std::move(h.what), id}});
  }
  std::sort(open.begin(), open.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });

  std::vector<std::vector<unsettled_command>> by_cart;
  std::unordered_map<std::string, std::size_t> place;
  for (auto& [line, command] : open) {
    const auto [found, is_new] = place.try_emplace(command.what.cart, by_cart.size());
    if (is_new) by_cart.emplace_back();
    by_cart[found->second].push_back(std::move(command));
  }
  return by_cart;
}

}  // namespace stress
