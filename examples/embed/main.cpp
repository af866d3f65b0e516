// The smallest program that has the runtime in it: a host, a cart by its id, and the three ways of talking to it.

#include "reprise/host.hpp"
#include "reprise/memory_journal.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <chrono>
#include <future>
#include <iostream>

using shop::add_product;
using shop::check_out;
using shop::shopping_cart;

int main() {
  reprise::host host{{.journal = reprise::in_memory()}};
  const auto carts = host.aggregates<shopping_cart>();

  // A future: it is ready once the events are durable.
  std::cout << "add tea:   " << carts.send("cart-42", add_product{"tea", 2}).get() << '\n';

  // A command with an id of its sender's can be sent again: it takes effect once, and the answer is the first one's.
  const auto first = carts.send("cart-42", add_product{"cup", 1}, {.id = "order-1"}).get();
  const auto again = carts.send("cart-42", add_product{"cup", 1}, {.id = "order-1"}).get();
  std::cout << "add cup:   " << first << (again == first ? ", and so it is when sent again" : "")
            << '\n';

  // A callback: it runs on a thread of the runtime, and hands the answer over here.
  std::promise<reprise::answer> bought;
  carts.send("cart-42", check_out{},
             [&bought](reprise::answer a) { bought.set_value(std::move(a)); });
  std::cout << "check out: " << bought.get_future().get() << '\n';

  // The cart's own "no" is an ordinary answer.
  std::cout << "add jam:   " << carts.send("cart-42", add_product{"jam", 1}).get() << '\n';

  // A query sees nothing that could be undone.
  const auto seen = carts.query("cart-42").get();
  std::cout << "the cart:  " << seen.value.value() << '\n';

  const auto stopped = host.stop(std::chrono::seconds(5));
  std::cout << (stopped.clean ? "stopped" : "did not stop in time") << '\n';
}
