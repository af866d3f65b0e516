#include "stress/compare.hpp"

#include "stress/report.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <ostream>

namespace stress {

namespace {

using json = nlohmann::ordered_json;

json report_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw bad_report(file.string() + ": " + std::strerror(errno));
  if (std::filesystem::is_directory(file)) throw bad_report(file.string() + " is a directory");
  json report = json::parse(in, nullptr, false);
  if (!report.is_object() || !report.contains("schema"))
    throw bad_report(file.string() + " is no report of cart stress --format json");
  if (report["schema"] != report_schema) {
    throw bad_report(file.string() + " has the schema " + report["schema"].dump()
                     + ", and this program compares \"" + report_schema + "\" only");
  }
  return report;
}

/// Returns a sentence for each member that is not the same in both.
std::vector<std::string> differences(const json& a, const json& b) {
  std::vector<std::string> found;
  for (const auto& [name, value] : a.items()) {
    const json other = b.value(name, json());
    if (other != value) found.push_back(name + " is " + value.dump() + " and " + other.dump());
  }
  return found;
}

std::string joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const auto& s : sentences) text += (text.empty() ? "" : "; ") + s;
  return text;
}

std::string number(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

void print_row(std::ostream& out, const std::string& name, double a, double b) {
  out << std::left << std::setw(28) << name << std::right << std::setw(14) << number(a)
      << std::setw(14) << number(b) << std::setw(10);
  if (a == 0) {
    out << '-';
  } else {
    std::array<char, 32> ratio{};
    std::snprintf(ratio.data(), ratio.size(), "%.3f", b / a);
    out << ratio.data();
  }
  out << '\n';
}

void print_commands(std::ostream& out, const json& a, const json& b) {
  for (const auto& [name, figures] : a.at("commands").items()) {
    const json& others = b.at("commands").at(name);
    if (figures.at("count") == 0 && others.at("count") == 0) continue;
    print_row(out, name + " per second", figures.at("per_second"), others.at("per_second"));
    for (const auto& p : reported_parts) {
      print_row(out, name + ' ' + p.name + " ms", figures.at("latency_ms").at(p.name),
                others.at("latency_ms").at(p.name));
    }
  }
}

void print_table(std::ostream& out, const json& a, const json& b) {
  out << std::left << std::setw(28) << "figure" << std::right << std::setw(14) << "first"
      << std::setw(14) << "second" << std::setw(10) << "ratio" << '\n';
  print_row(out, "goodput per second", a.at("goodput_per_second"), b.at("goodput_per_second"));
  print_commands(out, a, b);
  const json& journal = a.at("journal");
  const json& other = b.at("journal");
  print_row(out, "commits per write", journal.at("commits_per_write"),
            other.at("commits_per_write"));
  print_row(out, "write p99 ms", journal.at("write_ms").at("p99"), other.at("write_ms").at("p99"));
}

}  // namespace

std::vector<std::string> compare(std::ostream& out,
                                 const std::filesystem::path& first,
                                 const std::filesystem::path& second) {
  const json a = report_in(first);
  const json b = report_in(second);
  try {
    if (const auto found = differences(a.at("settings"), b.at("settings")); !found.empty()) {
      throw bad_report(first.string() + " and " + second.string()
                       + " are of different loads, and have no ratio: " + joined(found));
    }
    print_table(out, a, b);
    json here = a.at("environment");
    json there = b.at("environment");
    for (const char* own : {"directory", "load_average", "warnings"}) {
      here.erase(own);
      there.erase(own);
    }
    return differences(here, there);
  } catch (const json::exception& missing) {
    throw bad_report(first.string() + " or " + second.string()
                     + " lacks what its schema has: " + missing.what());
  }
}

}  // namespace stress
