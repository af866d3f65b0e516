#pragma once

#include "reprise/batch_judge.hpp"
#include "reprise/stream_map.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace reprise::detail {

/// The heads of the streams that were appended to most lately, so that a store seldom has to be asked. Holds
/// two generations: when the young one is full it becomes the old one, and the old one is forgotten.
class stream_heads {
 public:
  /// To be called before a batch: heads that `get` returned for an earlier one may be forgotten now.
  void begin_batch() {
    if (young_.size() < heads_per_generation) return;
    old_ = std::move(young_);
    young_.clear();
  }

  /// Returns the head of a stream, which stays where it is during the batch. If it is not known, its version
  /// is what `load()` returns; what that throws passes through.
  template <class Load>
  stream_head& get(std::string_view stream, Load load) {
    if (const auto it = young_.find(stream); it != young_.end()) return it->second;
    if (const auto it = old_.find(stream); it != old_.end()) {
      return young_.insert(old_.extract(it)).position->second;
    }
    const std::uint64_t version = load();
    return young_.try_emplace(std::string(stream), stream_head{version, 0, 0, false}).first->second;
  }

 private:
  static constexpr std::size_t heads_per_generation = std::size_t{64} * 1024;

  stream_map<stream_head> young_;
  stream_map<stream_head> old_;
};

}  // namespace reprise::detail
