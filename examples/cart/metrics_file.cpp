#include "cart/metrics_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace simulation {

namespace fs = std::filesystem;

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
  std::error_code wrong;
  // A link stays one: what it leads to is replaced, or made if it is not there yet.
  const auto name = fs::weakly_canonical(name_, wrong);
  if (wrong) fail(wrong.message());
  const auto there = fs::symlink_status(name, wrong);
  const bool is_replaced = !fs::exists(there) || fs::is_regular_file(there);
  const auto written = is_replaced ? fs::path(name).concat(".new") : name;
  std::ofstream file(written, std::ios::trunc);
  file << metrics_of(of) << std::flush;
  if (!file) fail(std::strerror(errno));
  file.close();
  if (!is_replaced) return;
  fs::rename(written, name, wrong);
  if (!wrong) return;
  const std::string why = wrong.message();
  fs::remove(written, wrong);
  fail(why);
}

void metrics_file::fail(const std::string& why) const {
  throw std::runtime_error("cannot write the metrics to " + name_.string() + ": " + why);
}

}  // namespace simulation
