#include "bench/carts.hpp"
#include "bench/scenario.hpp"
#include "reprise/rocksdb_journal.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <vector>

namespace bench {

namespace {

namespace fs = std::filesystem;

/// A host whose carts were all asleep, and are all asked at once, while some that are awake are in use.
class stampede {
 public:
  stampede(const settings& how, result& found)
      : how_(how),
        found_(found),
        asleep_(make_cart_ids(how.stampede_carts)),
        directory_(how.directory / "stampede") {
    for (std::size_t i = 0; i < awake_carts; ++i) awake_.push_back("awake-" + std::to_string(i));
  }

  void run() {
    fill(*reprise::rocksdb_at(directory_), asleep_, events_of_each);
    for (std::size_t round = 0; round < how_.rounds; ++round) {
      show_progress(found_, round, how_);
      run_round();
    }
    found_.add_fact(std::to_string(how_.stampede_carts) + " carts of "
                    + std::to_string(events_of_each) + " events wake at once, "
                    + std::to_string(window) + " commands to " + std::to_string(awake_carts)
                    + " awake ones in flight meanwhile");
    fs::remove_all(directory_);
  }

 private:
  static constexpr std::size_t awake_carts = 1'000;
  static constexpr std::size_t events_of_each = 10;
  static constexpr std::size_t window = 16;

  void run_round() {
    reprise::host_config config = host_on(reprise::rocksdb_at(directory_));
    config.max_in_flight = 2 * how_.stampede_carts + 1'000;
    reprise::host host(std::move(config));
    const auto carts = host.aggregates<shop::shopping_cart>();
    latency_histogram calm, stormy;
    closed_loop warming(window, cart_queries(carts, awake_));
    check_accepted(warming.run(awake_.size()), "waking a few", found_);

    closed_loop before(window, cart_commands(carts, awake_), &calm);
    check_accepted(before.run(how_.measured), "before", found_);

    std::atomic<std::uint64_t> woken{0}, served{0};
    const auto begin = std::chrono::steady_clock::now();
    const std::size_t all = asleep_.size();
    std::promise<void> all_woken;
    for (const std::string& id : asleep_) {
      carts.query(
          id, [](const shop::shopping_cart& cart) { return cart.items.size(); },
          [&](const reprise::observed<std::size_t>& seen) {
            if (seen.kind == reprise::answer_kind::accepted) served.fetch_add(1);
            if (woken.fetch_add(1) + 1 == all) all_woken.set_value();
          });
    }
    closed_loop during(window, cart_commands(carts, awake_), &stormy);
    auto is_over = all_woken.get_future();
    while (is_over.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      check_accepted(during.run(std::chrono::duration<double>(0.05)), "during", found_);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (served != all) {
      found_.add_problem(std::to_string(all - served) + " carts were not served when they woke");
    }
    stop(host, found_);
    found_.add("carts that wake", "carts/s", static_cast<double>(all) / took.count());
    add(calm, "p99 of awake carts, nothing else");
    add(stormy, "p99 of awake carts, while all others wake");
    found_.add_ratio("p99 while all others wake / p99 without", std::nullopt,
                     std::chrono::duration<double>(stormy.percentile(0.99))
                         / std::chrono::duration<double>(calm.percentile(0.99)));
  }

  void add(const latency_histogram& of, const std::string& name) {
    found_.add(name, "ms", std::chrono::duration<double, std::milli>(of.percentile(0.99)).count());
  }

  const settings& how_;
  result& found_;
  const std::vector<std::string> asleep_;
  std::vector<std::string> awake_;
  const fs::path directory_;
};

}  // namespace

void measure_stampede(const settings& how, result& found) {
  stampede(how, found).run();
}

}  // namespace bench
