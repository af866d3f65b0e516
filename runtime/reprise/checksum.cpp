#include "reprise/checksum.hpp"

// The whole of xxHash is a header here, so that the library links nothing for it.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace reprise::detail {

std::uint64_t checksum(std::string_view bytes) noexcept {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace reprise::detail
