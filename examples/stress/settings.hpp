#pragma once

#include "stress/options.hpp"

#include <stdexcept>
#include <string>

namespace stress {

/// A setting that does not read: `what` says what it takes.
class bad_setting : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What settings look like on the command line. All throw `bad_setting`.

/// Reads a time: `250us`, `20ms`, `1.5s`, `2m`, `1h`. A number without a unit is in seconds.
std::chrono::nanoseconds duration_from(
    const std::string& text, std::chrono::nanoseconds least = std::chrono::nanoseconds(1));

/// Reads commands a second, above zero: `5000`, or `5000/s`.
double rate_from(const std::string& text);

/// Reads `poisson` or `fixed`.
arrivals arrivals_from(const std::string& text);

/// Reads `add=60,remove=20,view=15,checkout=5`. What is not named is not sent.
command_mix mix_from(const std::string& text);

/// Reads `uniform`, `zipf:0.99`, `hot:1%@90%` (one percent of the carts gets ninety percent of the commands) or
/// `latest`.
cart_distribution distribution_from(const std::string& text);

/// Reads `crash=5/s,passivate=10/s,restart=0.1/s`, how often each harm is done. What is not named is not done.
chaos_rates chaos_from(const std::string& text);

/// Reads `p99>20ms` or `rate<50000/s`: what a result is not to be. There are p50, p90, p99, p99.9 and max, which take a
/// time with its unit (ns, us, ms, s); rate, which is of accepted and refused commands; and the counts of answers
/// accepted, refused, overloaded, unavailable and unknown, or, with `/s`, how many of them a second.
threshold threshold_from(const std::string& text);

}  // namespace stress
