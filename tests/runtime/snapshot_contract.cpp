#include "snapshot_contract.hpp"

#include "reprise/limits.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace reprise::testing {

namespace {

using std::to_string;

timestamp at(std::int64_t microseconds) {
  return timestamp{std::chrono::microseconds{microseconds}};
}

void keeping(journal& j) {
  snapshot_store& store = *j.snapshots();
  SUBCASE("a stream without snapshots has none, which is no error") {
    CHECK(snapshots_of(j, "cart/1").empty());
    CHECK(snapshots_of(j, "").empty());
    store.remove("cart/1");
    CHECK(store.stats().trouble.empty());
  }
  SUBCASE("everything of a snapshot comes back as it went in") {
    snapshot s = snapshot_at("cart/1", 7);
    s.position = 12;
    s.commit_checksum = UINT64_MAX;
    s.time = at(-1);
    s.schema = {3, 0x1234};
    s.commands = {{"first", 2, 1, at(5)}, {std::string("\0\xff", 2), 7, 5, at(6)}};
    s.forgotten_until = at(-2);
    s.state = std::string("\0\n\xff", 3);
    store.save(s, 2);
    snapshot read;
    store.read("cart/1",
               [&read](snapshot& found) {
                 read = found;
                 return true;
               },
               {});
    CHECK(read == s);
  }
  SUBCASE("the newest so many are kept, and read newest first") {
    for (std::uint64_t v = 10; v <= 50; v += 10) store.save(snapshot_at("cart/1", v), 3);
    CHECK(snapshots_of(j, "cart/1") == "50, 40, 30");
    store.save(snapshot_at("cart/1", 60), 1);
    CHECK(snapshots_of(j, "cart/1") == "60");
    store.save(snapshot_at("cart/1", 70), max_kept_snapshots);
    CHECK(snapshots_of(j, "cart/1") == "70, 60");
  }
  SUBCASE("one more at a version takes the place of the one that was there") {
    snapshot s = snapshot_at("cart/1", 10);
    store.save(s, 3);
    s.state = "another";
    store.save(s, 3);
    CHECK(snapshots_of(j, "cart/1") == "10");
    store.read("cart/1",
               [](snapshot& found) {
                 CHECK(found.state == "another");
                 return true;
               },
               {});
  }
  SUBCASE("those of later versions go, because the stream does not reach them any more") {
    for (std::uint64_t v = 10; v <= 40; v += 10) store.save(snapshot_at("cart/1", v), 4);
    store.save(snapshot_at("cart/1", 25), 4);
    CHECK(snapshots_of(j, "cart/1") == "25, 20, 10");
  }
  SUBCASE("the snapshots of a stream are removed without those of its neighbours") {
    for (const auto stream : {"cart/1", "cart/10", "cart/"}) store.save(snapshot_at(stream, 5), 2);
    store.remove("cart/1");
    CHECK(snapshots_of(j, "cart/1").empty());
    CHECK(snapshots_of(j, "cart/10") == "5");
    CHECK(snapshots_of(j, "cart/") == "5");
  }
}

void readers(journal& j) {
  snapshot_store& store = *j.snapshots();
  SUBCASE("a reader stops when it has had enough, and what it throws passes through") {
    store.save(snapshot_at("cart/1", 1), 3);
    store.save(snapshot_at("cart/1", 2), 3);
    int visited = 0;
    store.read("cart/1", [&](snapshot&) { return ++visited < 1; }, {});
    CHECK(visited == 1);
    const auto stop = [](snapshot&) -> bool { throw std::runtime_error("enough"); };
    CHECK_THROWS_WITH(store.read("cart/1", stop, {}), "enough");
  }
  SUBCASE("a reader may read and save") {
    store.save(snapshot_at("cart/1", 1), 3);
    store.read("cart/1",
               [&](snapshot&) {
                 store.save(snapshot_at("cart/1", 2), 3);
                 CHECK(snapshots_of(j, "cart/1") == "2, 1");
                 return true;
               },
               {});
  }
}

void reaching(journal& j) {
  snapshot_store& store = *j.snapshots();
  SUBCASE("snapshots are no part of the history") {
    store.save(snapshot_at("cart/1", 9), 2);
    CHECK(j.last_position() == 0);
    j.read_stream("cart/1", 1, [](const commit_view&) -> bool { throw std::logic_error("read"); });
  }
  SUBCASE("odd names of streams are different streams") {
    using namespace std::string_literals;
    const std::vector<std::string> streams = {"a"s, "a/"s, "a\0"s, "\xff\xff"s,
                                              std::string(max_stream_bytes, 'x')};
    for (std::size_t i = 0; i < streams.size(); ++i) {
      store.save(snapshot_at(streams[i], i + 1), 2);
    }
    for (std::size_t i = 0; i < streams.size(); ++i) {
      CHECK(snapshots_of(j, streams[i]) == to_string(i + 1));
    }
  }
  SUBCASE("verify reads those of all streams") {
    store.save(snapshot_at("cart/1", 1), 2);
    store.save(snapshot_at("cart/1", 2), 2);
    store.save(snapshot_at("cart/2", 3), 2);
    std::set<std::string> seen;
    store.verify(
        [&seen](snapshot& s) { return seen.insert(s.stream + "@" + to_string(s.version)).second; },
        [](const skipped_snapshot& skipped) { FAIL(skipped.text()); });
    CHECK(seen == std::set<std::string>{"cart/1@1", "cart/1@2", "cart/2@3"});
  }
  SUBCASE("the store counts what it saved since it was opened") {
    CHECK(store.stats().saved == 0);
    store.save(snapshot_at("cart/1", 1), 1);
    store.save(snapshot_at("cart/1", 2), 1);
    CHECK(store.stats().saved == 2);
    CHECK(store.stats().bytes > 0);
  }
}

void limits(journal& j) {
  snapshot_store& store = *j.snapshots();
  SUBCASE("what no snapshot can be is an invalid argument, and nothing is saved") {
    const snapshot good = snapshot_at("cart/1", 3);
    const auto refuses = [&](auto change) {
      snapshot bad = good;
      change(bad);
      CHECK_THROWS_AS(store.save(bad, 2), std::invalid_argument);
    };
    refuses([](snapshot& s) { s.stream.clear(); });
    refuses([](snapshot& s) { s.stream = std::string(max_stream_bytes + 1, 's'); });
    refuses([](snapshot& s) { s.version = 0; });
    refuses([](snapshot& s) { s.position = 2; });
    refuses([](snapshot& s) { s.commands = {{"", 1, 1, {}}}; });
    refuses([](snapshot& s) { s.commands = {{std::string(129, 'i'), 1, 1, {}}}; });
    refuses([](snapshot& s) { s.commands = {{"a", 1, 0, {}}}; });
    refuses([](snapshot& s) { s.commands = {{"a", 1, 2, {}}}; });
    refuses([](snapshot& s) { s.commands = {{"a", 4, 1, {}}}; });
    refuses([](snapshot& s) { s.commands = {{"a", 2, 1, {}}, {"b", 2, 1, {}}}; });
    CHECK_THROWS_AS(store.save(good, 0), std::invalid_argument);
    CHECK_THROWS_AS(store.save(good, max_kept_snapshots + 1), std::invalid_argument);
    CHECK(snapshots_of(j, "cart/1").empty());
  }
  SUBCASE("a snapshot that is too large is a length error, and the ones of before stay") {
    store.save(snapshot_at("cart/1", 3), 2);
    snapshot large = snapshot_at("cart/1", 4);
    large.state = std::string(max_snapshot_bytes, 's');
    CHECK_THROWS_AS(store.save(large, 2), std::length_error);
    CHECK(snapshots_of(j, "cart/1") == "3");
  }
  SUBCASE("a snapshot of a megabyte that remembers thousands of commands comes back whole") {
    snapshot s = snapshot_at("cart/1", 5000);
    for (std::uint64_t v = 1; v <= 5000; ++v)
      s.commands.push_back({"c" + to_string(v), v, 1, at(1)});
    s.state = std::string(std::size_t{1} << 20U, 's');
    store.save(s, 2);
    store.read("cart/1",
               [&s](snapshot& found) {
                 CHECK((found == s));
                 return true;
               },
               {});
    CHECK(snapshots_of(j, "cart/1").substr(0, 4) == "5000");
  }
}

void concurrency(journal& j) {
  SUBCASE("savers and readers on many threads see whole snapshots, newest first") {
    snapshot_store& store = *j.snapshots();
    std::atomic<int> failures = 0;
    std::vector<std::thread> threads;
    for (const auto stream : {"cart/1", "cart/2"}) {
      threads.emplace_back([&store, stream] {
        for (std::uint64_t v = 1; v <= 200; ++v) store.save(snapshot_at(stream, v), 3);
      });
      threads.emplace_back([&store, &failures, stream] {
        for (std::uint64_t newest = 0; newest < 200;) {
          std::uint64_t before = UINT64_MAX;
          store.read(
              stream,
              [&](snapshot& s) {
                if (s.version >= before || s.state != snapshot_at(stream, s.version).state)
                  ++failures;
                if (before == UINT64_MAX && s.version < newest) ++failures;
                if (before == UINT64_MAX) newest = s.version;
                before = s.version;
                return true;
              },
              [&failures](const skipped_snapshot&) { ++failures; });
        }
      });
    }
    for (std::thread& t : threads) t.join();
    CHECK(failures == 0);
    CHECK(snapshots_of(j, "cart/1") == "200, 199, 198");
  }
}

void over_lives(const std::function<std::shared_ptr<journal>()>& open) {
  SUBCASE("what was saved is there when the store is opened again") {
    open()->snapshots()->save(snapshot_at("cart/1", 10), 2);
    open()->snapshots()->save(snapshot_at("cart/1", 20), 2);
    open()->snapshots()->save(snapshot_at("cart/1", 30), 2);
    CHECK(snapshots_of(*open(), "cart/1") == "30, 20");
  }
}

}  // namespace

void snapshot_contract(const std::function<std::shared_ptr<journal>()>& open) {
  over_lives(open);
  const auto j = open();
  REQUIRE(j->snapshots() != nullptr);
  keeping(*j);
  readers(*j);
  reaching(*j);
  limits(*j);
  concurrency(*j);
}

snapshot snapshot_at(std::string_view stream, std::uint64_t version) {
  snapshot s;
  s.stream = stream;
  s.version = s.position = version;
  s.state = "state at " + to_string(version);
  return s;
}

std::string snapshots_of(const journal& j, std::string_view stream) {
  std::string versions;
  std::string skipped;
  j.snapshots()->read(
      stream,
      [&versions](snapshot& s) {
        versions += (versions.empty() ? "" : ", ") + to_string(s.version);
        return true;
      },
      [&skipped](const skipped_snapshot& s) {
        skipped += "; " + to_string(s.where.version) + " " + std::string(name_of(s.fault)) + ": "
                   + s.reason;
      });
  return versions + skipped;
}

}  // namespace reprise::testing
