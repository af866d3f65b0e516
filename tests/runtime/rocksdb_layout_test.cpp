#include "reprise/rocksdb_layout.hpp"

#include "golden.hpp"
#include "reprise/error.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

using namespace reprise;
using namespace reprise::detail;
using namespace reprise::testing;

namespace {

std::string key_of(std::string_view stream, std::uint64_t last_version) {
  std::string key;
  make_stream_key(stream, last_version, key);
  return key;
}

std::string two_commits() {
  order_writer writer;
  writer.begin({4, 9, 40});
  writer.add("cart/1", 7, 2);
  writer.add("cart/22", 1, 1);
  return std::string(writer.finish());
}

}  // namespace

TEST_CASE("a stream's later commits sort before its earlier ones, and streams do not mix") {
  using namespace std::string_literals;
  const std::array streams = {"a"s, "b"s, "a\0\0\0\0\0\0\0\0"s, "aa"s};
  std::vector<std::string> keys;
  for (const std::string& stream : streams) {
    for (const std::uint64_t version : {1ULL, 2ULL, 255ULL, 256ULL, ~0ULL})
      keys.push_back(key_of(stream, version));
  }
  std::sort(keys.begin(), keys.end());
  for (std::size_t i = 1; i < keys.size(); ++i) {
    stream_key earlier;
    stream_key later;
    REQUIRE(parse_stream_key(keys[i - 1], earlier));
    REQUIRE(parse_stream_key(keys[i], later));
    if (i % 5 != 0) {
      CHECK(earlier.stream == later.stream);
      CHECK(earlier.last_version > later.last_version);
    }
  }
}

TEST_CASE("what is no key of a commit is not taken for one") {
  stream_key key;
  const std::string good = key_of("cart/1", 3);
  CHECK(parse_stream_key(good, key));
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK_FALSE(parse_stream_key(good.substr(0, size), key));
  CHECK_FALSE(parse_stream_key(good + "x", key));
}

TEST_CASE("an entry of the order comes back as it was written") {
  std::vector<ordered_commit> commits;
  const std::string value = two_commits();
  const order_totals totals = decode_order(make_order_key(43), value, commits);
  CHECK(totals.batches == 5);
  CHECK(totals.commits == 11);
  CHECK(totals.last_position == 43);
  REQUIRE(commits.size() == 2);
  CHECK(commits[0].stream == "cart/1");
  CHECK(commits[0].last_version == 7);
  CHECK(commits[0].first_position == 41);
  CHECK(commits[1].first_position == 43);
}

TEST_CASE("an entry of the order that was cut, changed, or put under another key is refused") {
  std::vector<ordered_commit> commits;
  const std::string key = make_order_key(43);
  const std::string value = two_commits();
  for (std::size_t size = 0; size < value.size(); ++size) {
    CHECK_THROWS_AS(decode_order(key, value.substr(0, size), commits), damaged_history);
  }
  for (std::size_t bit = 0; bit < 8 * value.size(); ++bit) {
    std::string flipped = value;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    CHECK_THROWS_AS(decode_order(key, flipped, commits), damaged_history);
  }
  CHECK_THROWS_AS(decode_order(make_order_key(44), value, commits), damaged_history);
  CHECK_THROWS_AS(decode_order("43", value, commits), damaged_history);
}

TEST_CASE("keys and order entries are the bytes that the first version wrote") {
  CHECK(hex(key_of("cart/1", 3)) == golden("stream_key.hex"));
  CHECK(hex(make_order_key(43)) == golden("order_key.hex"));
  CHECK(hex(two_commits()) == golden("order_entry.hex"));
}

TEST_CASE("a seal is recognized whatever is in it, and nothing else is") {
  const std::string seal = detail::make_seal(0x0123456789ABCDEF);
  CHECK(seal == std::string("\xef\xcd\xab\x89\x67\x45\x23\x01", 8) + seal.substr(8));
  CHECK(seal.size() == detail::seal_bytes);
  CHECK(detail::is_seal(seal));
  CHECK(detail::is_seal(detail::make_seal(0)));
  CHECK_FALSE(detail::is_seal(""));
  CHECK_FALSE(detail::is_seal(seal + "x"));
  CHECK_FALSE(detail::is_seal(std::string(16, '\0')));
  for (std::size_t at = 0; at < seal.size(); ++at) {
    std::string changed = seal;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK_FALSE(detail::is_seal(changed));
  }
}
