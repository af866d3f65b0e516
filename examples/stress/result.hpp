#pragma once

#include "cart/accounts.hpp"
#include "cart/lives.hpp"
#include "reprise/answer.hpp"
#include "reprise/journal.hpp"
#include "stress/environment.hpp"
#include "stress/latency_histogram.hpp"
#include "stress/options.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace stress {

/// What commands were answered in the end.
struct answer_counts {
  std::uint64_t accepted = 0;  ///< those that were "already so" too
  std::uint64_t already_so = 0;
  std::uint64_t refused = 0;
  std::uint64_t overloaded = 0;
  std::uint64_t unavailable = 0;
  std::uint64_t unknown = 0;

  void add(const reprise::answer& a, bool is_view);
  void add(const answer_counts& other);
  /// The commands that somebody got what they asked for, or a reason why not.
  std::uint64_t good() const { return accepted + refused; }
};

/// What came of one kind of command, or of all.
struct command_figures {
  answer_counts answers;

  /// Of those that were accepted or refused: to be turned away takes no time, and would make an overload look fast.
  latency_histogram latency;

  void add(const reprise::answer& a, bool is_view, std::chrono::nanoseconds time);
  void add(const command_figures& other);
};

/// What a run measured. All figures are of the time after the warm-up, but for recovery.
struct result {
  stress::options options;
  environment where;
  std::string run;  ///< the beginning of its command ids

  std::array<command_figures, all_command_kinds.size()> commands;
  std::map<std::string, std::uint64_t> refused;  ///< by reason
  std::chrono::nanoseconds time{};               ///< from the first command to the last answer
  latency_histogram lag;                         ///< how late an open loop sent what was due
  std::uint64_t skipped = 0;     ///< commands that an open loop had no room or no time to send
  std::uint64_t sent_again = 0;  ///< sendings of commands that had been sent before
  std::uint64_t resent = 0;      ///< commands of an earlier run that were sent again

  reprise::journal_stats journal;  ///< `bytes` is what it occupies in the end
  latency_histogram write_times;
  simulation::lives::totals recovery;  ///< over the whole run
  std::uint64_t crashes = 0;           ///< of actors, asked for
  std::uint64_t passivations = 0;      ///< of actors, asked for
  std::uint64_t restarts = 0;
  std::chrono::nanoseconds
      longest_restart{};          ///< from the begin of its stop until it is there again
  std::uint64_t live_carts = 0;   ///< in memory, at the end of the load
  std::uint64_t grown_bytes = 0;  ///< what the process grew by until then

  std::optional<simulation::accounts::verdict> verdict;  ///< empty: nothing was to be verified

  bool was_interrupted = false;
  std::string failure;  ///< why the run could not go on; empty if it could

  command_figures total() const;
  /// Accepted and refused commands a second.
  double goodput() const;
  double per_second(std::uint64_t count) const;
};

/// Returns those of the thresholds that the result fails. One about times fails if nothing was measured.
std::vector<threshold> failed_thresholds(const result& r);

/// Returns the exit status that the result calls for.
int exit_status(const result& r);

}  // namespace stress
