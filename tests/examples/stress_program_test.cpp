// `cart stress` as its user meets it.

#include "examples/program.hpp"
#include "reprise/event_codec.hpp"
#include "reprise/model.hpp"
#include "reprise/rocksdb_journal.hpp"
#include "reprise/state_codec.hpp"
#include "reprise/stream.hpp"
#include "reprise/trim.hpp"
#include "shopping_cart/shopping_cart.hpp"
#include "stress/resend.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace program;

namespace {

/// Ends a line of a shell that waits for something which does not come.
const std::string at_most_a_minute = "timeout -s KILL 60 ";

std::size_t unsettled_commands(const std::filesystem::path& log) {
  std::size_t sum = 0;
  for (const auto& cart : stress::unsettled_in(log)) sum += cart.size();
  return sum;
}

/// Returns the sums of the columns of a time series, by its phases.
std::map<std::string, std::map<std::string, std::uint64_t>> sums_of_table(
    const std::string& table) {
  const auto cells_of = [](const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream text(line);
    for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
    return cells;
  };
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);
  const auto names = cells_of(line);
  std::map<std::string, std::map<std::string, std::uint64_t>> sums;
  while (std::getline(lines, line)) {
    const auto cells = cells_of(line);
    REQUIRE(cells.size() == names.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (names[i] != "phase")
        sums[cells.back()][names[i]] += std::strtoull(cells[i].c_str(), nullptr, 10);
    }
  }
  return sums;
}

/// Stores a cart with two teas, and a snapshot of it that has three jams.
void store_with_false_snapshot(reprise::journal& journal, const std::string& cart) {
  const std::string stream = "shopping_cart/" + cart;
  reprise::encoded_events events;
  reprise::encode_event<shop::shopping_cart>(shop::product_added_to_cart{"tea", 2}, events);
  reprise::append_commit(journal, stream, 0, events);
  const auto& model = reprise::model_of<shop::shopping_cart>();
  REQUIRE(reprise::take_snapshot_now(journal, model, stream) == 1);
  journal.snapshots()->read(
      stream,
      [&](reprise::snapshot& s) {
        s.state.clear();
        reprise::encode_state(shop::shopping_cart{{{"jam", 3}}, false}, s.state);
        journal.snapshots()->save(s, 1);
        return false;
      },
      {});
}

std::size_t count_lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

// -- usage -----------------------------------------------------------------------

TEST_CASE("what cart stress cannot take is a usage error, before anything is made") {
  const shell sh;
  std::filesystem::create_directory(sh / "d");
  for (const std::string arguments : {"--clients 0",
                                      "--clients 100000 --window 11",
                                      "--window 0",
                                      "--rate 0",
                                      "--rate 5 --window 2",
                                      "--arrivals fixed",
                                      "--rate 5 --arrivals sometimes",
                                      "--duration 0",
                                      "--commands 0",
                                      "--duration 1s --commands 5",
                                      "--carts 0",
                                      "--dist normal",
                                      "--mix steal=1",
                                      "--payload 1",
                                      "--payload 101",
                                      "--seed -1",
                                      "--retries -1",
                                      "--journal paper",
                                      "--journal memory --dir e",
                                      "--ack-log d/log --dir d",
                                      "--ack-log d/../d/log --dir d",
                                      "--ack-log ./new/log --dir new",
                                      "--metrics d/CURRENT --dir d",
                                      "--timeseries d/CURRENT --dir d",
                                      "--hdr d/CURRENT --dir d",
                                      "--hdr new --timeseries new",
                                      "--metrics new --ack-log ./new",
                                      "--resend-from missing",
                                      "--chaos restart",
                                      "--chaos fire=1/s",
                                      "--fail-if p99",
                                      "--format xml",
                                      "--interval 0",
                                      "compare",
                                      "compare a.json"}) {
    INFO("cart stress " << arguments);
    const auto result = sh.cart("stress " + arguments);
    CHECK(result.status == 1);
    CHECK(result.out.empty());
    CHECK(contains(result.err, "--help"));
  }
  CHECK(std::filesystem::is_empty(sh / "d"));
}

TEST_CASE("a file that cannot be written is status 2") {
  const shell sh;
  for (const std::string option : {"--ack-log", "--timeseries", "--hdr", "--metrics"}) {
    CAPTURE(option);
    const auto result = sh.cart("stress --journal memory --commands 10 " + option
                                + " missing/file");
    CHECK(result.status == 2);
    CHECK(contains(result.err, "missing/file"));
  }
}

TEST_CASE("a start that fails leaves no journal behind") {
  const shell sh;
  write(sh / "notes", "hello\nworld\n");
  for (const std::string option :
       {"--ack-log missing/file", "--ack-log notes", "--resend-from notes",
        "--timeseries missing/file", "--metrics missing/file"}) {
    for (const std::string directory : {"", " --dir d"}) {
      CAPTURE(option + directory);
      CHECK(sh.cart("stress --commands 10 " + option + directory).status == 2);
      for (const auto& entry : std::filesystem::directory_iterator(sh / "")) {
        CAPTURE(entry.path());
        CHECK_FALSE(entry.is_directory());
      }
    }
  }
}

TEST_CASE("a journal that another process has open is status 2") {
  const shell sh;
  const auto journal = reprise::rocksdb_at(sh / "d");
  const auto result = sh.cart("stress --dir d --commands 10");
  CHECK(result.status == 2);
  CHECK(contains(result.err, "open already"));
}

// -- a load ----------------------------------------------------------------------

TEST_CASE("a closed loop sends so many commands, and reports them with where it ran") {
  const shell sh;
  const auto result = sh.cart(
      "stress --clients 8 --window 4 --commands 2000 --carts 50 --seed 7 --dir d");
  CHECK(result.status == 0);
  CHECK(contains(result.err, "cart: seed 7, journal in d"));
  CHECK(result.out.starts_with("machine "));
  CHECK(contains(result.out, "RocksDB on "));
  CHECK(std::regex_search(result.out, std::regex("\nall +2,000 +[0-9,]+/s ")));
  CHECK(std::regex_search(result.out, std::regex("seed +7, ")));
}

TEST_CASE("one client of a seed is answered the same every time") {
  const shell sh;
  const std::string line =
      "stress --journal memory --clients 1 --commands 1000 --carts 20 --seed 7 "
      "--format json";
  const auto first = sh.cart(line);
  const auto second = sh.cart(line);
  CHECK(first.status == 0);
  for (const std::string name : {"accepted", "already_so", "refused", "events"}) {
    CAPTURE(name);
    CHECK(field(first.out, name) == field(second.out, name));
  }
  CHECK(field(first.out, "run") != field(second.out, "run"));
  CHECK(field(first.out, "schema") == "\"reprise.stress/1\"");
}

TEST_CASE("a report says which allocator the program has") {
  const shell sh;
  const std::string found = field(
      sh.cart("stress --journal memory --commands 10 --format json").out, "allocator");
  if (REPRISE_JEMALLOC) {
    CHECK(found.starts_with("\"jemalloc 5"));
  } else {
    CHECK(found == "\"malloc of libc\"");
  }
}

TEST_CASE("an open loop reports how late it was, and what it skipped") {
  const shell sh;
  const auto result = sh.cart(
      "stress --rate 2000/s --arrivals fixed --commands 400 --journal memory --format json");
  CHECK(result.status == 0);
  CHECK(field(result.out, "kind") == "\"open\"");
  CHECK(field(result.out, "skipped") == "0");
  CHECK(std::regex_search(result.out, std::regex("\"all\": \\{\\s+\"count\": 400,")));
  // Four hundred commands of two thousand a second are due over 200 ms.
  CHECK(std::stod(field(result.out, "seconds")) >= 0.199);
  CHECK(contains(sh.cart("stress --rate 2000 --commands 20 --journal memory").out, "\nlag "));
}

TEST_CASE("what is sent to warm up is not in the report") {
  const shell sh;
  const auto result = sh.cart(
      "stress --journal memory --warmup 50ms --commands 500 --ack-log log --format json");
  CHECK(result.status == 0);
  CHECK(std::regex_search(result.out, std::regex("\"all\": \\{\\s+\"count\": 500,")));
  CHECK(count_lines(contents(sh / "log")) > 2 * 500);
}

TEST_CASE("a run that is interrupted as it warms up has measured nothing") {
  const shell sh;
  const auto result = sh.run(
      at_most_a_minute + "sh -c \"" + shell::program
      + "stress --journal memory --warmup 1h --ack-log log --format json > out 2> err & "
        "until [ -f log ] && [ \\$(wc -l < log) -gt 1000 ]; do :; done; kill -INT \\$!; "
        "wait \\$!\"");
  CHECK(result.status == 130);
  for (const std::string name : {"count", "synced_writes", "commits", "events", "p99"}) {
    CAPTURE(name);
    CHECK(std::stod(field(result.out, name)) == 0);
  }
  CHECK(std::regex_search(result.out, std::regex("\"write_ms\": \\{\\s+\"mean\": 0.0,")));
}

TEST_CASE("every command is in the acknowledgement log before its answer, once each") {
  const shell sh;
  const auto result = sh.cart(
      "stress --journal memory --commands 1000 --ack-log log --format json");
  CHECK(result.status == 0);
  const auto log = contents(sh / "log");
  CHECK(count_lines(log) == 2'000);
  CHECK(log.starts_with(R"({"t":"send",)"));
  CHECK(unsettled_commands(sh / "log") == 0);
}

TEST_CASE("a log that cannot be written stops the run with status 2") {
  const shell sh;
  const auto result = sh.cart("stress --journal memory --ack-log /dev/full");
  CHECK(result.status == 2);
  CHECK(contains(result.err, "cannot write to the log /dev/full"));
}

TEST_CASE("a log that fills up stops the run with its reason and a report, and nothing is lost") {
  const shell sh;
  // A limit on the size of files is a disk that becomes full.
  const auto result = sh.run(
      "(ulimit -f 500; exec " + at_most_a_minute + shell::program
      + "stress --journal memory --duration 1h --ack-log log --verify --format json "
        "> out 2> err)");
  CHECK(result.status == 2);
  CHECK(contains(result.err, "cart: cannot write to the log log: File too large"));
  CHECK(std::stoul(field(result.out, "accepted")) > 0);
  CHECK(field(result.out, "finished") == "true");
  CHECK(field(result.out, "difference_count") == "0");
}

TEST_CASE("a log whose reader leaves stops the run with its reason and a report") {
  const shell sh;
  const auto result = sh.run(
      "{ " + at_most_a_minute + shell::program
      + "stress --journal memory --duration 1h --ack-log /dev/fd/4 4>&1 > out 2> err; "
        "echo $? > status; } | head -n 1 > first");
  CHECK(contents(sh / "status") == "2\n");
  CHECK(contents(sh / "first").starts_with(R"({"t":"send",)"));
  CHECK(contains(result.err, "cannot write to the log /dev/fd/4: Broken pipe"));
  CHECK(contains(result.out, "goodput"));
}

TEST_CASE("an interrupt ends a run whose log is no longer read, with its reason and a report") {
  const shell sh;
  // The shell has the other end of the pipe open, and leaves it alone. When it is full, not half a line goes in.
  const auto result = sh.run(
      at_most_a_minute + "sh -c \"mkfifo log; exec 3<> log; " + shell::program
      + "stress --journal memory --duration 1h --ack-log log > out 2> err & "
        "while dd if=/dev/zero of=log bs=50 count=1 oflag=nonblock 2> dd; do :; done; "
        "kill -INT \\$!; wait \\$!\"");
  CHECK(result.status == 2);
  CHECK(contains(result.err, "cannot write to the log log: its reader takes nothing"));
  CHECK(contains(result.err, "cart: interrupted"));
  CHECK(contains(result.out, "goodput"));
}

TEST_CASE("a journal that fails stops the run with its reason and a report, and nothing is lost") {
  const shell sh;
  // A limit on the size of files is a disk that becomes full.
  const auto result = sh.run(
      "(trap '' XFSZ; ulimit -f 100; exec " + shell::program
      + "stress --dir d --retries 1 --duration 60s --verify --format json > out 2> err)");
  CHECK(result.status == 2);
  CHECK(contains(result.err, "the journal failed: "));
  CHECK(std::stoul(field(result.out, "accepted")) > 0);
  CHECK(std::regex_search(result.out, std::regex("\"unknown\": [1-9]")));
  CHECK(field(result.out, "finished") == "true");
  CHECK(field(result.out, "difference_count") == "0");
}

TEST_CASE("an interrupted run prints what there is, with status 130") {
  const shell sh;
  const auto result = sh.run(
      at_most_a_minute + "sh -c \"" + shell::program
      + "stress --journal memory --duration 1h --interval 50ms > out 2> err & "
        "until grep -q ' live' err; do :; done; kill -INT \\$!; wait \\$!\"");
  CHECK(result.status == 130);
  CHECK(contains(result.err, "cart: interrupted"));
  CHECK(contains(result.out, "goodput"));
}

TEST_CASE("nothing is written over the log that a run reads") {
  const shell sh;
  write(sh / "log", "what was sent\n");
  for (const std::string option : {"--hdr log", "--metrics ./log", "--timeseries log"}) {
    CAPTURE(option);
    const auto refused = sh.cart("stress --journal memory --resend-from log " + option);
    CHECK(refused.status == 1);
    CHECK(contains(refused.err, "log is the file of --resend-from too"));
    CHECK(contents(sh / "log") == "what was sent\n");
  }
}

TEST_CASE("an interrupt ends the reading of the log of an earlier run") {
  const shell sh;
  // A log without an end, of which more was read than a pipe holds.
  std::string lines;
  for (int i = 0; i < 2'000; ++i)
    lines += R"({"t":"send","at":1,"id":"1","cart":"a","command":"check_out","data":{}})"
             "\n";
  write(sh / "lines", lines);
  const auto result = sh.run(
      at_most_a_minute + "sh -c \"mkfifo log; " + shell::program
      + "stress --journal memory --duration 1h --resend-from log > out 2> err & "
        "cart=\\$!; (head -n 2000 lines; touch begun; exec yes \\\"\\$(head -n 1 lines)\\\") > log "
        "& "
        "until [ -e begun ]; do :; done; kill -INT \\$cart; wait \\$cart\"");
  CHECK(result.status == 130);
}

TEST_CASE("progress that nobody reads does not stop the load") {
  const shell sh;
  // The shell has the other end of the pipe open, and leaves it alone.
  const auto result = sh.run(
      at_most_a_minute + "sh -c \"mkfifo pipe; exec 3<> pipe; exec " + shell::program
      + "stress --journal memory --duration 300ms --interval 10us > out 2> pipe\"");
  CHECK(result.status == 0);
  CHECK(contains(result.out, "goodput"));
}

TEST_CASE("what is due as good as never does not keep a run from its end") {
  const shell sh;
  for (const std::string load :
       {"--rate 0.0000000001 --arrivals fixed", "--chaos crash=0.00000000001/s",
        "--chaos restart=0.00000000001/s"}) {
    CAPTURE(load);
    const auto result = sh.run(at_most_a_minute + shell::program
                               + "stress --journal memory --duration 100ms --format json " + load
                               + " > out 2> err");
    CHECK(result.status == 0);
    CHECK(field(result.out, "crashes") == "0");
    CHECK(field(result.out, "restarts") == "0");
  }
}

// -- reports ---------------------------------------------------------------------

TEST_CASE("percentiles that cannot be written cost the status, and not the report") {
  const shell sh;
  const auto result = sh.cart("stress --journal memory --commands 100 --hdr /dev/full");
  CHECK(result.status == 2);
  CHECK(contains(result.err, "cannot write to /dev/full: No space left on device"));
  CHECK(contains(result.out, "goodput"));
  const auto worse = sh.cart(
      "stress --journal memory --commands 100 --hdr /dev/full --fail-if 'max>1ns'");
  CHECK(worse.status == 4);
}

TEST_CASE("a file that cannot be written leaves no journal behind") {
  const shell sh;
  CHECK(sh.cart("stress --commands 10 --hdr missing/file").status == 2);
  for (const auto& entry : std::filesystem::directory_iterator(sh / ".")) {
    CHECK_FALSE(entry.is_directory());
  }
}

TEST_CASE("writes are called synced where they are") {
  const shell sh;
  const std::regex synced("\njournal +[0-9,]+ synced writes?, ");
  const std::regex not_synced("\njournal +[0-9,]+ writes?, ");
  CHECK(std::regex_search(sh.cart("stress --commands 100").out, synced));
  CHECK(std::regex_search(sh.cart("stress --commands 100 --journal memory").out, not_synced));
}

TEST_CASE("a threshold that is met is named, with status 4") {
  const shell sh;
  const auto result = sh.cart(
      "stress --journal memory --commands 100 --fail-if 'max>1ns' --fail-if 'unknown>0'");
  CHECK(result.status == 4);
  CHECK(contains(result.err, "the result fails max>1ns"));
  CHECK_FALSE(contains(result.err, "unknown>0"));
}

TEST_CASE("tables for other programs have a line of names, and a line for each thing") {
  const shell sh;
  const auto result = sh.cart(
      "stress --journal memory --duration 300ms --interval 50ms --timeseries t.csv --hdr p.hgrm "
      "--format csv");
  CHECK(result.status == 0);
  CHECK(result.out.starts_with("command,count,per_second,p50_ms,"));
  CHECK(contains(result.out, ",unknown,schema\n"));
  CHECK(count_lines(result.out) == 6);
  const std::regex end_of_row(",reprise.stress/1\n");
  CHECK(std::distance(std::sregex_iterator(result.out.begin(), result.out.end(), end_of_row), {})
        == 5);
  const auto table = contents(sh / "t.csv");
  CHECK(table.starts_with("seconds,count,per_second,p50_ms,"));
  CHECK(count_lines(table) >= 3);
  CHECK(std::regex_search(contents(sh / "p.hgrm"), std::regex("Total count +=")));
}

TEST_CASE(
    "the lines of the time series sum up to the report, and those of the warm-up are told apart") {
  for (const std::string times : {"--duration 130ms", "--warmup 300ms --commands 2000",
                                  "--rate 5000 --warmup 300ms --commands 500"}) {
    CAPTURE(times);
    const shell sh;
    const auto result = sh.cart(
        "stress --journal memory --interval 50ms --timeseries table --format json " + times);
    CHECK(result.status == 0);
    const auto total = result.out.substr(result.out.find("\"all\": "));
    const auto sums = sums_of_table(contents(sh / "table"));
    for (const std::string answer :
         {"accepted", "refused", "overloaded", "unavailable", "unknown"}) {
      CAPTURE(answer);
      CHECK(std::to_string(sums.at("load").at(answer)) == field(total, answer));
    }
    CHECK(sums.at("load").at("accepted") > 0);
    CHECK(sums.contains("warmup") == contains(times, "warmup"));
  }
}

#ifdef REPRISE_HAS_METRICS
TEST_CASE("the metrics of a load are in a file, and count every command once") {
  const shell sh;
  const auto result = sh.cart(
      "stress --journal memory --commands 700 --mix add=1 --carts 50 --metrics m.prom");
  CHECK(result.status == 0);
  const auto text = contents(sh / "m.prom");
  const std::regex counted(
      R"re(reprise_commands_total\{aggregate="shopping_cart",answer="\w+"\} (\d+))re");
  int commands = 0;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), counted);
       it != std::sregex_iterator(); ++it) {
    commands += std::stoi((*it)[1]);
  }
  CHECK(commands == 700);
  CHECK_FALSE(std::filesystem::exists(sh / "m.prom.new"));
}
#endif

TEST_CASE("reports of one load are compared, and others refused with the reason") {
  const shell sh;
  const std::string line = "stress --journal memory --commands 500 --format json ";
  CHECK(sh.run(shell::program + line + "> a.json 2> err").status == 0);
  CHECK(sh.run(shell::program + line + "> b.json 2> err").status == 0);
  CHECK(sh.run(shell::program + line + "--carts 7 > c.json 2> err").status == 0);
  write(sh / "d.json", R"({"schema":"reprise.stress/9"})");
  write(sh / "e.json", "no report");
  const auto same = sh.cart("stress compare a.json b.json");
  CHECK(same.status == 0);
  CHECK(std::regex_search(same.out,
                          std::regex("goodput per second +[0-9.e+]+ +[0-9.e+]+ +[0-9.]+\n")));
  const auto other = sh.cart("stress compare a.json c.json");
  CHECK(other.status == 2);
  CHECK(other.out.empty());
  CHECK(contains(other.err, "carts is 1000 and 7"));
  CHECK(
      contains(sh.cart("stress compare a.json d.json").err, "has the schema \"reprise.stress/9\""));
  CHECK(contains(sh.cart("stress compare e.json a.json").err, "is no report"));
  CHECK(sh.cart("stress compare a.json missing.json").status == 2);
  const auto beside = sh.cart("stress --clients 3 --dir x compare a.json b.json");
  CHECK(beside.status == 1);
  CHECK(beside.out.empty());
  CHECK(contains(beside.err, "--clients: it is of a run"));
}

TEST_CASE("every setting of a run is compared, whichever report has it") {
  const shell sh;
  const std::string line = "stress --journal memory --format json ";
  REQUIRE(sh.run(shell::program + line + "--commands 50 > a.json 2> err").status == 0);
  for (const auto& [option, told] : std::initializer_list<std::pair<std::string, std::string>>{
           {"--commands 50 --snapshot-every 5", "snapshot_every is 0 and 5"},
           {"--commands 50 --max-live 500", "max_live is 1000000 and 500"},
           {"--commands 50 --passivate-after 90s", "passivate_after_seconds is 600.0 and 90.0"},
           {"--commands 50 --timeout 20s", "timeout_seconds is 30.0 and 20.0"},
           {"--commands 50 --retries 9", "retries is 3 and 9"},
           {"--commands 50 --warmup 10ms", "warmup_seconds is 0.0 and 0.01"},
           {"--commands 60", "commands is 50 and 60"},
           {"--duration 10ms", "duration_seconds is null and 0.01"}}) {
    CAPTURE(option);
    REQUIRE(sh.run(shell::program + line + option + " > b.json 2> err").status == 0);
    const auto result = sh.cart("stress compare a.json b.json");
    CHECK(result.status == 2);
    CHECK(contains(result.err, told));
  }
  const auto report = contents(sh / "a.json");
  write(sh / "b.json", std::regex_replace(report, std::regex("\"retries\": 3,"), ""));
  CHECK(contains(sh.cart("stress compare a.json b.json").err, "retries is 3 in the first only"));
  CHECK(contains(sh.cart("stress compare b.json a.json").err, "retries is 3 in the second only"));
}

TEST_CASE("a report of a run that did not end well is compared with a warning") {
  const shell sh;
  REQUIRE(
      sh.run(shell::program + "stress --journal memory --commands 50 --format json > a.json 2> err")
          .status
      == 0);
  const auto report = contents(sh / "a.json");
  const auto with = [&](const std::string& member, const std::string& value) {
    write(sh / "b.json", std::regex_replace(report, std::regex("\"" + member + "\": \\w+"),
                                            "\"" + member + "\": " + value));
    return sh.cart("stress compare a.json b.json");
  };
  CHECK_FALSE(contains(with("exit_status", "0").err, "warning: the run"));
  CHECK(contains(with("exit_status", "4").err, "warning: the run of b.json ended with status 4"));
  CHECK(contains(with("interrupted", "true").err, "warning: the run of b.json was interrupted"));
  const auto failed = with("failure", "\"the disk is full\"");
  CHECK(failed.status == 0);
  CHECK(contains(failed.err, "warning: the run of b.json failed: \"the disk is full\""));
}

TEST_CASE("a damaged report is named with what is wrong in it, and nothing is printed of it") {
  const shell sh;
  REQUIRE(
      sh.run(shell::program + "stress --journal memory --commands 50 --format json > a.json 2> err")
          .status
      == 0);
  const auto report = contents(sh / "a.json");
  for (const auto& [from, to, told] :
       {std::array<std::string, 3>{"\"commits_per_write\": [0-9.]+",
                                   "\"commits_per_write\": \"many\"",
                                   "journal/commits_per_write is not a number"},
        {"\"environment\": ", "\"environment\": 5, \"was\": ", "environment is not an object"},
        {"\"p99.9\": ", "\"p98\": ", "latency_ms/p99.9 is not there"},
        {"\"interrupted\": false", "\"interrupted\": 7", "interrupted is not true or false"}}) {
    CAPTURE(told);
    write(sh / "b.json", std::regex_replace(report, std::regex(from), to));
    const auto result = sh.cart("stress compare a.json b.json");
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK(result.err.starts_with("cart: b.json is damaged: "));
    CHECK(contains(result.err, told));
  }
}

// -- verifying -------------------------------------------------------------------

TEST_CASE("the differences to the model are told in every format, with how many more there are") {
  const shell sh;
  {
    const auto journal = reprise::rocksdb_at(sh / "d");
    for (int i = 1; i <= 22; ++i) store_with_false_snapshot(*journal, "other-" + std::to_string(i));
  }
  const std::string line = "stress --dir d --commands 10 --verify ";
  const auto text = sh.cart(line);
  CHECK(text.status == 3);
  CHECK(contains(text.out, ", 22 differences\n"));
  CHECK(contains(text.out, "version 1: expected 2 \"tea\", found 3 \"jam\"\n"));
  CHECK(contains(text.out, "\nand 2 more differences\n"));
  const auto csv = sh.cart(line + "--format csv");
  CHECK(csv.status == 3);
  CHECK(count_lines(csv.out) == 6);
  CHECK(contains(csv.err, "version 1: expected 2 \"tea\", found 3 \"jam\"\n"));
  CHECK(contains(csv.err, "\nand 2 more differences\n"));
}

TEST_CASE("limits that turn commands away are no difference to the model") {
  const shell sh;
  for (const std::string limit : {"--max-live 20", "--timeout 10ms"}) {
    CAPTURE(limit);
    const auto result = sh.cart(
        "stress --journal memory --commands 20000 --carts 5000 --dist uniform --clients 256 "
        "--verify --format json "
        + limit);
    CHECK(result.status == 0);
    CHECK(field(result.out, "difference_count") == "0");
    CHECK(field(result.out, "finished") == "true");
  }
}

TEST_CASE("a command of an earlier run that is rightly refused for its ids is no difference") {
  const shell sh;
  const auto sent = [](const std::string& id, const std::string& cart) {
    return R"({"t":"send","at":1,"id":")" + id + R"(","cart":")" + cart
           + R"(","command":"add_product","data":{"product_id":"tea","quantity":2}})" + "\n";
  };
  write(sh / "log", sent("a", "") + sent("b", std::string(513, 'c'))
                        + sent(std::string(129, 'd'), "cart-1") + sent("e", "cart-2"));
  const auto result = sh.cart(
      "stress --dir d --commands 10 --resend-from log --verify --format json");
  CHECK(result.status == 0);
  CHECK(field(result.out, "resent") == "4");
  CHECK(field(result.out, "difference_count") == "0");
  CHECK(field(result.out, "finished") == "true");
}

// -- harm ------------------------------------------------------------------------

TEST_CASE("a runtime that is restarted again and again loses nothing, and every cart is verified") {
  const shell sh;
  const auto result = sh.cart("stress --dir d --duration 1s --carts 50 --chaos restart=5/s "
                              "--verify --ack-log log --format json");
  CHECK(result.status == 0);
  CHECK(std::stoi(field(result.out, "restarts")) >= 1);
  CHECK(field(result.out, "unavailable") == "0");
  CHECK(field(result.out, "finished") == "true");
  CHECK(field(result.out, "difference_count") == "0");
  CHECK(unsettled_commands(sh / "log") == 0);
}

TEST_CASE("carts whose actors crash and are passivated lose nothing, and take effect once") {
  const shell sh;
  const auto result = sh.cart(
      "stress --dir d --duration 1s --carts 20 --chaos crash=100/s,passivate=100/s --retries 20 "
      "--verify --ack-log log --format json");
  CHECK(result.status == 0);
  CHECK(std::stoi(field(result.out, "crashes")) > 10);
  CHECK(std::stoi(field(result.out, "passivations")) > 10);
  CHECK(field(result.out, "difference_count") == "0");
  CHECK(unsettled_commands(sh / "log") == 0);
}

TEST_CASE("an open loop goes on through restarts") {
  const shell sh;
  const auto result = sh.cart(
      "stress --dir d --rate 2000 --duration 1s --chaos restart=5/s --verify --format json");
  CHECK(result.status == 0);
  CHECK(std::stoi(field(result.out, "restarts")) >= 1);
  CHECK(field(result.out, "difference_count") == "0");
}

TEST_CASE("a client that comes back after a crash settles what it had no answer to") {
  const shell sh;
  sh.run(at_most_a_minute + "sh -c \"" + shell::program
         + "stress --dir d --duration 1h --ack-log log > out 2> err & "
           "until [ -f log ] && [ \\$(wc -l < log) -gt 4000 ]; do :; done; kill -KILL \\$!; "
           "wait \\$! 2> /dev/null\"");
  const auto open = unsettled_commands(sh / "log");
  CHECK(open > 0);
  const auto result = sh.cart(
      "stress --dir d --commands 500 --resend-from log --ack-log log --verify --format json");
  CHECK(result.status == 0);
  CHECK(field(result.out, "resent") == std::to_string(open));
  CHECK(field(result.out, "difference_count") == "0");
  CHECK(unsettled_commands(sh / "log") == 0);
}
