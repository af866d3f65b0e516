#include "cart/accounts.hpp"

#include "cart/cart_events.hpp"
#include "cart/format.hpp"
#include "cart/interrupt.hpp"
#include "cart/mailbox.hpp"
#include "cart/trimmed_carts.hpp"
#include "reprise/text.hpp"

#include <algorithm>
#include <memory>
#include <sstream>
#include <thread>
#include <utility>

namespace simulation {

using shop::shopping_cart;

namespace {

using clock = std::chrono::steady_clock;
using known_carts = std::unordered_map<std::string, cart_history>;

constexpr std::chrono::milliseconds patience{50};
constexpr std::size_t queries_at_once = 1'000;
constexpr std::size_t differences_kept = 20;

/// Carts that leave take up room until they are gone, and nobody says when that is.
constexpr std::chrono::microseconds time_to_leave{100};

struct recovered_cart {
  const known_carts::value_type* who;
  reprise::observed<shopping_cart> state;
};

/// Asks carts what they hold: no more at a time than the runtime has room for, which shows as it is asked.
class survey {
 public:
  survey(const known_carts& carts, const lives& runtime) : runtime_(runtime) {
    to_ask_.reserve(carts.size());
    for (const auto& cart : carts) to_ask_.push_back(&cart);
  }

  /// Returns what some carts answered, if any has. Those that there was no room for are asked again.
  std::vector<recovered_cart> some_answers() {
    for (; !to_ask_.empty() && under_way_ < at_once_; ++under_way_) {
      ask(*to_ask_.back());
      to_ask_.pop_back();
    }
    auto answers = answers_->take(patience);
    under_way_ -= answers.size();
    const auto no_room = std::partition(answers.begin(), answers.end(), [](const auto& a) {
      return a.state.kind != reprise::answer_kind::overloaded;
    });
    if (no_room == answers.end()) {
      at_once_ = std::min(at_once_ + 1, queries_at_once);
    } else {
      for (auto a = no_room; a != answers.end(); ++a) to_ask_.push_back(a->who);
      no_room_ = reprise::printable(no_room->who->first)
                 + " is overloaded: " + no_room->state.reason;
      at_once_ = std::max<std::size_t>(under_way_, 1);
      if (under_way_ == 0) std::this_thread::sleep_for(time_to_leave);
    }
    answers.erase(no_room, answers.end());
    return answers;
  }

  /// Returns why carts were asked again; empty if none was.
  const std::string& no_room() const noexcept { return no_room_; }

 private:
  void ask(const known_carts::value_type& cart) {
    runtime_.carts().query(
        cart.first, [](const shopping_cart& state) { return state; },
        [answers = answers_, who = &cart](reprise::observed<shopping_cart> state) {
          answers->put({who, std::move(state)});
        });
  }

  const lives& runtime_;
  std::vector<const known_carts::value_type*> to_ask_;
  std::size_t under_way_ = 0;
  std::size_t at_once_ = queries_at_once;
  std::string no_room_;

  /// Shared with the answers, of which some may come after an interrupt.
  std::shared_ptr<mailbox<recovered_cart>> answers_ = std::make_shared<mailbox<recovered_cart>>();
};

void follow_base(cart_history& history, const reprise::commit_view& c) {
  if (c.last_version() <= history.base_version) return;  // the cart began with a state that has it
  for (const auto& event : events_of(c)) history.base.follow(event);
  history.base_version = c.last_version();
}

void compare(const recovered_cart& r, const reprise::journal& journal, accounts::verdict& result) {
  for (auto& d : check_cart(r.who->first, r.who->second, journal, r.state)) {
    ++result.difference_count;
    if (result.differences.size() < differences_kept) result.differences.push_back(std::move(d));
  }
}

}  // namespace

std::uint64_t accounts::take_up(const reprise::journal& journal, status_line& status) {
  for (const trimmed_cart& cart : trimmed_carts(journal)) {
    cart_history& history = carts_[cart.id];
    history.base.begin_with(cart.state);
    history.base_version = cart.version;
  }
  std::uint64_t events = 0;
  const auto follow = [&](const reprise::commit_view& c) {
    events += c.events.size();
    if (const auto cart = cart_of(c.stream)) follow_base(carts_[std::string(*cart)], c);
    if (status.is_due()) status.draw("reading the journal: " + counted(events, "event"));
    return !was_interrupted();
  };
  reprise::read_what_is_left(journal, 1, follow, [](const reprise::trimmed_history&) {});
  return events;
}

void accounts::add(const std::string& cart, told t) {
  visited(cart).commands.push_back(std::move(t));
}

void accounts::add(const std::string& cart, looked l) {
  visited(cart).looks.push_back(l);
}

std::string_view accounts::kept(std::string reason) {
  return *reasons_.insert(std::move(reason)).first;
}

cart_history& accounts::visited(const std::string& cart) {
  cart_history& history = carts_[cart];
  if (history.commands.empty() && history.looks.empty()) ++touched_;
  return history;
}

accounts::verdict accounts::check(const lives& runtime,
                                  status_line& status,
                                  const std::function<bool()>& can_go_on,
                                  std::chrono::milliseconds longest_silence) const {
  verdict result;
  survey all{carts_, runtime};
  auto heard_at = clock::now();
  while (result.checked < carts_.size() && can_go_on()) {
    const auto answers = all.some_answers();
    for (const auto& r : answers) compare(r, *runtime.store().journal(), result);
    result.checked += answers.size();
    if (!answers.empty()) {
      heard_at = clock::now();
    } else if (clock::now() - heard_at > longest_silence) {
      throw no_answer(grouped(carts_.size() - result.checked) + " of "
                      + counted(carts_.size(), "cart")
                      + " could not be asked what they hold; none has answered for "
                      + as_duration(longest_silence)
                      + (all.no_room().empty() ? "" : "; cart " + all.no_room()));
    }
    if (status.is_due()) {
      status.draw("checking: " + grouped(result.checked) + " of " + counted(carts_.size(), "cart"));
    }
  }
  result.is_finished = result.checked == carts_.size();
  return result;
}

std::uint64_t look_at(const shopping_cart& cart) {
  std::ostringstream text;
  text << cart;
  return fingerprint_of(text.view());
}

}  // namespace simulation
