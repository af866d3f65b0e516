#include "checker/recovery.hpp"

#include "cart/mailbox.hpp"
#include "reprise/error.hpp"
#include "reprise/host.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace checker {

using shop::shopping_cart;

namespace {

constexpr std::uint32_t queries_at_once = 1'000;
constexpr std::chrono::milliseconds patience{50};
constexpr std::chrono::seconds stop_deadline{30};

struct seen {
  std::uint32_t cart = 0;
  reprise::observed<shopping_cart> state;
};

void compare(judge& judge, const seen& s) {
  const shopping_cart* value = s.state.value ? &*s.state.value : nullptr;
  judge.compare_recovered(s.cart, value, s.state.version,
                          std::string(to_string(s.state.kind)) + ": " + s.state.reason);
}

/// Asks every cart, so many at a time. Returns false if it was interrupted.
bool ask_all(judge& judge, reprise::host& host, const std::function<bool()>& is_interrupted) {
  const auto carts = host.aggregates<shopping_cart>();
  const auto box = std::make_shared<simulation::mailbox<seen>>();
  std::uint32_t asked = 0;
  for (std::uint32_t answered = 0; answered < judge.cart_count();) {
    if (is_interrupted()) return false;
    for (; asked < judge.cart_count() && asked - answered < queries_at_once; ++asked) {
      carts.query(
          judge.cart(asked), [](const shopping_cart& cart) { return cart; },
          [box, cart = asked](reprise::observed<shopping_cart> state) {
            box->put({cart, std::move(state)});
          });
    }
    for (const seen& s : box->take(patience)) {
      compare(judge, s);
      ++answered;
    }
  }
  return true;
}

}  // namespace

void check_recovery(judge& judge,
                    std::shared_ptr<reprise::journal> journal,
                    const std::function<void(const std::string&)>& log,
                    const std::function<bool()>& is_interrupted,
                    findings& out) {
  reprise::host_config config;
  config.journal = std::move(journal);
  config.log = [&log](reprise::log_level level, const std::string& what) {
    if (level != reprise::log_level::info) log(what);
  };
  reprise::host host{std::move(config)};
  if (!ask_all(judge, host, is_interrupted)) out.was_interrupted = true;
  const auto stopped = host.stop(stop_deadline);
  if (stopped.clean) return;
  std::string why = "the host that was asked did not stop";
  for (const auto& what : stopped.unfinished) why += "; " + what;
  throw reprise::journal_failure(why);
}

}  // namespace checker
