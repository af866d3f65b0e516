#include "bench/carts.hpp"
#include "bench/child_process.hpp"
#include "bench/scenario.hpp"
#include "reprise/caf.hpp"
#include "stress/allocator.hpp"

#include <algorithm>
#include <atomic>
#include <iostream>
#include <stdexcept>
#include <thread>

namespace bench {

namespace {

/// A journal that keeps nothing, so that the memory of a process is that of its carts. Each stream begins with
/// as many events as it is told, and every append is accepted.
class forgetful_journal final : public reprise::journal {
 public:
  explicit forgetful_journal(bool has_history) : has_history_(has_history) {
    reprise::encode_event<shop::shopping_cart>(shop::product_added_to_cart{product, 1}, history_);
  }

  std::vector<reprise::append_result> append(std::span<const reprise::commit> batch) override {
    std::vector<reprise::append_result> results;
    for (const reprise::commit& c : batch) {
      results.push_back({true, c.expected_version + c.events->count(), ++position_});
    }
    return results;
  }

  void read_stream(std::string_view stream,
                   std::uint64_t from_version,
                   const reprise::commit_visitor& visit) const override {
    if (!has_history_ || from_version > 1) return;
    reprise::commit_view c;
    c.stream = stream;
    c.first_version = 1;
    c.first_position = 1;
    c.command_id = "0123456789abcde";
    c.events.push_back({shop::product_added_to_cart::event_name,
                        reprise::detail::class_version<shop::product_added_to_cart>, payload()});
    visit(c);
  }

  void read_all(std::uint64_t, const reprise::commit_visitor&) const override {}
  void verify(const reprise::commit_visitor&, const reprise::damage_visitor&) const override {}
  std::uint64_t last_position() const override { return position_; }
  reprise::journal_stats stats() const override { return {}; }

 private:
  /// The payload is behind the event's name, its length, its schema version and its own length.
  std::string_view payload() const {
    return history_.bytes().substr(1 + shop::product_added_to_cart::event_name.size() + 8);
  }

  bool has_history_;
  reprise::encoded_events history_;
  std::uint64_t position_ = 0;
};

/// The least that CAF can do: an actor that has handled one message and waits for the next.
class bare_actor final : public caf::event_based_actor {
 public:
  bare_actor(caf::actor_config& config, std::atomic<std::size_t>& handled)
      : caf::event_based_actor(config), handled_(handled) {}

  caf::behavior make_behavior() override {
    return {[this](int) { handled_.fetch_add(1); }};
  }

 private:
  std::atomic<std::size_t>& handled_;
};

/// Waits until no thread frees or allocates any more, and returns the bytes in use then.
std::size_t settled_bytes_in_use() {
  std::size_t last = stress::bytes_in_use();
  for (int looks = 0, calm = 0; looks < 500 && calm < 5; ++looks) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const std::size_t now = stress::bytes_in_use();
    calm = now == last ? calm + 1 : 0;
    last = now;
  }
  return last;
}

/// Returns the bytes of one actor. The first tenth pays for what every later one shares.
template <class MakeMore>
double bytes_of_one(std::size_t actors, MakeMore make_more) {
  const std::size_t first = actors / 10;
  make_more(first);
  const std::size_t before = settled_bytes_in_use();
  make_more(actors - first);
  const std::size_t after = settled_bytes_in_use();
  return static_cast<double>(after - before) / static_cast<double>(actors - first);
}

double bare_actor_bytes(std::size_t actors) {
  const auto config = reprise::system_config(0);
  caf::actor_system system(*config);
  std::atomic<std::size_t> handled{0};
  std::vector<caf::actor> all;
  all.reserve(actors);
  const double bytes = bytes_of_one(actors, [&](std::size_t more) {
    for (std::size_t i = 0; i < more; ++i) {
      all.push_back(system.spawn<bare_actor, caf::lazy_init>(handled));
      reprise::tell(all.back(), 1);
    }
    while (handled.load() != all.size()) std::this_thread::yield();
  });
  for (const caf::actor& a : all) reprise::tell_to_stop(a);
  return bytes;
}

/// `Requests` is what each cart is asked, once.
template <class Requests>
double cart_bytes(std::size_t carts, bool has_history) {
  result found("", "");
  const std::vector<std::string> ids = make_cart_ids(carts);
  reprise::host host(host_on(std::make_shared<forgetful_journal>(has_history)));
  const Requests ask(host.aggregates<shop::shopping_cart>(), ids);
  closed_loop asking(std::min<std::size_t>(64, carts), ask);
  const double bytes = bytes_of_one(
      carts, [&](std::size_t more) { check_accepted(asking.run(more), "a cart", found); });
  if (host.stats().live != carts) found.add_problem("not every cart is live");
  if (!found.problems.empty()) throw std::runtime_error(found.problems.front());
  return bytes;
}

}  // namespace

int run_as_child(const std::string& child, std::size_t actors) {
  if (child == "bare") {
    std::cout << bare_actor_bytes(actors) << '\n';
  } else if (child == "commanded") {
    std::cout << cart_bytes<cart_commands>(actors, false) << '\n';
  } else if (child == "recovered") {
    std::cout << cart_bytes<cart_queries>(actors, true) << '\n';
  } else {
    throw std::runtime_error("there is no child called " + child);
  }
  return 0;
}

void measure_idle_bytes(const settings& how, result& found) {
  const auto measure = [&how](const std::string& child) {
    return std::stod(
        output_of_self({"--child", child, "--actors", std::to_string(how.idle_actors)}));
  };
  for (std::size_t round = 0; round < how.rounds; ++round) {
    show_progress(found, round, how);
    const double bare = measure("bare");
    const double commanded = measure("commanded");
    const double recovered = measure("recovered");
    found.add("bare CAF actor that handled a message", "bytes", bare);
    found.add("cart that handled a command", "bytes", commanded);
    found.add("cart that recovered one event", "bytes", recovered);
    found.add_ratio("cart that handled a command / bare actor", target{1.5, false},
                    commanded / bare);
    found.add_ratio("cart that recovered / bare actor", target{1.5, false}, recovered / bare);
  }
  found.add_fact(
      std::to_string(how.idle_actors)
      + " of each in a process of its own; what malloc has given out, its own overhead included");
}

}  // namespace bench
