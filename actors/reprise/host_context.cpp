#include "reprise/host_context.hpp"

#include "reprise/delivery.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <random>
#include <string_view>
#include <utility>

namespace reprise {

namespace {

/// Writes `number` with `size` digits to base 62 before `end`.
void write_base62(char* end, std::size_t size, std::uint64_t number) {
  static constexpr std::string_view digits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (std::size_t i = 0; i < size; ++i) {
    *--end = digits[number % digits.size()];
    number /= digits.size();
  }
}

std::uint64_t random_number() {
  std::random_device source;
  return (std::uint64_t{source()} << 32U) | source();
}

}  // namespace

host_context::host_context(host_config c, host_sources sources)
    : config(std::move(c)),
      gate(std::make_shared<admission>(config.max_in_flight, config.command_timeout)),
      sources_(std::move(sources)),
      random_state_(sources_.seed ? *sources_.seed : random_number()),
      // 15 bytes are what a std::string holds without an allocation.
      first_id_(15, '0') {
  write_base62(first_id_.data() + 9, 9, random_number());
}

std::chrono::milliseconds host_context::backoff(std::uint32_t failures) noexcept {
  if (failures == 0) return {};
  const auto least = static_cast<double>(config.restart_backoff_min.count());
  const auto most = static_cast<double>(config.restart_backoff_max.count());
  const double whole = std::min(most,
                                std::ldexp(least, static_cast<int>(std::min(failures, 64U)) - 1));
  const double less = chance() * static_cast<double>(config.restart_jitter_percent) / 100;
  // Never none at all: nothing is to be read again and again.
  return std::chrono::milliseconds(std::max<std::int64_t>(1, std::llround(whole * (1 - less))));
}

double host_context::chance() noexcept {
  // SplitMix64: each thread takes a number of its own out of one sequence.
  std::uint64_t z = random_state_.fetch_add(0x9E37'79B9'7F4A'7C15U, std::memory_order_relaxed);
  z = (z ^ (z >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D0'49BB'1331'11EBU;
  return std::ldexp(static_cast<double>((z ^ (z >> 31U)) >> 11U), -53);
}

std::string host_context::next_command_id() {
  std::string id = first_id_;
  write_base62(id.data() + id.size(), 6, next_id_.fetch_add(1, std::memory_order_relaxed));
  return id;
}

void host_context::too_many_wait(delivery& d) {
  metrics.limits_hit.add(limit::in_flight);
  d.settle({answer_kind::overloaded, 0, 0,
            "three quarters of max_in_flight are reached by those that wait: "
                + std::to_string(gate->most_waiting())
                + " commands wait for aggregates to recover"});
}

timestamp host_context::now() const {
  try {
    return config.clock();
  } catch (const std::exception& thrown) {
    throw clock_failed(std::string("host_config.clock threw: ") + thrown.what());
  } catch (...) {
    throw clock_failed("host_config.clock threw something that is no std::exception");
  }
}

dedup_window host_context::new_window() const noexcept {
  return dedup_window(static_cast<std::uint32_t>(config.dedup_window), config.dedup_age);
}

void host_context::log(log_level level, const std::string& message) const noexcept {
  if (!config.log) return;
  try {
    config.log(level, message);
  } catch (...) {
    // A log that fails must not stop what it reports on.
  }
}

void host_context::log(log_level level, const log_key& key, const std::string& message) {
  if (!config.log) return;
  if (const auto repeats = throttle_.pass(key, steady_now())) log(level, message + *repeats);
}

void host_context::journal_failed(const std::string& reason) {
  {
    const std::lock_guard lock(failure_mutex_);
    if (!failure_.empty()) return;
    failure_ = reason;
  }
  failed_.store(true, std::memory_order_release);
  log(log_level::error,
      "the journal failed and takes no more events until it is opened again: " + reason);
}

std::string host_context::failure() const {
  const std::lock_guard lock(failure_mutex_);
  return failure_;
}

void host_context::started(part what) noexcept {
  running_[static_cast<std::size_t>(what)].fetch_add(1);
  running_in_all_.fetch_add(1);
}

void host_context::ended(part what) noexcept {
  running_[static_cast<std::size_t>(what)].fetch_sub(1);
  if (running_in_all_.fetch_sub(1) != 1) return;
  const std::lock_guard lock(ended_mutex_);
  ended_.notify_all();
}

std::uint64_t host_context::running(part what) const noexcept {
  return running_[static_cast<std::size_t>(what)].load();
}

bool host_context::wait_until_ended(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(ended_mutex_);
  return ended_.wait_until(lock, deadline, [this] { return running_in_all_.load() == 0; });
}

}  // namespace reprise
