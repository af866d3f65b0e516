#pragma once

#include "reprise/caf.hpp"
#include "reprise/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace reprise {

/// The recoveries of a host, from when they are asked for until they are done. Those who read take the next one from here,
/// and go on until there is none: one that is stuck in its history keeps no other from being read. Safe on any thread.
///
/// What was in memory before, and was ended by a crash, comes first; then what somebody waits for, in the order in which
/// it was asked for; then the rest, such as that whose commands have all been answered by `command_timeout`. Long
/// histories are read in slices and take turns with what is not begun, and no more than `most_at_once` are in memory in
/// part.
class recovery_queue {
 public:
  explicit recovery_queue(std::size_t most_at_once) : most_at_once_(most_at_once) {}
  recovery_queue(const recovery_queue&) = delete;
  recovery_queue& operator=(const recovery_queue&) = delete;

  /// Says who reads: they sleep until they are told to. Before anything is asked for.
  void is_read_by(std::vector<caf::actor> readers);

  /// Asks for a recovery. Nothing comes of it once the queue is stopped.
  void push(std::shared_ptr<recovery> r);

  /// Says that `d` waits for a recovery, longer than all that waited before.
  void wait_for(const std::shared_ptr<recovery>& r, const std::shared_ptr<delivery>& d);

  /// Returns what `reader` reads next, or nullptr if there is nothing that may be read: then it sleeps until it is told.
  std::shared_ptr<recovery> take(const caf::actor& reader);

  /// Takes back what there is more to read of. Who read it goes on with `take`.
  void put_back(std::shared_ptr<recovery> r);

  /// Says that one that was taken is read to its end. Who read it goes on with `take`.
  void finish();

  /// Ends those who read, and lets go of everything.
  void stop();

 private:
  using line = std::deque<std::shared_ptr<recovery>>;

  static std::shared_ptr<recovery> take_from(line& l, recovery_place there);

  /// Returns the first that is not begun.
  std::shared_ptr<recovery> take_new();

  /// Returns the first of a line that somebody waits for, and sets aside those before it.
  std::shared_ptr<recovery> take_wanted(line& l);

  /// Returns one that sleeps, and does no longer, if there is one.
  caf::actor next_reader();

  const std::size_t most_at_once_;
  std::mutex mutex_;
  std::vector<caf::actor> readers_;
  std::vector<caf::actor> asleep_;  ///< of those
  line ended_;                      ///< not begun: what was in memory before
  line cold_;                       ///< not begun: the others
  line set_aside_;        ///< not begun: nobody waits for them, or did when it was their turn
  line begun_;            ///< and not being read at the moment
  std::size_t open_ = 0;  ///< begun and not done
  bool is_begun_next_ = false;
  bool is_stopped_ = false;
};

}  // namespace reprise
