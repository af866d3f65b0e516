// The program `cart` as its user meets it: what it prints, where, and with which exit status.

#include "examples/program.hpp"
#include "reprise/rocksdb_journal.hpp"
#include "reprise/stream.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <doctest/doctest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <utility>

using namespace shop;
using namespace program;

namespace {

constexpr const char* two_teas =
    R"({"cart":"cart-42","command":"add_product","product_id":"tea","quantity":2})"
    "\n";

}  // namespace

// -- usage ---------------------------------------------------------------------

TEST_CASE("a usage error is status 1, and says where to read on") {
  const shell sh;
  for (const std::string arguments :
       {"", "steal", "simulate --carts 0", "simulate --carts many", "simulate --journal paper",
        "simulate --skew x", "simulate --journal memory --dir d", "simulate --input x --seed 1",
        "journal", "journal show cart-42", "journal show --dir d",
        "journal export --dir d --from 0", "simulate --no-such-option", "simulate --seed -1",
        "simulate --input ''", "simulate --dir ''", "journal show --dir d cart-42 --at 0",
        "journal export --dir d --from 99999999999999999999"}) {
    INFO("cart " << arguments);
    const auto result = sh.cart(arguments);
    CHECK(result.status == 1);
    CHECK(result.out.empty());
    CHECK(contains(result.err, "--help"));
  }
}

TEST_CASE("whole numbers are decimal, and within their bounds") {
  const shell sh;
  for (const std::string bad : {"", "-1", "0", "1.5", "7x", "0x10", "1e3", " 7", "+7", "10000001",
                                "18446744073709551616"}) {
    CAPTURE(bad);
    const auto result = sh.cart("simulate --journal memory --carts '" + bad + "'");
    CHECK(result.status == 1);
    CHECK(contains(result.err, "it takes a whole number from 1 to 10000000, not " + bad));
  }
  const auto zeros = sh.cart(
      "simulate --journal memory --carts 012 --commands 0100 --seed 18446744073709551615");
  CHECK(contains(zeros.err, "100 commands by "));
  CHECK(contains(zeros.err, " on 12 carts, seed 18446744073709551615"));
}

TEST_CASE("a command that is not there is named") {
  CHECK(contains(shell().cart("steal --all").err, "there is no command \"steal\""));
}

TEST_CASE("help is a result, and status 0") {
  const shell sh;
  const auto result = sh.cart("simulate --help");
  CHECK(result.status == 0);
  CHECK(contains(result.out, "--shoppers"));
  CHECK(contains(result.out, "{zipf,uniform}"));
  CHECK_FALSE(contains(result.out, std::string(1, '\0')));
  CHECK(result.err.empty());
}

// -- simulate ------------------------------------------------------------------

namespace {

/// Returns a table without what differs from run to run: times, rates, sizes, and what depends on how much was answered
/// while the first runtime stopped.
std::string masked(std::string table) {
  const std::array<std::pair<const char*, const char*>, 5> masks{
      {{"[0-9]+ min [0-9]+ s\\b|[0-9.]+ (µs|ms|s)\\b", "TIME"},
       {"[0-9,]+ (commands|events)/s", "RATE $1/s"},
       {"[0-9.]+ [KM]?B\\b", "SIZE"},
       {"[0-9,]+ commands? sent again", "SOME sent again"},
       {"[0-9,]+ carts? by replay of [0-9,]+ events?", "SOME by replay of SOME"}}};
  for (const auto& [pattern, mask] : masks)
    table = std::regex_replace(table, std::regex(pattern), mask);
  return table;
}

/// Returns the names in a report in JSON, a line each, indented as they are there.
std::string names_in(const std::string& json) {
  static const std::regex named(" *\"[^\"]+\"(?=: )");
  std::string names;
  for (std::sregex_iterator name(json.begin(), json.end(), named), end; name != end; ++name)
    names += name->str() + '\n';
  return names;
}

}  // namespace

TEST_CASE("a small simulation is checked, restarted in the middle, and reported as a table") {
  const shell sh;
  const auto result = sh.cart(
      "simulate --journal memory --carts 10 --shoppers 1 --commands 400 --seed 7");
  CHECK(result.status == 0);
  CHECK(contains(result.err,
                 "cart: 400 commands by 1 shopper on 10 carts, seed 7, journal in memory\n"));
  CHECK(masked(result.out) == R"(seed            7
carts           20, 10 open at a time, visited by 1 shopper

commands                             400
  accepted                           373
  already so                          22
  refused                              5
    product_is_not_in_cart             4
    quantity_is_not_positive           1
events                               373
looks at a cart                       48

speed           RATE commands/s over TIME
latency         p50 TIME, p99 TIME, max TIME
journal         SIZE in memory
writes          373, with 1.0 commits a write
restart         after 200 commands: stopped in TIME, started in TIME, SOME sent again
recovered       SOME by replay of SOME, RATE events/s

check           400 answers and 20 carts compared with the model, no difference
)");
}

TEST_CASE("commands of one's own on a journal that is gone on with are reported as a table") {
  const shell sh;
  write(sh / "in.jsonl", two_teas);
  REQUIRE(sh.cart("simulate --input in.jsonl --dir d").status == 0);
  const auto result = sh.cart("simulate --input in.jsonl --dir d");
  CHECK(result.status == 0);
  CHECK(contains(result.err, "cart: commands from in.jsonl, journal in d\n"));
  CHECK(masked(result.out) == R"(input           in.jsonl
carts           1

commands                               1
  accepted                             1
  already so                           0
  refused                              0
events                                 1
looks at a cart                        0

speed           RATE commands/s over TIME
latency         p50 TIME, p99 TIME, max TIME
journal         SIZE in d
                taken up with 1 event in it
synced writes   1, with 1.0 commits a write
restart         after 1 command: stopped in TIME, started in TIME, SOME sent again
recovered       SOME by replay of SOME, RATE events/s

check           1 answer and 1 cart compared with the model, no difference
)");
}

TEST_CASE("a report in JSON has all of these names, and no other") {
  const shell sh;
  const auto result = sh.cart(
      "simulate --carts 10 --shoppers 1 --commands 400 --seed 7 --dir d --json");
  CHECK(result.status == 0);
  CHECK(names_in(result.out) == R"(  "schema"
  "shopping"
    "seed"
    "open_carts"
    "shoppers"
    "skew"
  "carts"
  "looks"
  "commands"
    "count"
    "accepted"
    "already_so"
    "refused"
    "refused_by_reason"
      "product_is_not_in_cart"
      "quantity_is_not_positive"
    "overloaded"
    "unavailable"
    "unknown"
    "events"
    "seconds"
    "per_second"
    "latency_ms"
      "p50"
      "p99"
      "max"
  "journal"
    "kind"
    "directory"
    "events_before"
    "synced_writes"
    "commits"
    "commits_per_write"
    "bytes"
  "restart"
    "after_commands"
    "sent_again"
    "stop_seconds"
    "start_seconds"
  "recovery"
    "carts"
    "events"
    "seconds"
    "events_per_second"
  "check"
    "finished"
    "carts"
    "difference_count"
    "differences"
  "interrupted"
  "failure"
  "exit_status"
)");
}

TEST_CASE("of commands of one's own, a report in JSON names the input, and no seed") {
  const shell sh;
  write(sh / "in.jsonl", two_teas);
  const auto result = sh.cart("simulate --journal memory --input in.jsonl --json");
  CHECK(result.status == 0);
  CHECK(names_in(result.out).starts_with(R"(  "schema"
  "shopping"
    "input"
    "shoppers"
  "carts"
)"));
}

TEST_CASE("a simulation with one shopper is the same every time") {
  const shell sh;
  const auto result = sh.cart(
      "simulate --journal memory --carts 10 --shoppers 1 --commands 400 --seed 7 --json");
  CHECK(result.status == 0);
  CHECK(field(result.out, "schema") == "\"reprise.simulate/1\"");
  CHECK(field(result.out, "seed") == "7");
  CHECK(field(result.out, "count") == "400");
  CHECK(field(result.out, "accepted") == "373");
  CHECK(field(result.out, "already_so") == "22");
  CHECK(field(result.out, "refused") == "5");
  CHECK(field(result.out, "events") == "373");
  CHECK(field(result.out, "difference_count") == "0");
  CHECK(field(result.out, "finished") == "true");
  CHECK(field(result.out, "exit_status") == "0");
}

TEST_CASE("a simulation of more carts than are in memory at a time finds no difference") {
  const shell sh;
  const auto result = sh.cart(
      "simulate --journal memory --carts 300 --commands 3000 --seed 7 --max-live 10 --json");
  CHECK(result.status == 0);
  CHECK(std::stoi(field(result.out, "carts")) > 10);
  CHECK(field(result.out, "difference_count") == "0");
  CHECK(field(result.out, "finished") == "true");
}

#ifdef REPRISE_HAS_METRICS
TEST_CASE("a simulation leaves the metrics of its last shoppers, or says that it cannot") {
  const shell sh;
  const auto result = sh.cart(
      "simulate --journal memory --carts 10 --shoppers 4 --commands 500 --metrics m.prom");
  CHECK(result.status == 0);
  CHECK(contains(contents(sh / "m.prom"),
                 "\nreprise_commands_total{aggregate=\"shopping_cart\",answer=\"accepted\"} "));
  const auto failed = sh.cart("simulate --commands 10 --metrics missing/file");
  CHECK(failed.status == 2);
  CHECK(contains(failed.err, "cannot write the metrics to missing/file: No such file"));
  for (const auto& entry : std::filesystem::directory_iterator(sh / ""))
    CHECK_FALSE(entry.is_directory());
}

TEST_CASE("metrics do not go into the journal's directory") {
  const shell sh;
  const auto refused = sh.cart("simulate --dir d --commands 10 --metrics d/CURRENT");
  CHECK(refused.status == 1);
  CHECK(contains(refused.err, "d/CURRENT is inside the journal's directory"));
  CHECK_FALSE(std::filesystem::exists(sh / "d"));
}

TEST_CASE("metrics are not written over the commands, nor over what is beside them") {
  const shell sh;
  write(sh / "in.jsonl", two_teas);
  const auto refused = sh.cart("simulate --journal memory --input in.jsonl --metrics ./in.jsonl");
  CHECK(refused.status == 1);
  CHECK(contains(refused.err, "./in.jsonl is the file of --input too"));
  CHECK(contents(sh / "in.jsonl") == two_teas);
  write(sh / "m.new", "somebody's");
  CHECK(sh.cart("simulate --journal memory --input in.jsonl --metrics m").status == 0);
  CHECK(contents(sh / "m.new") == "somebody's");
}

TEST_CASE("metrics that cannot be written leave nothing beside them") {
  const shell sh;
  std::filesystem::create_directory(sh / "full");
  const auto failed = sh.run(
      "trap '' XFSZ; ulimit -f 4; " + shell::program
      + "simulate --journal memory --commands 10 --metrics full/m > out 2> err");
  CHECK(failed.status == 2);
  CHECK(contains(failed.err, "cannot write the metrics to full/m"));
  CHECK(std::filesystem::is_empty(sh / "full"));
}

TEST_CASE("metrics go through a link and into a pipe, and replace neither") {
  const shell sh;
  write(sh / "target", "old");
  std::filesystem::create_symlink("target", sh / "link");
  CHECK(sh.cart("simulate --journal memory --commands 10 --metrics link").status == 0);
  CHECK(std::filesystem::is_symlink(sh / "link"));
  CHECK(contains(contents(sh / "target"), "reprise_commands_total"));
  std::filesystem::create_symlink("not there yet", sh / "ahead");
  CHECK(sh.cart("simulate --journal memory --commands 10 --metrics ahead").status == 0);
  CHECK(std::filesystem::is_symlink(sh / "ahead"));
  CHECK(contains(contents(sh / "not there yet"), "reprise_commands_total"));
  // The pipe is held open and takes all that is written to it, before somebody reads.
  const auto piped = sh.run(
      "mkfifo pipe && exec 3<> pipe && timeout 60 " + shell::program
      + "simulate --journal memory --commands 10 --metrics pipe > report 2> err"
        " && head -c 1000 <&3 > out");
  CHECK(piped.status == 0);
  CHECK(contains(piped.out, "reprise_commands_total"));
  CHECK(std::filesystem::is_fifo(sh / "pipe"));
}
#endif

TEST_CASE("the commands of an input take effect in their order") {
  const shell sh;
  write(sh / "in.jsonl", std::string(two_teas) + "\n"
                             + R"({"cart":"cart-42","command":"check_out"})" + "\n" + two_teas);
  const auto result = sh.cart("simulate --journal memory --input in.jsonl --json");
  CHECK(result.status == 0);
  CHECK(field(result.out, "count") == "3");
  CHECK(field(result.out, "accepted") == "2");
  CHECK(field(result.out, "is_checked_out") == "1");

  const auto piped = sh.cart("simulate --journal memory --input - --json < in.jsonl");
  CHECK(piped.status == 0);
  CHECK(field(piped.out, "accepted") == "2");
}

TEST_CASE("the sample of commands shows what is accepted, already so and refused") {
  const shell sh;
  const auto result = sh.cart("simulate --journal memory --json --input '" REPRISE_GOLDEN_DIRECTORY
                              "/../../../examples/cart/sample.jsonl'");
  CHECK(result.status == 0);
  CHECK(field(result.out, "count") == "10");
  CHECK(field(result.out, "accepted") == "6");
  CHECK(field(result.out, "already_so") == "1");
  CHECK(field(result.out, "refused") == "3");
  CHECK(field(result.out, "product_is_not_in_cart") == "1");
  CHECK(field(result.out, "is_checked_out") == "1");
  CHECK(field(result.out, "cart_is_empty") == "1");
  CHECK(field(result.out, "difference_count") == "0");
}

TEST_CASE("the restart comes after half of a file's commands, however many lines are blank") {
  const shell sh;
  const std::string blank(100, '\n');
  const std::string last = two_teas;
  write(sh / "in.jsonl", blank + two_teas + " \t\r\n" + two_teas + blank + two_teas
                             + last.substr(0, last.size() - 1));
  const auto result = sh.cart("simulate --journal memory --shoppers 1 --input in.jsonl --json");
  CHECK(result.status == 0);
  CHECK(field(result.out, "count") == "4");
  CHECK(field(result.out, "after_commands") == "2");
}

TEST_CASE("of a file that is read from its middle, the restart comes after half of what is left") {
  const shell sh;
  const std::string two_commands = std::string(two_teas) + two_teas;
  write(sh / "in.jsonl", two_commands + two_commands);
  const auto result = sh.run("{ head -c " + std::to_string(two_commands.size()) + " > skipped; "
                             + shell::program
                             + "simulate --journal memory --shoppers 1 --input - --json; } "
                               "< in.jsonl > out 2> err");
  CHECK(result.status == 0);
  CHECK(field(result.out, "count") == "2");
  CHECK(field(result.out, "after_commands") == "1");
}

TEST_CASE("a bad line is refused by file, line and reason, and those before it are in the report") {
  const shell sh;
  write(sh / "in.jsonl", std::string(two_teas)
                             + R"({"cart":"cart-43","command":"check_out"})"
                               "\n"
                               R"({"cart":"cart-42","command":"steal"})"
                               "\n"
                             + two_teas);
  const auto result = sh.cart("simulate --journal memory --input in.jsonl");
  CHECK(result.status == 2);
  CHECK(contains(result.err, "cart: in.jsonl:3: there is no command \"steal\""));
  CHECK(contains(result.err, "; the report counts the 2 commands before it\n"));
  CHECK(std::regex_search(result.out, std::regex("accepted +1\n")));
  CHECK(std::regex_search(result.out, std::regex("refused +1\n")));
}

TEST_CASE("an input that is not there is status 2") {
  const shell sh;
  const auto result = sh.cart("simulate --journal memory --input nothing.jsonl");
  CHECK(result.status == 2);
  CHECK(contains(result.err, "cart: nothing.jsonl: No such file or directory\n"));
}

TEST_CASE("a number that no program can hold is a bad line too") {
  const shell sh;
  write(sh / "in.jsonl",
        std::string(two_teas)
            + R"({"cart":"cart-42","command":"add_product","product_id":"tea","quantity":1e400})");
  const auto result = sh.cart("simulate --input in.jsonl --dir d");
  CHECK(result.status == 2);
  CHECK(contains(result.err, "in.jsonl:2: "));
  CHECK(contains(result.err, "; the report counts the 1 command before it\n"));
  CHECK(std::regex_search(result.out, std::regex("accepted +1\n")));
}

TEST_CASE("an input that does not open leaves no journal behind") {
  const shell sh;
  CHECK(sh.cart("simulate --input nope").status == 2);
  CHECK(sh.cart("simulate --input /").status == 2);
  CHECK(sh.run("ls -d cart-journal-* > out 2> err").status != 0);
}

TEST_CASE("a journal that cannot be opened again in the middle ends the run with its reason and a "
          "report") {
  const shell sh;
  write(sh / "in.jsonl", two_teas);
  // The runtime is restarted at the end of the pipe. By then the command is stored, which the durable mark tells,
  // and a file stands where the journal was.
  const auto result = sh.run("(cat in.jsonl; until od -An -tu8 -j8 -N8 d/reprise.durable 2> od | "
                             "grep -q ' 1$'; do :; done; "
                             "mv d gone; : > d) | "
                             + shell::program + "simulate --input - --dir d > out 2> err");
  CHECK(result.status == 2);
  CHECK(contains(result.err, "cannot open the journal"));
  CHECK(std::regex_search(result.out, std::regex("accepted +1\n")));
}

TEST_CASE("an interrupt is status 130, and what was carried out is in the report") {
  const shell sh;
  running_cart cart{sh, "simulate --journal memory --input - --json", terminal{120}};
  cart.type(two_teas);
  // The input stays open, so that it would go on for ever.
  REQUIRE(cart.says("\r1 command, "));
  const auto result = cart.interrupt();
  CHECK(result.status == 130);
  CHECK(contains(result.err, "cart: interrupted"));
  CHECK(field(result.out, "count") == "1");
  CHECK(field(result.out, "accepted") == "1");
  CHECK(field(result.out, "finished") == "false");
  CHECK(field(result.out, "interrupted") == "true");
}

// -- how far a simulation is -----------------------------------------------------

namespace {

/// What a line says of the runtime, as a regular expression.
const std::string speed_and_carts =
    "[0-9,]+/s, p50 [0-9.]+ (µs|ms|s), p99 [0-9.]+ (µs|ms|s), [0-9,]+ live, [0-9,]+ recovering";

constexpr const char* erase_the_rest = "\x1b\\[K";

}  // namespace

TEST_CASE("on a terminal a simulation draws how far it is again and again on one line") {
  const shell sh;
  running_cart cart{sh, "simulate --journal memory --commands 2000000", terminal{120}};
  const std::string drawn = "\r[0-9]+ %, " + speed_and_carts
                            + ", ([0-9]+ s|[0-9]+ min [0-9]+ s) left" + erase_the_rest;
  CHECK(cart.says(drawn + drawn));
  const auto result = cart.interrupt();
  CHECK(result.status == 130);
  CHECK(result.err.ends_with("\r\x1b[Kcart: interrupted\r\n"));
}

TEST_CASE("what is drawn does not wrap on a narrow terminal") {
  const shell sh;
  running_cart cart{sh, "simulate --journal memory --input -", terminal{20}};
  CHECK(cart.says(std::string("\r0 commands, 0/s, p5") + erase_the_rest));
  CHECK(cart.interrupt().status == 130);
}

TEST_CASE("in a pipe a simulation says how far it is in whole lines") {
  const shell sh;
  running_cart cart{sh, "simulate --journal memory --input -"};
  cart.type(two_teas);
  CHECK(cart.says("\n1 command, " + speed_and_carts + "\n"));
  const auto result = cart.interrupt();
  CHECK(result.status == 130);
  CHECK(std::all_of(result.err.begin(), result.err.end(),
                    [](char c) { return c != '\r' && c != '\x1b'; }));
}

// -- journals ------------------------------------------------------------------

namespace {

void store(const std::filesystem::path& directory, const std::string& cart) {
  const auto journal = reprise::rocksdb_at(directory);
  reprise::stream<shopping_cart> stream{*journal, cart};
  stream.append(0, {product_added_to_cart{"tea", 2}});
  stream.append(1, {product_quantity_changed_in_cart{"tea", 3}, cart_checked_out{}});
}

}  // namespace

TEST_CASE("a simulation makes a directory for its journal, names it, and another goes on with it") {
  const shell sh;
  const auto first = sh.cart("simulate --carts 10 --shoppers 4 --commands 200 --seed 7 --json");
  CHECK(first.status == 0);
  const std::string quoted = field(first.out, "directory");
  const std::string directory = quoted.substr(1, quoted.size() - 2);
  CHECK(directory.starts_with("cart-journal-"));
  CHECK(contains(first.err, "journal in " + directory));
  CHECK(field(first.out, "events_before") == "0");

  const auto second = sh.cart(
      "simulate --carts 10 --shoppers 4 --commands 200 --seed 8 --json --dir " + directory);
  CHECK(second.status == 0);
  CHECK(field(second.out, "events_before") == field(first.out, "events"));
  CHECK(field(second.out, "difference_count") == "0");

  const auto verified = sh.cart("journal verify --dir " + directory);
  CHECK(verified.status == 0);
  CHECK(contains(verified.out, ", all sound\n"));
}

TEST_CASE("show prints a cart and its events as of any version") {
  const shell sh;
  store(sh / "d", "cart-42");
  const auto now = sh.cart("journal show --dir d cart-42");
  CHECK(now.status == 0);
  CHECK(contains(now.out, "cart \"cart-42\" at version 3: 3 \"tea\", checked out\n"));
  CHECK(std::regex_search(
      now.out,
      std::regex(" 2  [-0-9]+T[:.0-9]+Z  product quantity changed in cart: now 3 \"tea\"\n")));

  const auto earlier = sh.cart("journal show --dir d cart-42 --at 2");
  CHECK(contains(earlier.out, "cart \"cart-42\" at version 2: 3 \"tea\"\n"));
  CHECK_FALSE(contains(earlier.out, "checked out"));
}

TEST_CASE("show of what is not there is status 2") {
  const shell sh;
  store(sh / "d", "cart-42");
  CHECK(sh.cart("journal show --dir d cart-43").status == 2);
  CHECK(contains(sh.cart("journal show --dir d cart-43").err,
                 "the journal has no events of cart \"cart-43\""));
  CHECK(sh.cart("journal show --dir d cart-42 --at 4").status == 2);
  CHECK(contains(sh.cart("journal show --dir d cart-42 --at 4").err,
                 "is at version 3, and has no version 4"));
}

TEST_CASE("export prints an event a line, in commit order, from any position") {
  const shell sh;
  store(sh / "d", "cart-42");
  const auto all = sh.cart("journal export --dir d");
  CHECK(all.status == 0);
  CHECK(std::regex_match(
      all.out,
      std::regex(
          R"re(\{"position":1,"stream":"shopping_cart/cart-42","version":1,"event":"product_added_to_cart","time":"[^"]+","command_id":"","data":\{"product_id":"tea","quantity":2\}\}\n)re"
          R"re(\{"position":2,.*"version":2,"event":"product_quantity_changed_in_cart",.*\}\n)re"
          R"re(\{"position":3,.*"version":3,"event":"cart_checked_out",.*"data":\{\}\}\n)re")));
  CHECK(sh.cart("journal export --dir d --from 3").out.starts_with(R"({"position":3,)"));
  CHECK(sh.cart("journal export --dir d --from 9").out.empty());
}

TEST_CASE("an id that is not UTF-8 is exported as hex") {
  const shell sh;
  store(sh / "d", "\xff");
  const auto result = sh.cart("journal export --dir d --from 3");
  CHECK(result.status == 0);
  CHECK(contains(result.out, R"("stream":{"hex":"73686f7070696e675f636172742fff"})"));
}

TEST_CASE("an event that does not decode is a damage, named with its place") {
  const shell sh;
  store(sh / "d", "cart-42");
  {
    const auto journal = reprise::rocksdb_at(sh / "d");
    reprise::encoded_events events;
    events.add({"cart_stolen", 0, ""});
    reprise::append_commit(*journal, "shopping_cart/cart-42", 3, events);
  }
  const std::string place =
      "stream \"shopping_cart/cart-42\", version 4, position 4: this program knows no event";
  const auto verified = sh.cart("journal verify --dir d");
  CHECK(verified.status == 3);
  CHECK(contains(verified.out, "damage: " + place));
  CHECK(contains(verified.out, ", and 1 damage\n"));
  for (const std::string tool : {"show --dir d cart-42", "export --dir d"}) {
    const auto result = sh.cart("journal " + tool);
    CHECK(result.status == 3);
    CHECK(contains(result.err, place));
  }
  CHECK(sh.cart("journal show --dir d cart-42 --at 3").status == 0);
}

TEST_CASE("a simulation does not go on with a journal that it cannot read") {
  const shell sh;
  {
    const auto journal = reprise::rocksdb_at(sh / "d");
    reprise::encoded_events events;
    events.add({"cart_stolen", 0, ""});
    reprise::append_commit(*journal, "shopping_cart/cart-42", 0, events);
  }
  const auto result = sh.cart("simulate --commands 10 --dir d");
  CHECK(result.status == 2);
  CHECK(result.out.empty());
  CHECK(contains(result.err, "version 1, position 1: this program knows no event \"cart_stolen\""));
}

TEST_CASE("what the program prints never gets into the journal, whatever streams are closed") {
  const shell sh;
  CHECK(sh.cart("simulate --commands 300 --dir d").status == 0);
  const auto lock = sh / "d/LOCK";
  const auto status_of = [&sh](const std::string& arguments, const std::string& closed) {
    return sh.run(shell::program + arguments + closed).status;
  };
  for (const std::string closed : {">&-", ">&- 2>&-", "0<&- >&- 2>&-"}) {
    CAPTURE(closed);
    CHECK(status_of("journal export --dir d ", closed) == 2);
    CHECK(std::filesystem::file_size(lock) == 0);
    CHECK(status_of("simulate --commands 300 --dir d ", closed) == 2);
    CHECK(std::filesystem::file_size(lock) == 0);
  }
  CHECK(sh.cart("journal verify --dir d").status == 0);
}

TEST_CASE("a journal that has lost what names its parts is damaged, not foreign") {
  const shell sh;
  CHECK(sh.cart("simulate --commands 300 --dir d").status == 0);
  for (const auto& entry : std::filesystem::directory_iterator(sh / "d")) {
    if (entry.path().filename().string().rfind("MANIFEST-", 0) == 0) {
      std::filesystem::remove(entry.path());
    }
  }
  const auto result = sh.cart("journal verify --dir d");
  CHECK(result.status == 3);
  CHECK(contains(result.err, "MANIFEST"));
}

TEST_CASE("a directory that is no journal is an error and stays as it is") {
  const shell sh;
  std::filesystem::create_directory(sh / "empty");
  const auto use = [&sh](const std::string& tool, const std::string& directory) {
    return sh.cart("journal " + tool + " --dir " + directory);
  };
  for (const std::string directory : {"empty", "missing"}) {
    for (const std::string tool : {"show cart-42", "export", "verify"}) {
      const auto result = use(tool, directory);
      CHECK(result.status == 2);
      CHECK(result.out.empty());
      CHECK(result.err.starts_with("cart: "));
    }
  }
  CHECK(std::filesystem::is_empty(sh / "empty"));
  CHECK_FALSE(std::filesystem::exists(sh / "missing"));
}

TEST_CASE(
    "a file in place of a journal's directory is named, with what to do, and stays as it is") {
  const shell sh;
  write(sh / "file", "no directory\n");
  write(sh / "log", "");
  for (const std::string directory : {"file", "file/journal"}) {
    for (const std::string command :
         {"stress --commands 1 --dir ", "simulate --commands 1 --dir "}) {
      CAPTURE(command);
      const auto result = sh.cart(command + directory);
      CHECK(result.status == 2);
      CHECK(result.out.empty());
      CHECK(result.err.ends_with("cart: cannot open the journal: " + (sh / "file").string()
                                 + " is not a directory: name one that is there, or one that can "
                                   "be made\n"));
    }
  }
  for (const std::string command : {"check --ack-log log", "journal verify", "journal trim c"}) {
    CAPTURE(command);
    const auto result = sh.cart(command + " --dir file");
    CHECK(result.status == 2);
    CHECK(result.err == "cart: file is not a directory: name the one that a journal is in\n");
  }
  CHECK(contents(sh / "file") == "no directory\n");
}

TEST_CASE("a journal whose making was cut short is said to be so, and what to do") {
  const shell sh;
  {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    REQUIRE(rocksdb::DB::Open(options, (sh / "d").string(), &db).ok());
    delete db;
  }
  std::filesystem::remove(sh / "d/LOG");
  const auto result = sh.cart("journal verify --dir d");
  CHECK(result.status == 2);
  CHECK(contains(result.err, "the making of the journal in " + (sh / "d").string()));
  CHECK(contains(result.err, "opening it for writing finishes it"));
  CHECK(sh.cart("simulate --commands 10 --dir d").status == 0);
  CHECK(sh.cart("journal verify --dir d").status == 0);
}

TEST_CASE("a journal that another process has open is said to be so") {
  const shell sh;
  const auto journal = reprise::rocksdb_at(sh / "d");
  for (const std::string command : {"journal verify --dir d", "simulate --commands 10 --dir d"}) {
    const auto result = sh.cart(command);
    CHECK(result.status == 2);
    CHECK(contains(result.err, "open already"));
  }
}

// -- check -----------------------------------------------------------------------

namespace {

/// A journal with one command of the input, and the log of the client that sent it.
struct checked_run : shell {
  checked_run() {
    write(*this / "in",
          R"({"cart":"c","command":"add_product","product_id":"tea","quantity":2,"id":"a"})"
          "\n");
    REQUIRE(cart("simulate --input in --dir d").status == 0);
    write(*this / "log", log);
  }

  const std::string sent =
      R"({"t":"send","at":1,"id":"a","cart":"c","command":"add_product","data":{"product_id":"tea","quantity":2}})"
      "\n";
  const std::string log =
      sent
      + R"({"t":"answer","at":2,"id":"a","result":"accepted","version":1,"events":1})"
        "\n";
};

}  // namespace

TEST_CASE_FIXTURE(checked_run, "a run whose log and journal agree is checked, and status 0") {
  const auto result = cart("check --ack-log log --dir d");
  CHECK(result.status == 0);
  CHECK(result.err.empty());
  CHECK(contains(result.out, "journal      1 event in 1 commit; 1 cart in it or in the log\n"));
  CHECK(contains(result.out, "recovery     1 cart asked for its state, and compared\n"));
  CHECK(contains(result.out,
                 "commands\n  add_product              1\n  remove_product           0\n"));
  CHECK(result.out.ends_with("\nno violation\n"));
  const auto json = cart("check --ack-log log --dir d --json");
  CHECK(field(json.out, "add_product") == "1");
  CHECK(field(json.out, "view") == "0");
  CHECK(field(json.out, "failure") == "null");
  CHECK(contains(cart("check --ack-log log --dir d --no-recovery").out,
                 "recovery     not checked: --no-recovery\n"));
}

TEST_CASE_FIXTURE(checked_run, "a violation is named, and status 3") {
  write(*this / "log",
        log
            + R"({"t":"send","at":3,"id":"b","cart":"c","command":"check_out","data":{}})"
              "\n"
              R"({"t":"answer","at":4,"id":"b","result":"accepted","version":2,"events":1})"
              "\n");
  const auto result = cart("check --ack-log log --dir d");
  CHECK(result.status == 3);
  CHECK(contains(result.out, "violation: lost, cart \"c\", version 2, id \"b\": expected "));
  const auto json = cart("check --ack-log log --dir d --json");
  CHECK(json.status == 3);
  CHECK(field(json.out, "schema") == "\"reprise.check/1\"");
  CHECK(field(json.out, "violations") == "1");
  CHECK(field(json.out, "lost") == "1");
}

TEST_CASE_FIXTURE(checked_run, "commands of others are a violation, unless they are expected") {
  write(*this / "log", "");
  CHECK(cart("check --ack-log log --dir d").status == 3);
  CHECK(cart("check --ack-log log --dir d --foreign-ok").status == 0);
}

TEST_CASE_FIXTURE(checked_run, "a command that is refused for the cart's id is no violation") {
  for (const std::string& id : {std::string(), std::string(513, 'c')}) {
    write(*this / "log",
          R"({"t":"send","at":1,"id":"b","cart":")" + id
              + R"(","command":"add_product","data":{"product_id":"tea","quantity":2}})"
                "\n"
                R"({"t":"answer","at":2,"id":"b","result":"refused","version":0,"events":0})"
                "\n");
    const auto result = cart("check --ack-log log --dir d --foreign-ok");
    CHECK(result.status == 0);
    CHECK(result.out.ends_with("\nno violation\n"));
  }
}

TEST_CASE_FIXTURE(checked_run, "a check that waits for its log is ended by the first interrupt") {
  // The pipe opens for writing when the program has opened it, which notes interrupts before that. In the background
  // `timeout` would interrupt it twice, which ends it at once.
  const auto result = run("mkfifo pipe; timeout --foreground 60 " + program
                          + "check --ack-log pipe --dir d > out 2> err & exec 3> pipe; "
                            "kill -INT $!; wait $!");
  CHECK(result.status == 130);
  CHECK(contains(result.out, "interrupted: the rest was not checked\n"));
  CHECK(result.out.ends_with("\nno verdict: the check was not finished\n"));
  CHECK(result.err == "cart: interrupted\n");
}

TEST_CASE_FIXTURE(checked_run, "a log or a journal that cannot be read is status 2") {
  CHECK(cart("check --ack-log none --dir d").status == 2);
  CHECK(cart("check --ack-log d --dir d").status == 2);
  CHECK(cart("check --ack-log log --dir none").status == 2);
  write(*this / "log", log + "tea\n" + log);
  const auto result = cart("check --ack-log log --dir d");
  CHECK(result.status == 2);
  CHECK(result.out.empty());
  CHECK(contains(result.err, "log:3: no JSON: "));
}

TEST_CASE_FIXTURE(checked_run,
                  "a journal that is open elsewhere is status 2, and nothing is said of it") {
  const auto journal = reprise::rocksdb_at(*this / "d");
  const auto result = cart("check --ack-log log --dir d");
  CHECK(result.status == 2);
  CHECK(result.out.empty());
  CHECK(contains(result.err, "open already"));
}

TEST_CASE_FIXTURE(checked_run, "a journal too damaged to open is a violation") {
  std::filesystem::resize_file(*this / "d/CURRENT", 0);
  const auto result = cart("check --ack-log log --dir d");
  CHECK(result.status == 3);
  CHECK(contains(result.out, "violation: damaged: expected a journal that opens; found "));
  CHECK(contains(result.out, "NOT read to its end"));
}

TEST_CASE("a check without a log or a journal is a usage error") {
  const shell sh;
  for (const std::string arguments : {"check", "check --dir d", "check --ack-log l"}) {
    const auto result = sh.cart(arguments);
    CHECK(result.status == 1);
    CHECK(contains(result.err, "--help"));
  }
}

// -- trimming ------------------------------------------------------------------

TEST_CASE("trim deletes the first events of a cart, archives them, and every tool goes on") {
  const shell sh;
  store(sh / "d", "cart-42");
  store(sh / "d", "cart-43");
  const auto trimmed = sh.cart("journal trim --dir d cart-42 --archive old.jsonl");
  CHECK(trimmed.status == 0);
  CHECK(trimmed.out
        == "cart \"cart-42\": 1 event in 1 commit trimmed; its state at version 3 stands for what "
           "is gone\n");
  const std::string archive = sh.run("cat old.jsonl > out 2> err").out;
  CHECK(archive.starts_with(
      R"({"position":1,"stream":"shopping_cart/cart-42","version":1,"last_version_of_commit":1,)"));
  CHECK(contains(
      archive, R"("event":"product_added_to_cart","schema_version":1,"payload":"03000000746561)"));
  CHECK(std::count(archive.begin(), archive.end(), '\n') == 1);

  const auto shown = sh.cart("journal show --dir d cart-42");
  CHECK(shown.status == 0);
  CHECK(contains(shown.out, "cart \"cart-42\" at version 3: 3 \"tea\", checked out\n"));
  CHECK(contains(shown.out, "1 event before version 2 was trimmed\n"));
  CHECK_FALSE(contains(shown.out, "product added"));
  const auto earlier = sh.cart("journal show --dir d cart-42 --at 2");
  CHECK(earlier.status == 2);
  CHECK(contains(earlier.err, "what it was before version 3 cannot be told"));

  const auto exported = sh.cart("journal export --dir d");
  CHECK(exported.status == 0);
  CHECK(std::count(exported.out.begin(), exported.out.end(), '\n') == 5);
  CHECK(contains(exported.err, "cart: 1 commit left out: trimmed\n"));

  const auto verified = sh.cart("journal verify --dir d");
  CHECK(verified.status == 0);
  CHECK(contains(verified.out, "5 events in 3 commits of 2 carts, all sound\n"
                               "1 event before these trimmed"));
  CHECK(contains(verified.out, "1 snapshot\n"));
}

TEST_CASE("a simulation goes on with a journal that was trimmed, and finds no difference") {
  const shell sh;
  const std::string simulate =
      "simulate --carts 3 --shoppers 4 --commands 300 --json --dir d --seed ";
  REQUIRE(sh.cart(simulate + "7").status == 0);
  const auto exported = sh.cart("journal export --dir d");
  const std::string name = "\"stream\":\"shopping_cart/";
  const auto at = exported.out.find(name) + name.size();
  const std::string cart = exported.out.substr(at, exported.out.find('"', at) - at);
  REQUIRE(sh.cart("journal trim --dir d " + cart).status == 0);
  const auto second = sh.cart(simulate + "8");
  CHECK(second.status == 0);
  CHECK(field(second.out, "difference_count") == "0");
  CHECK(sh.cart("journal verify --dir d").status == 0);
}

TEST_CASE("trim of what is not there is status 2, changes nothing, and makes no journal") {
  const shell sh;
  store(sh / "d", "cart-42");
  CHECK(sh.cart("journal trim --dir d cart-43").status == 2);
  CHECK(sh.cart("journal trim --dir d cart-43 --archive old.jsonl").status == 2);
  CHECK_FALSE(std::filesystem::exists(sh / "old.jsonl"));
  CHECK(sh.cart("journal trim --dir d cart-42 --archive d/CURRENT").status == 1);
  CHECK(contains(sh.cart("journal trim --dir d cart-42 --archive no/such/folder").err,
                 "cart: nothing was trimmed: cannot open the archive no/such/folder"));
  CHECK(sh.cart("journal trim --dir e cart-42").status == 2);
  CHECK_FALSE(std::filesystem::exists(sh / "e"));
  CHECK(sh.cart("journal show --dir d cart-42 --at 1").status == 0);
}

TEST_CASE("a damaged snapshot is told by verify, and is no damage of the history") {
  const shell sh;
  store(sh / "d", "cart-42");
  REQUIRE(sh.cart("journal trim --dir d cart-42 --to 1").status == 0);
  std::ofstream(sh / "d/snapshots/CURRENT") << "nonsense";
  const auto verified = sh.cart("journal verify --dir d");
  CHECK(verified.status == 0);
  CHECK(contains(verified.out,
                 "snapshot: a snapshot was passed over: the snapshots cannot be opened"));
  CHECK(contains(verified.out, "which costs time and no data"));
}
