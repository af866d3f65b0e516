#pragma once

#include <map>
#include <set>
#include <sstream>
#include <string>

/// Reads Prometheus' text format, as far as a host writes it.
class metrics_text {
 public:
  explicit metrics_text(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const auto end = line.rfind(' ');
      if (line.starts_with("# TYPE ")) {
        types_[line.substr(7, end - 7)] = line.substr(end + 1);
      } else if (!line.starts_with('#')) {
        samples_[line.substr(0, end)] = std::stod(line.substr(end + 1));
      }
    }
  }

  /// Returns the value of a sample, as it is named in the text: `name{label="value"}`; -1 if there is none.
  double operator[](const std::string& sample) const {
    const auto found = samples_.find(sample);
    return found == samples_.end() ? -1 : found->second;
  }

  /// Returns the type of each metric by its name.
  const std::map<std::string, std::string>& types() const noexcept { return types_; }

  const std::map<std::string, double>& samples() const noexcept { return samples_; }

 private:
  std::map<std::string, std::string> types_;
  std::map<std::string, double> samples_;
};
