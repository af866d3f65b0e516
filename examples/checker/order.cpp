#include "checker/order.hpp"

#include "reprise/text.hpp"

#include <algorithm>
#include <string>

namespace checker {

namespace {

constexpr std::uint64_t never = ~std::uint64_t{0};

/// When something took effect: between these two moments.
struct effect {
  std::uint64_t begin = 0;
  std::uint64_t end = never;
  std::uint64_t version = 0;
  std::uint32_t command = none;
};

/// The order of versions is walked from its end, so that the earliest answer of all that comes later is known.
class backward_walk {
 public:
  backward_walk(const history& of, findings& out) : history_(of), findings_(out) {}

  void next_cart() { earliest_ = {}; }

  void take(const effect& e) {
    if (earliest_.end < e.begin) report(e);
    if (e.end < earliest_.end) earliest_ = e;
  }

  /// Views and judgements at one version may have come in any order: none of them is held against another.
  void take_later(const effect& e) {
    if (earliest_.end < e.begin) report(e);
    if (e.end < earliest_of_version_.end) earliest_of_version_ = e;
  }
  void end_version() {
    if (earliest_of_version_.end < earliest_.end) earliest_ = earliest_of_version_;
    earliest_of_version_ = {};
  }

 private:
  void report(const effect& late) {
    const sent_command& c = history_.commands[late.command];
    findings_.add({violation_kind::wrong_order, std::string(history_.carts[c.cart]), late.version,
                   std::string(history_.ids[late.command]),
                   "nothing before what was answered before it was sent: id "
                       + reprise::printable(history_.ids[earliest_.command]) + ", version "
                       + std::to_string(earliest_.version),
                   "version " + std::to_string(late.version) + ", sent "
                       + std::to_string(late.begin - earliest_.end) + " ns after that answer"});
  }

  const history& history_;
  findings& findings_;
  effect earliest_;
  effect earliest_of_version_;
};

effect effect_of(const history& of, std::uint32_t command) {
  const sent_command& c = of.commands[command];
  effect e{never, never, c.stored_version, command};
  of.each_sending(c, [&](const sending& s) {
    if (s.recorded_events() || s.is_open()) e.begin = std::min(e.begin, s.sent_at);
    if (s.recorded_events()) e.end = std::min(e.end, s.answered_at);
  });
  // Nobody who sent it was told that it may be stored, which is a violation of its own.
  if (e.begin == never) e.begin = 0;
  return e;
}

/// Returns the recorded commands by cart, each cart's in the order of the journal.
std::vector<std::uint32_t> by_cart(const history& of, std::vector<std::uint32_t> recorded) {
  std::stable_sort(recorded.begin(), recorded.end(), [&](std::uint32_t a, std::uint32_t b) {
    return of.commands[a].cart < of.commands[b].cart;
  });
  return recorded;
}

}  // namespace

void check_order(const history& of,
                 const std::vector<std::uint32_t>& judgements,
                 const std::vector<std::uint32_t>& recorded_in_order,
                 findings& out) {
  const auto recorded = by_cart(of, recorded_in_order);
  backward_walk walk(of, out);
  std::size_t r = recorded.size();
  std::size_t j = judgements.size();
  const auto judged_cart = [&] { return of.commands[of.sendings[judgements[j - 1]].command].cart; };
  const auto recorded_cart = [&] { return of.commands[recorded[r - 1]].cart; };
  for (std::uint32_t cart = of.carts.size(); cart-- > 0;) {
    walk.next_cart();
    for (;;) {
      const bool has_judged = j > 0 && judged_cart() == cart;
      const bool has_recorded = r > 0 && recorded_cart() == cart;
      if (!has_judged && !has_recorded) break;
      const std::uint64_t stored = has_recorded ? of.commands[recorded[r - 1]].stored_version : 0;
      if (has_judged && of.sendings[judgements[j - 1]].version >= stored) {
        const std::uint64_t version = of.sendings[judgements[j - 1]].version;
        for (; j > 0 && judged_cart() == cart && of.sendings[judgements[j - 1]].version == version;
             --j) {
          const sending& s = of.sendings[judgements[j - 1]];
          walk.take_later({s.sent_at, s.answered_at, s.version, s.command});
        }
        walk.end_version();
      } else {
        walk.take(effect_of(of, recorded[--r]));
      }
    }
  }
}

}  // namespace checker
