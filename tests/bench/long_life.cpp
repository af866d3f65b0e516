#include "bench/carts.hpp"
#include "bench/scenario.hpp"
#include "reprise/rocksdb_journal.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace bench {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t few = 100;

/// Command ids that a cart remembers. One with fewer events has less to read, whatever its age.
const std::uint64_t dedup_window = reprise::host_config{}.dedup_window;

/// Events behind the last snapshot of a cart that is older than the policy's step. Whoever opens a cart finds half a step
/// there on average; this is more, so that it does not flatter.
constexpr std::uint64_t behind_snapshot = 75;

/// Is asked before the clock starts: with the first question a host also opens the store of the snapshots. By its name it is
/// far from the others, so that none of them shares a block with it.
const std::string other_cart = "one that is asked before";

std::string id_of(std::uint64_t events) {
  return "cart-" + std::to_string(events);
}

std::uint64_t replayed(std::uint64_t events, std::uint64_t every) {
  if (every == 0) return events;
  return events > every ? behind_snapshot : 0;
}

/// Makes a cart with so many events. A host is sent the last ones as commands, and takes as many snapshots as it keeps.
void make_cart(const std::shared_ptr<reprise::journal>& journal,
               const std::string& id,
               std::uint64_t events,
               std::uint64_t every,
               result& found) {
  if (every == 0) return fill(*journal, {id}, events);
  const reprise::snapshot_policy policy{.every_events = every};
  const std::uint64_t last = events - replayed(events, every);
  const std::uint64_t snapshots = std::min<std::uint64_t>(policy.keep, last / every);
  const std::uint64_t saved_before = journal->snapshots()->stats().saved;
  std::uint64_t version = last - (snapshots - 1) * every - 1;
  fill(*journal, {id}, version);
  reprise::host host(host_on(journal));
  const auto carts = host.aggregates<shop::shopping_cart>(policy);
  for (; version < events; ++version) {
    const auto quantity = static_cast<std::int64_t>(1 + version % 1'000);
    carts.send(id, shop::change_quantity{product, quantity}).get();
  }
  stop(host, found);
  const std::uint64_t saved = journal->snapshots()->stats().saved - saved_before;
  if (saved != snapshots) {
    found.add_problem(std::to_string(events) + " events: " + std::to_string(saved)
                      + " snapshots were saved");
  }
}

/// Opens carts of different ages in one journal, on a fresh host each time: what the first answer takes.
class long_life {
 public:
  long_life(const settings& how, result& found)
      : how_(how), found_(found), directory_(how.directory / "long_life") {}

  void run() {
    const std::uint64_t oldest = how_.long_life_events;
    const std::vector<std::uint64_t> with{few, dedup_window, oldest};
    const std::vector<std::uint64_t> without{oldest / 10, oldest};
    make(with, few);
    make(without, 0);
    for (std::size_t round = 0; round < how_.rounds; ++round) {
      show_progress(found_, round, how_);
      const auto opened = open_in_turn(with, few);
      const std::string policy = "a snapshot every " + std::to_string(few);
      found_.add_ratio(policy + ": oldest / youngest", target{2.0, false}, opened[2] / opened[0]);
      found_.add_ratio(policy + ": oldest / one of " + std::to_string(dedup_window) + " events",
                       std::nullopt, opened[2] / opened[1]);
      const auto replayed_whole = open_in_turn(without, 0);
      found_.add_ratio("no snapshots: oldest / ten times younger", std::nullopt,
                       replayed_whole[1] / replayed_whole[0]);
    }
    add_facts();
    fs::remove_all(directory_);
  }

 private:
  void add_facts() {
    found_.add_fact("time from a query to its answer, the first of this cart on a fresh host whose "
                    "stores are open, read from the system's cache: of each round the median");
    found_.add_fact(std::to_string(behind_snapshot)
                    + " events are behind the last snapshot of all but the youngest");
    found_.add_fact("a snapshot holds the cart's last command ids, up to "
                    + std::to_string(dedup_window) + ": the youngest has " + std::to_string(few)
                    + ", the others all of them");
  }

  static std::string name_of(std::uint64_t events, std::uint64_t every) {
    return std::to_string(events) + " events, "
           + (every == 0 ? "no snapshots" : "a snapshot every " + std::to_string(every));
  }

  fs::path place(std::uint64_t every) const { return directory_ / std::to_string(every); }

  void make(const std::vector<std::uint64_t>& ages, std::uint64_t every) {
    fs::create_directories(directory_);
    const auto journal = reprise::rocksdb_at(place(every));
    make_cart(journal, other_cart, few, every, found_);
    for (const std::uint64_t events : ages)
      make_cart(journal, id_of(events), events, every, found_);
  }

  /// Opens carts of these ages in turn for a while, since one answer of a millisecond says little. Returns the median of each, in
  /// milliseconds.
  std::vector<double> open_in_turn(const std::vector<std::uint64_t>& ages, std::uint64_t every) {
    std::vector<std::vector<double>> took(ages.size());
    const auto end = std::chrono::steady_clock::now()
                     + static_cast<double>(ages.size()) * how_.measured;
    do {
      for (std::size_t i = 0; i < ages.size(); ++i) took[i].push_back(open(ages[i], every));
    } while (std::chrono::steady_clock::now() < end);
    std::vector<double> medians;
    for (std::size_t i = 0; i < ages.size(); ++i) {
      medians.push_back(spread_of(took[i]).median);
      found_.add(name_of(ages[i], every), "ms", medians.back());
    }
    return medians;
  }

  /// Returns milliseconds.
  double open(std::uint64_t events, std::uint64_t every) {
    reprise::host host(host_on(reprise::rocksdb_at(place(every))));
    const auto carts = host.aggregates<shop::shopping_cart>();
    carts.query(other_cart).get();
    const std::uint64_t replayed_before = host.stats().replayed_events;
    const auto begin = std::chrono::steady_clock::now();
    const auto seen = carts.query(id_of(events)).get();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    const std::string name = name_of(events, every);
    if (seen.version != events) {
      found_.add_problem(name + ": the cart is at version " + std::to_string(seen.version));
    }
    const std::uint64_t count = host.stats().replayed_events - replayed_before;
    if (count != replayed(events, every)) {
      found_.add_problem(name + ": " + std::to_string(count) + " events were replayed");
    }
    stop(host, found_);
    return took.count();
  }

  const settings& how_;
  result& found_;
  const fs::path directory_;
};

}  // namespace

void measure_long_life(const settings& how, result& found) {
  long_life(how, found).run();
}

}  // namespace bench
