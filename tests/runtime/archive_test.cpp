#include "reprise/archive.hpp"

#include "account.hpp"

#include <boost/serialization/array.hpp>
#include <boost/serialization/deque.hpp>
#include <boost/serialization/list.hpp>
#include <boost/serialization/optional.hpp>
#include <boost/serialization/set.hpp>
#include <boost/serialization/split_member.hpp>
#include <boost/serialization/utility.hpp>
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

using reprise::payload_reader;
using reprise::payload_writer;
using reprise::undecodable;

namespace {

constexpr std::size_t limit = 1024 * 1024;

std::string written(const auto& value, std::size_t at_most = limit) {
  std::string bytes;
  payload_writer{bytes, at_most}.outermost(value);
  return bytes;
}

template <class T>
T read(std::string_view bytes, std::uint32_t version = reprise::detail::class_version<T>) {
  T value{};
  payload_reader{bytes}.outermost(value, version);
  return value;
}

template <class T>
T through_bytes(const T& value) {
  return read<T>(written(value));
}

std::string hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    if (!text.empty()) text += ' ';
    text += digits[static_cast<unsigned char>(c) >> 4U];
    text += digits[static_cast<unsigned char>(c) & 0xfU];
  }
  return text;
}

enum class colour : std::uint16_t { red = 0x0102, green };

struct numbers {
  bool flag = false;
  std::int8_t i8 = 0;
  std::uint16_t u16 = 0;
  std::int32_t i32 = 0;
  std::uint64_t u64 = 0;
  float f = 0;
  double d = 0;
  colour c = colour::red;
  char letter = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& flag& i8& u16& i32& u64& f& d& c& letter;
  }
  friend bool operator==(const numbers&, const numbers&) = default;
};

struct containers {
  std::vector<bool> flags;
  std::vector<std::vector<std::string>> words;
  std::map<std::string, std::pair<std::int32_t, std::string>> pairs;
  std::set<std::int64_t> set;
  std::list<std::string> list;
  std::deque<std::uint8_t> deque;
  boost::optional<std::string> something;
  boost::optional<std::string> nothing;
  std::array<std::int16_t, 3> array{};
  std::int32_t plain[2] = {0, 0};

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& flags& words& pairs& set& list& deque& something& nothing& array& plain;
  }
  friend bool operator==(const containers&, const containers&) = default;
};

const containers full{{true, false, true},
                      {{"a", "b"}, {}, {std::string("c\0d", 3)}},
                      {{"one", {1, "uno"}}, {"two", {2, "due"}}},
                      {-1, 0, 1},
                      {"x", "", "z"},
                      {1, 2, 3},
                      std::string("there"),
                      {},
                      {1, -2, 3},
                      {4, -5}};

struct of_two {
  std::optional<std::uint16_t> first;
  std::optional<std::optional<bool>> second;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& first& second;
  }
  friend bool operator==(const of_two&, const of_two&) = default;
};

struct one_string {
  std::string text;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& text;
  }
};

/// Contains itself, as deep as somebody makes it.
struct tree {
  std::vector<tree> branches;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& branches;
  }
};

struct picky {
  std::int32_t even = 0;
  template <class Archive>
  void save(Archive& archive, unsigned) const {
    archive << even;
  }
  template <class Archive>
  void load(Archive& archive, unsigned) {
    archive >> even;
    if (even % 2 != 0) throw std::invalid_argument("it is odd");
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

/// What reading these bytes may do: give a value, or throw `undecodable`. Any other exception fails the test.
template <class T>
bool decodes(std::string_view bytes) {
  try {
    read<T>(bytes);
    return true;
  } catch (const undecodable&) {
    return false;
  }
}

template <class T>
void survives_any_damage(const T& value) {
  const std::string bytes = written(value);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO("cut at " << size << " of " << bytes.size());
    CHECK_FALSE(decodes<T>(bytes.substr(0, size)));
  }
  CHECK_FALSE(decodes<T>(bytes + '\0'));
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(static_cast<unsigned char>(flipped[bit / 8])
                                         ^ (1U << bit % 8));
    static_cast<void>(decodes<T>(flipped));
  }
}

}  // namespace

// -- round trips ---------------------------------------------------------------

TEST_CASE("numbers come back as they were") {
  const numbers largest{true,
                        std::numeric_limits<std::int8_t>::min(),
                        std::numeric_limits<std::uint16_t>::max(),
                        std::numeric_limits<std::int32_t>::min(),
                        std::numeric_limits<std::uint64_t>::max(),
                        std::numeric_limits<float>::lowest(),
                        std::numeric_limits<double>::denorm_min(),
                        colour::green,
                        '\xff'};
  CHECK(through_bytes(numbers{}) == numbers{});
  CHECK(through_bytes(largest) == largest);
}

TEST_CASE("what Boost serializes comes back as it was") {
  CHECK(through_bytes(full) == full);
  CHECK(through_bytes(containers{}) == containers{});
}

TEST_CASE("a class within another brings its own class version") {
  const bank::deposited event{5, {{"Ada", 3}, {"Bob", 4}}, {{"for", 1}, {"from", 2}}};
  CHECK(through_bytes(event) == event);
}

TEST_CASE("members of an older class version are read as they were written") {
  using namespace std::string_literals;
  // One payer, of class version 0, which had no branch.
  const auto old = "\x05\0\0\0\0\0\0\0"
                   "\0\x01\0\0\0"
                   "\0\x03\0\0\0Ada"
                   "\0\0\0\0\0"s;
  CHECK(read<bank::deposited>(old) == bank::deposited{5, {{"Ada", 0}}, {}});
}

// -- the bytes -----------------------------------------------------------------

TEST_CASE("the bytes of numbers are fixed") {
  const numbers n{true, -2, 0x0102, 0x01020304, 0x0102030405060708, 1.0F, -2.0, colour::red, 'A'};
  CHECK(hex(written(n))
        == "01 fe 02 01 04 03 02 01 08 07 06 05 04 03 02 01 00 00 80 3f 00 00 00 00 00 00 00 c0 02 "
           "01 41");
}

TEST_CASE("the bytes of nested classes and containers are fixed") {
  const bank::deposited event{5, {{"Ada", 0x0304}}, {{"for", -1}}};
  CHECK(hex(written(event))
        == "05 00 00 00 00 00 00 00 "               // amount
           "00 01 00 00 00 "                        // payers: class version, size
           "01 03 00 00 00 41 64 61 04 03 "         // a party: class version, name, branch
           "00 01 00 00 00 "                        // notes: class version, size
           "00 03 00 00 00 66 6f 72 ff ff ff ff");  // a pair: class version, key, value
}

TEST_CASE("arrays are their elements and nothing else") {
  struct array_only {
    std::int16_t numbers[2] = {1, 2};
    void serialize(payload_writer& archive, unsigned) { archive& numbers; }
  };
  CHECK(hex(written(array_only{})) == "01 00 02 00");
}

// -- limits and damage ---------------------------------------------------------

TEST_CASE("an optional is a bool, and its value if there is one") {
  CHECK(hex(written(of_two{})) == "00 00");
  CHECK(hex(written(of_two{0x0102, true})) == "01 02 01 01 01 01");
  for (const of_two& value : {of_two{}, of_two{7, std::nullopt}, of_two{std::nullopt, false}})
    CHECK(through_bytes(value) == value);
  CHECK_THROWS_AS(read<of_two>({"\2\1\1\0", 4}), undecodable);
  CHECK_THROWS_AS(read<of_two>({"\1\1", 2}), undecodable);
}

TEST_CASE("a payload beyond the limit is refused before it is written") {
  CHECK(written(one_string{std::string(96, 'x')}, 100).size() == 100);
  CHECK_THROWS_AS(written(one_string{std::string(97, 'x')}, 100), std::length_error);
  CHECK_THROWS_AS(written(one_string{}, 3), std::length_error);
}

TEST_CASE("the limit counts what the string held before") {
  std::string bytes(50, 'x');
  payload_writer writer{bytes, 54};
  CHECK_THROWS_AS(writer.outermost(one_string{"y"}), std::length_error);
}

TEST_CASE("bytes that are cut, longer or flipped throw undecodable or give a value") {
  survives_any_damage(numbers{true, 1, 2, 3, 4, 5, 6, colour::red, 'x'});
  survives_any_damage(full);
  survives_any_damage(bank::deposited{5, {{"Ada", 3}, {"Bob", 4}}, {{"for", 1}}});
}

TEST_CASE("a size that the bytes cannot hold allocates nothing") {
  using namespace std::string_literals;
  CHECK_THROWS_WITH_AS(read<one_string>("\xff\xff\xff\xff"
                                        "ab"s),
                       "a size of 4294967295 where 2 bytes are left", undecodable);
  CHECK_THROWS_AS(read<tree>("\0\xff\xff\xff\x7f"s), undecodable);
}

TEST_CASE("a bool is 0 or 1") {
  std::string bytes = written(numbers{});
  bytes[0] = 2;
  CHECK_THROWS_WITH_AS(read<numbers>(bytes), "a bool is neither 0 nor 1", undecodable);
}

TEST_CASE("a class version newer than the program's is refused") {
  CHECK_THROWS_WITH_AS(read<bank::deposited>(written(bank::deposited{}), 3),
                       "schema version 3 is newer than this program's 2", undecodable);
  std::string bytes = written(bank::deposited{5, {{"Ada", 3}}, {}});
  bytes[13] = 2;  // the party's class version
  CHECK_THROWS_WITH_AS(read<bank::deposited>(bytes),
                       "schema version 2 is newer than this program's 1", undecodable);
}

TEST_CASE("objects nest so deep and no deeper, whoever wrote them") {
  tree moderate;
  for (int i = 0; i < 50; ++i) {
    tree outer;
    outer.branches.push_back(std::move(moderate));
    moderate = std::move(outer);
  }
  CHECK_NOTHROW(through_bytes(moderate));

  tree deep = moderate;
  for (int i = 0; i < 50; ++i) {
    tree outer;
    outer.branches.push_back(std::move(deep));
    deep = std::move(outer);
  }
  CHECK_THROWS_AS(written(deep), std::length_error);

  using namespace std::string_literals;
  std::string hostile;
  for (int i = 0; i < 150'000; ++i) hostile += "\0\x01\0\0\0\0"s;
  CHECK_THROWS_WITH_AS(read<tree>(hostile), "objects that lie too deep in each other", undecodable);
}

TEST_CASE("what an event's own serialize throws is undecodable too") {
  CHECK(read<picky>(written(picky{2})).even == 2);
  CHECK_THROWS_WITH_AS(read<picky>(written(picky{3})), "it is odd", undecodable);
}
