#pragma once

#include "bench/environment.hpp"
#include "bench/settings.hpp"
#include "bench/statistics.hpp"

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Names the JSON report's form. The number grows when a program that read the old form would misread the new.
inline constexpr std::string_view report_schema = "reprise.bench/1";

/// One figure, as it came out in each round.
struct series {
  std::string name;
  std::string unit;
  std::vector<double> rounds;
};

/// What a ratio aims at.
struct target {
  double value = 0;
  bool is_least = true;  ///< else the value is the most
};

/// One side by another in the same round, so that whatever slows the machine for a while slows both.
struct ratio {
  std::string name;
  std::optional<target> aim;
  std::vector<double> rounds;

  bool is_met() const;
};

/// How long answers took, over all rounds.
struct latency {
  std::string name;
  std::uint64_t count = 0;
  double p50_us = 0;
  double p99_us = 0;
  double max_us = 0;
};

/// What a scenario found. The order in which things are added is the order in which they are printed.
class result {
 public:
  result(std::string_view scenario_name, std::string_view scenario_title)
      : name(scenario_name), title(scenario_title) {}

  /// Adds the figure of one round.
  void add(const std::string& series_name, const std::string& unit, double value);

  /// Adds the quotient of one round.
  void add_ratio(const std::string& ratio_name, std::optional<target> aim, double value);

  void add_latency(const std::string& latency_name, const latency_histogram& all_rounds);
  void add_fact(std::string sentence) { facts.push_back(std::move(sentence)); }

  /// Something behaved wrongly: no figure of this run counts, and the program fails.
  void add_problem(std::string sentence) { problems.push_back(std::move(sentence)); }

  std::string name;
  std::string title;
  std::vector<series> figures;
  std::vector<ratio> ratios;
  std::vector<latency> latencies;
  std::vector<std::string> facts;
  std::vector<std::string> problems;
};

void print_environment(std::ostream& out, const environment& where, const settings& how);
void print_result(std::ostream& out, const result& found);
void print_json(std::ostream& out,
                const environment& where,
                const settings& how,
                const std::vector<result>& found);

}  // namespace bench
