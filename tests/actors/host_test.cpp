#include "reprise/host.hpp"

#include "actors/faulty_journal.hpp"
#include "actors/notebook.hpp"
#include "actors/waiting.hpp"
#include "reprise/caf.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace notes;
using namespace std::chrono_literals;
using reprise::answer;
using reprise::answer_kind;
using reprise::host;
using reprise::host_config;
using reprise::host_state;
using waiting::get;

namespace {

template <class T>
bool is_answered(const std::future<T>& what) {
  return what.wait_for(0s) == std::future_status::ready;
}

/// Where nobody steps in for a thread that is blocked, another has to be there.
constexpr std::size_t least_threads = reprise::blocked_threads_are_replaced ? 1 : 2;

/// Lets a host end even if its test has failed. Made behind the host.
struct release_at_end {
  std::shared_ptr<faulty_journal> journal;
  ~release_at_end() {
    journal->release();
    journal->release_reads();
  }
};

std::string why_invalid(host_config config) {
  try {
    const host made{std::move(config)};
  } catch (const reprise::invalid_config& wrong) {
    return wrong.what();
  }
  return "valid";
}

/// Requests `content` from `to` and hands what comes back to `then`.
class client final : public caf::event_based_actor {
 public:
  client(caf::actor_config& config,
         caf::actor to,
         reprise::envelope content,
         std::shared_ptr<std::promise<answer>> then)
      : event_based_actor(config),
        to_(std::move(to)),
        content_(std::move(content)),
        then_(std::move(then)) {}

  caf::behavior make_behavior() override {
    reprise::ask(*this, to_, std::move(content_))
        .then([this](const answer& a) { finish(a); },
              [this](const caf::error&) {
                finish({answer_kind::unavailable, 0, 0, "nobody there"});
              });
    to_ = nullptr;
    return {[](int) {}};
  }

 private:
  void finish(const answer& a) {
    then_->set_value(a);
    quit();
  }

  caf::actor to_;
  reprise::envelope content_;
  std::shared_ptr<std::promise<answer>> then_;
};

answer request(caf::actor_system& system,
               const reprise::aggregates<notebook>& books,
               const std::string& id) {
  auto then = std::make_shared<std::promise<answer>>();
  auto result = then->get_future();
  system.spawn<client>(books.actor(), books.message(id, note{"one"}), then);
  return get(std::move(result));
}

}  // namespace

// -- starting ------------------------------------------------------------------------------------------------------

TEST_CASE("a host answers commands and queries") {
  host h{{.journal = reprise::in_memory()}};
  const auto books = h.aggregates<notebook>();
  CHECK(get(books.send("a", note{"one"})) == answer{answer_kind::accepted, 1, 1, {}});
  CHECK(get(books.send("a", end_with{"one"})) == answer{answer_kind::accepted, 1, 0, {}});
  CHECK(get(books.send("b", tear_out{})) == answer{answer_kind::refused, 0, 0, "nothing_written"});
  const auto seen = get(books.query("a"));
  CHECK(seen.kind == answer_kind::accepted);
  CHECK(seen.value->words == words{"one"});
  CHECK(get(books.query("a", [](const notebook& book) { return book.words.size(); })).value == 1);
  CHECK(h.state() == host_state::running);
  CHECK(h.stats().journal.commits == 1);
}

TEST_CASE("a config that cannot work is refused, and the field is named") {
  const auto journal = reprise::in_memory();
  CHECK(why_invalid({}) == "host_config.journal is empty; a host needs a journal");
  CHECK(why_invalid({.journal = journal, .clock = nullptr})
        == "host_config.clock is empty; leave it out for the system's time");
  CHECK(why_invalid({.journal = journal, .scheduler_threads = 1'025})
        == "host_config.scheduler_threads is 1025; it takes 0 to 1024");
  CHECK(why_invalid({.journal = journal, .recovery_threads = 0})
        == "host_config.recovery_threads is 0; it takes 1 to 256");
  CHECK(why_invalid({.journal = journal, .max_recoveries = 0})
        == "host_config.max_recoveries is 0; it takes 1 to 1000000");
  CHECK(why_invalid({.journal = journal, .max_in_flight = 0})
        == "host_config.max_in_flight is 0; it takes 1 to 10000000");
  CHECK(why_invalid({.journal = journal, .max_waiting = 0})
        == "host_config.max_waiting is 0; it takes 1 to 1000000");
  CHECK(why_invalid({.journal = journal, .max_in_flight_per_aggregate = 0})
        == "host_config.max_in_flight_per_aggregate is 0; it takes 1 to 10000000");
  CHECK(why_invalid({.journal = journal, .passivate_after = 9ms})
        == "host_config.passivate_after is 9 ms; it takes 10 to 31622400000 ms, or 0 for none");
  CHECK(why_invalid({.journal = journal, .max_live = 0})
        == "host_config.max_live is 0; it takes 1 to 100000000");
  CHECK(why_invalid({.journal = journal, .max_aggregate_id_bytes = 513})
        == "host_config.max_aggregate_id_bytes is 513; it takes 1 to 512");
  CHECK(why_invalid({.journal = journal, .max_command_id_bytes = 129})
        == "host_config.max_command_id_bytes is 129; it takes 1 to 128");
  CHECK(why_invalid({.journal = journal, .max_events_per_commit = 1'025})
        == "host_config.max_events_per_commit is 1025; it takes 1 to 1024");
  CHECK(why_invalid({.journal = journal, .max_commit_bytes = 63})
        == "host_config.max_commit_bytes is 63; it takes 64 to 1048576");
  CHECK(why_invalid({.journal = journal, .command_timeout = 9ms})
        == "host_config.command_timeout is 9 ms; it takes 10 to 86400000 ms, or 0 for none");
  CHECK(why_invalid({.journal = journal, .command_timeout = -1ms})
        == "host_config.command_timeout is -1 ms; it takes 10 to 86400000 ms, or 0 for none");
  CHECK(why_invalid({.journal = journal, .command_timeout = 24h + 1ms})
        == "host_config.command_timeout is 86400001 ms; it takes 10 to 86400000 ms, or 0 for none");
  CHECK(why_invalid({.journal = journal, .command_timeout = std::chrono::milliseconds::max()})
        != "valid");
  CHECK(why_invalid({.journal = journal, .command_timeout = 24h}) == "valid");
  CHECK(why_invalid({.journal = journal, .command_timeout = 0ms}) == "valid");
  CHECK(why_invalid({.journal = journal, .max_batch_commits = 0})
        == "host_config.max_batch_commits is 0; it takes 1 to 100000");
  CHECK(why_invalid({.journal = journal, .max_batch_bytes = 65'535})
        == "host_config.max_batch_bytes is 65535; it takes 65536 to 66060288");
  CHECK(why_invalid({.journal = journal, .max_batch_bytes = 66'060'288}) == "valid");
  CHECK(why_invalid({.journal = journal, .dedup_window = 100'001})
        == "host_config.dedup_window is 100001; it takes 0 to 100000");
  CHECK(why_invalid({.journal = journal, .dedup_age = 0s})
        == "host_config.dedup_age is 0 s; it takes 1 to 315360000 s");
  CHECK(why_invalid({.journal = journal, .restart_backoff_min = -1ms})
        == "host_config.restart_backoff_min is -1 ms; it takes 1 to 86400000 ms");
  CHECK(why_invalid({.journal = journal, .restart_backoff_min = 2s, .restart_backoff_max = 1s})
        == "host_config.restart_backoff_max is 1000 ms; it takes 2000 to 86400000 ms");
  CHECK(why_invalid({.journal = journal, .restart_jitter_percent = 101})
        == "host_config.restart_jitter_percent is 101; it takes 0 to 100");
  CHECK(why_invalid({.journal = journal,
                     .scheduler_threads = 1,
                     .recovery_threads = 1,
                     .max_in_flight = 1,
                     .max_waiting = 1,
                     .max_batch_commits = 1,
                     .max_batch_bytes = 65'536,
                     .dedup_window = 0})
        == "valid");
}

TEST_CASE("asked twice for the aggregates of a type a host gives the same ones") {
  host h{{.journal = reprise::in_memory()}};
  get(h.aggregates<notebook>().send("a", note{"one"}));
  CHECK(get(h.aggregates<notebook>().query("a")).value->words == words{"one"});
  CHECK(h.aggregates<notebook>().actor() == h.aggregates<notebook>().actor());
}

TEST_CASE("a host has aggregates of several types, but one of a category") {
  host h{{.journal = reprise::in_memory()}};
  CHECK(get(h.aggregates<notebook>().send("a", note{"one"})).version == 1);
  CHECK(get(h.aggregates<sketchbook>().send("a", note{"one"})).version == 1);
  CHECK_THROWS_WITH_AS(static_cast<void>(h.aggregates<impostor>()),
                       "two aggregate types have the category \"notebook\"",
                       reprise::invalid_config);
}

TEST_CASE("hosts live beside each other and one after the other on the same journal") {
  const auto journal = reprise::in_memory();
  host other{{.journal = reprise::in_memory()}};
  for (std::uint64_t life = 1; life <= 3; ++life) {
    host h{{.journal = journal}};
    CHECK(get(h.aggregates<notebook>().send("a", note{"x"})).version == life);
    CHECK(get(other.aggregates<notebook>().send("a", note{"x"})).version == life);
    if (life == 2) CHECK(h.stop(10s).clean);
  }
}

TEST_CASE("hosts live in an actor system of the user's, which goes on without them") {
  const auto config = reprise::system_config(2);
  caf::actor_system system{*config};
  {
    host one{system, {.journal = reprise::in_memory()}};
    host two{system, {.journal = reprise::in_memory()}};
    CHECK(request(system, one.aggregates<notebook>(), "a").version == 1);
    CHECK(request(system, two.aggregates<notebook>(), "a").version == 1);
    CHECK(one.stop(10s).clean);
    CHECK(get(two.aggregates<notebook>().send("a", note{"two"})).version == 2);
  }
  host three{system, {.journal = reprise::in_memory()}};
  CHECK(request(system, three.aggregates<notebook>(), "a").version == 1);
}

// -- many threads --------------------------------------------------------------------------------------------------

TEST_CASE("what many threads send at once is answered once each, and stored as it was answered") {
  const auto journal = reprise::in_memory();
  host h{{.journal = journal, .scheduler_threads = 2}};
  const auto books = h.aggregates<notebook>();
  constexpr int threads = 4, each = 500, ids = 7;
  std::atomic<int> accepted{0}, others{0};
  std::vector<std::thread> senders;
  for (int t = 0; t < threads; ++t) {
    senders.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        books.send(
            "book-" + std::to_string((i + t) % ids), note{std::to_string(t)},
            [&](const answer& a) { ++(a.kind == answer_kind::accepted ? accepted : others); });
      }
    });
  }
  for (auto& sender : senders) sender.join();
  CHECK(h.stop(60s).clean);
  CHECK(accepted == threads * each);
  CHECK(others == 0);
  std::size_t stored = 0;
  for (int i = 0; i < ids; ++i) {
    stored +=
        reprise::stream<notebook>{*journal, "book-" + std::to_string(i)}.load().state.words.size();
  }
  CHECK(stored == threads * each);
}

TEST_CASE("an aggregate that blocks its thread does not stop the others, if that is the only one") {
  std::promise<void> begun;
  host h{{.journal = reprise::in_memory(), .scheduler_threads = least_threads}};
  // Behind the host: where a check fails, its end lets the query go on.
  std::promise<void> release;
  const auto released = release.get_future().share();
  const auto books = h.aggregates<notebook>();
  auto blocked = books.query("blocked", [&begun, released](const notebook&) {
    begun.set_value();
    return released.wait_for(waiting::deadline) == std::future_status::ready;
  });
  get(begun.get_future());
  for (int i = 1; i <= 100; ++i) {
    CHECK(get(books.send("book-" + std::to_string(i % 7), note{"x"})).kind
          == answer_kind::accepted);
  }
  CHECK(blocked.wait_for(0s) == std::future_status::timeout);
  release.set_value();
  CHECK(get(std::move(blocked)).value == true);
  CHECK(get(books.send("blocked", note{"x"})).version == 1);
}

TEST_CASE(
    "callers that ask again in the callback of each answer do not keep the others from theirs") {
  std::atomic<bool> is_over{false};
  host h{{.journal = reprise::in_memory(), .scheduler_threads = least_threads}};
  const auto books = h.aggregates<notebook>();
  const std::function<void(const std::string&)> ask = [&](const std::string& id) {
    books.query(
        id, [](const notebook& b) { return b.words.size(); },
        [&, id](const reprise::observed<std::size_t>&) {
          if (!is_over) ask(id);
        });
  };
  const std::shared_ptr<void> end(nullptr, [&](void*) {
    is_over = true;
    h.stop(60s);
  });
  for (const char* id : {"hot-1", "hot-2", "hot-3", "hot-4"}) ask(id);
  for (std::uint64_t i = 1; i <= 10; ++i) CHECK(get(books.send("calm", note{"x"})).version == i);
}

TEST_CASE("a host that stops under load answers everything, and what it accepted is stored") {
  const auto journal = reprise::in_memory();
  std::atomic<std::uint64_t> sent{0}, accepted{0}, not_taken{0}, others{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> senders;
  {
    host h{{.journal = journal, .scheduler_threads = 2, .max_in_flight = 1'000}};
    const auto books = h.aggregates<notebook>();
    for (int t = 0; t < 2; ++t) {
      senders.emplace_back([&, books, t] {
        while (!over) {
          ++sent;
          books.send(std::to_string(sent % 5) + std::to_string(t), note{"x"}, [&](const answer& a) {
            const bool is_taken = a.kind != answer_kind::unavailable
                                  && a.kind != answer_kind::overloaded;
            ++(a.kind == answer_kind::accepted ? accepted : is_taken ? others : not_taken);
          });
        }
      });
    }
    while (accepted < 1'000) std::this_thread::yield();
    CHECK(h.stop(60s).clean);
    over = true;
    for (auto& sender : senders) sender.join();
  }
  CHECK(accepted + not_taken == sent);
  CHECK(others.load() == 0);
  CHECK(journal->stats().events == accepted);
}

TEST_CASE("a host may end while others still send, and all of them are answered") {
  for (int round = 0; round < 20; ++round) {
    std::atomic<std::uint64_t> sent{0}, answered{0};
    std::atomic<bool> over{false};
    std::vector<std::thread> senders;
    {
      host h{{.journal = reprise::in_memory(), .scheduler_threads = 2}};
      for (int t = 0; t < 2; ++t) {
        senders.emplace_back([&, books = h.aggregates<notebook>()] {
          while (!over) {
            ++sent;
            books.send("a", tear_out{}, [&answered](const answer&) { ++answered; });
          }
        });
      }
      while (answered < 100) std::this_thread::yield();
    }
    over = true;
    for (auto& sender : senders) sender.join();
    CHECK(answered == sent);
  }
}

// -- durability ----------------------------------------------------------------------------------------------------

TEST_CASE("while a write is held back nothing of it is acknowledged, and neighbours that only read "
          "are served") {
  const auto journal = std::make_shared<faulty_journal>();
  host h{{.journal = journal}};
  const auto books = h.aggregates<notebook>();
  get(books.send("b", note{"one"}));
  const release_at_end guard{journal};
  journal->hold();
  auto held = books.send("a", note{"one"});
  REQUIRE(journal->wait_until_held());
  auto query = books.query("a");
  CHECK(get(books.query("b")).value->words == words{"one"});
  CHECK_FALSE(is_answered(held));
  CHECK_FALSE(is_answered(query));
  journal->release();
  CHECK(get(std::move(held)).kind == answer_kind::accepted);
  CHECK(get(std::move(query)).value->words == words{"one"});
}

TEST_CASE("a recovery that takes long holds up no write") {
  const auto journal = std::make_shared<faulty_journal>();
  host h{{.journal = journal, .recovery_threads = 1}};
  const auto books = h.aggregates<notebook>();
  get(books.send("a", note{"one"}));
  const release_at_end guard{journal};
  journal->hold_reads();
  auto slow = books.query("b");
  REQUIRE(journal->wait_until_read_is_held());
  CHECK(get(books.send("a", note{"two"})).version == 2);
  CHECK_FALSE(is_answered(slow));
  journal->release_reads();
  CHECK(get(std::move(slow)).kind == answer_kind::accepted);
}

TEST_CASE("a host whose journal failed says so, and keeps answering") {
  const auto journal = std::make_shared<faulty_journal>();
  std::atomic<int> logged{0};
  host h{{.journal = journal, .log = [&logged](reprise::log_level level, const std::string& line) {
            if (level == reprise::log_level::error
                && line.find("the disk is gone") != std::string::npos)
              ++logged;
          }}};
  const auto books = h.aggregates<notebook>();
  get(books.send("a", note{"one"}));
  journal->fail(faulty_journal::fault::fail_before);
  CHECK(get(books.send("b", note{"one"})).kind == answer_kind::unknown);
  CHECK(h.state() == host_state::journal_failed);
  CHECK(h.failure() == "the disk is gone");
  CHECK(logged == 1);
  CHECK(get(books.send("a", note{"two"})).kind == answer_kind::unavailable);
  CHECK(get(books.query("a")).value->words == words{"one"});
  CHECK(h.stop(10s).clean);
  CHECK(h.state() == host_state::stopped);
}

// -- stopping ------------------------------------------------------------------------------------------------------

TEST_CASE("a host that was stopped says so to everybody") {
  host h{{.journal = reprise::in_memory()}};
  const auto books = h.aggregates<notebook>();
  get(books.send("a", note{"one"}));
  const auto report = h.stop(10s);
  CHECK(report.clean);
  CHECK(report.unfinished.empty());
  CHECK(h.state() == host_state::stopped);
  CHECK(get(books.send("a", note{"two"}))
        == answer{answer_kind::unavailable, 0, 0, "the host is stopping"});
  CHECK(get(books.query("a")).kind == answer_kind::unavailable);
  CHECK_THROWS_WITH_AS(static_cast<void>(h.aggregates<notebook>()), "the host was stopped",
                       reprise::error);
  CHECK(h.stats().journal.commits == 1);
}

TEST_CASE("a stop waits for what is being written") {
  const auto journal = std::make_shared<faulty_journal>();
  host h{{.journal = journal}};
  const auto books = h.aggregates<notebook>();
  const release_at_end guard{journal};
  journal->hold();
  auto held = books.send("a", note{"one"});
  REQUIRE(journal->wait_until_held());
  auto stopping = std::async(std::launch::async, [&h] { return h.stop(60s); });
  while (h.state() != host_state::stopping) std::this_thread::yield();
  CHECK(get(books.query("a")).kind == answer_kind::unavailable);
  journal->release();
  CHECK(get(std::move(stopping)).clean);
  CHECK(get(std::move(held)).kind == answer_kind::accepted);
}

TEST_CASE(
    "a stop that passes its deadline returns, names the writer, and answers what it cannot know") {
  const auto journal = std::make_shared<faulty_journal>();
  {
    host h{{.journal = journal}};
    const auto books = h.aggregates<notebook>();
    const release_at_end guard{journal};
    journal->hold();
    auto held = books.send("a", note{"one"}, {.id = "id"});
    REQUIRE(journal->wait_until_held());
    auto behind = books.send("b", note{"one"});
    auto stopping = std::async(std::launch::async, [&h] { return h.stop(1s); });
    const auto report = get(std::move(stopping));
    CHECK_FALSE(report.clean);
    CHECK(report.unfinished
          == words{"commands and queries that were not answered by the deadline: 2, of "
                   "\"notebook/a\", \"notebook/b\"",
                   "writers that are still inside a write to the journal: 1"});
    CHECK(get(std::move(held)).kind == answer_kind::unknown);
    CHECK(get(std::move(behind)).kind != answer_kind::accepted);
    CHECK(h.state() == host_state::stopped);
    CHECK(h.stop(1h).unfinished == report.unfinished);
    journal->release();
  }
  host next{{.journal = journal}};
  CHECK(get(next.aggregates<notebook>().send("a", note{"one"}, {.id = "id"})).version == 1);
}

TEST_CASE("a stop that passes its deadline names the recovery that still reads") {
  const auto journal = std::make_shared<faulty_journal>();
  host h{{.journal = journal, .recovery_threads = 1}};
  const release_at_end guard{journal};
  journal->hold_reads();
  auto waiting = h.aggregates<notebook>().send("a", note{"one"});
  REQUIRE(journal->wait_until_read_is_held());
  const auto report = h.stop(1s);
  CHECK(report.unfinished
        == words{"commands and queries that were not answered by the deadline: 1, of "
                 "\"notebook/a\"",
                 "recovery threads that are still reading the journal: 1"});
  CHECK(get(std::move(waiting)).kind == answer_kind::unavailable);
  journal->release_reads();
}

TEST_CASE("a stop that passes its deadline names a few of many aggregates") {
  const auto journal = std::make_shared<faulty_journal>();
  host h{{.journal = journal}};
  const auto books = h.aggregates<notebook>();
  const release_at_end guard{journal};
  journal->hold();
  for (int i = 100; i < 200; ++i) books.send(std::to_string(i), note{"one"}, [](const answer&) {});
  REQUIRE(journal->wait_until_held());
  const std::string line = h.stop(100ms).unfinished.front();
  CHECK(line.starts_with(
      "commands and queries that were not answered by the deadline: 100, of \"notebook/1"));
  CHECK(line.ends_with("\", …"));
  CHECK(std::count(line.begin(), line.end(), '"') == 20);
}

TEST_CASE("a stop beside another keeps to its own deadline, and tells what is unfinished then") {
  const auto journal = std::make_shared<faulty_journal>();
  host h{{.journal = journal}};
  const release_at_end guard{journal};
  journal->hold();
  auto held = h.aggregates<notebook>().send("a", note{"one"});
  REQUIRE(journal->wait_until_held());
  auto first = std::async(std::launch::async, [&h] { return h.stop(1h); });
  while (h.state() != host_state::stopping) std::this_thread::yield();
  const auto report = h.stop(10ms);
  CHECK(first.wait_for(0s) == std::future_status::timeout);
  CHECK_FALSE(report.clean);
  REQUIRE_FALSE(report.unfinished.empty());
  CHECK(report.unfinished.front()
        == "commands and queries that were not answered by the deadline: 1, of \"notebook/a\"");
  journal->release();
  CHECK(get(std::move(first)).clean);
  CHECK(h.stop(10ms).clean);
  CHECK(get(std::move(held)).kind == answer_kind::accepted);
}

TEST_CASE("a handle that outlives its host is told that it is unavailable") {
  std::optional<reprise::aggregates<notebook>> books;
  {
    host h{{.journal = reprise::in_memory()}};
    books = h.aggregates<notebook>();
    get(books->send("a", note{"one"}));
  }
  CHECK(get(books->send("a", note{"two"})).kind == answer_kind::unavailable);
  CHECK(get(books->query("a")).kind == answer_kind::unavailable);
  CHECK_FALSE(books->actor());

  const auto config = reprise::system_config(1);
  caf::actor_system system{*config};
  CHECK(request(system, *books, "a").kind == answer_kind::unavailable);
}

TEST_CASE("a host lets go of its journal when it ends") {
  std::weak_ptr<reprise::journal> gone;
  {
    auto journal = reprise::in_memory();
    gone = journal;
    host h{{.journal = std::move(journal)}};
    const auto books = h.aggregates<notebook>();
    for (int i = 0; i < 10; ++i) get(books.send(std::to_string(i), note{"one"}));
  }
  CHECK(gone.expired());
}

// -- names ---------------------------------------------------------------------------------------------------------

TEST_CASE("states and answers print as words") {
  CHECK(to_string(host_state::running) == "running");
  CHECK(to_string(host_state::journal_failed) == "journal_failed");
  CHECK(to_string(host_state::stopping) == "stopping");
  CHECK(to_string(host_state::stopped) == "stopped");
  const auto print = [](const answer& a) {
    std::ostringstream out;
    out << a;
    return out.str();
  };
  CHECK(print({answer_kind::accepted, 7, 1, {}}) == "accepted at version 7, 1 event");
  CHECK(print({answer_kind::accepted, 0, 0, {}}) == "accepted at version 0, 0 events");
  CHECK(print({answer_kind::refused, 2, 0, "is_checked_out"})
        == "refused at version 2: is_checked_out");
  CHECK(print({answer_kind::overloaded, 0, 0, "full"}) == "overloaded: full");
  CHECK(print({answer_kind::unknown, 0, 0, "x"}) == "unknown: x");
}
