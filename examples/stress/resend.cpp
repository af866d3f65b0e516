#include "stress/resend.hpp"

#include "cart/interrupt.hpp"
#include "checker/ack_log.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>

namespace stress {

namespace {

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

command_kind kind_of(checker::command_kind kind) {
  switch (kind) {
  case checker::command_kind::remove_product: return command_kind::remove_product;
  case checker::command_kind::check_out: return command_kind::check_out;
  case checker::command_kind::view: return command_kind::view;
  // The generator never changes a quantity; a log of another client may. It is counted with those that add.
  case checker::command_kind::change_quantity:
  case checker::command_kind::add_product: break;
  }
  return command_kind::add_product;
}

void follow(histories& all, const checker::send_line& line, std::uint64_t number) {
  const auto [found, is_new] = all.try_emplace(line.id);
  ++found->second.sendings;
  if (!is_new) return;
  found->second.line = number;
  found->second.what = {kind_of(line.command), line.cart, command_of(line), std::nullopt};
}

void follow(histories& all, const checker::answer_line& line, std::uint64_t) {
  const auto found = all.find(line.id);
  if (found == all.end()) throw checker::bad_log("an answer to a command that was not sent");
  switch (line.result) {
  case checker::result::accepted:
  case checker::result::refused: found->second.is_answered = true; break;
  case checker::result::overloaded:
  case checker::result::unavailable: ++found->second.stored_nothing; break;
  case checker::result::unknown: break;
  }
}

histories read_histories(const std::filesystem::path& file) {
  histories all;
  std::uint64_t number = 0;
  checker::read_ack_log(file.string(), [&](const checker::ack_line& line) {
    ++number;
    std::visit([&](const auto& l) { follow(all, l, number); }, line);
    return !simulation::was_interrupted();
  });
  return all;
}

}  // namespace

commands_by_cart unsettled_in(const std::filesystem::path& file) {
  auto all = read_histories(file);
  if (simulation::was_interrupted()) return {};
  std::vector<std::pair<std::uint64_t, unsettled_command>> open;
  for (auto& [id, h] : all) {
    if (h.what.command && !h.is_settled()) open.push_back({h.line, {std::move(h.what), id}});
  }
  std::sort(open.begin(), open.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });

  commands_by_cart by_cart;
  std::unordered_map<std::string, std::size_t> place;
  for (auto& [line, command] : open) {
    const auto [found, is_new] = place.try_emplace(command.what.cart, by_cart.size());
    if (is_new) by_cart.emplace_back();
    by_cart[found->second].push_back(std::move(command));
  }
  return by_cart;
}

}  // namespace stress
