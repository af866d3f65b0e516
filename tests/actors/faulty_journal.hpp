#pragma once

#include "reprise/memory_journal.hpp"
#include "reprise/stream.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// A journal that does what journals do on bad days, on demand. Without a demand it is the one that it wraps.
class faulty_journal final : public reprise::journal {
 public:
  explicit faulty_journal(std::shared_ptr<reprise::journal> inner = reprise::in_memory())
      : inner_(std::move(inner)) {}

  /// What an append does instead of its work.
  enum class fault : std::uint8_t {
    none,
    fail_before,     ///< throws and stores nothing
    fail_after,      ///< throws and has stored everything
    throw_oddly,     ///< throws what is no std::exception
    answer_too_few,  ///< returns a result less than there are commits
  };

  // -- demands -------------------------------------------------------------------------------------------------

  /// Lets the append after the next `skip` ones go wrong.
  void fail(fault how, std::size_t skip = 0) {
    const std::lock_guard lock(mutex_);
    fault_ = how;
    skip_ = skip;
  }

  /// From now on reading this stream, and appending to it, throws `what`. An empty `what` makes it well.
  void damage(const std::string& stream, const std::string& what) {
    const std::lock_guard lock(mutex_);
    damaged_[stream] = what;
  }

  /// From now on every append waits inside, before it stores anything, until `release`.
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }

  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }

  /// From now on every read waits inside until `release_reads`.
  void hold_reads() {
    const std::lock_guard lock(mutex_);
    reads_held_ = true;
  }

  void release_reads() {
    const std::lock_guard lock(mutex_);
    reads_held_ = false;
    changed_.notify_all();
  }

  /// Waits until an append is held; returns whether one is within a generous deadline.
  bool wait_until_held() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [this] { return inside_ != 0; });
  }

  bool wait_until_read_is_held() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [this] { return reads_inside_ != 0; });
  }

  // -- what came in ----------------------------------------------------------------------------------------------

  /// Returns how many commits each append was given, in order.
  std::vector<std::size_t> batches() const {
    const std::lock_guard lock(mutex_);
    return batches_;
  }

  std::size_t reads() const {
    const std::lock_guard lock(mutex_);
    return reads_;
  }

  const std::shared_ptr<reprise::journal>& inner() const noexcept { return inner_; }

  // -- journal ---------------------------------------------------------------------------------------------------

  std::vector<reprise::append_result> append(std::span<const reprise::commit> batch) override {
    const fault now = next_fault(batch.size());
    if (now == fault::fail_before) throw reprise::journal_failure("the disk is gone");
    if (now == fault::throw_oddly) throw 7;
    for (const reprise::commit& c : batch) throw_if_damaged(c.stream);
    auto results = inner_->append(batch);
    if (now == fault::fail_after) throw reprise::journal_failure("the disk is gone");
    if (now == fault::answer_too_few) results.pop_back();
    return results;
  }

  void read_stream(std::string_view stream,
                   std::uint64_t from_version,
                   const reprise::commit_visitor& visit) const override {
    begin_read();
    throw_if_damaged(stream);
    inner_->read_stream(stream, from_version, visit);
  }

  void read_all(std::uint64_t from_position, const reprise::commit_visitor& visit) const override {
    inner_->read_all(from_position, visit);
  }

  void verify(const reprise::commit_visitor& visit,
              const reprise::damage_visitor& report) const override {
    inner_->verify(visit, report);
  }

  std::uint64_t last_position() const override { return inner_->last_position(); }
  reprise::journal_stats stats() const override { return inner_->stats(); }

 private:
  fault next_fault(std::size_t size) {
    std::unique_lock lock(mutex_);
    batches_.push_back(size);
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    --inside_;
    if (fault_ == fault::none) return fault::none;
    if (skip_ != 0) {
      --skip_;
      return fault::none;
    }
    return std::exchange(fault_, fault::none);
  }

  void begin_read() const {
    std::unique_lock lock(mutex_);
    ++reads_;
    ++reads_inside_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !reads_held_; });
    --reads_inside_;
  }

  void throw_if_damaged(std::string_view stream) const {
    const std::lock_guard lock(mutex_);
    const auto found = damaged_.find(std::string(stream));
    if (found == damaged_.end() || found->second.empty()) return;
    throw reprise::damaged_history({found->first, 2, 7}, found->second);
  }

  std::shared_ptr<reprise::journal> inner_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  fault fault_ = fault::none;
  std::size_t skip_ = 0;
  bool held_ = false;
  bool reads_held_ = false;
  std::size_t inside_ = 0;
  mutable std::size_t reads_inside_ = 0;
  mutable std::size_t reads_ = 0;
  std::vector<std::size_t> batches_;
  std::map<std::string, std::string> damaged_;
};
