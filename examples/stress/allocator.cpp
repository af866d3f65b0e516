#include "stress/allocator.hpp"

#include <malloc.h>

#include <cstdint>

// How jemalloc is asked. It is there if the program was linked with jemalloc, or started with it.
extern "C" int mallctl(const char* name, void* old, std::size_t* old_size, void* next, std::size_t)
    __attribute__((weak));

namespace stress {

namespace {

template <class T>
T asked(const char* name) {
  T value{};
  std::size_t size = sizeof value;
  mallctl(name, &value, &size, nullptr, 0);
  return value;
}

}  // namespace

std::string allocator_name() {
  if (mallctl == nullptr) return "malloc of libc";
  const std::string version = asked<const char*>("version");
  return "jemalloc " + version.substr(0, version.find('-'));
}

std::size_t bytes_in_use() {
  if (mallctl == nullptr) {
    const auto now = ::mallinfo2();
    return now.uordblks + now.hblkhd;
  }
  // What it tells is as old as its last epoch.
  std::uint64_t epoch = 1;
  mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch);
  return asked<std::size_t>("stats.allocated");
}

}  // namespace stress
