#include "cart/check.hpp"

#include "cart/report.hpp"
#include "reprise/memory_journal.hpp"
#include "reprise/stream.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace shop;
using reprise::answer_kind;
using simulation::cart_history;
using simulation::difference;

namespace {

/// A cart to which two things happened as they should; each test then falsifies one of the three accounts of it.
struct two_commands {
  std::shared_ptr<reprise::journal> journal = reprise::in_memory();
  cart_history history;
  reprise::observed<shopping_cart> recovered{shopping_cart{{{"tea", 2}}, true}, 2,
                                             answer_kind::accepted, ""};

  two_commands() {
    store("a", product_added_to_cart{"tea", 2});
    store("b", cart_checked_out{});
    history.commands = {{add_product{"tea", 2}, "a", 1, 1, answer_kind::accepted, ""},
                        {check_out{}, "b", 2, 1, answer_kind::accepted, ""},
                        {change_quantity{"tea", 2}, "c", 1, 0, answer_kind::accepted, ""},
                        {remove_product{"tea"}, "d", 2, 0, answer_kind::refused, "is_checked_out"}};
    history.looks = {{0, simulation::fingerprint_of("empty")},
                     {1, simulation::fingerprint_of("2 \"tea\"")},
                     {2, simulation::fingerprint_of("2 \"tea\", checked out")}};
  }

  void store(const std::string& command_id, const shopping_cart::event& event) {
    reprise::encoded_events events;
    reprise::encode_event<shopping_cart>(event, events);
    reprise::commit c;
    c.stream = "shopping_cart/cart";
    c.expected_version = journal->last_position();
    c.command_id = command_id;
    c.events = &events;
    REQUIRE(journal->append({&c, 1}).front().accepted);
  }

  std::vector<difference> differences() const {
    return check_cart("cart", history, *journal, recovered);
  }

  /// Returns the one difference, as text.
  std::string difference_found() const {
    const auto all = differences();
    if (all.size() != 1) return std::to_string(all.size()) + " differences";
    return "version " + std::to_string(all[0].version) + ": " + all[0].expected + " / "
           + all[0].found;
  }
};

}  // namespace

TEST_CASE_FIXTURE(two_commands, "three accounts that agree have no difference") {
  CHECK(differences().empty());
}

TEST_CASE_FIXTURE(two_commands, "an acknowledged command that is not in the journal is found") {
  history.commands.push_back({add_product{"jam", 1}, "e", 3, 1, answer_kind::accepted, ""});
  CHECK(difference_found()
        == R"(version 3: add product: 1 "jam", acknowledged / nothing of it in the journal)");
}

TEST_CASE_FIXTURE(two_commands, "an event that nobody was told of is found") {
  history.commands.erase(history.commands.begin() + 1);
  CHECK(difference_found() == "version 2: no commit that nobody was told of / cart checked out");
}

TEST_CASE_FIXTURE(two_commands, "a commit whose sender was told that nobody knew is none") {
  history.commands[1].kind = answer_kind::unknown;
  CHECK(differences().empty());
}

TEST_CASE_FIXTURE(two_commands, "an unknown outcome that was not stored is no difference") {
  history.commands.push_back({add_product{"jam", 1}, "e", 0, 0, answer_kind::unknown, ""});
  CHECK(differences().empty());
}

TEST_CASE_FIXTURE(two_commands, "a command that was stored twice is found") {
  store("b", cart_checked_out{});
  recovered.version = 3;
  CHECK(difference_found() == "version 3: no commit that nobody was told of / cart checked out");
}

TEST_CASE_FIXTURE(two_commands, "an event that the model does not expect of the command is found") {
  history.commands[0].command = add_product{"tea", 1};
  CHECK(difference_found()
        == R"(version 1: product added to cart: 1 "tea" / product added to cart: 2 "tea")");
}

TEST_CASE_FIXTURE(two_commands, "a refusal that the model does not expect is found") {
  history.commands.push_back(
      {add_product{"jam", 1}, "e", 1, 0, answer_kind::refused, "is_checked_out"});
  CHECK(
      difference_found()
      == R"(version 1: product added to cart: 1 "jam" for add product: 1 "jam" / refused: is_checked_out)");
}

TEST_CASE_FIXTURE(two_commands, "an already so that the model does not expect is found") {
  history.commands.push_back({remove_product{"tea"}, "e", 1, 0, answer_kind::accepted, ""});
  CHECK(difference_found()
        == R"(version 1: product removed from cart: "tea" for remove product: "tea" / already so)");
}

TEST_CASE_FIXTURE(two_commands, "a judgement at a version that the cart never had is found") {
  history.commands.push_back({check_out{}, "e", 7, 0, answer_kind::accepted, ""});
  CHECK(difference_found()
        == "version 7: a version that the cart went through / already so, judged there");
}

TEST_CASE_FIXTURE(two_commands, "a look that saw something else is found") {
  history.looks[1].fingerprint = 4711;
  CHECK(difference_found() == R"(version 1: 2 "tea" / something else, seen by a shopper)");
}

TEST_CASE_FIXTURE(two_commands,
                  "a recovered cart of another version, with other contents, or none is found") {
  SUBCASE("another version") {
    recovered.version = 1;
    CHECK(difference_found() == "version 2: recovery up to this version / version 1");
  }
  SUBCASE("other contents") {
    recovered.value->items["tea"] = 3;
    CHECK(difference_found() == R"(version 2: 2 "tea", checked out / 3 "tea", checked out)");
  }
  SUBCASE("none") {
    recovered = {std::nullopt, 0, answer_kind::unavailable, "broken"};
    CHECK(difference_found() == R"(version 2: 2 "tea", checked out / unavailable: broken)");
  }
}

TEST_CASE_FIXTURE(two_commands, "an answer with the version of another command's commit is found") {
  history.commands[0].id = "x";
  CHECK(
      difference_found()
      == R"(version 1: add product: 2 "tea" of command x / product added to cart: 2 "tea" of command a)");
}

TEST_CASE_FIXTURE(two_commands,
                  "a command id beyond the limits is refused for that, and else found") {
  const std::string refusal = "the command id has 129 bytes; max_command_id_bytes is 128";
  history.commands.push_back(
      {add_product{"jam", 1}, std::string(129, 'x'), 0, 0, answer_kind::refused, refusal});
  simulation::told& last = history.commands.back();

  SUBCASE("rightly") {
    CHECK(differences().empty());
  }
  SUBCASE("with another word") {
    last.reason = "is_checked_out";
    CHECK(difference_found() == "version 0: refused: " + refusal + " / refused: is_checked_out");
  }
  SUBCASE("or accepted") {
    last.kind = answer_kind::accepted;
    CHECK(difference_found() == "version 0: refused: " + refusal + " / already so");
  }
}

TEST_CASE("a cart id beyond the limits has no history, and every command for it is refused") {
  const std::string refusal = "the aggregate id is empty";
  cart_history history;
  history.commands = {{check_out{}, "a", 0, 0, answer_kind::refused, refusal},
                      {check_out{}, "b", 0, 0, answer_kind::overloaded, ""}};
  const reprise::observed<shopping_cart> unseen{std::nullopt, 0, answer_kind::refused, refusal};
  const auto journal = reprise::in_memory();
  CHECK(check_cart("", history, *journal, unseen).empty());
  history.commands[0].reason = "cart_is_empty";
  CHECK(check_cart("", history, *journal, unseen).size() == 1);
}

TEST_CASE_FIXTURE(two_commands, "a command that is sent again is told the first answer") {
  history.commands.push_back(history.commands[0]);
  CHECK(differences().empty());
}

TEST_CASE_FIXTURE(two_commands, "a history begins from what the journal held before") {
  history.base.follow(product_added_to_cart{"tea", 2});
  history.base_version = 1;
  history.looks.erase(history.looks.begin());

  SUBCASE("and a command of before is told the first answer") {
    CHECK(differences().empty());
  }
  SUBCASE("and an answer that was not that command's is found") {
    history.commands[0].id = "x";
    CHECK(difference_found() == "version 1: a commit of command x / one of command a");
  }
}

namespace {

/// Everything that can happen to a simulation happened to this one.
simulation::report eventful() {
  using namespace std::chrono_literals;
  simulation::report report;
  report.options.shopping.seed = 7;
  report.options.directory = "d";
  report.carts = 1'234;
  report.events_before = 5'678;
  report.commands = 2'000;
  report.accepted = 1'004;
  report.already_so = 903;
  report.refused = {{"cart_is_empty", 80}, {"is_checked_out", 7}};
  report.overloaded = 3;
  report.unavailable = 2;
  report.unknown = 1;
  report.looks = 40;
  report.events = 1'005;
  report.time = 4s;
  for (const auto latency : {1ms, 20ms, 300ms}) report.latency.add(latency);
  report.journal.synced_writes = 200;
  report.journal.commits = 1'004;
  report.journal.bytes = 1'234'567;
  report.was_restarted = true;
  report.restarted_after = 1'000;
  report.sent_again = 50;
  report.stop_time = 61s;
  report.start_time = 1'230us;
  report.recovered = 60;
  report.replayed_events = 700;
  report.replay_time = 2s;
  report.is_checked = true;
  report.checked = 1'234;
  return report;
}

std::string table_of(const simulation::report& report) {
  std::ostringstream table;
  print_table(table, report);
  return table.str();
}

const std::string eventful_table = R"(seed            7
carts           1,234, 1,000 open at a time, visited by 256 shoppers

commands                           2,000
  accepted                         1,004
  already so                         903
  refused                             87
    cart_is_empty                     80
    is_checked_out                     7
  overloaded                           3
  unavailable                          2
  unknown                              1
events                             1,005
looks at a cart                       40

speed           500 commands/s over 4.00 s
latency         p50 20.0 ms, p99 300 ms, max 300 ms
journal         1.2 MB in d
                taken up with 5,678 events in it
synced writes   200, with 5.0 commits a write
restart         after 1,000 commands: stopped in 1 min 1 s, started in 1.23 ms, 50 commands sent again
recovered       60 carts by replay of 700 events, 350 events/s

)";

}  // namespace

TEST_CASE("whatever happened has a row in the table") {
  CHECK(table_of(eventful())
        == eventful_table
               + "check           2,000 answers and 1,234 carts compared with the model, no "
                 "difference\n");
}

TEST_CASE("a check that was not finished has no verdict in the table") {
  simulation::report report = eventful();
  report.is_checked = false;
  CHECK(table_of(report) == eventful_table + "check           not finished\n");
}

TEST_CASE("a difference is named in the report, and is status 3 before anything else") {
  simulation::report report = eventful();
  report.difference_count = 2;
  report.differences = {{"cart-7", 12, "2 \"tea\"", "3 \"tea\""}};
  report.failure = "the disk is full";
  report.was_interrupted = true;
  CHECK(exit_status(report) == 3);
  CHECK(table_of(report)
        == eventful_table + R"(check           2 differences to the model in 1,234 carts

  "cart-7", version 12
    expected  2 "tea"
    found     3 "tea"

  and 1 more difference
)");

  std::ostringstream json;
  print_json(json, report);
  CHECK(json.str().ends_with(R"(
  "check": {
    "finished": true,
    "carts": 1234,
    "difference_count": 2,
    "differences": [
      {
        "cart": "cart-7",
        "version": 12,
        "expected": "2 \"tea\"",
        "found": "3 \"tea\""
      }
    ]
  },
  "interrupted": true,
  "failure": "the disk is full",
  "exit_status": 3
}
)"));
}

TEST_CASE("a run that failed is status 2, one that was interrupted 130") {
  simulation::report report;
  CHECK(exit_status(report) == 0);
  report.was_interrupted = true;
  CHECK(exit_status(report) == 130);
  report.failure = "the disk is full";
  CHECK(exit_status(report) == 2);
}

TEST_CASE("percentiles are those of the samples that are asked for") {
  using namespace std::chrono_literals;
  simulation::latencies latency;
  CHECK(latency.percentile(0.5) == 0us);
  for (int i = 100; i >= 1; --i) latency.add(i * 1ms);
  CHECK(latency.percentile(0) == 1ms);
  CHECK(latency.percentile(0.5) == 51ms);
  CHECK(latency.percentile(0.99) == 100ms);
  CHECK(latency.percentile(1) == 100ms);
  CHECK(latency.percentile(1, 98) == 2ms);
  CHECK(latency.percentile(1, 100) == 0us);
}
