#include "reprise/dedup_window.hpp"

#include "reprise/limits.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using reprise::dedup_window;
using reprise::recorded_command;
using reprise::timestamp;

namespace {

/// A time, in seconds since the first.
timestamp at(std::int64_t seconds) {
  return timestamp{std::chrono::seconds(1'700'000'000 + seconds)};
}

/// A window to which commands are added one a second, each with one event; the `n`th is named `n`.
struct window {
  explicit window(std::uint32_t most, std::chrono::seconds longest = 24h)
      : content(most, longest), capacity(most), age(longest) {}

  void add(std::int64_t count) {
    for (; count != 0; --count) {
      ++last;
      content.remember(std::to_string(last), what(last), at(last));
    }
  }

  static recorded_command what(std::int64_t n) { return {static_cast<std::uint64_t>(n), 1, at(n)}; }

  bool holds(std::int64_t n, timestamp now) const {
    const auto found = content.find(std::to_string(n), now);
    if (found) CHECK(*found == what(n));
    return found.has_value();
  }
  bool holds(std::int64_t n) const { return holds(n, at(last)); }

  /// Returns a window that is built again from what this one hands out.
  dedup_window rebuilt() const {
    dedup_window again(capacity, age);
    if (const auto latest = content.forgotten_until()) again.forget_until(*latest);
    for (const auto& e : content.entries()) again.remember(e.id, e.what, at(last));
    return again;
  }

  dedup_window content;
  std::uint32_t capacity;
  std::chrono::seconds age;
  std::int64_t last = 0;
};

constexpr timestamp ever{};

}  // namespace

TEST_CASE("a window holds the last so many ids, and what each command did") {
  for (const std::uint32_t capacity : {1U, 2U, 8U, 9U, 31U, 32U, 33U, 64U, 1'000U}) {
    window w(capacity);
    for (int i = 0; i < 2'100; ++i) {
      w.add(1);
      CHECK(w.holds(w.last));
      CHECK(w.holds(w.last - capacity + 1) == (w.last >= capacity));
      CHECK_FALSE(w.holds(w.last - capacity));
    }
    CHECK(w.content.size() == capacity);
  }
}

TEST_CASE("ids are told apart, however many there are") {
  window w(100'000);
  w.add(70'000);  // more than there are different tags
  for (std::int64_t n = 1; n <= w.last; n += 101) CHECK(w.holds(n));
  for (std::int64_t n = 1; n <= 100; ++n) CHECK_FALSE(w.holds(w.last + n));
}

TEST_CASE("ids may have any length and any bytes that a commit can hold") {
  const auto id = [](std::int64_t n) {
    std::string made(1 + static_cast<std::size_t>(n * 7 % reprise::max_command_id_bytes), '\0');
    return made + std::to_string(n).substr(0, reprise::max_command_id_bytes - made.size());
  };
  for (const std::uint32_t capacity : {1U, 7U, 100U}) {
    dedup_window w(capacity);
    for (std::int64_t n = 1; n <= 1'000; ++n) {
      w.remember(id(n), window::what(n), at(n));
      REQUIRE(w.find(id(n), at(n)) == window::what(n));
    }
    const auto all = w.entries();
    REQUIRE(all.size() == capacity);
    for (std::int64_t n = 1'000; n > 1'000 - capacity; --n) {
      CHECK(all[all.size() - 1 - static_cast<std::size_t>(1'000 - n)]
            == dedup_window::entry{id(n), window::what(n)});
    }
  }
}

TEST_CASE("an id that no commit can hold is refused, and the window stays as it was") {
  window w(10);
  w.add(3);
  const std::string too_long(reprise::max_command_id_bytes + 1, 'x');
  CHECK_THROWS_AS(w.content.remember(too_long, window::what(4), at(4)), std::invalid_argument);
  CHECK_FALSE(w.content.find(too_long, at(4)));
  CHECK(w.content.size() == 3);
  for (std::int64_t n = 1; n <= 3; ++n) CHECK(w.holds(n));
}

TEST_CASE("a window of no ids remembers none") {
  window w(0);
  w.add(3);
  CHECK_FALSE(w.holds(3));
  CHECK(w.content.may_have_forgotten(ever, at(3)));
}

TEST_CASE("an empty id is neither remembered nor forgotten") {
  dedup_window w(1);
  w.remember("", {1, 1, at(1)}, at(1));
  w.remember("", {2, 1, at(2)}, at(2));
  CHECK(w.size() == 0);
  CHECK_FALSE(w.find("", at(2)));
  CHECK_FALSE(w.may_have_forgotten(ever, at(2)));
}

TEST_CASE("an id is remembered as long as its age says, to the microsecond") {
  window w(1'000, 60s);
  w.add(1);
  CHECK(w.holds(1, at(61)));
  CHECK_FALSE(w.holds(1, at(61) + 1us));
  // A clock that is set back makes nothing old.
  CHECK(w.holds(1, at(-100'000)));
}

TEST_CASE("a time that no clock shows makes nothing old by mistake") {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const timestamp first{std::chrono::microseconds(-most)}, last{std::chrono::microseconds(most)};
  dedup_window w(10);
  w.remember("first", {1, 1, first}, first);
  w.remember("last", {2, 1, last}, first);
  CHECK(w.find("first", first));
  CHECK_FALSE(w.find("first", last));
  CHECK(w.find("last", first));
}

TEST_CASE("what is too old when it is added is forgotten at once") {
  dedup_window w(10, 60s);
  w.remember("old", {1, 1, at(1)}, at(100));
  CHECK(w.size() == 0);
  CHECK(w.forgotten_until() == at(1));
}

TEST_CASE("room for what is too old is used again") {
  window w(1'000, 10s);
  w.add(900);
  CHECK(w.content.size() < 50);
  for (std::int64_t n = 890; n <= 900; ++n) CHECK(w.holds(n));
  CHECK_FALSE(w.holds(889));
}

TEST_CASE("an id that is recorded again, after it was forgotten, is remembered again") {
  dedup_window w(10, 60s);
  w.remember("id", {1, 1, at(0)}, at(0));
  CHECK_FALSE(w.find("id", at(100)));
  w.remember("id", {2, 1, at(100)}, at(100));
  REQUIRE(w.find("id", at(100)));
  CHECK(w.find("id", at(100))->version == 2);
}

TEST_CASE("a window knows whether it has forgotten anything since a time") {
  window w(10);
  w.add(10);
  CHECK_FALSE(w.content.may_have_forgotten(ever, at(10)));
  w.add(5);  // the first five make room
  CHECK(w.content.may_have_forgotten(ever, at(15)));
  CHECK(w.content.may_have_forgotten(at(5), at(15)));
  CHECK_FALSE(w.content.may_have_forgotten(at(6), at(15)));
  CHECK(w.content.forgotten_until() == at(5));
}

TEST_CASE("what is too old counts as forgotten while it still takes up room") {
  window w(10, 60s);
  w.add(5);
  CHECK_FALSE(w.content.may_have_forgotten(ever, at(61)));
  CHECK(w.content.may_have_forgotten(ever, at(62)));
  CHECK(w.content.may_have_forgotten(at(1), at(62)));
  CHECK_FALSE(w.content.may_have_forgotten(at(2), at(62)));
}

TEST_CASE("a window that is built again from its entries tells the same") {
  for (const std::uint32_t capacity : {0U, 1U, 8U, 9U, 10U, 40U}) {
    for (const auto age : {5s, 20s, 1'000s}) {
      window w(capacity, age);
      for (int i = 0; i < 100; ++i) {
        w.add(1);
        const dedup_window again = w.rebuilt();
        for (std::int64_t n = 1; n <= w.last; ++n) {
          const std::string id = std::to_string(n);
          REQUIRE(again.find(id, at(w.last)) == w.content.find(id, at(w.last)));
          REQUIRE(again.may_have_forgotten(at(n), at(w.last))
                  == w.content.may_have_forgotten(at(n), at(w.last)));
        }
      }
    }
  }
}

TEST_CASE("a window hands out its entries oldest first, however often it has gone round") {
  window w(10);
  for (int i = 0; i < 35; ++i) {
    w.add(1);
    const auto all = w.content.entries();
    REQUIRE(all.size() == std::min<std::size_t>(10, static_cast<std::size_t>(w.last)));
    for (std::size_t k = 0; k < all.size(); ++k) {
      const auto n = w.last - static_cast<std::int64_t>(all.size() - k) + 1;
      CHECK(all[k] == dedup_window::entry{std::to_string(n), window::what(n)});
    }
  }
}
