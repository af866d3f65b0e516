#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace reprise {

/// The base of everything that reprise throws.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A setting or an argument that cannot work: thrown at start, before anything is opened or stored.
class invalid_config : public error {
 public:
  using error::error;
};

/// The store cannot do its work: it does not open, does not read, or a write failed.
///
/// After a failed write the outcome of that write is unknown: it may be there after the next open.
class journal_failure : public error {
 public:
  using error::error;
};

/// Another process, or another object in this one, has the journal open.
class journal_in_use : public journal_failure {
 public:
  using journal_failure::journal_failure;
};

/// Where a damage is. Fields that are not known are empty or 0.
struct place {
  std::string stream;          ///< `category/id`
  std::uint64_t version = 0;   ///< of the first event that is concerned
  std::uint64_t position = 0;  ///< of the first event that is concerned
};

/// Returns `place` as people read it: `stream "shopping_cart/cart-42", version 7, position 1041`.
std::string describe(const place& where);

/// A history that cannot be read or folded: a wrong checksum, a gap, an unknown event, a payload that
/// does not decode. What is stored is left as it is.
class damaged_history : public error {
 public:
  damaged_history(place where, const std::string& reason);

  const place& where() const noexcept { return where_; }

  /// What is wrong, without the place.
  const std::string& reason() const noexcept { return reason_; }

 private:
  place where_;
  std::string reason_;
};

}  // namespace reprise
