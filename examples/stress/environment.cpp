#include "stress/environment.hpp"

#include "reprise/caf.hpp"
#include "stress/allocator.hpp"

#include <boost/version.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <linux/magic.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <thread>
#include <unistd.h>

namespace stress {

namespace {

std::string processor_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string system_name() {
  utsname name{};
  if (uname(&name) != 0) return "unknown";
  return std::string(name.sysname) + ' ' + name.release + ' ' + name.machine;
}

/// Returns the directory, or the next one above it that is there.
std::filesystem::path existing(std::filesystem::path directory) {
  directory = std::filesystem::absolute(directory).lexically_normal();
  while (!std::filesystem::exists(directory) && directory.has_relative_path())
    directory = directory.parent_path();
  return directory;
}

struct named_file_system {
  unsigned long magic;
  const char* name;
};

constexpr std::array file_systems{named_file_system{TMPFS_MAGIC, "tmpfs"},
                                  named_file_system{RAMFS_MAGIC, "ramfs"},
                                  named_file_system{EXT4_SUPER_MAGIC, "ext4"},
                                  named_file_system{BTRFS_SUPER_MAGIC, "btrfs"},
                                  named_file_system{XFS_SUPER_MAGIC, "xfs"},
                                  named_file_system{OVERLAYFS_SUPER_MAGIC, "overlay"},
                                  named_file_system{NFS_SUPER_MAGIC, "nfs"},
                                  named_file_system{F2FS_SUPER_MAGIC, "f2fs"},
                                  named_file_system{FUSE_SUPER_MAGIC, "fuse"},
                                  named_file_system{V9FS_MAGIC, "9p"},
                                  named_file_system{0x2FC12FC1, "zfs"}};

std::string file_system_of(const std::filesystem::path& directory) {
  struct statfs what {};
  if (statfs(existing(directory).c_str(), &what) != 0) return "unknown";
  const auto magic = static_cast<unsigned long>(what.f_type);
  const auto found = std::find_if(file_systems.begin(), file_systems.end(),
                                  [&](const auto& f) { return f.magic == magic; });
  if (found != file_systems.end()) return found->name;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "0x%lx", magic);
  return text.data();
}

/// Returns the version in the file name of a shared library that this process has loaded.
std::string version_of_loaded(const std::string& library) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const auto at = line.find(library + ".so.");
    if (at != std::string::npos) return line.substr(at + library.size() + 4);
  }
  return "unknown";
}

#if defined(__has_feature)
#define STRESS_HAS_FEATURE(name) __has_feature(name)
#else
#define STRESS_HAS_FEATURE(name) 0
#endif

std::string build_type() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)                                  \
    || STRESS_HAS_FEATURE(address_sanitizer) || STRESS_HAS_FEATURE(thread_sanitizer)
  return "sanitizer";
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

void add_warnings(environment& here) {
  if (here.build != "release") {
    here.warnings.push_back("this is a " + here.build
                            + " build: its figures say nothing of a release build");
  }
  if (here.file_system == "tmpfs" || here.file_system == "ramfs") {
    here.warnings.push_back("the journal is on " + here.file_system
                            + ", in memory: a sync costs nothing there, and nothing survives");
  }
}

}  // namespace

environment look_around(const std::filesystem::path& directory) {
  environment here;
  here.build = build_type();
  here.compiler = compiler_name();
  here.reprise = REPRISE_VERSION;
  here.caf = reprise::caf_version();
  here.rocksdb = version_of_loaded("librocksdb");
  here.boost = std::to_string(BOOST_VERSION / 100'000) + '.'
               + std::to_string(BOOST_VERSION / 100 % 1'000);
  here.allocator = allocator_name();
  here.processor = processor_model();
  here.cores = std::thread::hardware_concurrency();
  here.system = system_name();
  static_cast<void>(getloadavg(&here.load, 1));
  if (!directory.empty()) here.file_system = file_system_of(directory);
  add_warnings(here);
  return here;
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  if (!(statm >> total >> resident)) return 0;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace stress
