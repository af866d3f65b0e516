#include "reprise/commit_format.hpp"

#include "golden.hpp"
#include "reprise/checksum.hpp"
#include "reprise/error.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <stdexcept>

using namespace reprise;
using namespace reprise::testing;

namespace {

/// The two commits of the golden files, and the events that they name.
struct samples {
  samples() {
    two.add({"product_added_to_cart", 1, std::string("\x03\0\0\0tea\x02\0\0\0\0\0\0\0", 15)});
    two.add({"cart_checked_out", 2, ""});
    one.add({"noted", 4294967295U, std::string("\0\xff", 2)});
  }
  encoded_events two;
  encoded_events one;

  commit with_two() const {
    commit c{"shopping_cart/cart-42",
             6,
             timestamp{std::chrono::microseconds{1700000000123456}},
             "command-1",
             "correlation-1",
             "causation-1",
             &two};
    return c;
  }
  commit with_one() const {
    commit c;
    c.stream = std::string_view("\0\xfe", 2);
    c.time = timestamp{std::chrono::microseconds{-1}};
    c.events = &one;
    return c;
  }
};

std::string record_of(const commit& c, std::uint64_t position) {
  std::string record;
  encode_commit(c, position, record);
  return record;
}

/// The record with the checksum that its bytes have, however senseless they are.
std::string with_checksum(std::string bytes) {
  const std::uint64_t sum = detail::checksum(bytes);
  for (unsigned i = 0; i < 8; ++i) bytes += static_cast<char>(sum >> (8 * i));
  return bytes;
}

bool decodes(std::string_view record) {
  commit_view out;
  try {
    decode_commit(record, out);
    return true;
  } catch (const damaged_history&) {
    return false;
  }
}

}  // namespace

TEST_CASE("a commit comes back from its record as it went in") {
  const samples s;
  const std::string record = record_of(s.with_two(), 1041);
  CHECK(record.size() == encoded_size(s.with_two()));
  commit_view c;
  decode_commit(record, c);
  CHECK(c.stream == "shopping_cart/cart-42");
  CHECK(c.first_version == 7);
  CHECK(c.last_version() == 8);
  CHECK(c.first_position == 1041);
  CHECK(c.last_position() == 1042);
  CHECK(c.time.time_since_epoch().count() == 1700000000123456);
  CHECK(c.command_id == "command-1");
  CHECK(c.correlation_id == "correlation-1");
  CHECK(c.causation_id == "causation-1");
  REQUIRE(c.events.size() == 2);
  CHECK(c.events[0].name == "product_added_to_cart");
  CHECK(c.events[0].schema_version == 1);
  CHECK(c.events[0].payload.size() == 15);
  CHECK(c.events[1].name == "cart_checked_out");
  CHECK(c.events[1].payload.empty());
}

TEST_CASE("records are the bytes that the first version wrote") {
  const samples s;
  CHECK(hex(record_of(s.with_two(), 1041)) == golden("commit_two_events.hex"));
  CHECK(hex(record_of(s.with_one(), 1)) == golden("commit_odd_bytes.hex"));
}

TEST_CASE("the records that the first version wrote are read") {
  commit_view c;
  const std::string two = from_hex(golden("commit_two_events.hex"));
  decode_commit(two, c);
  CHECK(c.stream == "shopping_cart/cart-42");
  CHECK(c.events[0].name == "product_added_to_cart");
  const std::string odd = from_hex(golden("commit_odd_bytes.hex"));
  decode_commit(odd, c);
  CHECK(c.stream == std::string_view("\0\xfe", 2));
  CHECK(c.time.time_since_epoch().count() == -1);
  REQUIRE(c.events.size() == 1);
  CHECK(c.events[0].schema_version == 4294967295U);
}

TEST_CASE("a record that was cut anywhere, or has bytes behind it, is refused") {
  const samples s;
  const std::string record = record_of(s.with_two(), 1041);
  for (std::size_t size = 0; size < record.size(); ++size)
    CHECK_FALSE(decodes(record.substr(0, size)));
  CHECK_FALSE(decodes(record + '\0'));
}

TEST_CASE("a record with any one bit flipped is refused") {
  const samples s;
  const std::string record = record_of(s.with_two(), 1041);
  for (std::size_t bit = 0; bit < 8 * record.size(); ++bit) {
    std::string flipped = record;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    CHECK_FALSE(decodes(flipped));
  }
}

TEST_CASE("hostile bytes under a right checksum are refused, or decode within their own bounds") {
  const samples s;
  const std::string sound = record_of(s.with_two(), 1041);
  std::mt19937 random(20240501);
  for (int round = 0; round < 100000; ++round) {
    std::string bytes = sound.substr(0, sound.size() - 8);
    for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
      bytes[1 + random() % (bytes.size() - 1)] = static_cast<char>(random());
    }
    if (random() % 4 == 0) bytes.resize(1 + random() % bytes.size());
    const std::string record = with_checksum(bytes);
    commit_view c;
    try {
      decode_commit(record, c);
    } catch (const damaged_history&) {
      continue;
    }
    for (const event_view& event : c.events) {
      CHECK((event.payload.empty()
             || (event.payload.data() >= record.data()
                 && event.payload.data() + event.payload.size() <= record.data() + record.size())));
    }
  }
}

TEST_CASE("a damage inside a record names its place once the checksum vouches for it") {
  const samples s;
  std::string bytes = record_of(s.with_two(), 1041);
  bytes.resize(bytes.size() - 8);
  bytes += "left over";
  commit_view c;
  try {
    decode_commit(with_checksum(bytes), c);
    FAIL("it decoded");
  } catch (const damaged_history& damage) {
    CHECK(damage.where().stream == "shopping_cart/cart-42");
    CHECK(damage.where().version == 7);
    CHECK(damage.where().position == 1041);
  }
}

TEST_CASE("a record of a later format version says so") {
  const samples s;
  std::string record = record_of(s.with_two(), 1041);
  record[0] = 2;
  commit_view c;
  CHECK_THROWS_WITH_AS(decode_commit(record, c),
                       "unknown place: the record has format version 2, this program reads 1",
                       damaged_history);
}

TEST_CASE("an event past a limit is not added, and the ones before it stay") {
  encoded_events events;
  events.add({"noted", 1, "first"});
  const std::string before(events.bytes());
  CHECK_THROWS_AS(events.add({std::string(max_name_bytes + 1, 'n'), 1, ""}), std::length_error);
  CHECK_THROWS_AS(events.add({"noted", 1, std::string(max_commit_bytes, 'p')}), std::length_error);
  CHECK_THROWS_WITH(events.add("noted", 1,
                               [](std::string& out) {
                                 out += "half";
                                 throw std::runtime_error("cannot write");
                               }),
                    "cannot write");
  CHECK(events.count() == 1);
  CHECK(events.bytes() == before);
}

TEST_CASE("no more events go into a commit than the limit") {
  encoded_events events;
  for (std::size_t i = 0; i < max_events_per_commit; ++i) events.add({"noted", 1, ""});
  CHECK_THROWS_AS(events.add({"noted", 1, ""}), std::length_error);
  CHECK(events.count() == max_events_per_commit);
}
