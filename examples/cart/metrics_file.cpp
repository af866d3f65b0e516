#include "cart/metrics_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace simulation {

namespace {

std::string metrics_of([[maybe_unused]] const reprise::host& host) {
#ifdef REPRISE_HAS_METRICS
  return host.metrics();
#else
  throw std::runtime_error("there are no metrics: reprise was built with REPRISE_METRICS=OFF");
#endif
}

}  // namespace

void metrics_file::write(const reprise::host& of) const {
  if (name_.empty()) return;
  auto beside = name_;
  beside += ".new";
  const auto fail = [this](const std::string& why) {
    throw std::runtime_error("cannot write the metrics to " + name_.string() + ": " + why);
  };
  std::ofstream file(beside, std::ios::trunc);
  file << metrics_of(of) << std::flush;
  if (!file) fail(std::strerror(errno));
  file.close();
  std::error_code wrong;
  std::filesystem::rename(beside, name_, wrong);
  if (!wrong) return;
  const std::string why = wrong.message();
  std::filesystem::remove(beside, wrong);
  fail(why);
}

}  // namespace simulation
