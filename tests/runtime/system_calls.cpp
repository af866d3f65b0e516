#include "system_calls.hpp"

#include <atomic>
#include <dlfcn.h>
#include <mutex>
#include <set>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace {

std::atomic<std::size_t> most_bytes = 0;  // of the next write; 0 is all

using file_id = std::pair<dev_t, ino_t>;
std::mutex noting;
bool is_noting = false;
std::set<file_id> noted;

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

void note(int descriptor) {
  struct stat about {};
  const std::lock_guard lock(noting);
  if (is_noting && ::fstat(descriptor, &about) == 0) noted.emplace(about.st_dev, about.st_ino);
}

}  // namespace

// A function of the program itself goes before the one of the same name in the C library.

extern "C" ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t at) {
  static auto* const pwrite_of_system = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  std::size_t most = most_bytes;
  if (most == 0 || most >= size || !most_bytes.compare_exchange_strong(most, 0)) most = size;
  return pwrite_of_system(descriptor, bytes, most, at);
}

extern "C" int fsync(int descriptor) {
  static auto* const fsync_of_system = real<int(int)>("fsync");
  const int result = fsync_of_system(descriptor);
  if (result == 0) note(descriptor);
  return result;
}

namespace reprise::testing {

short_write::short_write(std::size_t most) {
  most_bytes = most;
}

short_write::~short_write() {
  most_bytes = 0;
}

bool short_write::happened() const {
  return most_bytes == 0;
}

noted_syncs::noted_syncs() {
  const std::lock_guard lock(noting);
  noted.clear();
  is_noting = true;
}

noted_syncs::~noted_syncs() {
  const std::lock_guard lock(noting);
  is_noting = false;
}

bool noted_syncs::has(const std::filesystem::path& file) const {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0) throw std::runtime_error("cannot look at a file");
  const std::lock_guard lock(noting);
  return noted.contains({about.st_dev, about.st_ino});
}

}  // namespace reprise::testing
