#include "trim_contract.hpp"

#include "journal_contract.hpp"
#include "reprise/limits.hpp"
#include "snapshot_contract.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace reprise::testing {

namespace {

using std::to_string;

/// Two streams whose commits take turns: cart/1 at 1-2, 3, 4-5, 6 and cart/2 at 1, 2, 3.
void write_two(journal& j) {
  REQUIRE(append(j, "cart/1", 0, {"a1", "a2"}));
  REQUIRE(append(j, "cart/2", 0, {"b1"}));
  REQUIRE(append(j, "cart/1", 2, {"a3"}));
  batch both;
  both.add("cart/2", 1, {"b2"})
      .add("cart/1", 3, {"a4", "a5"})
      .add("cart/1", 5, {"a6"})
      .append_to(j);
  REQUIRE(append(j, "cart/2", 2, {"b3"}));
}

/// What a function throws that reads what was trimmed.
template <class Read>
trimmed_history thrown_by(Read read) {
  try {
    read();
  } catch (const trimmed_history& trimmed) {
    return trimmed;
  }
  throw std::logic_error("nothing is missed");
}

void reading(journal& j) {
  write_two(j);
  const trim_result result = j.trim(base_at(j, "cart/1", 5));
  CHECK(result.commits == 2);
  CHECK(result.events == 3);

  SUBCASE("what is left of a stream is read, and the commit that the base stands on is left") {
    CHECK(stream_of(j, "cart/1", 4) == "4 a4, 5 a5, 6 a6");
    CHECK(stream_of(j, "cart/1", 6) == "6 a6");
    CHECK(stream_of(j, "cart/1", 7).empty());
    CHECK(stream_of(j, "cart/2") == "1 b1, 2 b2, 3 b3");
  }
  SUBCASE("whoever reads what was trimmed of a stream is told so, and where it goes on") {
    for (const std::uint64_t from : {0, 1, 2, 3}) {
      const auto trimmed = thrown_by([&] { stream_of(j, "cart/1", from); });
      CHECK(trimmed.where().stream == "cart/1");
      CHECK(trimmed.where().version == std::max<std::uint64_t>(1, from));
      CHECK(trimmed.next_version() == 4);
    }
  }
  SUBCASE("whoever reads all is told what was trimmed, and where it goes on") {
    const auto trimmed = thrown_by([&] { order_of(j); });
    CHECK(trimmed.where().stream == "cart/1");
    CHECK(trimmed.where().version == 1);
    CHECK(trimmed.where().position == 1);
    CHECK(trimmed.next_version() == 4);
    CHECK(trimmed.next_position() == 3);
    CHECK(order_of(j, 5)
          == "5 cart/2@2 b2, 6 cart/1@4 a4, 7 cart/1@5 a5, 8 cart/1@6 a6, 9 cart/2@3 b3");
    CHECK(
        left_of(j)
        == "[cart/1@1], 3 cart/2@1 b1, [cart/1@3], 5 cart/2@2 b2, 6 cart/1@4 a4, 7 cart/1@5 a5, 8 "
           "cart/1@6 a6, 9 cart/2@3 b3");
  }
  SUBCASE("a trimmed journal verifies without a damage") {
    CHECK(verified(j)
          == "3 cart/2@1 b1, 5 cart/2@2 b2, 6 cart/1@4 a4, 7 cart/1@5 a5, 8 cart/1@6 a6, 9 "
             "cart/2@3 b3");
  }
}

void going_on(journal& j) {
  write_two(j);
  j.trim(base_at(j, "cart/1", 5));

  SUBCASE("versions and positions go on") {
    CHECK(j.last_position() == 9);
    CHECK_FALSE(append(j, "cart/1", 0, {"late"}));
    CHECK_FALSE(append(j, "cart/1", 3, {"late"}));
    CHECK(append(j, "cart/1", 6, {"a7"}));
    CHECK(stream_of(j, "cart/1", 6) == "6 a6, 7 a7");
    CHECK(j.last_position() == 10);
  }
  SUBCASE("the base comes back as it went in, and the others have none") {
    const auto base = j.base("cart/1");
    REQUIRE(base.has_value());
    CHECK(base->state == base_at(j, "cart/1", 5));
    CHECK(base->trimmed == 3);
    CHECK(base->commits == 2);
    CHECK_FALSE(j.base("cart/2"));
    CHECK_FALSE(j.base("cart/3"));
    std::string all;
    j.read_bases([&all](const stream_base& b) {
      all += b.state.stream + "@" + to_string(b.state.version) + " ";
      return true;
    });
    CHECK(all == "cart/1@5 ");
  }
  SUBCASE("a stream is trimmed up to its last commit, which is left") {
    const trim_result more = j.trim(base_at(j, "cart/1", 6));
    CHECK(more.commits == 1);
    CHECK(more.events == 2);
    CHECK(stream_of(j, "cart/1", 6) == "6 a6");
    CHECK(j.base("cart/1")->trimmed == 5);
    CHECK(j.base("cart/1")->commits == 3);
    CHECK(append(j, "cart/1", 6, {"a7"}));
    CHECK(verified(j).find(';') == std::string::npos);
  }
  SUBCASE("one stream after the other is trimmed") {
    CHECK(j.trim(base_at(j, "cart/2", 3)).commits == 2);
    CHECK(left_of(j)
          == "[cart/1@1], [cart/2@1], [cart/1@3], [cart/2@2], 6 cart/1@4 a4, 7 cart/1@5 a5, 8 "
             "cart/1@6 a6, "
             "9 cart/2@3 b3");
    CHECK(verified(j).find(';') == std::string::npos);
  }
}

void refusing(journal& j) {
  SUBCASE("nothing is deleted where the journal does not have the commit that the base stands on") {
    write_two(j);
    const std::string before = order_of(j);
    snapshot other = base_at(j, "cart/1", 5);
    ++other.commit_checksum;
    CHECK_THROWS_AS(j.trim(other), error);
    other = base_at(j, "cart/1", 5);
    ++other.position;
    CHECK_THROWS_AS(j.trim(other), error);
    other = base_at(j, "cart/1", 5);
    other.version = 4;
    CHECK_THROWS_AS(j.trim(other), error);
    other.version = 7;
    CHECK_THROWS_AS(j.trim(other), error);
    CHECK_THROWS_AS(j.trim(snapshot_at("cart/9", 1)), error);
    CHECK_THROWS_AS(j.trim(snapshot{}), std::invalid_argument);
    CHECK(order_of(j) == before);
    CHECK_FALSE(j.base("cart/1"));
  }
  SUBCASE("where nothing is before the commit, nothing is deleted, which is no error") {
    write_two(j);
    CHECK(j.trim(base_at(j, "cart/1", 2)).commits == 0);
    CHECK_FALSE(j.base("cart/1"));
    j.trim(base_at(j, "cart/1", 5));
    CHECK(j.trim(base_at(j, "cart/1", 5)).commits == 0);
    CHECK(j.base("cart/1")->trimmed == 3);
  }
}

void over_lives(const std::function<std::shared_ptr<journal>()>& open) {
  SUBCASE("what was trimmed stays so when the store is opened again, again and again") {
    {
      const auto j = open();
      write_two(*j);
      j->trim(base_at(*j, "cart/1", 5));
    }
    for (std::uint64_t v = 6; v < 9; ++v) {
      const auto j = open();
      CHECK(j->base("cart/1")->state == base_at(*j, "cart/1", 5));
      CHECK_THROWS_AS(stream_of(*j, "cart/1"), trimmed_history);
      CHECK(append(*j, "cart/1", v, {"more"}));
      CHECK(verified(*j).find(';') == std::string::npos);
    }
    {
      const auto j = open();
      j->trim(base_at(*j, "cart/1", 9));
    }
    const auto j = open();
    CHECK(j->base("cart/1")->trimmed == 8);
    CHECK(stream_of(*j, "cart/1", 9) == "9 more");
    CHECK(verified(*j).find(';') == std::string::npos);
  }
}

/// Reads while another thread appends and trims: nothing is ever missed without being told.
void read_until(const journal& j, std::uint64_t end) {
  std::uint64_t from = 1;
  for (std::uint64_t seen = 0; seen < end;) {
    std::uint64_t next = from;
    try {
      j.read_stream("cart/1", from, [&](const commit_view& c) {
        if (c.first_version > next) throw std::logic_error("a gap that nobody told of");
        seen = c.last_version();
        next = seen + 1;
        return true;
      });
    } catch (const trimmed_history& trimmed) {
      from = trimmed.next_version();
    }
    std::uint64_t position = 1;
    read_what_is_left(
        j, 1,
        [&position](const commit_view& c) {
          if (c.first_position != position)
            throw std::logic_error("a position that is not told of");
          position = c.last_position() + 1;
          return true;
        },
        [&position](const trimmed_history& trimmed) {
          if (trimmed.where().position != position) throw std::logic_error("a gap elsewhere");
          position = trimmed.next_position();
        });
    j.verify([](const commit_view&) { return true; },
             [](const damaged_history& damage) { throw damage; });
  }
}

void concurrency(journal& j) {
  SUBCASE("readers beside a writer that trims miss nothing without being told") {
    constexpr std::uint64_t end = 300;
    std::atomic<int> failures = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] {
        try {
          read_until(j, end);
        } catch (const std::exception& thrown) {
          if (++failures == 1) MESSAGE(std::string(thrown.what()));
        }
      });
    }
    for (std::uint64_t v = 0; v < end; v += 2) {
      CHECK(append(j, "cart/1", v, {"x", "y"}));
      if (v % 20 == 18) j.trim(base_at(j, "cart/1", v + 2));
    }
    for (std::thread& reader : readers) reader.join();
    CHECK(failures == 0);
  }
}

}  // namespace

void trim_contract(const std::function<std::shared_ptr<journal>()>& open) {
  over_lives(open);
  const auto j = open();
  SUBCASE("what is read of a trimmed journal") {
    reading(*j);
  }
  SUBCASE("what comes after a trim") {
    going_on(*j);
  }
  refusing(*j);
  concurrency(*j);
}

snapshot base_at(const journal& j, std::string_view stream, std::uint64_t version) {
  snapshot s = snapshot_at(stream, version);
  j.read_stream(stream, version, [&s](const commit_view& c) {
    s.position = c.last_position();
    s.commit_checksum = c.checksum;
    return false;
  });
  return s;
}

std::string left_of(const journal& j) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  read_what_is_left(
      j, 1,
      [&add](const commit_view& c) {
        for (std::size_t i = 0; i < c.events.size(); ++i) {
          add(to_string(c.first_position + i) + " " + std::string(c.stream) + "@"
              + to_string(c.first_version + i) + " " + std::string(c.events[i].payload));
        }
        return true;
      },
      [&add](const trimmed_history& gone) {
        add("[" + gone.where().stream + "@" + to_string(gone.where().version) + "]");
      });
  return text;
}

}  // namespace reprise::testing
