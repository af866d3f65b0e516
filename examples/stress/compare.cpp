#include "stress/compare.hpp"

#include "stress/report.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace stress {

namespace {

using json = nlohmann::ordered_json;

std::string number_text(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

/// A report as it was read. What is not as its schema has it is a `bad_report`, which says what and where.
class stored_report {
 public:
  explicit stored_report(const std::filesystem::path& file) : name_(file.string()) {
    std::ifstream in(file);
    if (!in) throw bad_report(name_ + ": " + std::strerror(errno));
    if (std::filesystem::is_directory(file)) throw bad_report(name_ + " is a directory");
    all_ = json::parse(in, nullptr, false);
    if (!all_.is_object() || !all_.contains("schema"))
      throw bad_report(name_ + " is no report of cart stress --format json");
    if (all_["schema"] != report_schema) {
      throw bad_report(name_ + " has the schema " + all_["schema"].dump()
                       + ", and this program compares \"" + report_schema + "\" only");
    }
  }

  const std::string& name() const noexcept { return name_; }

  /// Returns the number behind some names, one inside the other.
  double number(std::initializer_list<std::string> names) const {
    const json& found = member(names);
    if (!found.is_number()) refuse(names, "a number");
    return found.get<double>();
  }

  const json& object(const std::string& name) const {
    const json& found = member({name});
    if (!found.is_object()) refuse({name}, "an object");
    return found;
  }

  /// Returns a sentence for each reason why the run's figures may be worth nothing.
  std::vector<std::string> doubts() const {
    std::vector<std::string> found;
    const json& interrupted = member({"interrupted"});
    const json& failure = member({"failure"});
    const double status = number({"exit_status"});
    if (!interrupted.is_boolean()) refuse({"interrupted"}, "true or false");
    if (!failure.is_null() && !failure.is_string() && !failure.is_object())
      refuse({"failure"}, "a text");
    if (interrupted == true) found.push_back("the run of " + name_ + " was interrupted");
    if (!failure.is_null()) found.push_back("the run of " + name_ + " failed: " + failure.dump());
    if (status != 0)
      found.push_back("the run of " + name_ + " ended with status " + number_text(status));
    return found;
  }

 private:
  const json& member(std::initializer_list<std::string> names) const {
    const json* found = &all_;
    for (const auto& name : names) {
      if (!found->is_object() || !found->contains(name)) refuse(names, "there");
      found = &found->at(name);
    }
    return *found;
  }

  [[noreturn]] void refuse(std::initializer_list<std::string> names,
                           const std::string& expected) const {
    std::string path;
    for (const auto& name : names) path += (path.empty() ? "" : "/") + name;
    throw bad_report(name_ + " is damaged: " + path + " is not " + expected);
  }

  std::string name_;
  json all_;
};

/// Returns a sentence for each member that is not the same in both.
std::vector<std::string> differences(const json& a, const json& b) {
  std::vector<std::string> found;
  for (const auto& [name, value] : a.items()) {
    if (!b.contains(name)) {
      found.push_back(name + " is " + value.dump() + " in the first only");
    } else if (b[name] != value) {
      found.push_back(name + " is " + value.dump() + " and " + b[name].dump());
    }
  }
  for (const auto& [name, value] : b.items())
    if (!a.contains(name)) found.push_back(name + " is " + value.dump() + " in the second only");
  return found;
}

std::string joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const auto& s : sentences) text += (text.empty() ? "" : "; ") + s;
  return text;
}

void print_row(std::ostream& out, const std::string& name, double a, double b) {
  out << std::left << std::setw(28) << name << std::right << std::setw(14) << number_text(a)
      << std::setw(14) << number_text(b) << std::setw(10);
  if (a == 0) {
    out << '-';
  } else {
    std::array<char, 32> ratio{};
    std::snprintf(ratio.data(), ratio.size(), "%.3f", b / a);
    out << ratio.data();
  }
  out << '\n';
}

void print_commands(std::ostream& out,
                    const stored_report& a,
                    const stored_report& b,
                    const std::string& kind) {
  const auto row = [&](const std::string& name, std::initializer_list<std::string> path) {
    print_row(out, kind + ' ' + name, a.number(path), b.number(path));
  };
  const bool were_sent = a.number({"commands", kind, "count"})
                             + b.number({"commands", kind, "count"})
                         > 0;
  if (!were_sent) return;
  row("per second", {"commands", kind, "per_second"});
  for (const auto& p : reported_parts)
    row(std::string(p.name) + " ms", {"commands", kind, "latency_ms", p.name});
}

std::string table(const stored_report& a, const stored_report& b) {
  std::ostringstream out;
  const auto row = [&](const std::string& name, std::initializer_list<std::string> path) {
    print_row(out, name, a.number(path), b.number(path));
  };
  out << std::left << std::setw(28) << "figure" << std::right << std::setw(14) << "first"
      << std::setw(14) << "second" << std::setw(10) << "ratio" << '\n';
  row("goodput per second", {"goodput_per_second"});
  for (const auto kind : all_command_kinds) print_commands(out, a, b, std::string(to_string(kind)));
  print_commands(out, a, b, "all");
  row("commits per write", {"journal", "commits_per_write"});
  row("write p99 ms", {"journal", "write_ms", "p99"});
  return out.str();
}

/// Returns where a run took place, but for what no two runs share.
json place_of(const stored_report& r) {
  json place = r.object("environment");
  for (const char* own : {"directory", "load_average", "warnings"}) place.erase(own);
  return place;
}

}  // namespace

std::vector<std::string> compare(std::ostream& out,
                                 const std::filesystem::path& first,
                                 const std::filesystem::path& second) {
  const stored_report a(first);
  const stored_report b(second);
  if (const auto found = differences(a.object("settings"), b.object("settings")); !found.empty()) {
    throw bad_report(a.name() + " and " + b.name()
                     + " are of different loads, and have no ratio: " + joined(found));
  }
  auto warnings = a.doubts();
  for (const auto& found : {b.doubts(), differences(place_of(a), place_of(b))})
    warnings.insert(warnings.end(), found.begin(), found.end());
  out << table(a, b);
  return warnings;
}

}  // namespace stress
