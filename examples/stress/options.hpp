#pragma once

#include "cart/runtime_settings.hpp"
#include "cart/stores.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stress {

/// What is sent. A view is a query: it sees the cart and records nothing.
enum class command_kind : std::uint8_t { add_product, remove_product, view, check_out };

inline constexpr std::array all_command_kinds{command_kind::add_product,
                                              command_kind::remove_product, command_kind::view,
                                              command_kind::check_out};

/// Returns the name that the acknowledgement log and the reports have for it: as it is written above.
std::string_view to_string(command_kind kind) noexcept;

/// How often each command is sent, in proportion to the others.
struct command_mix {
  std::array<std::uint32_t, all_command_kinds.size()> weights{60, 20, 15, 5};

  friend bool operator==(const command_mix&, const command_mix&) = default;
};

/// How often each cart is chosen.
struct cart_distribution {
  enum class shape : std::uint8_t {
    uniform,  ///< each as often as any other
    zipf,     ///< the n-th one 1 / n^`exponent` times as often as the first
    hot,      ///< a part of them gets a part of the commands; within each part all the same
    latest,   ///< like zipf with 0.99, the cart that was opened last first
  };

  shape form = shape::zipf;
  double exponent = 0.99;          ///< of zipf, above 0
  double hot_carts = 0;            ///< the part of the carts that is hot, 0 to 1
  double hot_commands = 0;         ///< the part of the commands that the hot ones get, 0 to 1
  std::string text = "zipf:0.99";  ///< as it was written
};

/// When commands of an open loop are due.
enum class arrivals : std::uint8_t {
  poisson,  ///< each independent of all others, as those of many people are
  fixed,    ///< one like the other, in equal steps
};

/// How often a run does harm to the runtime, in times a second; 0 is never.
struct chaos_rates {
  double crash = 0;      ///< of a cart's actor
  double passivate = 0;  ///< of a cart's actor
  double restart = 0;    ///< of the runtime, on the journal opened again
};

/// What a threshold is about.
enum class metric : std::uint8_t {
  p50,
  p90,
  p99,
  p999,
  max,
  rate,
  accepted,
  refused,
  overloaded,
  unavailable,
  unknown
};

enum class comparison : std::uint8_t { above, below, at_least, at_most };

/// A condition that a result is not to meet.
struct threshold {
  std::string text;  ///< as it was written
  metric what = metric::p99;
  comparison how = comparison::above;
  bool is_per_second = false;  ///< a count is compared as so many a second
  double limit = 0;            ///< nanoseconds, or a count
};

/// How a machine is put under load.
struct options {
  // The load.
  std::size_t clients = 64;    ///< of a closed loop
  std::size_t window = 1;      ///< commands that each of them has under way
  std::optional<double> rate;  ///< commands a second, all together: an open loop
  arrivals arrive = arrivals::poisson;
  std::chrono::nanoseconds warmup{};
  std::optional<std::chrono::nanoseconds> duration;  ///< after the warm-up
  std::optional<std::uint64_t> commands;             ///< after the warm-up
  std::size_t carts = 1'000;                         ///< open at a time
  cart_distribution distribution;
  command_mix mix;
  std::size_t payload = 10;   ///< bytes of a product id
  std::uint32_t retries = 3;  ///< times that a command of unknown outcome is sent again
  std::uint64_t seed = 0;

  // Where.
  simulation::store_kind journal = simulation::store_kind::rocksdb;
  std::filesystem::path directory;    ///< of a RocksDB journal; empty: a new one here
  std::filesystem::path ack_log;      ///< empty: none
  std::filesystem::path resend_from;  ///< empty: nothing to send again

  simulation::runtime_settings runtime;
  chaos_rates chaos;
  bool verify = false;  ///< checks every cart in the end
  std::vector<threshold> fail_if;

  std::filesystem::path metrics;                                ///< empty: none
  std::filesystem::path timeseries;                             ///< empty: none
  std::chrono::nanoseconds interval = std::chrono::seconds(1);  ///< between lines of progress
};

}  // namespace stress
