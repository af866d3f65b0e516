#include "bench/carts.hpp"
#include "bench/scenario.hpp"
#include "reprise/memory_journal.hpp"

#include <array>
#include <string>

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

/// The same commands with a service and without it. There is no disk in it: what is compared is processor time, which
/// other work on the machine hardly changes.
class price {
 public:
  price(const settings& how, const service& what, result& found)
      : how_(how), what_(what), found_(found), ids_(make_cart_ids(how.carts)) {}

  void run_round(std::size_t round) {
    const bool is_first = round % 2 == 0;
    const double first = microseconds_each(is_first);
    const double second = microseconds_each(!is_first);
    const double with = is_first ? first : second;
    const double without = is_first ? second : first;
    const std::string name = what_.name;
    found_.add("with " + name, "µs/command", with);
    found_.add("without " + name, "µs/command", without);
    found_.add_ratio("with / without " + name, target{1.05, false}, with / without);
  }

 private:
  static constexpr std::size_t window = 1'024;

  /// Returns the processor time of a command.
  double microseconds_each(bool is_on) {
    reprise::host_config config = host_on(reprise::in_memory());
    reprise::snapshot_policy snapshots;
    snapshots.every_events = 100;
    if (!is_on) what_.leave_out(config, snapshots);
    reprise::host host(std::move(config));
    const cart_commands commands(host.aggregates<shop::shopping_cart>(snapshots), ids_);
    closed_loop loop(window, commands);
    check_accepted(loop.run(ids_.size()), what_.name, found_);
    const loop_result ran = loop.run(how_.measured);
    check_accepted(ran, what_.name, found_);
    stop(host, found_);
    return ran.processor_microseconds_each();
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
    for (const service& s : services) price(how, s, found).run_round(round);
  }
  found.add_fact("memory journal, 1,024 commands in flight, processor time of the whole process");
}

}  // namespace bench
