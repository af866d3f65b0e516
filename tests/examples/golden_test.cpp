#include "reprise/event_codec.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

using namespace shop;

namespace {

/// Returns a stored payload of the cart's first format, which every later version of the program reads.
std::string golden(const std::string& event_name) {
  const std::string path = REPRISE_GOLDEN_DIRECTORY "/" + event_name + ".payload";
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.is_open(), path);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class Event>
void is_read_and_written_for_ever(const Event& event) {
  const std::string name{Event::event_name};
  INFO(name);
  const std::string stored = golden(name);
  CHECK((reprise::decode_events<shopping_cart>({name, 0, stored}).at(0)
         == shopping_cart::event{event}));

  std::string written;
  reprise::payload_writer{written, reprise::max_commit_bytes}.outermost(event);
  CHECK(written == stored);
}

}  // namespace

TEST_CASE("the payloads of the first format are read, and written, for ever") {
  is_read_and_written_for_ever(product_added_to_cart{"tea", 2});
  is_read_and_written_for_ever(product_removed_from_cart{"j\xc3\xa4m"});
  is_read_and_written_for_ever(product_quantity_changed{"tea", 0x0102030405060708});
  is_read_and_written_for_ever(cart_checked_out{});
}
