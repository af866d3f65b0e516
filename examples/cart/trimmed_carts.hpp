#pragma once

#include "reprise/journal.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace simulation {

/// A cart whose first events were trimmed: what stands for them.
struct trimmed_cart {
  std::string id;
  shop::shopping_cart state;
  std::uint64_t version = 0;  ///< that the state is of
  std::uint64_t trimmed = 0;  ///< the last version that is gone
  std::uint64_t commits = 0;  ///< how many are gone
};

/// Returns what stands for the trimmed events of a cart; nothing if none were. Throws `reprise::damaged_history` with its
/// place if that cannot be read.
std::optional<trimmed_cart> trimmed_cart_of(const reprise::journal& journal,
                                            const std::string& cart);

/// Returns all carts of a journal that were trimmed. Throws the same.
std::vector<trimmed_cart> trimmed_carts(const reprise::journal& journal);

}  // namespace simulation
