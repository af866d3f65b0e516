#include "reprise/text.hpp"

#include <cstddef>
#include <cstdint>

namespace reprise {

namespace {

constexpr std::size_t longest = 80;

/// Returns whether a character beyond ASCII is one that a person sees: no control, no change of direction, no width of 0.
bool is_visible(std::uint32_t character) noexcept {
  return character >= 0xa0 && character != 0xad && (character < 0x200b || character > 0x200f)
         && (character < 0x2028 || character > 0x202e) && (character < 0x2060 || character > 0x206f)
         && character != 0xfeff && (character < 0xe0000 || character > 0xe0fff);
}

/// Returns how many bytes the first character of `bytes` has if it can be shown as it is, and else 0. What is well-formed
/// is said by the Unicode Standard, table 3-7.
std::size_t shown_bytes(std::string_view bytes) noexcept {
  const auto first = static_cast<unsigned char>(bytes.front());
  if (first < 0x80) return first >= 0x20 && first < 0x7f ? 1 : 0;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || bytes.size() < size) return 0;
  std::uint32_t character = first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(bytes[i]);
    if ((next & 0xc0U) != 0x80) return 0;
    character = character << 6U | (next & 0x3fU);
  }
  const bool is_overlong = character < (size == 4 ? 0x10000U : size == 3 ? 0x800U : 0x80U);
  const bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
  if (is_overlong || is_surrogate || character > 0x10ffff) return 0;
  return is_visible(character) ? size : 0;
}

}  // namespace

std::string printable(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "\"";
  std::size_t at = 0;
  while (at < bytes.size() && at < longest) {
    const std::size_t shown = shown_bytes(bytes.substr(at));
    if (at + shown > longest) break;
    if (shown == 0) {
      const auto byte = static_cast<unsigned char>(bytes[at]);
      text += "\\x";
      text += digits[byte >> 4U];
      text += digits[byte & 0xfU];
      ++at;
      continue;
    }
    if (bytes[at] == '"' || bytes[at] == '\\') text += '\\';
    text += bytes.substr(at, shown);
    at += shown;
  }
  if (at < bytes.size()) text += "…";
  text += '"';
  return text;
}

}  // namespace reprise
