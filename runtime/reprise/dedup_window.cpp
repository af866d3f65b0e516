#include "reprise/dedup_window.hpp"

#include <algorithm>
#include <functional>

namespace reprise {

namespace {

std::uint64_t hash_of(std::string_view id) noexcept {
  return std::hash<std::string_view>{}(id);
}

}  // namespace

std::optional<recorded_command> dedup_window::find(std::string_view command_id) const noexcept {
  if (command_id.empty()) return std::nullopt;
  const std::size_t place = place_of(command_id);
  if (place == entries_.size()) return std::nullopt;
  return entries_[place].what;
}

std::size_t dedup_window::place_of(std::string_view command_id) const noexcept {
  const auto is_it = [command_id](const entry& e) { return e.id == command_id; };
  if (!hashes_) {
    return static_cast<std::size_t>(std::find_if(entries_.begin(), entries_.end(), is_it)
                                    - entries_.begin());
  }
  const std::uint64_t wanted = hash_of(command_id);
  for (std::size_t i = 0; i < hashes_->size(); ++i) {
    if ((*hashes_)[i] == wanted && is_it(entries_[i])) return i;
  }
  return entries_.size();
}

void dedup_window::remember(std::string_view command_id, recorded_command what) {
  if (command_id.empty() || capacity_ == 0) return;
  if (entries_.size() < capacity_) {
    entries_.push_back({std::string(command_id), what});
    index(entries_.size() - 1);
    return;
  }
  entries_[oldest_] = {std::string(command_id), what};
  index(oldest_);
  oldest_ = (oldest_ + 1) % capacity_;
}

void dedup_window::index(std::size_t place) {
  if (entries_.size() <= few) return;
  if (!hashes_) hashes_ = std::make_unique<std::vector<std::uint64_t>>();
  // The first time, all that came before are indexed too.
  const std::size_t first = std::min(place, hashes_->size());
  hashes_->resize(entries_.size());
  for (std::size_t i = first; i <= place; ++i) (*hashes_)[i] = hash_of(entries_[i].id);
}

}  // namespace reprise
