#include "cart/check.hpp"

#include "cart/cart_events.hpp"
#include "cart/cart_text.hpp"
#include "cart/format.hpp"
#include "reprise/error.hpp"
#include "reprise/stream.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <unordered_map>

namespace simulation {

using reprise::answer_kind;
using shop::shopping_cart;

namespace {

std::string text_of_answer(const told& t) {
  if (t.kind == answer_kind::refused) return "refused: " + std::string(t.reason);
  if (t.kind == answer_kind::accepted && t.events == 0) return "already so";
  return std::string(to_string(t.kind)) + ", " + counted(t.events, "event");
}

bool recorded_events(const told& t) {
  return t.kind == answer_kind::accepted && t.events > 0;
}

/// One commit of the cart's stream.
struct stored_commit {
  std::uint64_t first_version = 0;
  std::uint64_t last_version = 0;
  std::string command_id;
  std::vector<shopping_cart::event> events;  ///< as they are today

  std::uint64_t size() const noexcept { return last_version - first_version + 1; }
};

/// Walks along a cart's stream with the model, and compares at every version what is known of it.
class cart_check {
 public:
  cart_check(const std::string& cart, const cart_history& history)
      : cart_(cart), model_(history.base) {
    version_ = history.base_version;
    for (const told& t : history.commands) file(t, history.base_version);
    for (const looked& l : history.looks) looks_.emplace(l.version, &l);
  }

  std::vector<difference> against(const reprise::journal& journal,
                                  const reprise::observed<shopping_cart>& recovered) {
    if (!refusal_of_ids(cart_, {}).empty()) return std::move(differences_);  // it has no stream
    const std::uint64_t from = earlier_.empty() ? version_ + 1 : earlier_.begin()->first;
    try {
      journal.read_stream(reprise::stream_name(shopping_cart::category, cart_), from,
                          [this](const auto& commit) {
                            take({commit.first_version, commit.last_version(),
                                  std::string(commit.command_id), events_of(commit)});
                            return true;
                          });
    } catch (const reprise::damaged_history& damage) {
      report(damage.where().version, "a sound history", damage.reason());
      return std::move(differences_);
    }
    compare_judgements();
    compare_leftovers();
    compare_recovered(recovered);
    return std::move(differences_);
  }

 private:
  /// Sorts a command's answer by what can be said about it.
  void file(const told& t, std::uint64_t base_version) {
    const std::string refusal = refusal_of_ids(cart_, t.id);
    if (!refusal.empty()) {
      compare_unjudged(t, refusal);
    } else if (recorded_events(t)) {
      (t.version > base_version ? recorded_ : earlier_).emplace(t.version, &t);
    } else if (t.kind == answer_kind::accepted || t.kind == answer_kind::refused) {
      judged_.emplace(t.version, &t);
    } else if (t.kind == answer_kind::unknown) {
      unknown_.emplace(t.id, &t);
    }
  }

  /// No cart sees such a command, at whatever version.
  void compare_unjudged(const told& t, const std::string& refusal) {
    if (t.kind == answer_kind::refused && t.version == 0 && t.reason == refusal) return;
    if (t.kind != answer_kind::refused && t.kind != answer_kind::accepted) return;
    report(t.version, "refused: " + refusal, text_of_answer(t));
  }

  void take(const stored_commit& commit) {
    if (commit.last_version <= version_) return compare_repeated(commit);
    compare_judgements();
    if (commit.first_version != version_ + 1) {
      report(version_ + 1, "the next event of the cart",
             "version " + std::to_string(commit.first_version));
    }
    compare_commit(commit);
    for (const auto& event : commit.events) model_.follow(event);
    version_ = commit.last_version;
  }

  /// A command that was sent again gets the answer of the commit that an earlier run stored for it.
  void compare_repeated(const stored_commit& commit) {
    const auto [first, last] = earlier_.equal_range(commit.last_version);
    for (auto t = first; t != last; ++t) {
      if (t->second->id != commit.command_id) {
        report(commit.last_version, "a commit of command " + t->second->id,
               "one of command " + commit.command_id);
      }
    }
    earlier_.erase(first, last);
  }

  void compare_commit(const stored_commit& commit) {
    const told* sent = nullptr;
    const auto [first, last] = recorded_.equal_range(commit.last_version);
    for (auto t = first; t != last; ++t) {
      if (t->second->id != commit.command_id || t->second->events != commit.size()) {
        report(commit.last_version, text_of(t->second->command) + " of command " + t->second->id,
               text_of(commit.events) + " of command " + commit.command_id);
      } else if (sent == nullptr) {
        sent = t->second;
      }
    }
    const bool was_answered = first != last;
    recorded_.erase(first, last);
    if (!was_answered) sent = taken_unknown(commit.command_id);
    if (sent == nullptr) {
      if (!was_answered)
        report(commit.last_version, "no commit that nobody was told of", text_of(commit.events));
      return;
    }
    const auto verdict = model_.expect(sent->command);
    if (!verdict.refusal.empty() || verdict.events != commit.events) {
      report(commit.last_version, text_of(verdict), text_of(commit.events));
    }
  }

  /// Returns the command whose sender was told that its outcome is unknown; it is known now, and only once.
  const told* taken_unknown(const std::string& id) {
    const auto found = unknown_.find(id);
    if (found == unknown_.end()) return nullptr;
    const told* t = found->second;
    unknown_.erase(found);
    return t;
  }

  /// Compares what was judged at the version that the walk is at.
  void compare_judgements() {
    const auto [first, last] = judged_.equal_range(version_);
    for (auto t = first; t != last; ++t) {
      const auto verdict = model_.expect(t->second->command);
      const std::string_view refusal = t->second->kind == answer_kind::refused ? t->second->reason
                                                                               : "";
      if (verdict.refusal != refusal || !verdict.events.empty()) {
        report(version_, text_of(verdict) + " for " + text_of(t->second->command),
               text_of_answer(*t->second));
      }
    }
    judged_.erase(first, last);

    const auto [first_look, last_look] = looks_.equal_range(version_);
    if (first_look == last_look) return;
    const std::string text = model_.text();
    const auto fingerprint = fingerprint_of(text);
    for (auto l = first_look; l != last_look; ++l) {
      if (l->second->fingerprint != fingerprint)
        report(version_, text, "something else, seen by a shopper");
    }
    looks_.erase(first_look, last_look);
  }

  /// Whatever was not met on the way along the stream is not in it.
  void compare_leftovers() {
    for (const auto* answers : {&recorded_, &earlier_}) {
      for (const auto& [version, t] : *answers) {
        report(version, text_of(t->command) + ", acknowledged", "nothing of it in the journal");
      }
    }
    for (const auto& [version, t] : judged_) {
      report(version, "a version that the cart went through",
             text_of_answer(*t) + ", judged there");
    }
    for (const auto& [version, l] : looks_) {
      report(version, "a version that the cart went through", "one that a shopper saw");
    }
  }

  void compare_recovered(const reprise::observed<shopping_cart>& recovered) {
    if (!recovered.value) {
      report(version_, model_.text(),
             std::string(to_string(recovered.kind)) + ": " + recovered.reason);
    } else if (recovered.version != version_) {
      report(version_, "recovery up to this version",
             "version " + std::to_string(recovered.version));
    } else if (!model_.is_like(*recovered.value)) {
      report(version_, model_.text(), text_of(*recovered.value));
    }
  }

  void report(std::uint64_t version, std::string expected, std::string found) {
    differences_.push_back({cart_, version, std::move(expected), std::move(found)});
  }

  const std::string& cart_;
  model_cart model_;
  std::uint64_t version_ = 0;
  std::multimap<std::uint64_t, const told*>
      recorded_;  ///< accepted with events, by the version after them
  std::multimap<std::uint64_t, const told*>
      earlier_;  ///< those whose version is from before the run
  std::multimap<std::uint64_t, const told*>
      judged_;  ///< refused or already so, by the version they were judged at
  std::unordered_map<std::string_view, const told*> unknown_;
  std::multimap<std::uint64_t, const looked*> looks_;
  std::vector<difference> differences_;
};

}  // namespace

std::uint64_t fingerprint_of(std::string_view cart_text) {
  return std::hash<std::string_view>{}(cart_text);
}

std::vector<difference> check_cart(const std::string& cart,
                                   const cart_history& history,
                                   const reprise::journal& journal,
                                   const reprise::observed<shopping_cart>& recovered) {
  return cart_check{cart, history}.against(journal, recovered);
}

}  // namespace simulation
