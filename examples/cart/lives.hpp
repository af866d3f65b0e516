#pragma once

#include "cart/runtime_settings.hpp"
#include "cart/status_line.hpp"
#include "cart/stores.hpp"
#include "reprise/host.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace simulation {

/// One runtime after the other on the same journal.
class lives {
 public:
  /// What all runtimes did together.
  struct totals {
    std::uint64_t recovered = 0;  ///< carts that had a history
    std::uint64_t replayed_events = 0;
    std::chrono::nanoseconds replay_time{};
  };

  /// Puts something of one's own between a runtime and its journal.
  using decorator =
      std::function<std::shared_ptr<reprise::journal>(std::shared_ptr<reprise::journal>)>;

  /// Opens the journal, whose `directory` only one in RocksDB has. Throws what `reprise::rocksdb_at` throws. `status`
  /// outlives it, and is told what the runtime logs. Each runtime gets the journal that `decorate` makes of it, if
  /// there is one.
  lives(store_kind journal,
        std::filesystem::path directory,
        status_line& status,
        const runtime_settings& settings,
        decorator decorate = {});

  /// Starts a runtime. A journal that another one has used is opened again first.
  void start();

  /// The same for a runtime that is only asked what carts hold. It keeps to the settings but for `command_timeout`: how
  /// long an answer may take is for whoever asks to say.
  void start_to_ask();

  /// Begins to stop the runtime, and returns; commands may go on coming. `then` is called on another thread when it
  /// has stopped.
  void begin_stop(std::function<void()> then);
  bool has_stopped() const noexcept { return has_stopped_; }

  /// Waits until the runtime has stopped, and ends it. Returns what did not stop in time, or nothing.
  std::string finish_stop();

  bool is_running() const noexcept { return host_.has_value(); }
  const reprise::host& host() const { return *host_; }
  const reprise::aggregates<shop::shopping_cart>& carts() const { return *carts_; }
  const simulation::store& store() const noexcept { return store_; }
  totals so_far() const;

 private:
  void start(const runtime_settings& settings);

  status_line& status_;
  runtime_settings settings_;
  decorator decorate_;
  simulation::store store_;
  bool was_used_ = false;
  totals earlier_;
  std::optional<reprise::host> host_;
  std::optional<reprise::aggregates<shop::shopping_cart>> carts_;
  reprise::stop_report stopped_;
  std::atomic<bool> has_stopped_ = false;
  std::jthread stopper_;
};

}  // namespace simulation
