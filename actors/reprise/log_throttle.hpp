#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace reprise {

/// What a client can bring about again and again, each time with a line in the log.
enum class log_cause : std::uint8_t {
  crash,     ///< of `decide`, `evolve` or a query
  clock,     ///< `host_config::clock` threw
  restart,   ///< an aggregate is read again
  snapshot,  ///< one was passed over, or cannot be taken or saved
};

/// What makes two lines the same for a log, whatever else they say.
struct log_key {
  log_cause cause;
  std::string_view stream;  ///< empty if it concerns all of them
  std::string_view reason;  ///< only its beginning counts
};

/// Keeps a log from growing at a client's will: of the lines with one key it lets the first pass at once, then one in
/// `period`, which tells how many were left out since.
///
/// It knows `most_keys` keys, each for a period. Lines of other keys meanwhile are taken together by their cause: so the
/// first of a cause always passes, and no more than `most_keys + causes` lines in a period. What was left out of a key that
/// does not come again is not told: metrics count it. Any thread.
class log_throttle {
 public:
  static constexpr std::chrono::minutes period{1};
  static constexpr std::size_t most_keys = 256;
  static constexpr std::size_t causes = 4;

  using time = std::chrono::steady_clock::time_point;

  /// Returns what is to be added to the line: nothing, or how many were left out. None if it is not to be told.
  std::optional<std::string> pass(const log_key& key, time now);

 private:
  struct kind {
    std::optional<time> told_at;
    std::uint64_t left_out = 0;  ///< since
  };

  /// Returns what is known of a key, or none if there is no room for it.
  kind* find(std::string key, time now);

  std::mutex mutex_;
  std::unordered_map<std::string, kind> by_key_;
  std::array<kind, causes> by_cause_{};  ///< of the keys that there was no room for
};

}  // namespace reprise
