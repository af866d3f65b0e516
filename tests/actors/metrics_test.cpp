#include "actors/deterministic.hpp"
#include "actors/faulty_journal.hpp"
#include "actors/metrics_text.hpp"
#include "actors/notebook.hpp"
#include "actors/waiting.hpp"
#include "reprise/host.hpp"

#include <doctest/doctest.h>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace notes;
using namespace std::chrono_literals;
using reprise::host;
using reprise::host_stats;
using waiting::get;

namespace {

/// A host that was told a known number of everything, one after the other.
struct known_run {
  std::shared_ptr<faulty_journal> journal = std::make_shared<faulty_journal>();
  host made{{.journal = journal}};
  reprise::aggregates<notebook> books = made.aggregates<notebook>();

  known_run() {
    for (const char* word : {"one", "two", "three"}) get(books.send("a", note{word}));
    get(books.send("a", note_all{{"four", "five"}}));
    get(books.send("a", end_with{"five"}));
    get(books.send("b", tear_out{}));
    get(books.send("b", tear_out{}));
    get(books.send("b", crash{}));
    get(books.send(std::string(600, 'x'), note{"one"}));
    for (int i = 0; i < 3; ++i) get(books.query("a"));
    get(made.aggregates<sketchbook>().send("a", note{"one"}));
    // Whoever has the last answer may be ahead of the thread that gave it.
    REQUIRE(waiting::comes_true([this] { return made.stats().in_flight == 0; }));
  }

  metrics_text metrics() const { return metrics_text(made.metrics()); }
};

/// Runs a shell command, and returns what it prints and its exit status.
std::pair<std::string, int> run(const std::string& command) {
  std::string printed;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, pipe))
    printed.append(buffer, size);
  return {printed, pclose(pipe)};
}

std::string answers(const std::string& kind, const std::string& aggregate = "notebook") {
  return "reprise_commands_total{aggregate=\"" + aggregate + "\",answer=\"" + kind + "\"}";
}

}  // namespace

// -- the text --------------------------------------------------------------------------------------------------------

TEST_CASE("promtool has nothing to say against the metrics of a host") {
  const known_run known;
  const auto file = std::filesystem::temp_directory_path()
                    / ("reprise_metrics_" + std::to_string(::getpid()));
  std::ofstream(file) << known.made.metrics();
  // ./dev test puts it there. If it is nowhere, the shell says so, and this fails.
  const auto [printed, status] = run(
      "PATH=\"$PATH:" REPRISE_TOOLS_DIRECTORY "\" promtool check metrics <" + file.string());
  std::filesystem::remove(file);
  CHECK(printed == "");
  CHECK(status == 0);
}

TEST_CASE("what is counted of a known run is exactly right") {
  const known_run known;
  const metrics_text m = known.metrics();
  CHECK(m[answers("accepted")] == 5);
  CHECK(m[answers("refused")] == 3);
  CHECK(m[answers("overloaded")] == 0);
  CHECK(m[answers("unavailable")] == 1);
  CHECK(m[answers("unknown")] == 0);
  CHECK(m[answers("accepted", "sketchbook")] == 1);
  CHECK(m["reprise_queries_total{aggregate=\"notebook\",answer=\"accepted\"}"] == 3);
  // One command was turned away for its id.
  CHECK(m["reprise_command_duration_seconds_count{aggregate=\"notebook\"}"] == 8);
  CHECK(m["reprise_query_duration_seconds_count{aggregate=\"notebook\"}"] == 3);
  CHECK(m["reprise_limits_hit_total{limit=\"max_aggregate_id_bytes\"}"] == 1);
  CHECK(m["reprise_crashes_total"] == 1);
  CHECK(m["reprise_recoveries_total{result=\"empty\"}"] == 3);
  CHECK(m["reprise_recoveries_total{result=\"ok\"}"] == 0);
  CHECK(m["reprise_recovery_duration_seconds_count"] == 3);
  CHECK(m["reprise_write_duration_seconds_count"] == 5);
  CHECK(m["reprise_write_commits_sum"] == 5);
  CHECK(m["reprise_journal_events_total"] == 6);
  CHECK(m["reprise_journal_failed"] == 0);
}

TEST_CASE("host_stats and the metrics tell the same") {
  const known_run known;
  const metrics_text m = known.metrics();
  const host_stats stats = known.made.stats();
  CHECK(m["reprise_in_flight"] == stats.in_flight);
  CHECK(m["reprise_late"] == stats.late);
  CHECK(m["reprise_aggregates{state=\"live\"}"] == stats.live);
  CHECK(m["reprise_aggregates{state=\"recovering\"}"] == stats.recovering);
  CHECK(m["reprise_aggregates{state=\"broken\"}"] == stats.broken);
  CHECK(m["reprise_recoveries_total{result=\"ok\"}"]
            + m["reprise_recoveries_total{result=\"empty\"}"]
        == stats.recovered);
  CHECK(m["reprise_replayed_events_total"] == stats.replayed_events);
  CHECK(m["reprise_conflicts_total"] == stats.conflicts);
  CHECK(m["reprise_crashes_total"] == stats.crashes);
  CHECK(m["reprise_journal_synced_writes_total"] == stats.journal.synced_writes);
  CHECK(m["reprise_journal_commits_total"] == stats.journal.commits);
  CHECK(m["reprise_journal_events_total"] == stats.journal.events);
  CHECK(m["reprise_journal_size_bytes"] == stats.journal.bytes);
  CHECK(m["reprise_write_commits_sum"] == stats.journal.commits);
  CHECK(m["reprise_write_commits_count"] == stats.journal.synced_writes);
}

TEST_CASE("no metric is labelled with an aggregate's id") {
  const known_run known;
  const std::set<std::string> labels{"version", "caf",    "aggregate", "answer", "limit",
                                     "state",   "result", "reason",    "le"};
  for (const auto& family : known.made.collectable()->Collect()) {
    for (const auto& sample : family.metric) {
      for (const auto& label : sample.label) {
        CAPTURE(family.name);
        CHECK(labels.contains(label.name));
        CHECK(label.value != "a");
      }
    }
  }
}

// -- the page --------------------------------------------------------------------------------------------------------

namespace {

/// Returns `name | type | labels` of each metric that a host tells, labels of the text format left out.
std::set<std::string> told_by(const host& made) {
  const metrics_text text(made.metrics());
  std::set<std::string> all;
  for (const auto& family : made.collectable()->Collect()) {
    std::string labels;
    REQUIRE_FALSE(family.metric.empty());
    for (const auto& label : family.metric.front().label)
      labels += (labels.empty() ? "" : ", ") + label.name;
    all.insert(family.name + " | " + text.types().at(family.name) + " | " + labels);
  }
  return all;
}

/// Returns the same of each metric that has a row in METRICS.md.
std::set<std::string> listed() {
  std::ifstream page(REPRISE_METRICS_PAGE);
  std::set<std::string> all;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `reprise_")) continue;
    std::vector<std::string> cells;
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');) {
      const auto begin = cell.find_first_not_of(" `");
      const auto end = cell.find_last_not_of(" `");
      cells.push_back(begin == cell.npos ? "" : cell.substr(begin, end - begin + 1));
    }
    REQUIRE(cells.size() >= 4);
    all.insert(cells[0] + " | " + cells[1] + " | " + cells[2]);
  }
  return all;
}

std::vector<std::string> missing_from(const std::set<std::string>& these,
                                      const std::set<std::string>& those) {
  std::vector<std::string> missing;
  std::set_difference(those.begin(), those.end(), these.begin(), these.end(),
                      std::back_inserter(missing));
  return missing;
}

}  // namespace

TEST_CASE("METRICS.md lists every metric with its type and labels, and no other") {
  const known_run known;
  CHECK(missing_from(listed(), told_by(known.made)) == std::vector<std::string>{});
  CHECK(missing_from(told_by(known.made), listed()) == std::vector<std::string>{});
}

// -- the collectable -------------------------------------------------------------------------------------------------

TEST_CASE(
    "a collectable outlives its host, and does not keep the journal from being opened again") {
  const auto journal = reprise::in_memory();
  const std::weak_ptr<reprise::journal> watched = journal;
  std::shared_ptr<prometheus::Collectable> left;
  {
    auto closing = journal;
    host made{{.journal = std::move(closing)}};
    get(made.aggregates<notebook>().send("a", note{"one"}));
    left = made.collectable();
    CHECK(watched.use_count() > 1);
  }
  CHECK(watched.use_count() == 1);
  const auto families = left->Collect();
  const auto tells = [&](const std::string& name) {
    return std::any_of(families.begin(), families.end(),
                       [&](const auto& family) { return family.name == name; });
  };
  CHECK(tells("reprise_commands_total"));
  CHECK_FALSE(tells("reprise_journal_events_total"));
}

TEST_CASE("a host that is not to measure times still counts") {
  host made{{.journal = reprise::in_memory(), .command_times = false}};
  get(made.aggregates<notebook>().send("a", note{"one"}));
  const metrics_text m(made.metrics());
  CHECK(m[answers("accepted")] == 1);
  CHECK(m["reprise_command_duration_seconds_count{aggregate=\"notebook\"}"] == 0);
  CHECK(m["reprise_mailbox_wait_seconds_count{aggregate=\"notebook\"}"] == 0);
}

// -- one after the other ---------------------------------------------------------------------------------------------

namespace {

using deterministic::stage;

const reprise::aggregate_metrics& notebooks(stage<notebook>& s) {
  return s.context().metrics.of(reprise::model_of<notebook>());
}

std::uint64_t commands(stage<notebook>& s, reprise::answer_kind kind) {
  return notebooks(s).commands.value(static_cast<std::size_t>(kind));
}

}  // namespace

using reprise::answer_kind;

TEST_CASE("a command that is decided again after a conflict is counted once, and the restart too") {
  stage<notebook> s;
  s.send("a", note{"one"});
  s.run();
  s.store_elsewhere("a", {written{"elsewhere"}});
  // With the first, twice as many as one of which is measured.
  for (int i = 1; i < 16; ++i) s.send("a", note{"two"});
  s.run();
  CHECK(commands(s, answer_kind::accepted) == 16);
  CHECK(notebooks(s).command_times.read().count == 16);
  CHECK(notebooks(s).waits.read().count == 2);
  CHECK(s.context().metrics.restarts.value(reprise::restart_reason::conflict) == 1);
  CHECK(s.context().conflicts == 1);
}

TEST_CASE("waiting for the aggregate is measured for one command in eight") {
  stage<notebook> s;
  for (int i = 0; i < 80; ++i) s.send("a", note{"word"});
  s.run();
  CHECK(notebooks(s).waits.read().count == 10);
}

TEST_CASE("each limit that turns a command away is counted under its name") {
  stage<notebook> s{{.max_in_flight = 5, .max_waiting = 2}};
  s.hold("recovery");
  for (int i = 0; i < 3; ++i) s.send("a", note{"word"});
  s.run();
  const auto& hit = s.context().metrics.limits_hit;
  CHECK(hit.value(reprise::limit::waiting) == 1);
  for (int i = 0; i < 3; ++i) s.send("b", note{"word"});
  CHECK(hit.value(reprise::limit::in_flight) == 1);
  s.release_all();
  s.run();
  s.send(std::string(513, 'x'), note{"word"});
  s.send("a", note{"word"}, std::string(129, 'x'));
  s.send("a", note_all{words(1025, "word")});
  s.run();
  CHECK(hit.value(reprise::limit::aggregate_id) == 1);
  CHECK(hit.value(reprise::limit::command_id) == 1);
  CHECK(hit.value(reprise::limit::commit_events) == 1);
  CHECK(hit.value(reprise::limit::commit_bytes) == 0);
  CHECK(hit.sum() == 5);
  CHECK(commands(s, answer_kind::overloaded) == 2);
  CHECK(commands(s, answer_kind::refused) == 3);
  // Three were accepted, and one was decided and refused.
  CHECK(notebooks(s).command_times.read().count == 5);
}

TEST_CASE("a limit of one aggregate, of those in memory and of a commit's bytes is counted under "
          "its name") {
  stage<notebook> s{{.max_in_flight_per_aggregate = 2, .max_live = 1, .max_commit_bytes = 64}};
  const auto& hit = s.context().metrics.limits_hit;
  s.hold("writer");
  for (int i = 0; i < 3; ++i) s.send("a", note{"word"});
  s.run();
  CHECK(hit.value(reprise::limit::in_flight_per_aggregate) == 1);
  for (const char* id : {"b", "c"}) s.send(id, note{"word"});
  s.run();
  CHECK(hit.value(reprise::limit::live) >= 1);
  s.release_all();
  s.run();
  s.send("a", note{std::string(64, 'x')});
  s.run();
  CHECK(hit.value(reprise::limit::commit_bytes) == 1);
}

TEST_CASE("recoveries are misses of the snapshots only where a policy takes some") {
  for (const std::uint64_t every_events : {0U, 2U}) {
    reprise::snapshot_policy policy;
    policy.every_events = every_events;
    stage<notebook> s{{}, policy};
    s.send("a", note{"word"});
    s.run();
    s.restart();
    s.look("a");
    s.run();
    const auto& reads = s.context().metrics.snapshot_reads;
    CHECK(reads.value(reprise::snapshot_read::miss) == (every_events == 0 ? 0 : 1));
  }
}

TEST_CASE(
    "a command that command_timeout answers is counted as that, and not again when it is done") {
  stage<notebook> s;
  s.hold("writer");
  s.send("a", note{"one"});
  s.run();
  s.pass_the_timeout();
  CHECK(commands(s, answer_kind::unknown) == 1);
  s.release_all();
  s.run();
  CHECK(commands(s, answer_kind::unknown) == 1);
  CHECK(commands(s, answer_kind::accepted) == 0);
  CHECK(notebooks(s).command_times.read().count == 1);
}

TEST_CASE("a batch is counted by what of it was stored") {
  stage<notebook> s;
  s.send("a", note{"one"});
  s.run();
  s.hold("writer");
  s.send("a", note{"two"});
  s.send("a", tear_out{});
  s.send("b", note_all{{"one", "two"}});
  s.look("a");
  s.run();
  s.release_all();
  s.run();
  const auto batches = s.context().metrics.write_commits.read();
  CHECK(batches.count == 2);
  CHECK(batches.sum == 4);
  CHECK(s.context().metrics.write_bytes.read().count == 2);
  CHECK(s.context().metrics.write_times.read().count == 2);
}

TEST_CASE("a batch in which nothing is stored is no write") {
  stage<notebook> s;
  s.send("a", note{"one"});
  s.run();
  s.store_elsewhere("a", {written{"elsewhere"}});
  s.send("a", note{"two"});
  s.run();
  CHECK(s.context().metrics.write_commits.read().count == s.journal().stats().synced_writes - 1);
}

TEST_CASE("what becomes of aggregates is counted") {
  stage<notebook> s;
  s.send("a", note{"one"});
  s.run();
  s.passivate("a");
  s.run();
  s.send("a", note{"two"});
  s.run();
  s.crash("a");
  s.run();
  const auto& m = s.context().metrics;
  CHECK(m.passivations.value(reprise::passivation_reason::asked) == 1);
  CHECK(m.restarts.value(reprise::restart_reason::killed) == 1);
  s.send("a", spoil{});
  s.run();
  CHECK(m.restarts.value(reprise::restart_reason::crash) == 1);
  CHECK(s.context().crashes == 1);
  CHECK(m.failed_recoveries == 0);
  CHECK(m.recovery_times.read().count == s.context().recovered);
}

TEST_CASE("actors that leave are counted by why they do") {
  stage<notebook> s{{.max_live = 1}};
  const auto& left = s.context().metrics.passivations;
  const auto counted = [&left](std::uint64_t asked, std::uint64_t limit, std::uint64_t idle) {
    return left.value(reprise::passivation_reason::asked) == asked
           && left.value(reprise::passivation_reason::limit) == limit
           && left.value(reprise::passivation_reason::idle) == idle;
  };
  for (const char* id : {"a", "b", "c"}) {
    s.send(id, note{"one"});
    s.run();
  }
  CHECK(counted(0, 2, 0));
  for (int i = 0; i < 20; ++i) s.pass_an_idle_round();
  s.run();
  CHECK(counted(0, 2, 1));
  s.look("a");
  s.run();
  s.passivate("a");
  s.run();
  CHECK(counted(1, 2, 1));
}

TEST_CASE("restarts are counted by why, and those after a wait too") {
  stage<notebook> s;
  const auto& restarts = s.context().metrics.restarts;
  using reason = reprise::restart_reason;
  s.send("a", note{"one"});
  s.run();
  s.send("a", spoil{});
  s.run();
  CHECK(restarts.value(reason::crash) == 1);
  s.store_elsewhere("a", {written{"elsewhere"}});
  s.send("a", note{"two"});
  s.run();
  CHECK(restarts.value(reason::conflict) == 1);
  s.journal().damage("notebook/b", "wrong checksum");
  for (int i = 0; i < 3; ++i) {
    s.look("b");
    s.run();
    CHECK(restarts.value(reason::retry) == static_cast<std::uint64_t>(i));
    s.pass(1min);
  }
  s.crash("a");
  s.run();
  CHECK(restarts.value(reason::killed) == 1);
  CHECK(restarts.sum() == 5);
}

TEST_CASE("the faults of snapshots are called what the logs call them") {
  const auto names = names_of(reprise::snapshot_fault{});
  for (std::size_t i = 0; i < names.size(); ++i)
    CHECK(names[i] == name_of(static_cast<reprise::snapshot_fault>(i)));
}
