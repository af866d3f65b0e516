#pragma once

#include "reprise/checksum.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace reprise::detail {

struct stream_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view stream) const noexcept {
    return static_cast<std::size_t>(checksum(stream));
  }
};

/// Something for each stream, found by a name that need not be copied. What is in it does not move.
template <class T>
using stream_map = std::unordered_map<std::string, T, stream_hash, std::equal_to<>>;

}  // namespace reprise::detail
