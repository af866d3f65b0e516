#include "bench/bare_rocksdb.hpp"
#include "bench/carts.hpp"
#include "bench/recording_journal.hpp"
#include "bench/scenario.hpp"
#include "bench/sync_gate.hpp"
#include "reprise/memory_journal.hpp"
#include "reprise/rocksdb_journal.hpp"

#include <algorithm>
#include <filesystem>

namespace bench {

namespace {

namespace fs = std::filesystem;

struct throughput_plan {
  std::size_t carts = 0;
  std::size_t window = 0;
  std::optional<target> of_memory;
  std::optional<target> of_bare;
};

/// What one side did in one round.
struct turn {
  loop_result ran;
  std::vector<std::size_t> writes;  ///< how many commits each had
  std::size_t timed_from = 0;       ///< the first write that was measured
};

/// The same actors on two journals, and RocksDB without any actors.
class throughput {
 public:
  throughput(const settings& how, const throughput_plan& plan, result& found)
      : how_(how), plan_(plan), found_(found), ids_(make_cart_ids(plan.carts)) {}

  void run() {
    for (std::size_t round = 0; round < how_.rounds; ++round) {
      show_progress(found_, round, how_);
      // Whoever goes second finds a warmer machine, so they change places.
      if (round % 2 == 0) {
        const turn memory = run_memory();
        compare(run_durable(), memory);
      } else {
        const turn durable = run_durable();
        compare(durable, run_memory());
      }
    }
    found_.add_latency("durable, send to answer", durable_latencies_);
    found_.add_latency("memory, send to answer", memory_latencies_);
    found_.add_fact(std::to_string(plan_.carts) + (plan_.carts == 1 ? " cart" : " carts")
                    + "; the next command is sent from the callback of the answer");
  }

 private:
  turn run_memory() { return run_host(reprise::in_memory(), "memory", memory_latencies_); }

  turn run_durable() {
    fs::remove_all(durable());
    const std::uint64_t syncs_before = sync_gate::calls();
    turn done = run_host(reprise::rocksdb_at(durable()), "durable", durable_latencies_);
    const std::uint64_t syncs = sync_gate::calls() - syncs_before;
    if (syncs < done.writes.size()) {
      found_.add_problem("RocksDB synced " + std::to_string(syncs) + " times for "
                         + std::to_string(done.writes.size()) + " writes");
    }
    return done;
  }

  turn run_host(std::shared_ptr<reprise::journal> journal,
                const std::string& side,
                latency_histogram& latencies) {
    const auto recorder = std::make_shared<recording_journal>(std::move(journal));
    reprise::host host(host_on(recorder));
    const cart_commands commands(host.aggregates<shop::shopping_cart>(), ids_);
    std::uint64_t sent = 0;
    const auto send = [&commands, &sent](std::uint64_t number, auto done) {
      commands(sent + number, done);
    };

    closed_loop filling(std::min<std::size_t>(1'024, ids_.size()), send);
    check_accepted(filling.run(ids_.size()), side + ", first commands", found_);
    sent = ids_.size();
    turn done;
    done.timed_from = recorder->writes().size();

    closed_loop measured(plan_.window, send, &latencies);
    done.ran = measured.run(how_.measured);
    check_accepted(done.ran, side, found_);
    done.writes = recorder->writes();
    stop(host, found_);
    const std::uint64_t sent_in_all = ids_.size() + done.ran.answered;
    if (const auto events = host.stats().journal.events; events != sent_in_all) {
      found_.add_problem(side + ": " + std::to_string(events) + " events were stored for "
                         + std::to_string(sent_in_all) + " commands");
    }
    return done;
  }

  /// Gives bare RocksDB what the durable run wrote, and adds the figures of the round.
  void compare(const turn& durable_turn, const turn& memory_turn) {
    fs::remove_all(bare());
    const recorded_writes writes(durable(), durable_turn.writes);
    const time_taken taken = write_bare(writes, durable_turn.timed_from, bare());
    const auto commits = static_cast<double>(writes.commits_from(durable_turn.timed_from));
    const auto timed = static_cast<double>(writes.size() - durable_turn.timed_from);
    const auto bytes = static_cast<double>(writes.bytes_from(durable_turn.timed_from));
    const double bare_rate = commits / taken.seconds;
    const double durable_rate = durable_turn.ran.per_second();
    const double memory_rate = memory_turn.ran.per_second();
    found_.add("durable", "commands/s", durable_rate);
    found_.add("memory", "commands/s", memory_rate);
    found_.add("bare RocksDB", "commits/s", bare_rate);
    found_.add_ratio("durable / memory", plan_.of_memory, durable_rate / memory_rate);
    found_.add_ratio("durable / bare RocksDB", plan_.of_bare, durable_rate / bare_rate);
    found_.add("processor time, durable", "µs/command",
               durable_turn.ran.processor_microseconds_each());
    found_.add("processor time, memory", "µs/command",
               memory_turn.ran.processor_microseconds_each());
    found_.add("processor time, bare RocksDB", "µs/commit",
               taken.processor_seconds * 1e6 / commits);
    found_.add("durable, in one synced write", "commits", commits / timed);
    found_.add("durable, in one commit with its keys", "bytes", bytes / commits);
    fs::remove_all(durable());
    fs::remove_all(bare());
  }

  fs::path durable() const { return how_.directory / "durable"; }
  fs::path bare() const { return how_.directory / "bare"; }

  const settings& how_;
  const throughput_plan plan_;
  result& found_;
  const std::vector<std::string> ids_;
  latency_histogram durable_latencies_;
  latency_histogram memory_latencies_;
};

void measure_window(const settings& how, result& found, std::size_t window) {
  throughput(how, {how.carts, window, target{0.6}, target{1.0}}, found).run();
}

}  // namespace

void measure_window_1(const settings& how, result& found) {
  measure_window(how, found, 1);
}
void measure_window_64(const settings& how, result& found) {
  measure_window(how, found, 64);
}
void measure_window_1024(const settings& how, result& found) {
  measure_window(how, found, 1'024);
}

void measure_hot_cart(const settings& how, result& found) {
  throughput(how, {1, 64, std::nullopt, std::nullopt}, found).run();
}

}  // namespace bench
