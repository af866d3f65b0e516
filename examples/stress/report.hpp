#pragma once

#include "stress/result.hpp"

#include <array>
#include <iosfwd>

namespace stress {

/// The percentiles that reports have, and their names.
struct named_part {
  const char* name;
  double part;
};
inline constexpr std::array reported_parts{named_part{"p50", 0.5}, named_part{"p90", 0.9},
                                           named_part{"p99", 0.99}, named_part{"p99.9", 0.999},
                                           named_part{"max", 1}};

/// Prints what a run measured for people: a table with a line for each kind of command, and what else there is.
void print_text(std::ostream& out, const result& r);

/// Prints the first differences to the model, one a line, and how many more there are.
void print_differences(std::ostream& out, const result& r);

/// Prints everything that a run measured as one JSON object. Its `schema` is `report_schema`; what a schema has stays,
/// and means the same. Times are in milliseconds.
void print_json(std::ostream& out, const result& r);

/// Prints the table of commands as comma-separated values, with a line of names first. Each other line ends with
/// `report_schema`, of which the columns are a part: what it has stays in its place, and means the same. There is no
/// room in it for what is not about commands.
void print_csv(std::ostream& out, const result& r);

inline constexpr const char* report_schema = "reprise.stress/1";

}  // namespace stress
