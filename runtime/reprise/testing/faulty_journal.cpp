#include "reprise/testing/faulty_journal.hpp"

#include "reprise/error.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace reprise::testing {

namespace {

/// Refuses each commit at the version that its stream has: that before the first of them.
std::vector<append_result> refuse_all(std::span<const commit> batch) {
  std::map<std::string_view, std::uint64_t> versions;
  std::vector<append_result> results;
  for (const commit& c : batch) {
    const std::uint64_t version = versions.try_emplace(c.stream, c.expected_version).first->second;
    results.push_back({false, version, 0});
  }
  return results;
}

[[noreturn]] void fail_to_write() {
  throw journal_failure("the disk is gone");
}

}  // namespace

class faulty_journal::faulty_snapshots final : public snapshot_store {
 public:
  explicit faulty_snapshots(snapshot_store& inner) : inner_(inner) {}

  std::atomic<fault> how{fault::none};

  void save(const snapshot& s, std::size_t keep) override {
    const fault now = how;
    if (now == fault::throw_oddly) throw 7;
    if (now != fault::none) fail_to_write();
    inner_.save(s, keep);
  }
  void read(std::string_view stream,
            const snapshot_visitor& visit,
            const skipped_visitor& report) const override {
    inner_.read(stream, visit, report);
  }
  void remove(std::string_view stream) override { inner_.remove(stream); }
  void verify(const snapshot_visitor& visit, const skipped_visitor& report) const override {
    inner_.verify(visit, report);
  }
  snapshot_stats stats() const override { return inner_.stats(); }

 private:
  snapshot_store& inner_;
};

faulty_journal::faulty_journal(std::shared_ptr<journal> inner) : inner_(std::move(inner)) {
  if (snapshot_store* store = inner_->snapshots()) {
    snapshots_ = std::make_unique<faulty_snapshots>(*store);
  }
}
faulty_journal::~faulty_journal() = default;

// -- demands -------------------------------------------------------------------

void faulty_journal::fail(fault how, std::size_t skip) {
  const std::lock_guard lock(mutex_);
  fault_ = how;
  skip_ = skip;
}

void faulty_journal::damage_at(place where, std::string reason) {
  const std::lock_guard lock(mutex_);
  std::string stream = where.stream;
  damaged_.insert_or_assign(std::move(stream), damage_demand{std::move(where), std::move(reason)});
}

void faulty_journal::damage(const std::string& stream, std::string reason) {
  damage_at({stream, 0, 0}, std::move(reason));
}

void faulty_journal::before_read(std::function<void()> what, std::size_t skip) {
  const std::lock_guard lock(mutex_);
  before_read_ = std::move(what);
  reads_before_ = skip;
}

void faulty_journal::fail_saves(fault how) {
  if (snapshots_) snapshots_->how = how;
}

void faulty_journal::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void faulty_journal::release() {
  const std::lock_guard lock(mutex_);
  held_ = false;
  changed_.notify_all();
}

void faulty_journal::hold_reads() {
  const std::lock_guard lock(mutex_);
  reads_held_ = true;
}

void faulty_journal::release_reads() {
  const std::lock_guard lock(mutex_);
  reads_held_ = false;
  changed_.notify_all();
}

bool faulty_journal::wait_until_held(std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, deadline, [this] { return inside_ != 0; });
}

bool faulty_journal::wait_until_read_is_held(std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, deadline, [this] { return reads_inside_ != 0; });
}

// -- what came in --------------------------------------------------------------

std::vector<std::size_t> faulty_journal::batches() const {
  const std::lock_guard lock(mutex_);
  return batches_;
}

std::size_t faulty_journal::reads() const {
  const std::lock_guard lock(mutex_);
  return reads_;
}

// -- journal -------------------------------------------------------------------

std::vector<append_result> faulty_journal::append(std::span<const commit> batch) {
  const fault now = next_fault(batch.size());
  if (now == fault::fail_before) fail_to_write();
  if (now == fault::throw_oddly) throw 7;
  if (now == fault::conflict) return refuse_all(batch);
  for (const commit& c : batch) {
    const damage_demand damaged = damage_of(c.stream);
    if (!damaged.reason.empty()) throw damaged_history(damaged.where, damaged.reason);
  }
  auto results = inner_->append(batch);
  if (now == fault::fail_after) fail_to_write();
  if (now == fault::answer_too_few) results.pop_back();
  return results;
}

void faulty_journal::read_stream(std::string_view stream,
                                 std::uint64_t from_version,
                                 const commit_visitor& visit) const {
  begin_read();
  const damage_demand damaged = damage_of(stream);
  if (damaged.reason.empty()) return inner_->read_stream(stream, from_version, visit);
  if (damaged.where.version != 0 && from_version > damaged.where.version)
    return inner_->read_stream(stream, from_version, visit);
  bool goes_on = true;
  inner_->read_stream(stream, from_version, [&](const commit_view& c) {
    if (c.last_version() >= damaged.where.version) return false;
    goes_on = visit(c);
    return goes_on;
  });
  if (goes_on) throw damaged_history(damaged.where, damaged.reason);
}

void faulty_journal::read_all(std::uint64_t from_position, const commit_visitor& visit) const {
  inner_->read_all(from_position, visit);
}

void faulty_journal::verify(const commit_visitor& visit, const damage_visitor& report) const {
  inner_->verify(visit, report);
}

std::uint64_t faulty_journal::last_position() const {
  return inner_->last_position();
}

journal_stats faulty_journal::stats() const {
  return inner_->stats();
}

snapshot_store* faulty_journal::snapshots() const noexcept {
  return snapshots_.get();
}

// -- heeding -------------------------------------------------------------------

faulty_journal::fault faulty_journal::next_fault(std::size_t commits) {
  std::unique_lock lock(mutex_);
  batches_.push_back(commits);
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

void faulty_journal::begin_read() const {
  std::unique_lock lock(mutex_);
  ++reads_;
  ++reads_inside_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !reads_held_; });
  --reads_inside_;
  if (!before_read_ || reads_before_-- != 0) return;
  const auto what = std::exchange(before_read_, {});
  lock.unlock();
  what();
}

/// Returns what is demanded of a stream; a reason that is empty is nothing.
faulty_journal::damage_demand faulty_journal::damage_of(std::string_view stream) const {
  const std::lock_guard lock(mutex_);
  const auto found = damaged_.find(stream);
  return found == damaged_.end() ? damage_demand{} : found->second;
}

}  // namespace reprise::testing
