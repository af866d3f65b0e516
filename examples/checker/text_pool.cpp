#include "checker/text_pool.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace checker {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20U;

}  // namespace

std::uint32_t text_pool::add(std::string_view text) {
  if (texts_.size() * 4 >= slots_.size() * 3) grow();
  const std::size_t slot = slot_of(text);
  if (slots_[slot] != nothing) return slots_[slot];
  if (texts_.size() >= nothing) throw std::length_error("more than four billion texts");
  slots_[slot] = size();
  texts_.push_back(keep(text));
  return slots_[slot];
}

std::optional<std::uint32_t> text_pool::find(std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  const std::uint32_t number = slots_[slot_of(text)];
  if (number == nothing) return std::nullopt;
  return number;
}

std::size_t text_pool::slot_of(std::string_view text) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = std::hash<std::string_view>{}(text)&mask;
  while (slots_[slot] != nothing && texts_[slots_[slot]] != text) slot = (slot + 1) & mask;
  return slot;
}

std::string_view text_pool::keep(std::string_view text) {
  if (chunks_.empty() || chunks_.back().capacity() - chunks_.back().size() < text.size())
    chunks_.emplace_back().reserve(std::max(chunk_bytes, text.size()));
  std::string& chunk = chunks_.back();
  const std::size_t begin = chunk.size();
  chunk += text;
  return std::string_view(chunk).substr(begin);
}

void text_pool::grow() {
  slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), nothing);
  for (std::uint32_t number = 0; number < size(); ++number)
    slots_[slot_of(texts_[number])] = number;
}

}  // namespace checker
