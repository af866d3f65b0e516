#pragma once

#include "reprise/journal.hpp"
#include "reprise/memory_journal.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::testing {

/// A journal that does what journals do on bad days, on demand. Without a demand it is the one that it wraps.
///
///     const auto journal = std::make_shared<faulty_journal>();
///     reprise::host host{{.journal = journal}};
///     journal->fail(faulty_journal::fault::fail_after);          // the next append is stored, and nobody is told
///     CHECK(carts.send("cart-42", add_product{"tea", 1}).get().kind == answer_kind::unknown);
///
/// Any number of threads may demand, append and read at once. A demand is heeded by what begins after it returns. It
/// stores nothing itself: what a write that failed left behind is in `inner()`.
class faulty_journal final : public journal {
 public:
  explicit faulty_journal(std::shared_ptr<journal> inner = in_memory());
  ~faulty_journal() override;

  /// What an append does instead of its work. `journal::append` allows the first two and the last one.
  enum class fault : std::uint8_t {
    none,
    fail_before,     ///< throws `journal_failure` and stores nothing
    fail_after,      ///< throws `journal_failure` and has stored everything
    throw_oddly,     ///< throws what is no std::exception
    answer_too_few,  ///< returns a result less than there are commits
    conflict,  ///< stores nothing, and refuses each commit as if another writer had come first
  };

  // -- demands -----------------------------------------------------------------

  /// Lets the append after the next `skip` ones go wrong; none of them if `how` is `none`. One demand replaces the other.
  void fail(fault how, std::size_t skip = 0);

  /// From now on a `read_stream` that comes to `where.version` throws `damaged_history` with this place and reason, after
  /// the commits before it were visited; at version 0, every `read_stream` does. So does an append to the stream, before
  /// it stores anything. `read_all` and `verify` see nothing of it. An empty reason makes the stream well again.
  void damage_at(place where, std::string reason);
  void damage(const std::string& stream, std::string reason);

  /// Lets `what` happen once, on the reading thread, before the `read_stream` after the next `skip` ones reads anything. One
  /// demand replaces the other.
  void before_read(std::function<void()> what, std::size_t skip = 0);

  /// From now on no snapshot is saved: each fails with `journal_failure`, or with what is no std::exception if `how` is
  /// `throw_oddly`. No longer if it is `none`.
  void fail_saves(fault how);

  /// From now on every append waits inside, before it stores anything, until `release`.
  void hold();
  void release();

  /// From now on every `read_stream` waits inside, before it reads anything, until `release_reads`.
  void hold_reads();
  void release_reads();

  /// Waits until an append, or a read, is held. Returns false if none is by the deadline.
  bool wait_until_held(std::chrono::milliseconds deadline = std::chrono::seconds(30));
  bool wait_until_read_is_held(std::chrono::milliseconds deadline = std::chrono::seconds(30));

  // -- what came in --------------------------------------------------------------

  /// Returns how many commits each append was given, in order, those that failed included.
  std::vector<std::size_t> batches() const;

  /// Returns how often a stream was read.
  std::size_t reads() const;

  const std::shared_ptr<journal>& inner() const noexcept { return inner_; }

  // -- journal -------------------------------------------------------------------

  std::vector<append_result> append(std::span<const commit> batch) override;
  void read_stream(std::string_view stream,
                   std::uint64_t from_version,
                   const commit_visitor& visit) const override;
  void read_all(std::uint64_t from_position, const commit_visitor& visit) const override;
  void verify(const commit_visitor& visit, const damage_visitor& report) const override;
  std::uint64_t last_position() const override;
  journal_stats stats() const override;
  snapshot_store* snapshots() const noexcept override;
  trim_result trim(const snapshot& base) override { return inner_->trim(base); }
  std::optional<stream_base> base(std::string_view stream) const override {
    return inner_->base(stream);
  }
  void read_bases(const base_visitor& visit) const override { inner_->read_bases(visit); }

 private:
  struct damage_demand {
    place where;
    std::string reason;
  };

  class faulty_snapshots;

  fault next_fault(std::size_t commits);
  void begin_read() const;
  damage_demand damage_of(std::string_view stream) const;

  std::shared_ptr<journal> inner_;
  std::unique_ptr<faulty_snapshots> snapshots_;  ///< none if `inner_` keeps none
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  fault fault_ = fault::none;
  std::size_t skip_ = 0;
  bool held_ = false;
  bool reads_held_ = false;
  std::size_t inside_ = 0;
  mutable std::size_t reads_inside_ = 0;
  mutable std::size_t reads_ = 0;
  mutable std::function<void()> before_read_;
  mutable std::size_t reads_before_ = 0;
  std::vector<std::size_t> batches_;
  std::map<std::string, damage_demand, std::less<>> damaged_;
};

}  // namespace reprise::testing
