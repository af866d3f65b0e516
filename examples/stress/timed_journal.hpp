#pragma once

#include "reprise/journal.hpp"
#include "stress/latency_histogram.hpp"

#include <memory>
#include <mutex>

namespace stress {

/// How long writes took. Any thread may use it.
class write_times {
 public:
  void record(std::chrono::nanoseconds time);
  latency_histogram so_far() const;
  void clear();

 private:
  mutable std::mutex mutex_;
  latency_histogram times_;
};

/// Passes everything on to another journal, and takes the time of its synced writes. Any embedding program can put
/// such a one between the host and its store.
class timed_journal final : public reprise::journal {
 public:
  /// `times` is told how long each write took that stored something, and outlives the journal.
  timed_journal(std::shared_ptr<reprise::journal> to, write_times& times)
      : to_(std::move(to)), times_(times) {}

  std::vector<reprise::append_result> append(std::span<const reprise::commit> batch) override;
  void read_stream(std::string_view stream,
                   std::uint64_t from_version,
                   const reprise::commit_visitor& visit) const override;
  void read_all(std::uint64_t from_position, const reprise::commit_visitor& visit) const override;
  void verify(const reprise::commit_visitor& visit,
              const reprise::damage_visitor& report) const override;
  std::uint64_t last_position() const override;
  reprise::journal_stats stats() const override;
  reprise::snapshot_store* snapshots() const noexcept override { return to_->snapshots(); }
  reprise::trim_result trim(const reprise::snapshot& base) override { return to_->trim(base); }
  std::optional<reprise::stream_base> base(std::string_view stream) const override {
    return to_->base(stream);
  }
  void read_bases(const reprise::base_visitor& visit) const override { to_->read_bases(visit); }

 private:
  std::shared_ptr<reprise::journal> to_;
  write_times& times_;
};

}  // namespace stress
