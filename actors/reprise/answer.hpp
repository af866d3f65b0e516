#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace reprise {

/// The five answers. Every command gets exactly one of them, once. "Nothing was stored" is said of this sending: one
/// sent earlier under the same id may have been.
enum class answer_kind : std::uint8_t {
  accepted,     ///< its events are durable, or it was "already so" and needed none
  refused,      ///< the aggregate's own "no", or a limit of the format; nothing was stored
  overloaded,   ///< a limit of the host is reached; nothing was stored; try again later
  unavailable,  ///< the aggregate or the host cannot serve it, `reason` says why; nothing was stored
  unknown,  ///< whether it was stored is not known; sending it again with the same id settles it
};

/// Returns the kind's name as it is written above.
std::string_view to_string(answer_kind kind) noexcept;

struct answer {
  answer_kind kind = answer_kind::unknown;

  /// The aggregate's version after the command; for a refusal, the version that it was judged at. 0 if it was
  /// not judged.
  std::uint64_t version = 0;

  /// How many events it recorded; 0 with `accepted` is "already so".
  std::uint32_t events = 0;

  /// Empty with `accepted`; with `refused` the aggregate's own word for it, or a sentence if a limit refused it; else a
  /// sentence.
  std::string reason;

  friend bool operator==(const answer&, const answer&) = default;
};

/// Prints an answer on one line: `accepted at version 7, 1 event`.
std::ostream& operator<<(std::ostream& out, const answer& a);

/// What a query saw.
template <class T>
struct observed {
  /// Is there if `kind` is `accepted`. Everything in it is durable.
  std::optional<T> value;
  std::uint64_t version = 0;  ///< the aggregate's version that it was judged at
  answer_kind kind = answer_kind::unknown;
  std::string reason;
};

/// What became of a command, told by its id. The first three are definite; the others are told when it cannot be said
/// now, and why: ask again.
enum class outcome_kind : std::uint8_t {
  accepted,       ///< its events are durable
  not_taken,      ///< nothing of it is stored: no sending of it that has been answered will ever be
  out_of_window,  ///< the aggregate no longer remembers enough to tell
  refused,        ///< what was asked about is beyond a limit of the format
  overloaded,     ///< a limit of the host is reached
  unavailable,    ///< the aggregate or the host cannot tell
  unknown,        ///< a write that may hold it is not known to have succeeded, or the host stopped
};

/// Returns the kind's name as it is written above.
std::string_view to_string(outcome_kind kind) noexcept;

struct outcome {
  outcome_kind kind = outcome_kind::unknown;

  /// With `accepted`, the aggregate's version after the command, as its first answer told it. With `not_taken` and
  /// `out_of_window` the version that was looked at. Else 0.
  std::uint64_t version = 0;

  std::uint32_t events = 0;  ///< how many events it recorded; 0 unless `accepted`
  std::string reason;        ///< empty with the first three, else a sentence

  friend bool operator==(const outcome&, const outcome&) = default;
};

/// Prints an outcome on one line: `accepted at version 7, 1 event`.
std::ostream& operator<<(std::ostream& out, const outcome& o);

}  // namespace reprise
