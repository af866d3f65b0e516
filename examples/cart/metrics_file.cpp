#include "cart/metrics_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

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

metrics_file::metrics_file(fs::path name) : name_(std::move(name)) {
  if (name_.empty()) return;
  const fs::path beside = find_place().beside;
  if (beside.empty()) return;
  write_to(beside, {});
  fs::remove(beside);
}

metrics_file::place metrics_file::find_place() const {
  std::error_code wrong;
  // A link stays one: what it leads to is replaced, or made if it is not there yet.
  const auto name = fs::weakly_canonical(name_, wrong);
  if (wrong) fail(wrong.message());
  const auto there = fs::symlink_status(name, wrong);
  const bool is_replaced = !fs::exists(there) || fs::is_regular_file(there);
  if (!is_replaced) return {name, {}};
  // Another process may write metrics beside these, and what is there under any other name is somebody's.
  return {name, fs::path(name).concat(".new." + std::to_string(getpid()))};
}

void metrics_file::write(const reprise::host& of) const {
  if (name_.empty()) return;
  const place there = find_place();
  if (there.beside.empty()) return write_to(there.name, metrics_of(of));
  std::error_code wrong;
  try {
    write_to(there.beside, metrics_of(of));
    fs::rename(there.beside, there.name, wrong);
    if (wrong) fail(wrong.message());
  } catch (...) {
    fs::remove(there.beside, wrong);
    throw;
  }
}

void metrics_file::write_to(const fs::path& there, const std::string& content) const {
  std::ofstream file(there, std::ios::trunc);
  file << content << std::flush;
  if (!file) fail(std::strerror(errno));
}

void metrics_file::fail(const std::string& why) const {
  throw std::runtime_error("cannot write the metrics to " + name_.string() + ": " + why);
}

}  // namespace simulation
