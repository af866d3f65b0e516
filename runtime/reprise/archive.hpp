#pragma once

#include "reprise/error.hpp"

#include <boost/mpl/bool.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/level.hpp>
#include <boost/serialization/library_version_type.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/serialization.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/version.hpp>
#include <boost/serialization/wrapper.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace reprise {

/// Bytes that are not what the type being read writes: too few, a value out of its range, a class version
/// newer than the program's.
class undecodable : public error {
 public:
  using error::error;
};

/// Two Boost.Serialization archives whose bytes are the same on every machine, which Boost's binary archive
/// does not promise. They keep the archive concept
/// (https://www.boost.org/doc/libs/1_74_0/libs/serialization/doc/archives.html), so a type's own `serialize`
/// and Boost's overloads for containers work as they are. The bytes:
///
/// - bool is one byte, 0 or 1; any other integer has its own size, little endian; an enum is its underlying
///   integer; `float` and `double` are their IEEE 754 bits.
/// - so a member whose type differs between machines, such as `long` or `size_t`, does too: use <cstdint>.
/// - `std::string` is its length in 4 bytes and then its bytes; a container its size in 4 bytes and then its
///   elements.
/// - `std::optional` is a bool, and behind a true one its value.
/// - a class within another, and a container is one, is its class version (BOOST_CLASS_VERSION, 0 unless
///   said) in 1 byte and then its members. The class version of the outermost one is stored beside the
///   payload, as the event's schema version.
///
/// Pointers, and tracking with them, are not offered: an event is a value. Neither are unordered containers:
/// their bytes would not be the same on every machine.
namespace detail {

template <class T>
inline constexpr std::uint32_t class_version =
    static_cast<std::uint32_t>(boost::serialization::version<T>::value);

template <class T>
concept has_class_version = boost::serialization::implementation_level<T>::value
                            >= boost::serialization::object_class_info;

template <class T>
inline constexpr bool is_wrapper = boost::serialization::is_wrapper<T>::type::value;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// A hash table's order, and its number of buckets, are another on every machine.
template <class T>
concept unordered_container = requires {
  typename T::hasher;
};

/// How deep objects may lie in each other. It bounds the stack that reading hostile bytes can take; each
/// level of the author's own is about three here, because Boost wraps the members of its containers.
inline constexpr std::size_t max_nesting = 256;

/// Counts one more level as long as it lives.
class nesting {
 public:
  explicit nesting(std::size_t& depth) : depth_(depth) { ++depth_; }
  nesting(const nesting&) = delete;
  nesting& operator=(const nesting&) = delete;
  ~nesting() { --depth_; }

 private:
  std::size_t& depth_;
};

template <std::size_t Size>
struct unsigned_of_size;
template <>
struct unsigned_of_size<1> {
  using type = std::uint8_t;
};
template <>
struct unsigned_of_size<2> {
  using type = std::uint16_t;
};
template <>
struct unsigned_of_size<4> {
  using type = std::uint32_t;
};
template <>
struct unsigned_of_size<8> {
  using type = std::uint64_t;
};

template <class T>
concept portable_number = (std::integral<T> || std::floating_point<T>)&&sizeof(T) <= 8
                          && !std::same_as<T, wchar_t>;

}  // namespace detail

/// Appends values to a string. One is made in nanoseconds; it holds nothing but the string's address.
class payload_writer {
 public:
  using is_saving = boost::mpl::true_;
  using is_loading = boost::mpl::false_;

  /// `out` outlives the writer. Writing stops with `std::length_error` once `out` has `limit` bytes.
  payload_writer(std::string& out, std::size_t limit) : out_(out), limit_(limit) {}

  template <class T>
  payload_writer& operator<<(const T& value) {
    write(value);
    return *this;
  }
  template <class T>
  payload_writer& operator&(const T& value) {
    return *this << value;
  }

  void save_binary(const void* data, std::size_t size);

  /// Writes an object's members without its class version, which the caller keeps.
  template <class T>
  void outermost(const T& value) {
    boost::serialization::serialize_adl(*this, const_cast<T&>(value), detail::class_version<T>);
  }

  template <class T>
  void register_type(const T* = nullptr) {}
  static boost::serialization::library_version_type get_library_version() {
    return boost::serialization::library_version_type(18);
  }

 private:
  template <class T>
  void write(const T& value) {
    if constexpr (std::same_as<T, bool>) {
      write_number<std::uint8_t>(value ? 1 : 0);
    } else if constexpr (std::is_enum_v<T>) {
      write(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (detail::portable_number<T>) {
      write_number(std::bit_cast<typename detail::unsigned_of_size<sizeof(T)>::type>(value));
    } else if constexpr (std::same_as<T, std::string>) {
      write_size(value.size());
      save_binary(value.data(), value.size());
    } else if constexpr (detail::is_optional<T>) {
      write(value.has_value());
      if (value.has_value()) write(*value);
    } else if constexpr (std::same_as<T, boost::serialization::collection_size_type>) {
      write_size(static_cast<std::size_t>(value));
    } else if constexpr (std::same_as<T, boost::serialization::item_version_type>) {
      // The version of a container's items stands before each item that has one.
    } else if constexpr (std::is_array_v<T>) {
      for (const auto& element : value) write(element);
    } else {
      write_object(value);
    }
  }

  template <class T>
  void write_object(const T& value) {
    static_assert(!std::is_pointer_v<T>, "an event is a value: pointers are not serialized");
    static_assert(!detail::unordered_container<T>,
                  "an unordered container has no order that is the same on every machine: use "
                  "std::map or set");
    const detail::nesting level{depth_};
    if (depth_ > detail::max_nesting)
      throw std::length_error("objects that lie too deep in each other");
    if constexpr (detail::has_class_version<T> && !detail::is_wrapper<T>) {
      static_assert(detail::class_version<T> < 256, "a class version fits one byte");
      write_number(static_cast<std::uint8_t>(detail::class_version<T>));
    }
    boost::serialization::serialize_adl(*this, const_cast<T&>(value), detail::class_version<T>);
  }

  template <std::unsigned_integral T>
  void write_number(T value) {
    char bytes[sizeof(T)];
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
    }
    save_binary(bytes, sizeof(T));
  }

  void write_size(std::size_t size);

  std::string& out_;
  std::size_t limit_;
  std::size_t depth_ = 0;
};

/// Reads values from bytes that somebody else may have written: never past their end, and never a container
/// larger than the bytes that are left. Throws `undecodable`.
class payload_reader {
 public:
  using is_saving = boost::mpl::false_;
  using is_loading = boost::mpl::true_;

  /// `bytes` outlive the reader.
  explicit payload_reader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  payload_reader& operator>>(T&& value) {
    read(value);
    return *this;
  }
  template <class T>
  payload_reader& operator&(T&& value) {
    return *this >> value;
  }

  void load_binary(void* data, std::size_t size);

  /// Reads an object's members as class version `version` wrote them. Throws if that is newer than the
  /// program's, if bytes are left over, and in place of any exception of the object's own `serialize`
  /// but `std::bad_alloc`.
  template <class T>
  void outermost(T& value, std::uint32_t version) {
    check_version(version, detail::class_version<T>);
    try {
      boost::serialization::serialize_adl(*this, value, version);
    } catch (const undecodable&) {
      throw;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& thrown) {
      throw undecodable(thrown.what());
    }
    check_end();
  }

  template <class T>
  void register_type(const T* = nullptr) {}
  static boost::serialization::library_version_type get_library_version() {
    return payload_writer::get_library_version();
  }
  template <class T>
  void reset_object_address(const T*, const T*) {}
  void delete_created_pointers() {}

 private:
  template <class T>
  void read(T& value) {
    if constexpr (std::same_as<T, bool>) {
      const auto byte = read_number<std::uint8_t>();
      if (byte > 1) throw undecodable("a bool is neither 0 nor 1");
      value = byte == 1;
    } else if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> number{};
      read(number);
      value = static_cast<T>(number);
    } else if constexpr (detail::portable_number<T>) {
      value = std::bit_cast<T>(read_number<typename detail::unsigned_of_size<sizeof(T)>::type>());
    } else if constexpr (std::same_as<T, std::string>) {
      const std::size_t size = read_size();
      value.assign(rest_.data(), size);
      rest_.remove_prefix(size);
    } else if constexpr (detail::is_optional<T>) {
      bool is_there = false;
      read(is_there);
      value.reset();
      if (is_there) read(value.emplace());
    } else if constexpr (std::same_as<T, boost::serialization::collection_size_type>) {
      value = boost::serialization::collection_size_type(read_size());
    } else if constexpr (std::same_as<T, boost::serialization::item_version_type>) {
      value = boost::serialization::item_version_type(0);
    } else if constexpr (std::is_array_v<T>) {
      for (auto& element : value) read(element);
    } else {
      read_object(value);
    }
  }

  template <class T>
  void read_object(T& value) {
    static_assert(!std::is_pointer_v<T>, "an event is a value: pointers are not serialized");
    const detail::nesting level{depth_};
    if (depth_ > detail::max_nesting) throw undecodable("objects that lie too deep in each other");
    std::uint32_t version = detail::class_version<std::remove_const_t<T>>;
    if constexpr (detail::has_class_version<T> && !detail::is_wrapper<T>) {
      const std::uint32_t stored = read_number<std::uint8_t>();
      check_version(stored, version);
      version = stored;
    }
    boost::serialization::serialize_adl(*this, const_cast<std::remove_const_t<T>&>(value), version);
  }

  template <std::unsigned_integral T>
  T read_number() {
    unsigned char bytes[sizeof(T)];
    load_binary(bytes, sizeof(T));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
    return static_cast<T>(value);
  }

  /// Returns a size that is no larger than the bytes that are left: every element takes at least one.
  std::size_t read_size();
  static void check_version(std::uint32_t stored, std::uint32_t known);
  void check_end() const;

  std::string_view rest_;
  std::size_t depth_ = 0;
};

}  // namespace reprise
