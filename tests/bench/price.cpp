#include "bench/carts.hpp"
#include "bench/scenario.hpp"
#include "reprise/memory_journal.hpp"
#include "reprise/rocksdb_journal.hpp"

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace {

/// Something that a host does for each command, and can be told not to do. The commands have ids of their senders, which
/// may have been sent before: those that a host gives itself are not looked for.
struct service {
  const char* name;
  void (*leave_out)(reprise::host_config& config, reprise::snapshot_policy& snapshots);
};

constexpr std::array services{
    service{"command_times", [](reprise::host_config& config,
                                reprise::snapshot_policy&) { config.command_times = false; }},
    service{"a snapshot every 100 events",
            [](reprise::host_config&, reprise::snapshot_policy& snapshots) { snapshots = {}; }},
    service{"command ids", [](reprise::host_config& config,
                              reprise::snapshot_policy&) { config.dedup_window = 0; }},
    service{"idle times", [](reprise::host_config& config,
                             reprise::snapshot_policy&) { config.passivate_after = {}; }},
    service{"all of these",
            [](reprise::host_config& config, reprise::snapshot_policy& snapshots) {
              config.command_times = false;
              config.dedup_window = 0;
              config.passivate_after = {};
              snapshots = {};
            }},
};

/// The same commands with a service and without it.
class price {
 public:
  price(const settings& how, const service& what, result& found)
      : how_(how), what_(what), found_(found), ids_(make_cart_ids(how.carts)) {}

  /// There is no disk in it: what is compared is processor time, which other work on the machine hardly changes.
  void compare_in_memory(std::size_t round) {
    compare_processor_time(
        "", in_turn(round, [this](bool is_on) { return run(is_on, reprise::in_memory()); }));
  }

  /// What is left of that where each command is stored and synced.
  void compare_durable(std::size_t round) {
    const std::filesystem::path directory = how_.directory / "price";
    const both runs = in_turn(round, [&](bool is_on) {
      loop_result ran = run(is_on, reprise::rocksdb_at(directory));
      std::filesystem::remove_all(directory);
      return ran;
    });
    compare_processor_time("durable, ", runs);
    const std::string name = what_.name;
    found_.add("durable rate, with " + name, "commands/s", runs.with.per_second());
    found_.add("durable rate, without " + name, "commands/s", runs.without.per_second());
    found_.add_ratio("durable rate, without / with " + name, target{1.05, false},
                     runs.without.per_second() / runs.with.per_second());
  }

 private:
  struct both {
    loop_result with, without;
  };

  void compare_processor_time(const std::string& where, const both& runs) {
    const std::string name = what_.name;
    const double with = runs.with.processor_microseconds_each();
    const double without = runs.without.processor_microseconds_each();
    found_.add(where + "with " + name, "µs/command", with);
    found_.add(where + "without " + name, "µs/command", without);
    found_.add_ratio(where + "with / without " + name, target{1.05, false}, with / without);
  }

  /// Whoever goes second finds a warmer machine, so they change places.
  template <class Measure>
  static both in_turn(std::size_t round, const Measure& measure) {
    const bool is_first = round % 2 == 0;
    const loop_result first = measure(is_first);
    const loop_result second = measure(!is_first);
    return is_first ? both{first, second} : both{second, first};
  }

  loop_result run(bool is_on, std::shared_ptr<reprise::journal> journal) {
    reprise::host_config config = host_on(std::move(journal));
    reprise::snapshot_policy snapshots;
    snapshots.every_events = 100;
    if (!is_on) what_.leave_out(config, snapshots);
    reprise::host host(std::move(config));
    const cart_commands commands(host.aggregates<shop::shopping_cart>(snapshots), ids_,
                                 cart_commands::named_by::sender);
    closed_loop loop(1'024, commands);
    check_accepted(loop.run(ids_.size()), what_.name, found_);
    loop_result ran = loop.run(how_.measured);
    check_accepted(ran, what_.name, found_);
    stop(host, found_);
    return ran;
  }

  const settings& how_;
  const service& what_;
  result& found_;
  const std::vector<std::string> ids_;
};

}  // namespace

void measure_price(const settings& how, result& found) {
  for (std::size_t round = 0; round < how.rounds; ++round) {
    show_progress(found, round, how);
    for (const service& s : services) price(how, s, found).compare_in_memory(round);
    price(how, services.back(), found).compare_durable(round);
  }
  found.add_fact("processor time of the whole process, 1,024 commands in flight");
}

}  // namespace bench
