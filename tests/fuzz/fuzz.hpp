#pragma once

#include "reprise/byte_order.hpp"
#include "reprise/checksum.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// What libFuzzer calls, and the plain test of a corpus too. It ends the process if a property does not hold.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the process, which is how a fuzzer learns of a finding, unless `holds`.
inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "this does not hold: %s\n", property);
  std::abort();
}

/// Returns the bytes with a right checksum over all but their last eight, in these. A fuzzer does not find one that is
/// right, and would never get past it.
inline std::string with_checksum(std::string_view bytes) {
  std::string sound(bytes);
  if (bytes.size() < 8) return sound;
  const std::size_t covered = bytes.size() - 8;
  reprise::detail::put_little(sound.data() + covered,
                              reprise::detail::checksum(bytes.substr(0, covered)));
  return sound;
}

}  // namespace fuzz
