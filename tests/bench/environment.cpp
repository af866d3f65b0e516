#include "bench/environment.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bench {

environment look_around(const std::filesystem::path& directory) {
  environment here = stress::look_around(directory);
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
