#pragma once

#include "bench/report.hpp"
#include "bench/settings.hpp"

#include <span>
#include <string_view>

namespace bench {

/// One comparison: its sides take turns, round by round, in one run.
struct scenario {
  std::string_view name;
  std::string_view title;
  void (*run)(const settings& how, result& found);
};

std::span<const scenario> all_scenarios();

/// Says on standard error what is being measured.
void show_progress(const result& found, std::size_t round, const settings& how);

// -- what they are -------------------------------------------------------------

void measure_window_1(const settings& how, result& found);
void measure_window_64(const settings& how, result& found);
void measure_window_1024(const settings& how, result& found);
void measure_hot_cart(const settings& how, result& found);
void measure_replay(const settings& how, result& found);
void measure_spawn(const settings& how, result& found);
void measure_long_life(const settings& how, result& found);
void measure_stampede(const settings& how, result& found);
void measure_price(const settings& how, result& found);
void measure_idle_bytes(const settings& how, result& found);
void prove_sync(const settings& how, result& found);

/// Measures the memory of so many actors of the kind that `child` names, in a process that does nothing else,
/// and prints the bytes of one. Returns the exit status.
int run_as_child(const std::string& child, std::size_t actors);

}  // namespace bench
