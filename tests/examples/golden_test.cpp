#include "reprise/testing/golden.hpp"

#include "examples/program.hpp"
#include "reprise/event_codec.hpp"
#include "reprise/rocksdb_journal.hpp"
#include "reprise/state_codec.hpp"
#include "reprise/stream.hpp"
#include "reprise/testing/round_trip.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace shop;
using reprise::testing::is_stored_as;
using reprise::testing::round_trips;

namespace {

const std::filesystem::path golden_directory{REPRISE_GOLDEN_DIRECTORY};

/// Returns a stored payload of the cart's first format, which every later version of the program reads.
std::string golden(const std::string& event_name) {
  const std::string path = REPRISE_GOLDEN_DIRECTORY "/" + event_name + ".payload";
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.is_open(), path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<shopping_cart::event> read_today(const std::string& event_name) {
  INFO(event_name);
  const std::string stored = golden(event_name);
  return reprise::decode_events<shopping_cart>({event_name, 0, stored});
}

std::vector<shopping_cart::event> only(const shopping_cart::event& event) {
  return {event};
}

/// The carts that each release's journal holds, as they are today.
shopping_cart cart_of_anna() {
  return {{{"milk", 1}, {"tea", 5}}, true};
}
shopping_cart cart_of_ben() {
  return {{{"j\xc3\xa4m", 3}}, false};
}

/// A state as it is stored at the program's own class version, which a trimmed journal has in place of events. One that is not
/// there is made if REPRISE_WRITE_GOLDEN is set. It is never changed: once the cart has another class version, what
/// `decode_state` makes of the old file is all that can be said of it.
std::string golden_state(const std::string& name, const shopping_cart& of) {
  const std::filesystem::path path = golden_directory / name;
  if (!std::filesystem::exists(path) && std::getenv("REPRISE_WRITE_GOLDEN") != nullptr) {
    std::string bytes;
    reprise::encode_state(of, bytes);
    program::write(path, bytes);
    FAIL_CHECK("made " << path.string() << ": look at it, and keep it");
  }
  REQUIRE_MESSAGE(std::filesystem::exists(path), path.string());
  return program::contents(path);
}

/// A whole journal as a release of the program left it, in a place where it may be written to.
struct released {
  explicit released(const std::string& name) {
    std::filesystem::copy(golden_directory / name, sh / "d");
  }

  std::vector<shopping_cart::event> events(const std::string& id) const {
    const auto journal = reprise::rocksdb_at(sh / "d", {.read_only = true});
    return reprise::stream<shopping_cart>{*journal, id}.events();
  }

  void is_replayed(
      const std::string& verdict = "8 events in 8 commits of 2 carts, all sound\n") const {
    {
      const auto journal = reprise::rocksdb_at(sh / "d", {.read_only = true});
      const auto anna = reprise::stream<shopping_cart>{*journal, "anna"}.load();
      CHECK(anna.state == cart_of_anna());
      CHECK(anna.version == 4);
      CHECK((reprise::stream<shopping_cart>{*journal, "ben"}.load().state == cart_of_ben()));
    }
    const auto verified = sh.cart("journal verify --dir d");
    CHECK(verified.status == 0);
    CHECK(verified.out == verdict);
  }

  /// Today's runtime recovers the carts, judges commands on them, and compares them with the model.
  void goes_on() const {
    program::write(
        sh / "more",
        R"({"cart":"ben","command":"add_product","product_id":"tea","quantity":2,"unit_price":350})"
        "\n"
        R"({"cart":"ben","command":"change_quantity","product_id":"tea","quantity":3})"
        "\n"
        R"({"cart":"anna","command":"remove_product","product_id":"tea"})"
        "\n"
        // The journal has this id, and its window of 24 hours was over long ago: within this run it counts once.
        R"({"cart":"ben","command":"add_product","product_id":"tea","quantity":1,"id":"b2"})"
        "\n"
        R"({"cart":"ben","command":"add_product","product_id":"tea","quantity":1,"id":"b2"})"
        "\n");
    const auto run = sh.cart("simulate --input more --dir d --json");
    CHECK(run.status == 0);
    CHECK(program::field(run.out, "difference_count") == "0");
    CHECK(program::field(run.out, "refused") == "1");
    const auto ben = sh.cart("journal show --dir d ben");
    CHECK(program::contains(ben.out, "cart \"ben\" at version 7: 3 \"jäm\", 4 \"tea\"\n"));
  }

  program::shell sh;
};

/// What a base says of its place.
struct base_place {
  std::uint64_t version, trimmed, position;
};

void is_based(const reprise::journal& in,
              const std::string& id,
              const base_place& where,
              const std::vector<std::string>& command_ids,
              const shopping_cart& state) {
  INFO(id);
  const auto base = in.base(reprise::stream_name(shopping_cart::category, id));
  REQUIRE(base);
  CHECK(base->state.version == where.version);
  CHECK(base->state.position == where.position);
  CHECK(base->trimmed == where.trimmed);
  CHECK(base->commits == where.trimmed);
  std::vector<std::string> remembered;
  for (const auto& command : base->state.commands) remembered.push_back(command.id);
  CHECK(remembered == command_ids);
  CHECK_FALSE(base->state.forgotten_until);
  CHECK(base->state.schema.version == 0);
  CHECK(reprise::decode_state<shopping_cart>(0, base->state.state) == state);
}

}  // namespace

TEST_CASE("the payloads of the first format are read for ever") {
  CHECK((read_today("product_added_to_cart") == only(product_added_to_cart{"tea", 2})));
  CHECK((read_today("product_removed_from_cart") == only(product_removed_from_cart{"j\xc3\xa4m"})));
  CHECK((read_today("product_quantity_changed")
         == only(product_quantity_changed_in_cart{"tea", 0x0102030405060708})));
  CHECK((read_today("cart_checked_out") == only(cart_checked_out{})));
}

TEST_CASE("the events of the second format are stored, and read, for ever") {
  const auto file = [](const std::string& name) {
    return golden_directory / "v2" / (name + ".commit");
  };
  CHECK(is_stored_as<shopping_cart>(file("product_added_to_cart"),
                                    {product_added_to_cart{"tea", 2, 350},
                                     product_added_to_cart{"j\xc3\xa4m", 1},
                                     product_added_to_cart{"", -1, 0}}));
  CHECK(is_stored_as<shopping_cart>(file("product_removed_from_cart"),
                                    {product_removed_from_cart{"j\xc3\xa4m"}}));
  CHECK(is_stored_as<shopping_cart>(file("product_quantity_changed_in_cart"),
                                    {product_quantity_changed_in_cart{"tea", 0x0102030405060708}}));
  CHECK(is_stored_as<shopping_cart>(file("cart_checked_out"), {cart_checked_out{}}));
}

TEST_CASE("every event of the cart comes back as it was stored") {
  CHECK(
      round_trips<shopping_cart>({product_added_to_cart{"tea", 2, 350},
                                  product_added_to_cart{"tea", 2}, product_removed_from_cart{"tea"},
                                  product_quantity_changed_in_cart{"tea", 3}, cart_checked_out{}}));
}

TEST_CASE("a journal of the first release, without prices and with an old name, is replayed") {
  const released first{"v1_journal"};
  CHECK((first.events("anna")
         == std::vector<shopping_cart::event>{
             product_added_to_cart{"tea", 2}, product_quantity_changed_in_cart{"tea", 5},
             product_added_to_cart{"milk", 1}, cart_checked_out{}}));
  first.is_replayed();
  const auto shown = first.sh.cart("journal export --dir d --from 5");
  CHECK(program::contains(shown.out, R"("event":"product_quantity_changed_in_cart",)"));
  CHECK_FALSE(program::contains(shown.out, R"("product_quantity_changed")"));
  first.goes_on();
}

TEST_CASE("a journal of the second release, with prices, is replayed") {
  const released second{"v2_journal"};
  CHECK((second.events("anna")
         == std::vector<shopping_cart::event>{
             product_added_to_cart{"tea", 2, 350}, product_quantity_changed_in_cart{"tea", 5},
             product_added_to_cart{"milk", 1, std::numeric_limits<std::int64_t>::max()},
             cart_checked_out{}}));
  second.is_replayed();
  const auto shown = second.sh.cart("journal export --dir d");
  CHECK(program::contains(shown.out,
                          R"("data":{"product_id":"tea","quantity":2,"unit_price":350}})"));
  second.goes_on();
}

TEST_CASE("the state of a cart is stored, and read, for ever") {
  const shopping_cart cart{{{"j\xc3\xa4m", 1}, {"tea", 0x0102030405060708}}, true};
  const std::string stored = golden_state("v2/shopping_cart.state", cart);
  CHECK(reprise::decode_state<shopping_cart>(0, stored) == cart);
  std::string today;
  reprise::encode_state(cart, today);
  CHECK(today == stored);
}

// It was made of v2_journal: `journal trim anna`, `journal trim --to 2 ben`, and its snapshots removed, so that nothing but
// the bases can be read. A new format of any of it gets a directory of its own, made likewise.
TEST_CASE("a journal that was trimmed is read from the states that stand for its events") {
  const released trimmed{"v2_trimmed_journal"};
  const shopping_cart ben_at_2{{{"bread", 1}, {"j\xc3\xa4m", 7}}, false};
  {
    const auto journal = reprise::rocksdb_at(trimmed.sh / "d", {.read_only = true});
    is_based(*journal, "anna", {4, 3, 4}, {"a1", "a2", "a3", "a4"}, cart_of_anna());
    is_based(*journal, "ben", {2, 1, 6}, {"b1", "b2"}, ben_at_2);
  }
  CHECK_THROWS_AS(trimmed.events("anna"), reprise::trimmed_history);
  trimmed.is_replayed("4 events in 4 commits of 2 carts, all sound\n"
                      "4 events before these trimmed, and a state stands for those of each cart\n");
  trimmed.goes_on();
}

TEST_CASE("an event from a release to come is a damage with its place") {
  const program::shell sh;
  {
    const auto journal = reprise::rocksdb_at(sh / "d");
    reprise::encoded_events events;
    reprise::encode_event<shopping_cart>(product_added_to_cart{"tea", 1}, events);
    events.add({"product_added_to_cart", 2, std::string("\3\0\0\0tea\1\0\0\0\0\0\0\0\0", 16)});
    reprise::append_commit(*journal, "shopping_cart/anna", 0, events);
  }
  const std::string place = "stream \"shopping_cart/anna\", version 2, position 2: event "
                            "\"product_added_to_cart\": schema "
                            "version 2 is newer than this program's 1";
  const auto verified = sh.cart("journal verify --dir d");
  CHECK(verified.status == 3);
  CHECK(program::contains(verified.out, place));
  CHECK(program::contains(sh.cart("journal show --dir d anna").err, place));
  CHECK(program::contains(sh.cart("simulate --commands 10 --dir d").err, place));
}
