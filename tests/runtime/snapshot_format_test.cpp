#include "reprise/snapshot_format.hpp"

#include "golden.hpp"
#include "reprise/archive.hpp"
#include "reprise/byte_order.hpp"
#include "reprise/checksum.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace reprise;
using namespace reprise::testing;

namespace {

/// The snapshot of the golden file.
snapshot sample() {
  snapshot s;
  s.stream = "shopping_cart/cart-42";
  s.version = 8;
  s.position = 1042;
  s.commit_checksum = 0x1122334455667788;
  s.time = timestamp{std::chrono::microseconds{1700000000123456}};
  s.schema = {2, 0xffeeddccbbaa9988};
  s.commands = {{"command-1", 6, 1, timestamp{std::chrono::microseconds{1700000000000000}}},
                {"command-2", 8, 2, timestamp{std::chrono::microseconds{1700000000123456}}}};
  s.forgotten_until = timestamp{std::chrono::microseconds{1699999999000000}};
  s.state = std::string("\x01\0\0\0\x03\0\0\0tea\x02\0\0\0\0\0\0\0\0", 20);
  return s;
}

std::string record_of(const snapshot& s) {
  std::string record;
  encode_snapshot(s, record);
  return record;
}

/// The record with the checksum that its bytes have, however senseless they are.
std::string mended(std::string record) {
  const std::size_t covered = record.size() - 8;
  detail::put_little(record.data() + covered, detail::checksum(record.substr(0, covered)));
  return record;
}

/// Returns a record as it was in the first format version, without what was forgotten.
std::string in_first_version(std::string record) {
  record[0] = 1;
  return mended(record.erase(45, 9));
}

bool decodes(std::string_view record) {
  try {
    static_cast<void>(decode_snapshot(record));
    return true;
  } catch (const undecodable&) {
    return false;
  }
}

}  // namespace

TEST_CASE("a snapshot comes back from its record as it went in") {
  const std::string record = record_of(sample());
  CHECK(record.size() == encoded_size(sample()));
  CHECK(decode_snapshot(record) == sample());
  CHECK(claimed_version(record) == 8);

  snapshot bare;
  bare.stream = "a";
  bare.version = bare.position = 1;
  CHECK(decode_snapshot(record_of(bare)) == bare);
}

TEST_CASE("what a snapshot says of forgotten commands comes back, whatever the time") {
  for (const auto time : {timestamp::min(), timestamp{}, timestamp::max()}) {
    snapshot s = sample();
    s.forgotten_until = time;
    CHECK(decode_snapshot(record_of(s)).forgotten_until == time);
  }
  snapshot s = sample();
  s.forgotten_until.reset();
  CHECK_FALSE(decode_snapshot(record_of(s)).forgotten_until);
}

TEST_CASE("the bytes of a snapshot are those of the golden file, which every build reads") {
  CHECK(hex(record_of(sample())) == golden("snapshot_2.hex"));
  CHECK(decode_snapshot(from_hex(golden("snapshot_2.hex"))) == sample());
}

TEST_CASE("a snapshot of the first format version is read, and may have forgotten any command") {
  const std::string record = from_hex(golden("snapshot.hex"));
  snapshot expected = sample();
  expected.forgotten_until = timestamp::max();
  CHECK(decode_snapshot(record) == expected);
  CHECK(claimed_version(record) == 8);
  CHECK(in_first_version(record_of(sample())) == record);
}

TEST_CASE("a snapshot of the first format version whose commands recorded everything has forgotten "
          "none") {
  snapshot s = sample();
  s.forgotten_until.reset();
  s.commands[0].events = 6;
  CHECK(decode_snapshot(in_first_version(record_of(s))) == s);
  // A command of no id, say, recorded what comes between the two.
  s.commands[1].events = 1;
  CHECK(decode_snapshot(in_first_version(record_of(s))).forgotten_until == timestamp::max());
  s.commands.clear();
  CHECK(decode_snapshot(in_first_version(record_of(s))).forgotten_until == timestamp::max());
}

TEST_CASE("a snapshot that was cut anywhere, or has a flipped bit, does not decode") {
  std::string record = record_of(sample());
  SUBCASE("in today's format version") {}
  SUBCASE("in the first") {
    record = in_first_version(record);
  }
  for (std::size_t size = 0; size < record.size(); ++size) {
    CHECK_FALSE(decodes(std::string_view(record).substr(0, size)));
  }
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string flipped = record;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    CHECK_FALSE(decodes(flipped));
  }
  CHECK_FALSE(decodes(record + '\0'));
}

TEST_CASE("a snapshot of impossible numbers does not decode, whatever its checksum says") {
  const auto decodes_changed = [](auto change) {
    snapshot s = sample();
    change(s);
    return decodes(record_of(s));
  };
  CHECK(decodes_changed([](snapshot&) {}));
  CHECK_FALSE(decodes_changed([](snapshot& s) { s.version = 0; }));
  CHECK_FALSE(decodes_changed([](snapshot& s) { s.position = 7; }));
  CHECK_FALSE(decodes_changed([](snapshot& s) { s.stream.clear(); }));
  CHECK_FALSE(decodes_changed([](snapshot& s) { s.stream = std::string(642, 's'); }));
  CHECK_FALSE(decodes_changed([](snapshot& s) { s.commands[0].id.clear(); }));
  CHECK_FALSE(decodes_changed([](snapshot& s) { s.commands[0].id = std::string(129, 'i'); }));
  CHECK_FALSE(decodes_changed([](snapshot& s) { s.commands[0].events = 0; }));
  CHECK_FALSE(decodes_changed([](snapshot& s) { s.commands[0].version = 7; }));
  CHECK_FALSE(decodes_changed([](snapshot& s) { s.commands[1].version = 9; }));

  std::string record = record_of(sample());
  record[45] = 2;
  CHECK_FALSE(decodes(mended(record)));
  record[45] = 0;
  CHECK_FALSE(decodes(mended(record)));
}

TEST_CASE("a format version that this program does not know is named") {
  std::string record = record_of(sample());
  for (const char version : {'\0', '\3'}) {
    record[0] = version;
    CHECK_THROWS_WITH_AS(static_cast<void>(decode_snapshot(mended(record))),
                         ("the snapshot has format version " + std::to_string(version)
                          + ", this program reads up to 2")
                             .c_str(),
                         undecodable);
    CHECK(claimed_version(record) == 0);
  }
}

TEST_CASE("no bytes make the decoder of snapshots do anything but decode or refuse") {
  std::mt19937 random(7);
  const std::string record = record_of(sample());
  std::size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = record.substr(0, 60 + random() % (record.size() - 60));
    for (unsigned flips = random() % 4; flips != 0; --flips) {
      bytes[1 + random() % (bytes.size() - 1)] = static_cast<char>(random());
    }
    refused += decodes(mended(bytes)) ? 0U : 1U;
  }
  CHECK(refused > 0);
}
