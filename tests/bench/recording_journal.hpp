#pragma once

#include "reprise/journal.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace bench {

/// Passes everything on to another journal, and remembers how many commits came with each write, so that bare
/// RocksDB can be given the same.
class recording_journal final : public reprise::journal {
 public:
  explicit recording_journal(std::shared_ptr<reprise::journal> to) : to_(std::move(to)) {}

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

  /// Returns the number of commits of each write. While nothing is being appended.
  const std::vector<std::size_t>& writes() const noexcept { return writes_; }

 private:
  std::shared_ptr<reprise::journal> to_;
  std::vector<std::size_t> writes_;
};

}  // namespace bench
