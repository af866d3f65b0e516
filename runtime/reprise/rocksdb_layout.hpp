#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::detail {

/// Keys and values of the RocksDB journal: runtime/FORMAT.md describes the bytes. Never change them.

/// Returns what every key of a stream begins with, and no key of another: its length, then its name.
std::string stream_prefix(std::string_view stream);

/// Puts the key of a stream's commit into `key`. A later commit of a stream sorts before an earlier one, so
/// that the first key of the prefix tells the stream's version.
void make_stream_key(std::string_view stream, std::uint64_t last_version, std::string& key);

struct stream_key {
  std::string_view stream;
  std::uint64_t last_version = 0;
};

/// Returns whether `key` is one that `make_stream_key` makes; `out` is what it was made of.
bool parse_stream_key(std::string_view key, stream_key& out) noexcept;

/// The key of a batch: its last position, so that one seek finds the batch that holds a position.
std::string make_order_key(std::uint64_t last_position);

/// What each write begins with in RocksDB's log, and nowhere else. It is another for each log's writer, who draws `secret`
/// at random and tells nobody, so that no client can put bytes into a log that look like a write.
std::string make_seal(std::uint64_t secret);

inline constexpr std::size_t seal_bytes = 16;

/// Returns whether `bytes` are a seal, whoever's.
bool is_seal(std::string_view bytes) noexcept;

/// How much the journal holds up to and with a batch. What is stored is counted against it, so that a table
/// that was lost whole is missed.
struct order_totals {
  std::uint64_t batches = 0;
  std::uint64_t commits = 0;
  std::uint64_t last_position = 0;
};

/// Which commits a batch stored, in order: the value under its order key.
class order_writer {
 public:
  /// `before` is what the journal held before the batch.
  void begin(const order_totals& before);
  void add(std::string_view stream, std::uint64_t last_version, std::size_t events);

  /// What the journal holds with the commits that were added.
  const order_totals& totals() const noexcept { return totals_; }

  /// Returns the finished value, which lives until the next `begin`.
  std::string_view finish();

 private:
  std::string value_;
  std::uint64_t commits_before_ = 0;
  order_totals totals_;
};

struct ordered_commit {
  std::string_view stream;
  std::uint64_t last_version = 0;
  std::uint64_t first_position = 0;
  std::uint32_t events = 0;

  std::uint64_t last_position() const noexcept { return first_position + events - 1; }
};

/// Reads an entry of the order into `out`, whose views point into `value`. Throws `damaged_history` unless it
/// is whole, its checksum right, and `key` the one that belongs to it. Safe on any bytes.
/// Returns the totals with this batch.
order_totals decode_order(std::string_view key,
                          std::string_view value,
                          std::vector<ordered_commit>& out);

}  // namespace reprise::detail
