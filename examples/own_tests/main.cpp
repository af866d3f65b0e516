// Tests of one's own aggregate, as one would write them in any test framework: here they print what they find.

#include "reprise/host.hpp"
#include "reprise/testing.hpp"
#include "reprise/testing/faulty_journal.hpp"
#include "reprise/testing/golden.hpp"
#include "reprise/testing/round_trip.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <iostream>
#include <memory>

using namespace shop;
using namespace reprise::testing;

namespace {

/// An aggregate by itself: given these events, when this command comes, then that happens.
void test_the_rules() {
  const given<shopping_cart> two_teas{product_added_to_cart{"tea", 2}};
  const bool removes = two_teas.when(remove_product{"tea"})
                       == recorded{product_removed_from_cart{"tea"}};
  const bool is_safe_to_retry = two_teas.when(remove_product{"jam"}) == already_so;
  const bool refuses = two_teas.when(add_product{"jam", 0}) == quantity_is_not_positive;
  std::cout << "rules:      " << (removes && is_safe_to_retry && refuses ? "kept" : "broken")
            << '\n';
}

/// Its events: what is stored is read as what it was, by this release and by every later one.
void test_the_events() {
  const product_added_to_cart added{"tea", 2, 350};
  std::cout << "round trip: "
            << round_trips<shopping_cart>({added, product_removed_from_cart{"tea"},
                                           product_quantity_changed_in_cart{"tea", 3},
                                           cart_checked_out{}})
            << '\n';
  std::cout << "golden:     " << is_stored_as<shopping_cart>("golden/added.v2.commit", {added})
            << '\n';
}

/// A program around it, on a journal that fails when it is told to.
void test_a_bad_day() {
  const reprise::command_options once{.id = "order-1"};
  const auto journal = std::make_shared<faulty_journal>();
  {
    reprise::host host{{.journal = journal}};
    journal->fail(faulty_journal::fault::fail_after);
    const auto answer =
        host.aggregates<shopping_cart>().send("cart-42", add_product{"tea", 2}, once).get();
    std::cout << "bad day:    " << to_string(answer.kind) << '\n';
  }
  reprise::host host{{.journal = journal}};
  const auto again =
      host.aggregates<shopping_cart>().send("cart-42", add_product{"tea", 2}, once).get();
  std::cout << "sent again: " << again << '\n';
}

}  // namespace

int main() {
  test_the_rules();
  test_the_events();
  test_a_bad_day();
}
