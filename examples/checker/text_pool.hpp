#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace checker {

/// Texts that are kept once each, and are numbered 0, 1, 2, … as they come. One takes its own bytes, 16 more, and on
/// average 6 in the table that finds it: a tenth of what a hash map of strings takes.
class text_pool {
 public:
  /// Returns the number of a text, which is added if it is not there.
  std::uint32_t add(std::string_view text);

  /// Returns the number of a text that is there.
  std::optional<std::uint32_t> find(std::string_view text) const;

  /// Returns a text, which lives as long as the pool.
  std::string_view operator[](std::uint32_t number) const { return texts_[number]; }

  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(texts_.size()); }

 private:
  static constexpr std::uint32_t nothing = ~std::uint32_t{0};

  /// Returns the slot that has the text, or the empty one where it belongs.
  std::size_t slot_of(std::string_view text) const;
  std::string_view keep(std::string_view text);
  void grow();

  std::deque<std::string_view> texts_;
  std::deque<std::string> chunks_;    ///< with the bytes; one that is full is never touched again
  std::vector<std::uint32_t> slots_;  ///< a hash table of numbers, with a power of two of slots
};

}  // namespace checker
