#include "reprise/stream.hpp"

#include "account.hpp"
#include "reprise/memory_journal.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace bank;
using reprise::stream;

namespace {

void append_raw(reprise::journal& to,
                std::string_view name,
                std::uint64_t expected,
                reprise::event_view event) {
  reprise::encoded_events events;
  events.add(event);
  reprise::append_commit(to, name, expected, events);
}

}  // namespace

TEST_CASE("what is appended to a stream is read back and rebuilds the state") {
  const auto journal = reprise::in_memory();
  stream<account> ada{*journal, "ada"};

  CHECK(ada.append(0, {deposited{10, {{"Bob", 1}}, {}}}) == 1);
  CHECK(ada.append(1, {withdrawn{3}, withdrawn{2}}) == 3);

  CHECK((
      ada.events()
      == std::vector<account::event>{deposited{10, {{"Bob", 1}}, {}}, withdrawn{3}, withdrawn{2}}));
  CHECK(ada.load().state == account{5});
  CHECK(ada.load().version == 3);
}

TEST_CASE("a state is rebuilt as of any version") {
  const auto journal = reprise::in_memory();
  stream<account> ada{*journal, "ada"};
  ada.append(0, {deposited{10, {}, {}}, withdrawn{3}, withdrawn{2}});

  CHECK(ada.load(0).version == 0);
  CHECK(ada.load(0).state == account{0});
  CHECK(ada.load(2).version == 2);
  CHECK(ada.load(2).state == account{7});
  CHECK(ada.load(9).version == 3);
}

TEST_CASE("a stream that nothing was appended to is at version 0") {
  const auto journal = reprise::in_memory();
  const stream<account> nobody{*journal, "nobody"};
  CHECK(nobody.events().empty());
  CHECK(nobody.load().version == 0);
  CHECK(nobody.load().state == account{});
}

TEST_CASE("streams do not see each other's events") {
  const auto journal = reprise::in_memory();
  stream<account> ada{*journal, "ada"};
  stream<account> adam{*journal, "adam"};
  ada.append(0, {deposited{1, {}, {}}});
  adam.append(0, {deposited{2, {}, {}}});
  CHECK(ada.load().state == account{1});
  CHECK(adam.load().state == account{2});
}

TEST_CASE("an append at another version than the stream's stores nothing and says which it is") {
  const auto journal = reprise::in_memory();
  stream<account> ada{*journal, "ada"};
  ada.append(0, {deposited{1, {}, {}}});
  try {
    ada.append(0, {deposited{2, {}, {}}});
    FAIL("the append was accepted");
  } catch (const reprise::conflict& c) {
    CHECK(c.expected() == 0);
    CHECK(c.actual() == 1);
    CHECK(std::string(c.what())
          == "stream \"account/ada\" is at version 1, not at the expected 0; nothing was stored");
  }
  CHECK(ada.load().state == account{1});
}

TEST_CASE("the name of a stream is its category and id") {
  CHECK(reprise::stream_name("account", "a/b") == "account/a/b");
  CHECK_NOTHROW(reprise::stream_name("account", std::string(reprise::max_aggregate_id_bytes, 'x')));
  CHECK_THROWS_AS(reprise::stream_name("account", ""), std::invalid_argument);
  CHECK_THROWS_AS(reprise::stream_name("", "ada"), std::invalid_argument);
  CHECK_THROWS_AS(
      reprise::stream_name("account", std::string(reprise::max_aggregate_id_bytes + 1, 'x')),
      std::invalid_argument);
}

TEST_CASE("an event that does not decode is reported with its place") {
  const auto journal = reprise::in_memory();
  stream<account> bob{*journal, "bob"};
  stream<account> ada{*journal, "ada"};
  bob.append(0, {deposited{1, {}, {}}});
  ada.append(0, {deposited{1, {}, {}}});
  append_raw(*journal, "account/ada", 1, {"stolen", 0, ""});
  try {
    ada.events();
    FAIL("an unknown event was read");
  } catch (const reprise::damaged_history& damage) {
    CHECK(damage.where().stream == "account/ada");
    CHECK(damage.where().version == 2);
    CHECK(damage.where().position == 3);
    CHECK(damage.reason() == "this program knows no event \"stolen\"");
  }
  CHECK_THROWS_AS(ada.load(), reprise::damaged_history);
  CHECK(ada.load(1).version == 1);
}
