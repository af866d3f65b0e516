#pragma once

#include "cart/output_files.hpp"
#include "cart/runtime_settings.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace cart_program {

/// How the program ends, beside what a report says itself: 4 if a threshold failed, 130 if it was interrupted.
enum exit_code { success = 0, usage_error = 1, run_error = 2, damage_found = 3 };

/// Refuses an empty text, which a script gives where a variable of its own is not set.
CLI::Validator some_text();

/// Takes a whole number in decimal, for an option's `transform`. CLI11 itself takes -1 for the largest number there is, 0x10
/// for 16 and 010 for 8.
CLI::Validator whole_number(std::uint64_t least,
                            std::uint64_t most = std::numeric_limits<std::uint64_t>::max());

/// Adds the options that set what every program's runtime can be told.
void add_runtime(CLI::App& app, simulation::runtime_settings& settings);

/// Throws `CLI::ValidationError` if one of the files would do harm to the journal in `directory` or to another.
void check_outputs(const std::vector<simulation::output_file>& files, const std::string& directory);

/// Returns the status if all that was printed arrived; else says that it did not, and returns `run_error`.
int print_result(int exit_status);

}  // namespace cart_program
