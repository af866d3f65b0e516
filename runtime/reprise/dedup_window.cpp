#include "reprise/dedup_window.hpp"

#include <algorithm>
#include <functional>

namespace reprise {

namespace {

/// So many tags are compared with a few instructions, if none of them ends the loop early.
constexpr std::size_t tags_at_once = 32;

bool is_among(const std::uint16_t* first, std::uint16_t wanted) noexcept {
  bool is_found = false;
  for (std::size_t i = 0; i < tags_at_once; ++i) is_found |= first[i] == wanted;
  return is_found;
}

/// Returns the first place from `from` on where `wanted` is, or else the size.
std::size_t place_among(const std::vector<std::uint16_t>& tags,
                        std::uint16_t wanted,
                        std::size_t from) noexcept {
  std::size_t i = from;
  while (i + tags_at_once <= tags.size() && !is_among(tags.data() + i, wanted)) i += tags_at_once;
  while (i != tags.size() && tags[i] != wanted) ++i;
  return i;
}

}  // namespace

dedup_window::tag dedup_window::tag_of(std::string_view command_id) noexcept {
  return static_cast<tag>(std::hash<std::string_view>{}(command_id));
}

// -- looking up ----------------------------------------------------------------------------------------------------

std::optional<recorded_command> dedup_window::find(std::string_view command_id,
                                                   timestamp now) const noexcept {
  // An id can be held twice: too old, and recorded again since.
  for (std::size_t i = place_of(command_id, 0); i != entries_.size();
       i = place_of(command_id, i + 1)) {
    if (!is_too_old(entries_[i].what, now)) return entries_[i].what;
  }
  return std::nullopt;
}

bool dedup_window::holds(std::string_view command_id) const noexcept {
  return place_of(command_id, 0) != entries_.size();
}

std::size_t dedup_window::place_of(std::string_view command_id, std::size_t from) const noexcept {
  std::size_t i = from;
  if (!more_ || more_->tags.empty()) {
    while (i != entries_.size() && entries_[i].id != command_id) ++i;
    return i;
  }
  const tag wanted = tag_of(command_id);
  i = place_among(more_->tags, wanted, i);
  while (i != entries_.size() && entries_[i].id != command_id) {
    i = place_among(more_->tags, wanted, i + 1);
  }
  return i;
}

bool dedup_window::is_too_old(const recorded_command& what, timestamp now) const noexcept {
  if (what.time >= now) return false;
  // Commits may carry any time: the difference of two of them can be more than a signed number holds.
  const auto passed = static_cast<std::uint64_t>(now.time_since_epoch().count())
                      - static_cast<std::uint64_t>(what.time.time_since_epoch().count());
  return passed > std::uint64_t{age_s_} * 1'000'000;
}

bool dedup_window::may_have_forgotten(timestamp since, timestamp now) const noexcept {
  if (const auto latest = forgotten_until(); latest && *latest >= since) return true;
  return std::any_of(entries_.begin(), entries_.end(), [&](const entry& e) {
    return e.what.time >= since && is_too_old(e.what, now);
  });
}

// -- adding --------------------------------------------------------------------------------------------------------

void dedup_window::remember(std::string_view command_id, recorded_command what, timestamp now) {
  if (command_id.empty()) return;
  if (capacity_ == 0 || is_too_old(what, now)) return forget_until(what.time);
  // Room for what is too old is used again before more is asked for, so that looking for it costs no time of its own.
  if (entries_.size() == entries_.capacity() && entries_.size() < capacity_) forget_too_old(now);
  if (entries_.size() < capacity_) {
    entries_.push_back({std::string(command_id), what});
    return index(entries_.size() - 1);
  }
  std::uint32_t& oldest = rest().oldest;
  forget_until(entries_[oldest].what.time);
  entries_[oldest] = {std::string(command_id), what};
  index(oldest);
  oldest = (oldest + 1) % capacity_;
}

void dedup_window::forget_too_old(timestamp now) {
  const auto end = std::find_if(entries_.begin(), entries_.end(),
                                [&](const entry& e) { return !is_too_old(e.what, now); });
  const auto count = end - entries_.begin();
  if (count == 0) return;
  for (auto e = entries_.begin(); e != end; ++e) forget_until(e->what.time);
  entries_.erase(entries_.begin(), end);
  std::vector<tag>& tags = rest().tags;
  if (!tags.empty()) tags.erase(tags.begin(), tags.begin() + count);
}

void dedup_window::index(std::size_t place) {
  if (entries_.size() <= few && (!more_ || more_->tags.empty())) return;
  std::vector<tag>& tags = rest().tags;
  // The first time, all that came before are indexed too.
  const std::size_t first = std::min(place, tags.size());
  tags.resize(entries_.size());
  for (std::size_t i = first; i <= place; ++i) tags[i] = tag_of(entries_[i].id);
}

dedup_window::more& dedup_window::rest() {
  if (!more_) more_ = std::make_unique<more>();
  return *more_;
}

// -- for snapshots -------------------------------------------------------------------------------------------------

std::vector<dedup_window::entry> dedup_window::entries() const {
  std::vector<entry> all(entries_.size());
  const auto oldest = static_cast<std::ptrdiff_t>(more_ ? more_->oldest : 0);
  std::rotate_copy(entries_.begin(), entries_.begin() + oldest, entries_.end(), all.begin());
  return all;
}

std::optional<timestamp> dedup_window::forgotten_until() const noexcept {
  return more_ ? more_->forgotten_until : std::nullopt;
}

void dedup_window::forget_until(timestamp latest) {
  auto& until = rest().forgotten_until;
  until = until ? std::max(*until, latest) : latest;
}

}  // namespace reprise
