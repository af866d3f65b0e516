#include "reprise/event_codec.hpp"

#include "account.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace bank;
using namespace std::string_literals;
using reprise::decode_events;
using reprise::encode_event;
using reprise::encoded_events;
using reprise::undecodable;

namespace {

struct huge {
  static constexpr std::string_view event_name = "huge";
  std::string text;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& text;
  }
};
struct anything {};
struct hoard {
  static constexpr std::string_view category = "hoard";
  using command = std::variant<anything>;
  using event = std::variant<huge>;
};

}  // namespace

TEST_CASE("an event is stored under its name and class version") {
  encoded_events out;
  encode_event<account>(withdrawn{1}, out);
  encode_event<account>(deposited{2, {}, {}}, out);
  CHECK(out.count() == 2);
  // Each: name's size, name, schema version, payload's size, payload.
  CHECK(out.bytes()
        == "\x09withdrawn\0\0\0\0\x08\0\0\0\x01\0\0\0\0\0\0\0"
           "\x09"
           "deposited\x02\0\0\0\x12\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"s);
}

TEST_CASE("a stored event is decoded by its name") {
  CHECK((decode_events<account>({"withdrawn", 0, "\x01\0\0\0\0\0\0\0"s})
         == std::vector<account::event>{withdrawn{1}}));
}

TEST_CASE("an event that the aggregate does not know is undecodable") {
  CHECK_THROWS_WITH_AS(decode_events<account>({"stolen", 0, ""}),
                       "this program knows no event \"stolen\"", undecodable);
  CHECK_THROWS_AS(decode_events<account>({"", 0, ""}), undecodable);
}

TEST_CASE("an undecodable payload is reported with the event's name") {
  CHECK_THROWS_WITH_AS(decode_events<account>({"withdrawn", 0, "\x01\0\0"}),
                       "event \"withdrawn\": the payload ends 7 bytes too early", undecodable);
  CHECK_THROWS_WITH_AS(decode_events<account>({"withdrawn", 0, "123456789"}),
                       "event \"withdrawn\": 1 bytes are left over behind the payload",
                       undecodable);
  CHECK_THROWS_WITH_AS(decode_events<account>({"withdrawn", 1, "12345678"}),
                       "event \"withdrawn\": schema version 1 is newer than this program's 0",
                       undecodable);
}

TEST_CASE("an event beyond the limit of a commit leaves the others as they were") {
  encoded_events out;
  encode_event<hoard>(huge{"first"}, out);
  const std::string before(out.bytes());
  CHECK_THROWS_AS(encode_event<hoard>(huge{std::string(reprise::max_commit_bytes, 'x')}, out),
                  std::length_error);
  CHECK(out.count() == 1);
  CHECK(out.bytes() == before);
  CHECK_NOTHROW(encode_event<hoard>(huge{std::string(reprise::max_commit_bytes / 2, 'x')}, out));
}
