#pragma once

#include "cart/check.hpp"
#include "cart/lives.hpp"
#include "cart/status_line.hpp"
#include "reprise/journal.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace simulation {

/// Carts could not be asked what they hold. `what` says how many, and why.
class no_answer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What the senders of commands know of every cart, to be checked in the end. It keeps every answer: about 260 bytes
/// for each, and twice what a product id has above 15 bytes.
class accounts {
 public:
  /// Begins with what the journal holds, and returns how many events that is. An interrupt ends it early. Throws what
  /// `journal::read_all` throws.
  std::uint64_t take_up(const reprise::journal& journal, status_line& status);

  /// Both note what somebody was told of a cart.
  void add(const std::string& cart, told t);
  void add(const std::string& cart, looked l);

  /// Returns a reason as `told` keeps it.
  std::string_view kept(std::string reason);

  /// Returns how many carts somebody was told something of.
  std::size_t touched() const noexcept { return touched_; }

  struct verdict {
    bool is_finished = false;
    std::uint64_t checked = 0;  ///< carts, those that only the journal knew before too
    std::uint64_t difference_count = 0;
    std::vector<difference> differences;  ///< the first ones
  };

  /// Recovers every cart with a fresh runtime, see `lives::start_to_ask`, and checks it. Ends early when `can_go_on`
  /// says no. That a limit of the runtime is reached says nothing of a cart: it is asked again.
  ///
  /// Throws `no_answer` if no cart has answered for `longest_silence`.
  verdict check(const lives& runtime,
                status_line& status,
                const std::function<bool()>& can_go_on,
                std::chrono::milliseconds longest_silence = std::chrono::minutes(1)) const;

 private:
  cart_history& visited(const std::string& cart);

  std::unordered_map<std::string, cart_history> carts_;
  std::size_t touched_ = 0;
  std::set<std::string> reasons_;
};

/// Returns a number for what a look at a cart sees.
std::uint64_t look_at(const shop::shopping_cart& cart);

}  // namespace simulation
