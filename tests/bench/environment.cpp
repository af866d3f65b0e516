#include "bench/environment.hpp"

#include <boost/version.hpp>
#include <rocksdb/version.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/utsname.h>
#include <thread>

namespace bench {

namespace {

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string system_name() {
  utsname name{};
  if (::uname(&name) != 0) return "unknown";
  return std::string(name.sysname) + ' ' + name.release + ' ' + name.machine;
}

/// Returns the type of the file system with the longest mount point that `path` is below.
std::string file_system_of(const std::filesystem::path& path) {
  const std::string wanted = path.string() + '/';
  std::ifstream mounts("/proc/self/mounts");
  std::string type = "unknown";
  std::size_t longest = 0;
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string device, point, found;
    fields >> device >> point >> found;
    if (point.back() != '/') point += '/';
    if (!wanted.starts_with(point) || point.size() < longest) continue;
    longest = point.size();
    type = found;
  }
  return type;
}

/// Returns the version in the file name of a shared library that this process has loaded. It is asked for CAF
/// because CAF's own macros are for one header only.
std::string version_of_loaded(const std::string& library) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t at = line.find(library + ".so.");
    if (at != std::string::npos) return line.substr(at + library.size() + 4);
  }
  return "unknown";
}

std::string build_type() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return "sanitized";
#elif defined(NDEBUG) && defined(__OPTIMIZE__)
  return "release";
#else
  return "debug";
#endif
}

std::string compiler_name() {
#if defined(__clang__)
  return std::string("clang ") + __clang_version__;
#else
  return std::string("g++ ") + __VERSION__;
#endif
}

}  // namespace

environment look_around(const std::filesystem::path& directory) {
  environment here;
  here.cpu = cpu_model();
  here.cores = std::thread::hardware_concurrency();
  here.system = system_name();
  static_cast<void>(::getloadavg(&here.load, 1));
  here.directory = std::filesystem::canonical(directory).string();
  here.file_system = file_system_of(here.directory);
  here.build = build_type();
  here.compiler = compiler_name();
  here.caf = version_of_loaded("libcaf_core");
  here.rocksdb = rocksdb::GetRocksVersionAsString();
  here.boost = std::to_string(BOOST_VERSION / 100'000) + '.'
               + std::to_string(BOOST_VERSION / 100 % 1'000);
  if (here.build != "release") {
    here.warnings.push_back("this is a " + here.build + " build: its figures say nothing");
  }
  if (here.file_system == "tmpfs" || here.file_system == "ramfs") {
    here.warnings.push_back("the directory is in memory: a sync costs nothing there");
  }
  if (here.load > 0.5) {
    here.warnings.push_back("other programs are using the machine: after a sync a thread then "
                            "waits for a processor, not for the disk, "
                            "and the ratios with few commands in flight say nothing");
  }
  return here;
}

std::filesystem::path own_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

temporary_directory::temporary_directory(const std::filesystem::path& within) {
  std::string name = (within / "bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot make a directory in " + within.string());
  }
  path_ = name;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace bench
