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

/// Something that a host does for each command, and can be told not to do.
struct service {
  const char* name;
  void (*leave_out)(reprise::host_config& config, reprise::snapshot_policy& snapshots);
};

constexpr std::array services{
    service{"command_times", [](reprise::host_config& config,
                                reprise::snapshot_policy&) { config.command_times = false; }},
    service{"a snapshot every 100 events",
            [](reprise::host_config&, reprise::snapshot_policy& snapshots) { snapshots = {}; }},
    service{"all of these, idle times, and command ids",
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
  void compare_processor_time(std::size_t round) {
    const auto [with, without] = in_turn(round, [this](bool is_on) {
      return run(is_on, reprise::in_memory(), 1'024).processor_microseconds_each();
    });
    const std::string name = what_.name;
    found_.add("with " + name, "µs/command", with);
    found_.add("without " + name, "µs/command", without);
    found_.add_ratio("with / without " + name, target{1.05, false}, with / without);
  }

  /// What is left of that where each command waits for the disk.
  void compare_durable_rates(std::size_t round) {
    const std::filesystem::path directory = how_.directory / "price";
    const auto [with, without] = in_turn(round, [&](bool is_on) {
      const double rate = run(is_on, reprise::rocksdb_at(directory), 64).per_second();
      std::filesystem::remove_all(directory);
      return rate;
    });
    const std::string name = what_.name;
    found_.add("durable, 64 in flight, with " + name, "commands/s", with);
    found_.add("durable, 64 in flight, without " + name, "commands/s", without);
    found_.add_ratio("durable, 64 in flight, without / with " + name, target{1.05, false},
                     without / with);
  }

 private:
  struct both {
    double with, without;
  };

  /// Whoever goes second finds a warmer machine, so they change places.
  template <class Measure>
  static both in_turn(std::size_t round, const Measure& measure) {
    const bool is_first = round % 2 == 0;
    const double first = measure(is_first);
    const double second = measure(!is_first);
    return is_first ? both{first, second} : both{second, first};
  }

  loop_result run(bool is_on, std::shared_ptr<reprise::journal> journal, std::size_t window) {
    reprise::host_config config = host_on(std::move(journal));
    reprise::snapshot_policy snapshots;
    snapshots.every_events = 100;
    if (!is_on) what_.leave_out(config, snapshots);
    reprise::host host(std::move(config));
    const cart_commands commands(host.aggregates<shop::shopping_cart>(snapshots), ids_);
    closed_loop loop(window, commands);
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
    for (const service& s : services) price(how, s, found).compare_processor_time(round);
    price(how, services.back(), found).compare_durable_rates(round);
  }
  found.add_fact("processor time: of the whole process, memory journal, 1,024 commands in flight");
}

}  // namespace bench
