#include "bench/bare_rocksdb.hpp"
#include "bench/carts.hpp"
#include "bench/scenario.hpp"
#include "reprise/dedup_window.hpp"
#include "reprise/memory_journal.hpp"
#include "reprise/rocksdb_journal.hpp"
#include "reprise/stream.hpp"

#include <chrono>
#include <functional>
#include <stdexcept>

namespace bench {

namespace {

namespace fs = std::filesystem;

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Makes a journal of carts with so many events each. It is closed once it is full, so that whoever opens it
/// finds table files, as after a restart, and not what happens to be in memory.
void make_journal(const fs::path& directory,
                  const std::vector<std::string>& ids,
                  std::uint64_t events_per_cart) {
  fill(*reprise::rocksdb_at(directory), ids, events_per_cart);
  reprise::rocksdb_at(directory);
}

/// Rebuilds a cart as an aggregate's actor is rebuilt: from its events, with the ids of its last commands.
std::uint64_t rebuild(const reprise::journal& from, const std::string& id) {
  const auto& model = reprise::model_of<shop::shopping_cart>();
  const auto cart = model.make();
  reprise::dedup_window window(1'000);
  const reprise::timestamp now = reprise::host_config::system_time();
  std::uint64_t version = 0;
  from.read_stream(reprise::stream_name(model.category(), id), 1,
                   [&](const reprise::commit_view& c) {
                     for (const reprise::event_view& e : c.events) cart->replay(e);
                     version = c.last_version();
                     const auto count = static_cast<std::uint32_t>(c.events.size());
                     window.remember(c.command_id, {version, count, c.time}, now);
                     return true;
                   });
  return version;
}

class replay {
 public:
  replay(const settings& how, result& found)
      : how_(how),
        found_(found),
        ids_(make_cart_ids(how.carts)),
        directory_(how.directory / "replay"),
        events_(how.carts * how.replayed_events) {}

  void run() {
    make_journal(directory_, ids_, how_.replayed_events);
    for (std::size_t round = 0; round < how_.rounds; ++round) {
      show_progress(found_, round, how_);
      double rebuilding = 0;
      double decoding = 0;
      if (round % 2 == 0) {
        rebuilding = rebuild_all();
        decoding = scan_and_decode();
      } else {
        decoding = scan_and_decode();
        rebuilding = rebuild_all();
      }
      const double scanning = scan();
      found_.add_ratio("rebuilding / bare scan that decodes", target{0.5}, rebuilding / decoding);
      found_.add_ratio("rebuilding / bare scan of records", std::nullopt, rebuilding / scanning);
      found_.add_ratio("reading all in order / bare scan of records", std::nullopt,
                       read_all() / scanning);
      found_.add_ratio("through the host / bare scan that decodes", std::nullopt,
                       wake_all() / decoding);
    }
    found_.add_fact(std::to_string(how_.carts) + " carts with "
                    + std::to_string(how_.replayed_events)
                    + " events each, opened anew for each turn, read from the system's cache");
    fs::remove_all(directory_);
  }

 private:
  /// Returns events per second, of one thread.
  double rebuild_all() {
    const auto journal = reprise::rocksdb_at(directory_, {.read_only = true});
    std::uint64_t events = 0;
    const double seconds = seconds_of([&] {
      for (const std::string& id : ids_) events += rebuild(*journal, id);
    });
    return rate("rebuilding cart by cart, one thread", events, seconds);
  }

  /// Every event as the program has it, and no aggregate.
  double scan_and_decode() {
    std::uint64_t products = 0;
    const auto decode = [&products](const reprise::event_view& stored) {
      reprise::decode_event<shop::shopping_cart>(stored, [&products]<class Event>(const Event& e) {
        if constexpr (requires { e.product_id; }) products += e.product_id.size();
      });
    };
    const double per_second = scan("bare scan that decodes, one thread", decode);
    if (products == 0) found_.add_problem("the bare scan decoded no event of a product");
    return per_second;
  }

  double scan() { return scan("bare scan of records, one thread", {}); }

  double scan(const std::string& what, const std::function<void(const reprise::event_view&)>& use) {
    const bare_scan from(directory_);
    std::uint64_t events = 0;
    const double seconds = seconds_of([&] { events = from.run(use); });
    return rate(what, events, seconds);
  }

  double read_all() {
    const auto journal = reprise::rocksdb_at(directory_, {.read_only = true});
    std::uint64_t events = 0;
    const double seconds = seconds_of([&] {
      journal->read_all(1, [&events](const reprise::commit_view& c) {
        events += c.events.size();
        return true;
      });
    });
    return rate("reading all in order, one thread", events, seconds);
  }

  double wake_all() {
    reprise::host host(host_on(reprise::rocksdb_at(directory_)));
    closed_loop asking(1'024, cart_queries(host.aggregates<shop::shopping_cart>(), ids_));
    const loop_result ran = asking.run(ids_.size());
    check_accepted(ran, "waking the carts", found_);
    stop(host, found_);
    return rate("waking all carts of a host", host.stats().replayed_events, ran.seconds);
  }

  double rate(const std::string& what, std::uint64_t events, double seconds) {
    if (events != events_) {
      found_.add_problem(what + ": there were " + std::to_string(events) + " events instead of "
                         + std::to_string(events_));
    }
    const double per_second = static_cast<double>(events) / seconds;
    found_.add(what, "events/s", per_second);
    return per_second;
  }

  const settings& how_;
  result& found_;
  const std::vector<std::string> ids_;
  const fs::path directory_;
  const std::uint64_t events_;
};

constexpr std::size_t events_of_old_carts = 10;

class spawning {
 public:
  spawning(const settings& how, result& found)
      : how_(how),
        found_(found),
        ids_(make_cart_ids(how.spawned_carts)),
        empty_(how.directory / "empty"),
        old_(how.directory / "old") {}

  void run() {
    make_journal(empty_, ids_, 0);
    make_journal(old_, ids_, events_of_old_carts);
    const auto empty_memory = reprise::in_memory();
    const auto old_memory = reprise::in_memory();
    fill(*old_memory, ids_, events_of_old_carts);
    for (std::size_t round = 0; round < how_.rounds; ++round) {
      show_progress(found_, round, how_);
      const double new_ones = wake(reprise::rocksdb_at(empty_), "new", "RocksDB", 0);
      const double new_in_memory = wake(empty_memory, "new", "memory", 0);
      const double old_ones = wake(reprise::rocksdb_at(old_), "10 events each", "RocksDB",
                                   events_of_old_carts);
      const double old_in_memory = wake(old_memory, "10 events each", "memory",
                                        events_of_old_carts);
      found_.add_ratio("new, RocksDB / memory", std::nullopt, new_ones / new_in_memory);
      found_.add_ratio("10 events each, RocksDB / memory", std::nullopt, old_ones / old_in_memory);
    }
    found_.add_fact(std::to_string(how_.spawned_carts) + " carts a round, each asked one query");
    fs::remove_all(empty_);
    fs::remove_all(old_);
  }

 private:
  double wake(std::shared_ptr<reprise::journal> journal,
              const std::string& carts,
              const std::string& store,
              std::uint64_t events) {
    reprise::host host(host_on(std::move(journal)));
    closed_loop asking(1'024, cart_queries(host.aggregates<shop::shopping_cart>(), ids_));
    const loop_result ran = asking.run(ids_.size());
    check_accepted(ran, carts + ", " + store, found_);
    stop(host, found_);
    const reprise::host_stats stats = host.stats();
    if (stats.recovered != ids_.size() || stats.replayed_events != ids_.size() * events) {
      found_.add_problem(carts + ", " + store + ": " + std::to_string(stats.recovered)
                         + " carts and " + std::to_string(stats.replayed_events)
                         + " events were recovered");
    }
    found_.add(carts + ", " + store, "carts/s", ran.per_second());
    return ran.per_second();
  }

  const settings& how_;
  result& found_;
  const std::vector<std::string> ids_;
  const fs::path empty_;
  const fs::path old_;
};

}  // namespace

void measure_replay(const settings& how, result& found) {
  replay(how, found).run();
}
void measure_spawn(const settings& how, result& found) {
  spawning(how, found).run();
}

}  // namespace bench
