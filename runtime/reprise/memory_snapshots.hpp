#pragma once

#include "reprise/snapshot_store.hpp"
#include "reprise/stream_map.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace reprise::detail {

/// The snapshots of a journal in memory. It keeps the same records as the other stores, checksums included.
class memory_snapshots final : public snapshot_store {
 public:
  void save(const snapshot& s, std::size_t keep) override;
  void read(std::string_view stream,
            const snapshot_visitor& visit,
            const skipped_visitor& report) const override;
  void remove(std::string_view stream) override;
  void verify(const snapshot_visitor& visit, const skipped_visitor& report) const override;
  snapshot_stats stats() const override;

 private:
  struct kept {
    std::uint64_t version;
    std::shared_ptr<const std::string> record;
  };

  std::vector<kept> copy_of(std::string_view stream) const;

  mutable std::mutex mutex_;
  stream_map<std::vector<kept>> streams_;  ///< the newest first
  std::uint64_t saved_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace reprise::detail
