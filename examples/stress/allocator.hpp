#pragma once

#include <cstddef>
#include <string>

namespace stress {

/// Returns which allocator this process has, and its version as far as it tells one.
std::string allocator_name();

/// Returns the bytes that this process has from its allocator and has not freed, its overhead for each included.
std::size_t bytes_in_use();

}  // namespace stress
