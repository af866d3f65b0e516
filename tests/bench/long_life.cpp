#include "bench/carts.hpp"
#include "bench/scenario.hpp"
#include "reprise/rocksdb_journal.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace bench {

namespace {

namespace fs = std::filesystem;

/// Opens carts of different ages, each alone on a journal of its own: what its first answer takes.
class long_life {
 public:
  long_life(const settings& how, result& found)
      : how_(how), found_(found), directory_(how.directory / "long_life") {}

  void run() {
    for (std::uint64_t events = few; events <= how_.long_life_events; events *= 10) {
      ages_.push_back(events);
      make(events, 0);
      make(events, few);
    }
    for (std::size_t round = 0; round < how_.rounds; ++round) {
      show_progress(found_, round, how_);
      std::vector<double> with, without;
      for (const std::uint64_t events : ages_) {
        without.push_back(open(events, 0));
        with.push_back(open(events, few));
      }
      found_.add_ratio("a snapshot every " + std::to_string(few) + ": oldest / youngest",
                       target{2.0, false}, with.back() / with.front());
      found_.add_ratio("no snapshots: oldest / ten times younger", std::nullopt,
                       without.back() / without[without.size() - 2]);
    }
    found_.add_fact("time from the first query of a fresh host to its answer, one cart on a "
                    "journal of its own, read from the "
                    "system's cache");
    fs::remove_all(directory_);
  }

 private:
  static constexpr std::uint64_t few = 100;

  fs::path place(std::uint64_t events, std::uint64_t every) const {
    return directory_ / (std::to_string(events) + "_" + std::to_string(every));
  }

  /// Makes a journal of one cart with so many events, the last of which is sent through a host, which takes its snapshots.
  void make(std::uint64_t events, std::uint64_t every) {
    const std::vector<std::string> ids{"cart-42"};
    fs::create_directories(directory_);
    fill(*reprise::rocksdb_at(place(events, every)), ids, events - 1);
    const auto journal = reprise::rocksdb_at(place(events, every));
    reprise::host host(host_on(journal));
    const auto carts = host.aggregates<shop::shopping_cart>({.every_events = every});
    carts.send(ids.front(), shop::add_product{product, 1}).get();
    // It may be taken a little behind the answer, and a host that stops before takes none.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (every != 0 && journal->snapshots()->stats().saved == 0
           && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    stop(host, found_);
  }

  /// Returns milliseconds.
  double open(std::uint64_t events, std::uint64_t every) {
    reprise::host host(host_on(reprise::rocksdb_at(place(events, every))));
    const auto carts = host.aggregates<shop::shopping_cart>();
    const auto begin = std::chrono::steady_clock::now();
    const auto seen = carts.query("cart-42").get();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    const std::string name = std::to_string(events) + " events, "
                             + (every == 0 ? "no snapshots"
                                           : "a snapshot every " + std::to_string(every));
    if (seen.version != events) {
      found_.add_problem(name + ": the cart is at version " + std::to_string(seen.version));
    }
    const std::uint64_t replayed = host.stats().replayed_events;
    if (replayed != (every == 0 ? events : 0)) {
      found_.add_problem(name + ": " + std::to_string(replayed) + " events were replayed");
    }
    stop(host, found_);
    found_.add(name, "ms", took.count());
    return took.count();
  }

  const settings& how_;
  result& found_;
  const fs::path directory_;
  std::vector<std::uint64_t> ages_;
};

}  // namespace

void measure_long_life(const settings& how, result& found) {
  long_life(how, found).run();
}

}  // namespace bench
