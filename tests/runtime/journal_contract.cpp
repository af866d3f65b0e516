#include "journal_contract.hpp"

#include "reprise/error.hpp"
#include "reprise/limits.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace reprise::testing {

namespace {

using std::to_string;

std::string joined(const std::string& left, const std::string& right) {
  return left.empty() ? right : left + ", " + right;
}

std::string in_order(const commit_view& c) {
  std::string text;
  for (std::size_t i = 0; i < c.events.size(); ++i) {
    text = joined(text, to_string(c.first_position + i) + " " + std::string(c.stream) + "@"
                            + to_string(c.first_version + i) + " "
                            + std::string(c.events[i].payload));
  }
  return text;
}

/// Three commits on one stream, a-1 to a-5, as the suite of Pekko's journals has them.
void write_five(journal& j) {
  REQUIRE(append(j, "cart/1", 0, {"a-1", "a-2"}));
  REQUIRE(append(j, "cart/1", 2, {"a-3"}));
  REQUIRE(append(j, "cart/1", 3, {"a-4", "a-5"}));
}

void reading(journal& j) {
  SUBCASE("a stream is read whole, in order") {
    write_five(j);
    CHECK(stream_of(j, "cart/1") == "1 a-1, 2 a-2, 3 a-3, 4 a-4, 5 a-5");
    CHECK(stream_of(j, "cart/1", 0) == stream_of(j, "cart/1", 1));
  }
  SUBCASE("a stream is read from the commit that holds a version") {
    write_five(j);
    CHECK(stream_of(j, "cart/1", 2) == "1 a-1, 2 a-2, 3 a-3, 4 a-4, 5 a-5");
    CHECK(stream_of(j, "cart/1", 3) == "3 a-3, 4 a-4, 5 a-5");
    CHECK(stream_of(j, "cart/1", 4) == "4 a-4, 5 a-5");
    CHECK(stream_of(j, "cart/1", 5) == "4 a-4, 5 a-5");
  }
  SUBCASE("nothing is read beyond the head of a stream") {
    write_five(j);
    CHECK(stream_of(j, "cart/1", 6).empty());
    CHECK(stream_of(j, "cart/1", UINT64_MAX).empty());
  }
  SUBCASE("a stream that does not exist has nothing, which is no error") {
    CHECK(stream_of(j, "cart/1").empty());
    write_five(j);
    CHECK(stream_of(j, "cart/2").empty());
    CHECK(stream_of(j, "").empty());
  }
  SUBCASE("a reader stops when it has had enough") {
    write_five(j);
    int visited = 0;
    j.read_stream("cart/1", 1, [&](const commit_view&) { return ++visited < 2; });
    CHECK(visited == 2);
    j.read_all(1, [&](const commit_view&) { return ++visited < 3; });
    CHECK(visited == 3);
  }
  SUBCASE("what a visitor throws passes through") {
    write_five(j);
    const auto stop = [](const commit_view&) -> bool { throw std::runtime_error("enough"); };
    CHECK_THROWS_WITH(j.read_stream("cart/1", 1, stop), "enough");
    CHECK_THROWS_WITH(j.read_all(1, stop), "enough");
  }
  SUBCASE("a visitor may read the journal") {
    write_five(j);
    std::string inner;
    j.read_stream("cart/1", 4, [&](const commit_view&) {
      inner = stream_of(j, "cart/1", 3);
      return true;
    });
    CHECK(inner == "3 a-3, 4 a-4, 5 a-5");
  }
  SUBCASE("a stream of many commits is read whole and in order") {
    for (std::uint64_t v = 0; v < 3000; v += 3) REQUIRE(append(j, "cart/1", v, {"x", "y", "z"}));
    std::uint64_t next = 100;
    j.read_stream("cart/1", 101, [&](const commit_view& c) {
      CHECK(c.first_version == next);
      next = c.last_version() + 1;
      return true;
    });
    CHECK(next == 3001);
  }
}

void order(journal& j) {
  SUBCASE("positions run without gaps over all streams, in the order of commits") {
    CHECK(j.last_position() == 0);
    batch b;
    b.add("cart/1", 0, {"a", "b"}).add("cart/2", 0, {"c"}).add("cart/1", 2, {"d"});
    b.append_to(j);
    REQUIRE(append(j, "cart/2", 1, {"e"}));
    CHECK(order_of(j) == "1 cart/1@1 a, 2 cart/1@2 b, 3 cart/2@1 c, 4 cart/1@3 d, 5 cart/2@2 e");
    CHECK(j.last_position() == 5);
  }
  SUBCASE("all is read from the commit that holds a position") {
    batch b;
    b.add("cart/1", 0, {"a"}).add("cart/2", 0, {"b", "c"}).add("cart/3", 0, {"d"});
    b.append_to(j);
    CHECK(order_of(j, 0) == order_of(j, 1));
    CHECK(order_of(j, 2) == "2 cart/2@1 b, 3 cart/2@2 c, 4 cart/3@1 d");
    CHECK(order_of(j, 3) == order_of(j, 2));
    CHECK(order_of(j, 4) == "4 cart/3@1 d");
    CHECK(order_of(j, 5).empty());
    CHECK(order_of(j, UINT64_MAX).empty());
  }
  SUBCASE("a refused commit takes no position") {
    batch b;
    b.add("cart/1", 0, {"a"}).add("cart/2", 7, {"late"}).add("cart/3", 0, {"b"});
    const auto results = b.append_to(j);
    CHECK(results[0].position == 1);
    CHECK(results[1].position == 0);
    CHECK(results[2].position == 2);
  }
  SUBCASE("a sound journal verifies without a damage, each commit once") {
    CHECK(verified(j).empty());
    batch b;
    b.add("cart/1", 0, {"a"}).add("cart/2", 0, {"b"}).add("cart/1", 1, {"c"});
    b.append_to(j);
    CHECK(verified(j) == order_of(j));
  }
}

void judging(journal& j) {
  SUBCASE("the second of two writers at the same version is refused, and told the version") {
    REQUIRE(append(j, "cart/1", 0, {"first"}));
    batch late;
    const auto results = late.add("cart/1", 0, {"second"}).append_to(j);
    CHECK_FALSE(results[0].accepted);
    CHECK(results[0].version == 1);
    CHECK(stream_of(j, "cart/1") == "1 first");
  }
  SUBCASE("two commits at the same version in one batch: only the first is stored") {
    batch b;
    const auto results = b.add("cart/1", 0, {"first"}).add("cart/1", 0, {"second"}).append_to(j);
    CHECK(results[0].accepted);
    CHECK_FALSE(results[1].accepted);
    CHECK(results[1].version == 1);
    CHECK(stream_of(j, "cart/1") == "1 first");
  }
  SUBCASE("a commit ahead of its stream is refused") {
    REQUIRE(append(j, "cart/1", 0, {"a"}));
    CHECK_FALSE(append(j, "cart/1", 2, {"c"}));
    CHECK_FALSE(append(j, "cart/2", 1, {"b"}));
    CHECK_FALSE(append(j, "cart/1", UINT64_MAX, {"z"}));
    CHECK(order_of(j) == "1 cart/1@1 a");
  }
  SUBCASE("behind a refused commit, the batch's later ones of that stream are refused, others are "
          "not") {
    batch b;
    b.add("cart/1", 0, {"a"})
        .add("cart/1", 5, {"wrong"})
        .add("cart/2", 0, {"b"})
        .add("cart/1", 1, {"behind"});
    const auto results = b.append_to(j);
    CHECK(results[0].accepted);
    CHECK_FALSE(results[1].accepted);
    CHECK(results[2].accepted);
    CHECK_FALSE(results[3].accepted);
    CHECK(results[3].version == 1);
    CHECK(order_of(j) == "1 cart/1@1 a, 2 cart/2@1 b");
    CHECK(append(j, "cart/1", 1, {"in the next batch"}));
  }
}

void commits_without_events(journal& j) {
  SUBCASE("a commit without events asks for a version and stores nothing") {
    REQUIRE(append(j, "cart/1", 0, {"a"}));
    batch b;
    b.add("cart/1", 1, {}).add("cart/1", 0, {}).add("cart/2", 0, {});
    b.last().events = nullptr;
    const auto results = b.append_to(j);
    CHECK(results[0].accepted);
    CHECK(results[0].version == 1);
    CHECK(results[0].position == 0);
    CHECK_FALSE(results[1].accepted);
    CHECK(results[2].accepted);
    CHECK(results[2].version == 0);
    CHECK(j.last_position() == 1);
    CHECK(append(j, "cart/2", 0, {"b"}));
  }
  SUBCASE("a commit without events sees the ones before it in its batch") {
    batch b;
    const auto results = b.add("cart/1", 0, {"a"}).add("cart/1", 1, {}).append_to(j);
    CHECK(results[1].accepted);
    CHECK(results[1].version == 1);
  }
  SUBCASE("an empty batch does nothing") {
    CHECK(j.append({}).empty());
    CHECK(j.last_position() == 0);
  }
  SUBCASE("a batch over many streams is stored whole") {
    batch b;
    for (int i = 0; i < 2000; ++i)
      b.add(b.keep("cart/" + to_string(i % 500)), i / 500, {to_string(i)});
    for (const append_result& result : b.append_to(j)) REQUIRE(result.accepted);
    CHECK(stream_of(j, "cart/499") == "1 499, 2 999, 3 1499, 4 1999");
    CHECK(j.last_position() == 2000);
  }
}

void names_and_fields(journal& j) {
  SUBCASE("ids that are prefixes of each other, or odd bytes, are different streams") {
    using namespace std::string_literals;
    const std::vector<std::string> streams = {"a"s,
                                              "a/"s,
                                              "a/1"s,
                                              "a/10"s,
                                              "a/1\0"s,
                                              "a/1\0\0\0\0\0\0\0\0"s,
                                              "a/1\xff"s,
                                              "\0"s,
                                              "\xff\xff"s,
                                              "\n\"\\"s,
                                              "a/1\0\0\0\0\0\0\0\x01"s,
                                              std::string(max_stream_bytes, 'x'),
                                              std::string(max_stream_bytes - 1, 'x')};
    for (const std::string& stream : streams) REQUIRE(append(j, stream, 0, {"first"}));
    for (std::size_t i = 0; i < streams.size(); ++i)
      REQUIRE(append(j, streams[i], 1, {to_string(i)}));
    for (std::size_t i = 0; i < streams.size(); ++i) {
      CHECK(stream_of(j, streams[i]) == "1 first, 2 " + to_string(i));
    }
  }
  SUBCASE("everything of a commit comes back as it went in") {
    encoded_events events;
    events.add({"noted", 7, std::string("\0\xff\n", 3)});
    events.add({"", 0, ""});
    const commit c{"cart/1", 0,      timestamp{std::chrono::microseconds{-1}}, "command", "",
                   "cause",  &events};
    j.append({&c, 1});
    j.read_stream("cart/1", 1, [](const commit_view& v) {
      CHECK(v.time.time_since_epoch().count() == -1);
      CHECK(v.command_id == "command");
      CHECK(v.correlation_id.empty());
      CHECK(v.causation_id == "cause");
      REQUIRE(v.events.size() == 2);
      CHECK(v.events[0].name == "noted");
      CHECK(v.events[0].schema_version == 7);
      CHECK(v.events[0].payload == std::string_view("\0\xff\n", 3));
      CHECK(v.events[1].payload.empty());
      return true;
    });
  }
}

void limits(journal& j) {
  SUBCASE("a commit at every limit is stored and read") {
    encoded_events events;
    for (std::size_t i = 1; i < max_events_per_commit; ++i) events.add({"noted", 1, ""});
    const std::size_t left = max_commit_bytes - events.bytes().size() - max_name_bytes - 9;
    events.add({std::string(max_name_bytes, 'n'), UINT32_MAX, std::string(left, 'p')});
    const std::string stream(max_stream_bytes, 's');
    const std::string id(max_command_id_bytes, 'i');
    const commit c{stream, 0, {}, id, id, id, &events};
    CHECK(j.append({&c, 1})[0].version == max_events_per_commit);
    std::size_t read = 0;
    j.read_stream(stream, max_events_per_commit, [&](const commit_view& v) {
      read = v.events.size();
      CHECK(v.events.back().payload.size() == left);
      return true;
    });
    CHECK(read == max_events_per_commit);
  }
  SUBCASE("a commit past a limit is an invalid argument, and nothing of its batch is stored") {
    const std::string long_id(max_command_id_bytes + 1, 'i');
    for (std::string_view commit::*id :
         {&commit::command_id, &commit::correlation_id, &commit::causation_id}) {
      batch b;
      b.add("cart/1", 0, {"a"}).add("cart/2", 0, {"b"}).last().*id = long_id;
      CHECK_THROWS_AS(b.append_to(j), std::invalid_argument);
    }
    batch unnamed;
    CHECK_THROWS_AS(unnamed.add("cart/1", 0, {"a"}).add("", 0, {"b"}).append_to(j),
                    std::invalid_argument);
    batch long_named;
    CHECK_THROWS_AS(long_named.add(std::string(max_stream_bytes + 1, 's'), 0, {"b"}).append_to(j),
                    std::invalid_argument);
    CHECK(j.last_position() == 0);
    CHECK(append(j, "cart/1", 0, {"a"}));
  }
  SUBCASE("so are more events, and more bytes of them, than a record can hold") {
    encoded_events too_many{commit_limits{UINT32_MAX, UINT32_MAX}};
    for (std::size_t i = 0; i <= max_events_per_commit; ++i) too_many.add({"noted", 1, ""});
    encoded_events too_large{commit_limits{UINT32_MAX, UINT32_MAX}};
    too_large.add({"noted", 1, std::string(max_commit_bytes, 'p')});
    for (const encoded_events* events : {&too_many, &too_large}) {
      batch b;
      b.add("cart/1", 0, {"a"}).add("cart/2", 0, {}).last().events = events;
      CHECK_THROWS_AS(b.append_to(j), std::invalid_argument);
    }
    CHECK(j.last_position() == 0);
    CHECK(append(j, "cart/1", 0, {"a"}));
  }
  SUBCASE("commits of a megabyte each are read in order") {
    const std::string large(max_commit_bytes - 100, 'l');
    for (std::uint64_t v = 0; v < 12; ++v)
      REQUIRE(append(j, "cart/1", v, {to_string(v % 10) + large}));
    std::string seen;
    j.read_stream("cart/1", 1, [&](const commit_view& c) {
      seen += c.events[0].payload[0];
      return true;
    });
    CHECK(seen == "012345678901");
  }
}

void batch_limit(journal& j) {
  SUBCASE("a batch with more bytes of events than one may have is refused whole, and one that is "
          "as large is stored") {
    encoded_events largest;
    largest.add({"noted", 1, std::string(max_commit_bytes - 14, 'l')});
    batch b;
    for (std::size_t i = 0; i < max_batch_bytes / max_commit_bytes; ++i) {
      b.add(b.keep("cart/" + to_string(i)), 0, {}).last().events = &largest;
    }
    batch larger = b;
    larger.add("cart/0", 1, {"a"});
    CHECK_THROWS_AS(larger.append_to(j), std::invalid_argument);
    CHECK(j.last_position() == 0);
    b.append_to(j);
    CHECK(j.last_position() == max_batch_bytes / max_commit_bytes);
  }
}

/// Reads while another thread appends: what is seen only grows, whole commits at a time.
void read_until(const journal& j, std::uint64_t end) {
  std::uint64_t seen = 0;
  while (seen < end) {
    const std::uint64_t durable = j.last_position();
    std::uint64_t now = 0;
    j.read_stream("cart/1", 1, [&](const commit_view& c) {
      if (c.first_version != now + 1 || c.events.size() != 2)
        throw std::logic_error("a torn commit");
      now = c.last_version();
      return true;
    });
    std::uint64_t all = 0;
    j.read_all(1, [&all](const commit_view& c) {
      all = c.last_position();
      return true;
    });
    if (now < seen || now < durable || all < durable) throw std::logic_error("a shorter history");
    seen = now;
  }
}

void concurrency(const std::function<std::shared_ptr<journal>()>& open) {
  SUBCASE("readers beside a writer see whole commits, and never fewer than before") {
    const auto j = open();
    constexpr std::uint64_t end = 400;
    std::atomic<int> failures = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] {
        try {
          read_until(*j, end);
        } catch (const std::exception&) {
          ++failures;
        }
      });
    }
    for (std::uint64_t v = 0; v < end; v += 2) CHECK(append(*j, "cart/1", v, {"x", "y"}));
    for (std::thread& reader : readers) reader.join();
    CHECK(failures == 0);
  }
  SUBCASE("two threads that append to one stream: each version is taken once") {
    const auto j = open();
    std::atomic<std::uint64_t> accepted = 0;
    const auto write = [&](const std::string& name) {
      for (std::uint64_t v = 0; v < 50; ++v) accepted += append(*j, "cart/1", v, {name}) ? 1U : 0U;
    };
    std::thread first(write, "first");
    std::thread second(write, "second");
    first.join();
    second.join();
    CHECK(accepted == j->last_position());
    CHECK(verified(*j) == order_of(*j));
  }
  SUBCASE("what was appended is there when the store is opened again, and goes on from there") {
    {
      const auto j = open();
      batch b;
      b.add("cart/1", 0, {"a", "b"}).add("cart/2", 0, {"c"});
      b.append_to(*j);
    }
    const auto j = open();
    CHECK(order_of(*j) == "1 cart/1@1 a, 2 cart/1@2 b, 3 cart/2@1 c");
    CHECK_FALSE(append(*j, "cart/1", 0, {"late"}));
    CHECK(append(*j, "cart/1", 2, {"d"}));
    CHECK(stream_of(*j, "cart/1", 3) == "3 d");
    CHECK(j->last_position() == 4);
  }
  SUBCASE("the store counts what it did since it was opened") {
    const auto j = open();
    batch b;
    b.add("cart/1", 0, {"a", "b"}).add("cart/2", 9, {"refused"}).add("cart/3", 0, {"c"});
    b.append_to(*j);
    batch none;
    none.add("cart/1", 2, {}).append_to(*j);
    CHECK(j->stats().synced_writes == 1);
    CHECK(j->stats().commits == 2);
    CHECK(j->stats().events == 3);
    CHECK(j->stats().bytes > 0);
  }
}

}  // namespace

void journal_contract(const std::function<std::shared_ptr<journal>()>& open) {
  concurrency(open);
  const auto j = open();
  reading(*j);
  order(*j);
  judging(*j);
  commits_without_events(*j);
  names_and_fields(*j);
  limits(*j);
  batch_limit(*j);
}

batch& batch::add(std::string_view stream,
                  std::uint64_t expected_version,
                  const std::vector<std::string>& payloads) {
  encoded_events& events = events_.emplace_back();
  for (const std::string& payload : payloads) events.add({"noted", 1, payload});
  commit c;
  c.stream = keep(std::string(stream));
  c.expected_version = expected_version;
  c.command_id = keep("command-" + to_string(texts_.size()));
  c.events = &events;
  commits_.push_back(c);
  return *this;
}

bool append(journal& j,
            std::string_view stream,
            std::uint64_t expected_version,
            const std::vector<std::string>& payloads) {
  batch one;
  return one.add(stream, expected_version, payloads).append_to(j)[0].accepted;
}

std::string stream_of(const journal& j, std::string_view stream, std::uint64_t from_version) {
  std::string text;
  j.read_stream(stream, from_version, [&](const commit_view& c) {
    for (std::size_t i = 0; i < c.events.size(); ++i) {
      text = joined(text, to_string(c.first_version + i) + " " + std::string(c.events[i].payload));
    }
    return c.stream == stream;
  });
  return text;
}

std::string order_of(const journal& j, std::uint64_t from_position) {
  std::string text;
  j.read_all(from_position, [&text](const commit_view& c) {
    text = joined(text, in_order(c));
    return true;
  });
  return text;
}

std::string verified(const journal& j) {
  std::string commits;
  std::string damages;
  j.verify(
      [&commits](const commit_view& c) {
        commits = joined(commits, in_order(c));
        return true;
      },
      [&damages](const damaged_history& damage) {
        damages += "; ";
        damages += damage.what();
      });
  return commits + damages;
}

}  // namespace reprise::testing
