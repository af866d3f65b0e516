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

/// Events that were deleted on purpose, up to a state that stands for them (`journal::trim`). That is no damage, and yet
/// whoever asks for them is told: a history never looks shorter than it is.
class trimmed_history : public error {
 public:
  /// `where` is of the first event that was asked for and is gone.
  trimmed_history(place where, std::uint64_t next_version, std::uint64_t next_position = 0);

  const place& where() const noexcept { return where_; }

  /// The first version of that stream that is still there.
  std::uint64_t next_version() const noexcept { return next_version_; }

  /// Where `read_all` goes on behind it; 0 from `read_stream`.
  std::uint64_t next_position() const noexcept { return next_position_; }

 private:
  place where_;
  std::uint64_t next_version_;
  std::uint64_t next_position_;
};

}  // namespace reprise
