#include "reprise/dedup_window.hpp"

#include "reprise/limits.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <stdexcept>

namespace reprise {

namespace {

/// Ids have any length, so one is found by stepping over those before it, as far back as the last that is marked.
constexpr std::size_t ids_a_mark = 32;

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
  for (std::size_t place = place_of(command_id, forgotten_); place != tags_.size();
       place = place_of(command_id, place + 1)) {
    const head h = head_at(offset_of(place));
    if (!is_too_old(h.time, now)) return recorded_command{h.version, h.events, h.time};
  }
  return std::nullopt;
}

bool dedup_window::holds(std::string_view command_id) const noexcept {
  return place_of(command_id, forgotten_) != tags_.size();
}

std::size_t dedup_window::place_of(std::string_view command_id, std::size_t from) const noexcept {
  const tag wanted = tag_of(command_id);
  std::size_t place = place_among(tags_, wanted, from);
  while (place != tags_.size() && id_at(offset_of(place)) != command_id) {
    place = place_among(tags_, wanted, place + 1);
  }
  return place;
}

dedup_window::head dedup_window::head_at(std::size_t offset) const noexcept {
  head h;
  std::memcpy(&h, bytes_.data() + offset, sizeof h);
  return h;
}

std::string_view dedup_window::id_at(std::size_t offset) const noexcept {
  return {bytes_.data() + offset + sizeof(head), head_at(offset).id_bytes};
}

std::size_t dedup_window::behind(std::size_t offset) const noexcept {
  return offset + sizeof(head) + head_at(offset).id_bytes;
}

std::size_t dedup_window::offset_of(std::size_t place) const noexcept {
  std::size_t offset = place < ids_a_mark ? 0 : more_->marks[place / ids_a_mark - 1];
  for (std::size_t i = place - place % ids_a_mark; i != place; ++i) offset = behind(offset);
  return offset;
}

bool dedup_window::is_too_old(timestamp time, timestamp now) const noexcept {
  if (time >= now) return false;
  // Commits may carry any time: the difference of two of them can be more than a signed number holds.
  const auto passed = static_cast<std::uint64_t>(now.time_since_epoch().count())
                      - static_cast<std::uint64_t>(time.time_since_epoch().count());
  return passed > std::uint64_t{age_s_} * 1'000'000;
}

bool dedup_window::may_have_forgotten(timestamp since, timestamp now) const noexcept {
  if (const auto latest = forgotten_until(); latest && *latest >= since) return true;
  for (std::size_t offset = begin_; offset != bytes_.size(); offset = behind(offset)) {
    const timestamp time = head_at(offset).time;
    if (time >= since && is_too_old(time, now)) return true;
  }
  return false;
}

// -- adding --------------------------------------------------------------------------------------------------------

void dedup_window::remember(std::string_view command_id, recorded_command what, timestamp now) {
  if (command_id.empty()) return;
  if (command_id.size() > max_command_id_bytes) {
    throw std::invalid_argument("a command id has " + std::to_string(command_id.size())
                                + " bytes; at most " + std::to_string(max_command_id_bytes)
                                + " are remembered");
  }
  if (capacity_ == 0 || is_too_old(what.time, now)) return forget_until(what.time);
  if (size() == capacity_) forget_oldest();
  const std::size_t bytes = sizeof(head) + command_id.size();
  make_room(bytes, now);
  const std::size_t offset = bytes_.size();
  mark(tags_.size(), offset);
  const head h{what.version, what.time, what.events, static_cast<std::uint8_t>(command_id.size())};
  bytes_.resize(offset + bytes);
  std::memcpy(bytes_.data() + offset, &h, sizeof h);
  std::memcpy(bytes_.data() + offset + sizeof h, command_id.data(), command_id.size());
  tags_.push_back(tag_of(command_id));
}

void dedup_window::forget_oldest() {
  forget_until(head_at(begin_).time);
  begin_ = static_cast<std::uint32_t>(behind(begin_));
  ++forgotten_;
}

/// Room for what is forgotten is used again before more is asked for, and what is too old is looked for only then.
void dedup_window::make_room(std::size_t bytes, timestamp now) {
  if (bytes_.size() + bytes <= bytes_.capacity()) return;
  while (size() != 0 && is_too_old(head_at(begin_).time, now)) forget_oldest();
  if (begin_ > bytes_.size() / 8) drop_forgotten();
  const std::size_t needed = bytes_.size() + bytes;
  if (needed <= bytes_.capacity()) return;
  // A full window needs room for its ids and as much as it forgets from one time that they are moved to the next.
  const std::size_t full = needed / (tags_.size() + 1) * capacity_ / 4 * 5;
  const std::size_t next = std::min(bytes_.capacity() * 2, full);
  bytes_.reserve(std::max({needed, bytes_.size() + bytes_.size() / 4, next}));
}

void dedup_window::drop_forgotten() {
  bytes_.erase(bytes_.begin(), bytes_.begin() + begin_);
  tags_.erase(tags_.begin(), tags_.begin() + forgotten_);
  begin_ = 0;
  forgotten_ = 0;
  rest().marks.clear();
  std::size_t place = 0;
  for (std::size_t offset = 0; offset != bytes_.size(); offset = behind(offset)) {
    mark(place++, offset);
  }
}

void dedup_window::mark(std::size_t place, std::size_t offset) {
  if (place == 0 || place % ids_a_mark != 0) return;
  rest().marks.push_back(static_cast<std::uint32_t>(offset));
}

dedup_window::more& dedup_window::rest() {
  if (!more_) more_ = std::make_unique<more>();
  return *more_;
}

// -- for snapshots -------------------------------------------------------------------------------------------------

std::vector<dedup_window::entry> dedup_window::entries() const {
  std::vector<entry> all;
  all.reserve(size());
  for (std::size_t offset = begin_; offset != bytes_.size(); offset = behind(offset)) {
    const head h = head_at(offset);
    all.push_back({std::string(id_at(offset)), {h.version, h.events, h.time}});
  }
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
