#pragma once

#include "bench/closed_loop.hpp"
#include "bench/report.hpp"
#include "reprise/host.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bench {

using carts_handle = reprise::aggregates<shop::shopping_cart>;

/// Returns so many cart ids in an order that has nothing to do with that of their names.
std::vector<std::string> make_cart_ids(std::size_t count);

/// Returns the id of a command that its sender has numbered.
std::string command_id(std::uint64_t number);

/// What the carts of every scenario hold.
inline const std::string product = "earl-grey-tea";

/// Asks for carts by number, going round. The first round puts the product in, and each later one changes its
/// quantity, so that every command records one event and no cart grows.
class cart_commands {
 public:
  enum class named_by : std::uint8_t { host, sender };

  cart_commands(carts_handle to, const std::vector<std::string>& ids, named_by who = named_by::host)
      : to_(std::move(to)), ids_(&ids), named_by_(who) {}

  template <class Done>
  void operator()(std::uint64_t number, Done done) const {
    reprise::command_options options;
    if (named_by_ == named_by::sender) options.id = command_id(number);
    to_.send((*ids_)[number % ids_->size()], command(number / ids_->size()), done,
             std::move(options));
  }

 private:
  static shop::shopping_cart::command command(std::uint64_t round) {
    if (round == 0) return shop::add_product{product, 1};
    // Two commands to one cart may pass each other at the start, so neighbours are not enough to differ.
    return shop::change_quantity{product, static_cast<std::int64_t>(2 + round % 999)};
  }

  carts_handle to_;
  const std::vector<std::string>* ids_;
  named_by named_by_;
};

/// Asks each cart in turn how many products it has.
class cart_queries {
 public:
  cart_queries(carts_handle to, const std::vector<std::string>& ids)
      : to_(std::move(to)), ids_(&ids) {}

  template <class Done>
  void operator()(std::uint64_t number, Done done) const {
    to_.query((*ids_)[number % ids_->size()], count_products, done);
  }

 private:
  static std::size_t count_products(const shop::shopping_cart& cart) { return cart.items.size(); }

  carts_handle to_;
  const std::vector<std::string>* ids_;
};

/// Returns the configuration of a host as it is by default.
reprise::host_config host_on(std::shared_ptr<reprise::journal> journal);

/// Appends so many events to each cart, going round, without actors.
void fill(reprise::journal& to, const std::vector<std::string>& ids, std::size_t events_per_cart);

/// Adds a problem if anything but `accepted` was answered.
void check_accepted(const loop_result& ran, const std::string& what, result& found);

/// Stops a host and adds a problem if it does not stop cleanly.
void stop(reprise::host& host, result& found);

}  // namespace bench
