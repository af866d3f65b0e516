#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace reprise::detail {

/// Integers as bytes, the same on every machine: little endian in records, big endian in keys, where the
/// order of the bytes is the order of the numbers.

template <std::unsigned_integral T>
constexpr T reversed(T value) noexcept {
  T result = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    result = static_cast<T>(static_cast<std::uint64_t>(result) << 8U | (value & 0xffU));
    value = static_cast<T>(static_cast<std::uint64_t>(value) >> 8U);
  }
  return result;
}

/// Writes `value` to `to` and returns the end of what was written.
template <std::unsigned_integral T>
char* put_little(char* to, T value) noexcept {
  if constexpr (std::endian::native != std::endian::little) value = reversed(value);
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

template <std::unsigned_integral T>
T get_little(const char* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native != std::endian::little) value = reversed(value);
  return value;
}

/// Writes `value` to `to` and returns the end of what was written.
template <std::unsigned_integral T>
char* put_big(char* to, T value) noexcept {
  if constexpr (std::endian::native == std::endian::little) value = reversed(value);
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

template <std::unsigned_integral T>
T get_big(const char* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::little) value = reversed(value);
  return value;
}

}  // namespace reprise::detail
