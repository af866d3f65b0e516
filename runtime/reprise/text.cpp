#include "reprise/text.hpp"

namespace reprise {

std::string printable(std::string_view bytes) {
  static constexpr std::size_t longest = 80;
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "\"";
  for (const char c : bytes.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text += "\\x";
      text += digits[byte >> 4U];
      text += digits[byte & 0xfU];
    }
  }
  if (bytes.size() > longest) text += "…";
  text += '"';
  return text;
}

}  // namespace reprise
