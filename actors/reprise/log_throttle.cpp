#include "reprise/log_throttle.hpp"

#include <utility>

namespace reprise {

namespace {

/// Bytes of a reason that tell it from others: a reason can be as long as an exception's text.
constexpr std::size_t most_reason_bytes = 256;

std::string text_of(const log_key& key) {
  std::string text(1, static_cast<char>(key.cause));
  text += key.stream;
  text += '\0';
  return text += key.reason.substr(0, most_reason_bytes);
}

}  // namespace

std::optional<std::string> log_throttle::pass(const log_key& key, time now) {
  const std::lock_guard lock(mutex_);
  kind& shared = by_cause_[static_cast<std::size_t>(key.cause)];
  kind* own = find(text_of(key), now);
  kind& of = own != nullptr ? *own : shared;
  if (of.told_at && now - *of.told_at < period) {
    ++of.left_out;
    return {};
  }
  of.told_at = now;
  const std::uint64_t left_out = std::exchange(of.left_out, 0);
  if (left_out == 0) return "";
  return " (repeated " + std::to_string(left_out) + (left_out == 1 ? " time" : " times")
         + (own != nullptr ? ")" : ", for other aggregates or reasons too)");
}

log_throttle::kind* log_throttle::find(std::string key, time now) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) return &found->second;
  if (by_key_.size() >= most_keys)
    std::erase_if(by_key_, [now](const auto& old) { return now - *old.second.told_at >= period; });
  if (by_key_.size() >= most_keys) return nullptr;
  return &by_key_[std::move(key)];
}

}  // namespace reprise
