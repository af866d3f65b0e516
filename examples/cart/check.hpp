#pragma once

#include "cart/model.hpp"
#include "reprise/answer.hpp"
#include "reprise/journal.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace simulation {

/// A command, and what its sender was told.
struct told {
  shop::shopping_cart::command command;
  std::string id;
  std::uint64_t version = 0;
  std::uint32_t events = 0;
  reprise::answer_kind kind = reprise::answer_kind::unknown;
  std::string_view reason;  ///< of a refusal; lives as long as the program
};

/// What a look at a cart saw, in short.
struct looked {
  std::uint64_t version = 0;
  std::uint64_t fingerprint = 0;
};

/// All that the shoppers know of one cart.
struct cart_history {
  model_cart base;                 ///< the cart before the first of them came
  std::uint64_t base_version = 0;  ///< its version then
  std::vector<told> commands;
  std::vector<looked> looks;
};

/// A place where the runtime and the model are not of one mind.
struct difference {
  std::string cart;
  std::uint64_t version = 0;
  std::string expected;
  std::string found;
};

/// Returns a number for a cart as it prints itself.
std::uint64_t fingerprint_of(std::string_view cart_text);

/// Holds three accounts of a cart against each other, and against the model: what the shoppers were told, what is
/// in the journal, and the cart as it is after recovery. Returns their differences.
///
/// - The journal's commits follow each other without a gap. Each is one command's, whose sender was told so, or was
///   told that nobody knew; it holds the events that the model expects of that command at that version.
/// - Every command that was accepted is there, once.
/// - Every refusal, every "already so" and every look is what the model expects at the version it was judged at.
/// - A command under an id, or for a cart of one, that nothing can be stored under is refused for that and never judged.
/// - The recovered cart is at the version of the last commit, and like the model.
std::vector<difference> check_cart(const std::string& cart,
                                   const cart_history& history,
                                   const reprise::journal& journal,
                                   const reprise::observed<shop::shopping_cart>& recovered);

}  // namespace simulation
