#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace reprise::testing {

/// Returns `bytes` as hexadecimal digits, 32 bytes to a line.
inline std::string hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text += digits[byte >> 4U];
    text += digits[byte & 0xfU];
    if (i % 32 == 31 || i + 1 == bytes.size()) text += '\n';
  }
  return text;
}

inline std::string from_hex(std::string_view text) {
  std::string bytes;
  int high = -1;
  for (const char c : text) {
    if (c == '\n') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high >= 0) bytes += static_cast<char>(high * 16 + digit);
    high = high >= 0 ? -1 : digit;
  }
  return bytes;
}

/// Returns a file of tests/runtime/golden. These files are what journals hold: they are never changed, and a
/// new format version adds new ones.
inline std::string golden(const std::string& name) {
  std::ifstream in(REPRISE_GOLDEN_DIRECTORY "/" + name, std::ios::binary);
  if (!in) throw std::runtime_error("there is no golden file " + name);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace reprise::testing
