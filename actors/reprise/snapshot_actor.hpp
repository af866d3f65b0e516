#pragma once

#include "reprise/caf.hpp"
#include "reprise/delivery.hpp"
#include "reprise/host_context.hpp"
#include "reprise/journal.hpp"
#include "reprise/messages.hpp"
#include "reprise/snapshot.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace reprise {

/// A snapshot on its way to its store. It counts among the host's unsaved ones until it is destroyed.
class unsaved_snapshot {
 public:
  /// Returns an empty one, of which `most` are kept of its stream; null if too many are unsaved, or the host has waited for
  /// them.
  static std::shared_ptr<unsaved_snapshot> begin(std::shared_ptr<host_context> host,
                                                 std::size_t most);

  /// For `begin`, which has counted it.
  unsaved_snapshot(std::shared_ptr<host_context> host, std::size_t most);
  unsaved_snapshot(const unsaved_snapshot&) = delete;
  unsaved_snapshot& operator=(const unsaved_snapshot&) = delete;
  ~unsaved_snapshot();

  /// Fills it, once. Returns false, and has not, if the unsaved ones would take up too much then.
  bool hold(snapshot s);

  const snapshot& content() const noexcept { return content_; }
  std::size_t keep() const noexcept { return keep_; }

 private:
  const std::shared_ptr<host_context> host_;
  snapshot content_;
  const std::size_t keep_;
};

/// What takes a snapshot through the journal behind the commits that it was taken after, so that none is saved of a state
/// that a crash could undo: "answered", it goes on to be saved. It is no command, and nobody asked for it.
class snapshot_delivery final : public delivery {
 public:
  snapshot_delivery(const aggregate_model& model,
                    std::shared_ptr<unsaved_snapshot> content,
                    caf::actor writer);
  ~snapshot_delivery() override { settle_if_dropped(); }

  const erased_command* command() const noexcept override { return nullptr; }

 protected:
  /// It came back: the state that it was taken of never was.
  void see(const aggregate_instance&) override { content_.reset(); }
  void deliver(answer a) override;

 private:
  std::shared_ptr<unsaved_snapshot> content_;
  caf::actor writer_;
};

/// Saves snapshots, on a thread of its own: neither an aggregate nor the journal's writer waits for it. One that cannot be
/// saved is gone, and told to the log: where the store fails, the first one, until it saves again.
class snapshot_actor final : public caf::event_based_actor {
 public:
  snapshot_actor(caf::actor_config& config,
                 std::shared_ptr<host_context> host,
                 std::shared_ptr<journal> in);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "reprise.snapshots"; }

 private:
  void save(const unsaved_snapshot& s);
  void failed(const unsaved_snapshot& s, const std::string& why, bool was_told);

  std::shared_ptr<host_context> host_;
  std::shared_ptr<journal> journal_;
  bool is_failing_ = false;  ///< the store does not save, and the log has been told
};

/// Spawns the snapshot actor.
caf::actor spawn_snapshots(caf::actor_system& system,
                           const std::shared_ptr<host_context>& host,
                           std::shared_ptr<journal> in);

/// Lets it end once it has saved what it was given until now.
void finish_snapshots(const caf::actor& writer);

}  // namespace reprise
