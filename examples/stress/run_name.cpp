#include "stress/run_name.hpp"

#include "cart/shoppers.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>
#include <unistd.h>

namespace stress {

std::string name_of_this_run() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::uint64_t mixed = simulation::dice{static_cast<std::uint64_t>(now.count())}.next();
  mixed ^= simulation::dice{static_cast<std::uint64_t>(getpid())}.next();
  mixed ^= simulation::dice{std::random_device{}()}.next();
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%012llx", static_cast<unsigned long long>(mixed >> 16U));
  return text.data();
}

}  // namespace stress
