#include "bench/carts.hpp"
#include "bench/scenario.hpp"
#include "bench/sync_gate.hpp"
#include "reprise/rocksdb_journal_env.hpp"
#include "reprise/stream.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace bench {

namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t carts = 100;
constexpr std::size_t commands = 1'000;
constexpr std::size_t queries = 100;
constexpr std::size_t events_of_each_cart = 1 + commands / carts;

/// Waits until `is_so()`, and returns whether it was by then.
template <class Condition>
bool wait_for(Condition is_so, steady_clock::duration most) {
  const auto end = steady_clock::now() + most;
  while (!is_so()) {
    if (steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// What a host did while syncs were held back, and after.
struct watched {
  std::size_t commands_answered_early = 0;
  std::size_t queries_answered_early = 0;
  bool sync_waited = false;
  bool all_answered = false;
  std::size_t accepted = 0;
};

class watch {
 public:
  watch(const std::filesystem::path& directory, bool syncs, std::chrono::milliseconds held)
      : directory_(directory), syncs_(syncs), held_(held), ids_(make_cart_ids(carts)) {}

  watched run(result& found) {
    reprise::detail::rocksdb_seams seams;
    seams.syncs = syncs_;
    reprise::host host(host_on(reprise::detail::rocksdb_at(directory_, {}, seams)));
    const auto handle = host.aggregates<shop::shopping_cart>();
    const cart_commands send(handle, ids_);
    closed_loop filling(carts, send);
    check_accepted(filling.run(carts), "the first commands", found);

    sync_gate::hold();
    for (std::size_t i = 0; i < commands; ++i)
      send(carts + i, [this](const reprise::answer& a) { on_command(a); });
    const cart_queries ask(handle, ids_);
    for (std::size_t i = 0; i < queries; ++i) ask(i, [this](const auto&) { ++queries_answered_; });
    watched seen;
    seen.sync_waited = wait_for([] { return sync_gate::waiting() != 0; }, seconds(syncs_ ? 10 : 0));
    wait_for([this] { return commands_answered_ == commands; }, held_);
    seen.commands_answered_early = commands_answered_;
    seen.queries_answered_early = queries_answered_;
    sync_gate::release();

    seen.all_answered = wait_for(
        [this] { return commands_answered_ == commands && queries_answered_ == queries; },
        seconds(30));
    seen.accepted = accepted_;
    stop(host, found);
    return seen;
  }

  /// Returns the first thing that is not as it should be in the journal, opened anew; empty if all is.
  std::string look_again() const {
    const auto journal = reprise::rocksdb_at(directory_, {.read_only = true});
    if (journal->last_position() != carts * events_of_each_cart) {
      return std::to_string(journal->last_position()) + " events are in the journal";
    }
    for (const std::string& id : ids_) {
      const auto cart = reprise::stream<shop::shopping_cart>(*journal, id).load();
      if (cart.version != events_of_each_cart || cart.state.items.size() != 1
          || cart.state.items.at(product) != static_cast<std::int64_t>(1 + events_of_each_cart)) {
        return id + " is not as it was commanded";
      }
    }
    return {};
  }

 private:
  void on_command(const reprise::answer& a) {
    if (a.kind == reprise::answer_kind::accepted) ++accepted_;
    ++commands_answered_;
  }

  const std::filesystem::path directory_;
  const bool syncs_;
  const std::chrono::milliseconds held_;
  const std::vector<std::string> ids_;
  std::atomic<std::size_t> commands_answered_{0};
  std::atomic<std::size_t> queries_answered_{0};
  std::atomic<std::size_t> accepted_{0};
};

std::string of(std::size_t part, std::size_t whole, const char* what) {
  return std::to_string(part) + " of " + std::to_string(whole) + what;
}

}  // namespace

void prove_sync(const settings& how, result& found) {
  watch ours(how.directory / "proof", true, seconds(2));
  const watched seen = ours.run(found);
  if (!seen.sync_waited) found.add_problem("no sync was asked for within ten seconds");
  if (seen.commands_answered_early != 0)
    found.add_problem("commands were answered before the sync");
  if (seen.queries_answered_early != 0) found.add_problem("queries saw what was not synced");
  if (!seen.all_answered || seen.accepted != commands)
    found.add_problem("not all were accepted in the end");
  if (const std::string wrong = ours.look_again(); !wrong.empty()) found.add_problem(wrong);
  found.add_fact("with the sync held back for two seconds: "
                 + of(seen.commands_answered_early, commands, " commands and ")
                 + of(seen.queries_answered_early, queries, " queries answered"));
  found.add_fact(
      "once it was released: "
      + of(seen.accepted, commands, " commands accepted, and all carts right after reopening"));

  // A watch that can see nothing proves nothing: it has to catch a journal that does not sync.
  watch sabotaged(how.directory / "sabotage", false, seconds(10));
  const watched caught = sabotaged.run(found);
  if (caught.commands_answered_early != commands) {
    found.add_problem("the watch did not catch a journal that acknowledges without a sync");
  }
  found.add_fact("with a journal that does not sync, the same watch sees "
                 + of(caught.commands_answered_early, commands, " commands answered"));
}

}  // namespace bench
