#include "reprise/crc32c.hpp"

#include "reprise/byte_order.hpp"

#include <array>
#include <cstddef>

namespace reprise::detail {

namespace {

constexpr std::uint32_t reversed_polynomial = 0x82F63B78U;

/// `tables[n][b]` is what the byte `b` adds when `n` more bytes follow it, so that eight are taken at once.
using crc_tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr crc_tables make_tables() {
  crc_tables tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t sum = b;
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? reversed_polynomial : 0);
    tables[0][b] = sum;
  }
  for (std::size_t n = 1; n < tables.size(); ++n) {
    for (std::size_t b = 0; b < 256; ++b) {
      const std::uint32_t before = tables[n - 1][b];
      tables[n][b] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr crc_tables tables = make_tables();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t sum = 0xFFFFFFFFU;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    const std::uint64_t eight = get_little<std::uint64_t>(bytes.data()) ^ sum;
    sum = 0;
    for (std::size_t i = 0; i < 8; ++i) sum ^= tables[7 - i][(eight >> (8 * i)) & 0xFF];
  }
  for (const char c : bytes)
    sum = (sum >> 8) ^ tables[0][(sum ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~sum;
}

}  // namespace reprise::detail
