#include "checker/judge.hpp"

#include "cart/cart_events.hpp"
#include "cart/cart_text.hpp"
#include "cart/trimmed_carts.hpp"
#include "checker/order.hpp"
#include "reprise/text.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace checker {

using shop::shopping_cart;
using simulation::text_of;

namespace {

std::string version_and_events(std::uint64_t version, std::uint64_t events) {
  return "version " + std::to_string(version) + " after " + std::to_string(events)
         + (events == 1 ? " event" : " events");
}

std::string text_of_answer(result r,
                           std::uint64_t version,
                           std::uint64_t events,
                           std::string_view reason) {
  return std::string(to_string(r)) + " at " + version_and_events(version, events)
         + (reason.empty() ? "" : ": " + reprise::printable(reason));
}

/// Returns what an answer to a command is to be like, if it says what none of its kind says; nothing if it does not.
std::string_view contradicted(command_kind kind, const sending& s) {
  if (!s.is_answered) return "";
  switch (s.result) {
  case result::accepted:
    if (s.reason != none) return "accepted without a reason";
    if (kind == command_kind::view && s.events != 0) return "a view without events";
    return s.events > s.version ? "no more events than versions" : "";
  case result::refused: return s.events != 0 ? "a refusal without events" : "";
  case result::overloaded:
  case result::unavailable:
  case result::unknown: break;
  }
  return s.version != 0 || s.events != 0 ? "neither version nor events of what was not judged" : "";
}

}  // namespace

judge::judge(history& of, judge_options options, findings& out)
    : history_(of), options_(std::move(options)), findings_(out), carts_(of.carts.size()) {
  findings_.answers.ids = history_.commands.size();
  for (const sent_command& c : history_.commands)
    ++findings_.answers.ids_by_command.at(static_cast<std::size_t>(c.kind));
  for (const sending& s : history_.sendings) count(s);
  sort_judgements();
}

void judge::count(const sending& s) {
  auto& counts = findings_.answers;
  const bool is_view = history_.commands[s.command].kind == command_kind::view;
  ++counts.sent;
  if (is_view) ++counts.views;
  if (!s.is_answered) {
    ++counts.no_answer;
    return;
  }
  switch (s.result) {
  case result::accepted:
    ++(is_view ? counts.views_accepted : s.events > 0 ? counts.accepted : counts.already_so);
    break;
  case result::refused: ++counts.refused; break;
  case result::overloaded: ++counts.overloaded; break;
  case result::unavailable: ++counts.unavailable; break;
  case result::unknown: ++counts.unknown; break;
  }
}

void judge::read(const reprise::journal& journal) {
  bool is_cut_short = false;
  std::uint32_t since_asked = 0;
  const auto visit = [&](const reprise::commit_view& commit) {
    if (++since_asked % 4096 == 0 && options_.is_interrupted()) is_cut_short = true;
    return !is_cut_short && take(commit);
  };
  begin_with_bases(journal);
  journal.verify(visit, [this](const auto& damage) { report_damage(damage); });
  findings_.carts = cart_count();
  if (is_cut_short || options_.is_interrupted()) {
    findings_.was_interrupted = true;
    return;
  }
  findings_.journal_is_read = true;
  finish();
}

/// Finds what was judged on each cart, so that the walk along the journal meets it version by version. What the format
/// has no room for is refused without a look at the cart.
void judge::sort_judgements() {
  const auto& sendings = history_.sendings;
  for (std::uint32_t s = 0; s < sendings.size(); ++s) {
    const bool is_unseen = sendings[s].result == result::refused && sendings[s].version == 0
                           && history_.is_past_limits(sendings[s].command);
    if (sendings[s].is_judgement() && !is_unseen) judgements_.push_back(s);
  }
  const auto place = [this](std::uint32_t s) {
    const sending& judged = history_.sendings[s];
    return std::pair(history_.commands[judged.command].cart, judged.version);
  };
  std::sort(judgements_.begin(), judgements_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return place(a) < place(b); });
  for (std::uint32_t i = static_cast<std::uint32_t>(judgements_.size()); i-- > 0;)
    carts_[place(judgements_[i]).first].next_judgement = i;
}

// -- along the journal ---------------------------------------------------------

/// What cannot be read of the bases is reported when the journal is verified.
void judge::begin_with_bases(const reprise::journal& journal) {
  try {
    for (const simulation::trimmed_cart& trimmed : simulation::trimmed_carts(journal)) {
      const std::uint32_t cart = history_.carts.add(trimmed.id);
      if (cart == carts_.size()) carts_.emplace_back();
      cart_state& state = carts_[cart];
      state.model.begin_with(trimmed.state);
      state.version = state.trimmed = trimmed.trimmed;
      state.base_version = trimmed.version;
      trimmed_events_ += trimmed.trimmed;
    }
  } catch (const reprise::damaged_history&) {}
}

bool judge::take(const reprise::commit_view& commit) {
  ++findings_.commits;
  findings_.events += commit.events.size();
  check_position(commit);
  const auto id = simulation::cart_of(commit.stream);
  if (!id) {
    take_foreign(commit, "it is in stream " + reprise::printable(commit.stream));
    return true;
  }
  const std::uint32_t cart = history_.carts.add(*id);
  if (cart == carts_.size()) carts_.emplace_back();
  take_cart_commit(cart, commit);
  return true;
}

void judge::check_position(const reprise::commit_view& commit) {
  const bool may_be_trimmed = trimmed_events_ != 0 && commit.first_position > next_position_;
  if (may_be_trimmed) {
    missing_events_ += commit.first_position - next_position_;
  } else if (commit.first_position != next_position_) {
    findings_.add({violation_kind::gap, "", commit.first_version, std::string(commit.command_id),
                   "position " + std::to_string(next_position_),
                   "position " + std::to_string(commit.first_position) + " in stream "
                       + reprise::printable(commit.stream)});
  }
  next_position_ = commit.last_position() + 1;
}

void judge::take_foreign(const reprise::commit_view& commit, const std::string& why) {
  if (options_.foreign_ok) {
    findings_.foreign_events += commit.events.size();
    return;
  }
  const auto cart = simulation::cart_of(commit.stream);
  findings_.add({violation_kind::foreign, std::string(cart.value_or("")), commit.last_version(),
                 std::string(commit.command_id), "only commands that were sent", why});
}

void judge::take_cart_commit(std::uint32_t cart, const reprise::commit_view& commit) {
  compare_judgements(cart);
  cart_state& state = carts_[cart];
  if (commit.first_version != state.version + 1) {
    report(violation_kind::gap, cart, state.version + 1, commit.command_id,
           "version " + std::to_string(state.version + 1),
           "version " + std::to_string(commit.first_version));
    state.is_damaged = true;
  }
  const auto events = decoded(commit);
  if (is_ours(cart, commit)) compare_commit(*history_.ids.find(commit.command_id), commit, events);
  state.version = commit.last_version();
  if (state.version <= state.base_version) return;  // the model began with a state that has it
  for (const auto& event : events) state.model.follow(event);
}

/// Returns a commit's events, or none if they do not decode, which is reported.
std::vector<shopping_cart::event> judge::decoded(const reprise::commit_view& commit) {
  try {
    return simulation::events_of(commit);
  } catch (const reprise::damaged_history& damage) {
    report_damage(damage);
    return {};
  }
}

/// Returns whether the log has the command, for this cart.
bool judge::is_ours(std::uint32_t cart, const reprise::commit_view& commit) {
  const auto command = history_.ids.find(commit.command_id);
  if (!command) {
    take_foreign(commit, "no line of the log sent this id");
    return false;
  }
  const sent_command& c = history_.commands[*command];
  if (c.cart == cart) return true;
  report(violation_kind::foreign, cart, commit.last_version(), commit.command_id,
         "only commands that were sent to this cart",
         "one sent to cart " + reprise::printable(history_.carts[c.cart]));
  return false;
}

void judge::compare_commit(std::uint32_t command,
                           const reprise::commit_view& commit,
                           const std::vector<shopping_cart::event>& events) {
  sent_command& c = history_.commands[command];
  if (is_forgotten(c, commit.first_version - 1)) return;
  if (c.stored_version != 0) {
    report(violation_kind::stored_twice, c.cart, commit.last_version(), commit.command_id,
           "once, at version " + std::to_string(c.stored_version),
           "again, at version " + std::to_string(commit.last_version()));
    return;
  }
  c.stored_version = commit.last_version();
  c.stored_events = static_cast<std::uint16_t>(commit.events.size());
  recorded_.push_back(command);
  compare_answers(command, commit);
  const cart_state& state = carts_[c.cart];
  if (state.is_damaged || commit.last_version() <= state.base_version) return;
  if (c.kind == command_kind::view) {
    report(violation_kind::wrong_events, c.cart, commit.last_version(), commit.command_id,
           "no event of a view", text_of(events));
    return;
  }
  const auto verdict = state.model.expect(history_.command_of(c));
  if (!verdict.refusal.empty() || verdict.events != events) {
    report(violation_kind::wrong_events, c.cart, commit.last_version(), commit.command_id,
           text_of(verdict) + " for " + text_of(history_.command_of(c)), text_of(events));
  }
}

/// A commit that is there was acknowledged as it is, or nobody was told that it would not be.
void judge::compare_answers(std::uint32_t command, const reprise::commit_view& commit) {
  const sent_command& c = history_.commands[command];
  bool may_be_stored = false;
  const sending* other = nullptr;
  const sending* misplaced = nullptr;
  history_.each_sending(c, [&](const sending& s) {
    if (s.recorded_events() || s.is_open()) may_be_stored = true;
    if (!s.is_open()) other = &s;
    if (s.recorded_events() && !is_forgotten(c, s.version - s.events)
        && (s.version != commit.last_version() || s.events != commit.events.size())) {
      misplaced = &s;
    }
  });
  if (misplaced != nullptr) {
    report(violation_kind::misplaced, c.cart, commit.last_version(), commit.command_id,
           version_and_events(misplaced->version, misplaced->events) + ", as it was answered",
           version_and_events(commit.last_version(), commit.events.size()));
  }
  if (!may_be_stored) {
    report(violation_kind::stored_unasked, c.cart, commit.last_version(), commit.command_id,
           "nothing of a command that was answered " + std::string(to_string(other->result))
               + (other->result == result::accepted ? " without events" : ""),
           version_and_events(commit.last_version(), commit.events.size()));
  }
}

// -- what recorded nothing -----------------------------------------------------

/// Compares what was judged at the version that the cart is at, and at those that it has passed without being there.
void judge::compare_judgements(std::uint32_t cart) {
  cart_state& state = carts_[cart];
  for (; state.next_judgement < judgements_.size(); ++state.next_judgement) {
    const sending& s = history_.sendings[judgements_[state.next_judgement]];
    if (history_.commands[s.command].cart != cart || s.version > state.version) return;
    compare_judgement(s, state);
  }
}

void judge::compare_judgement(const sending& s, cart_state& state) {
  const sent_command& c = history_.commands[s.command];
  if (state.is_damaged || s.version < state.base_version) {
    ++findings_.unjudged;
    return;
  }
  ++findings_.judgements;
  if (s.version != state.version) {
    report(violation_kind::impossible_version, c.cart, s.version, history_.ids[s.command],
           "a version that the cart went through", "one inside a commit, where it was judged");
    return;
  }
  if (c.kind == command_kind::view) {
    if (s.result == result::refused)
      report(violation_kind::wrong_judgement, c.cart, s.version, history_.ids[s.command],
             "a view of the cart", "refused");
    return;
  }
  const auto verdict = state.model.expect(history_.command_of(c));
  const bool is_refused = s.result == result::refused;
  const bool is_right = is_refused ? !verdict.refusal.empty()
                                         && (s.reason == none
                                             || history_.reasons[s.reason] == verdict.refusal)
                                   : verdict.refusal.empty() && verdict.events.empty();
  if (is_right) return;
  const std::string reason(s.reason == none ? "" : ": " + std::string(history_.reasons[s.reason]));
  report(violation_kind::wrong_judgement, c.cart, s.version, history_.ids[s.command],
         text_of(verdict) + " for " + text_of(history_.command_of(c)),
         is_refused ? "refused" + reason : "already so");
}

// -- at the end ----------------------------------------------------------------

/// Whatever was not met on the way along the journal is not in it.
void judge::finish() {
  for (std::uint32_t cart = 0; cart < carts_.size(); ++cart) {
    compare_judgements(cart);
    cart_state& state = carts_[cart];
    for (; state.next_judgement < judgements_.size(); ++state.next_judgement) {
      const sending& s = history_.sendings[judgements_[state.next_judgement]];
      if (history_.commands[s.command].cart != cart) break;
      if (state.is_damaged) {
        ++findings_.unjudged;
        continue;
      }
      report(violation_kind::impossible_version, cart, s.version, history_.ids[s.command],
             "a version that the cart went through",
             "one past its last, " + std::to_string(state.version) + ", where it was judged");
    }
  }
  if (missing_events_ > trimmed_events_) {
    findings_.add({violation_kind::gap, "", 0, "",
                   std::to_string(trimmed_events_) + " positions that were trimmed",
                   std::to_string(missing_events_) + " that are missing"});
  }
  for (std::uint32_t c = 0; c < history_.commands.size(); ++c) finish_command(c);
  check_order(history_, judgements_, recorded_, findings_);
}

bool judge::is_forgotten(const sent_command& c, std::uint64_t version) const noexcept {
  return c.stored_version != 0 && version >= c.stored_version
         && version - c.stored_version >= options_.window;
}

void judge::finish_command(std::uint32_t command) {
  const sent_command& c = history_.commands[command];
  const sending* first = nullptr;
  const sending* different = nullptr;
  const sending* judged_again = nullptr;
  history_.each_sending(c, [&](const sending& s) {
    if (!s.is_judgement() && !s.recorded_events()) return;
    if (is_forgotten(c, s.version - s.events)) {
      ++findings_.sent_too_late;
      return;
    }
    if (s.is_judgement() && c.stored_version != 0 && s.version >= c.stored_version)
      judged_again = &s;
    if (!s.recorded_events()) return;
    if (first == nullptr) first = &s;
    if (s.version != first->version || s.events != first->events) different = &s;
  });
  const std::string_view id = history_.ids[command];
  const bool was_trimmed = first != nullptr && c.stored_version == 0 && first->version != 0
                           && first->version <= carts_[c.cart].trimmed;
  if (was_trimmed) {
    ++findings_.trimmed;
  } else if (first != nullptr && c.stored_version == 0) {
    report(violation_kind::lost, c.cart, first->version, id,
           version_and_events(first->version, first->events) + ", acknowledged",
           "nothing of it in the journal");
  }
  if (different != nullptr) {
    report(violation_kind::answers_differ, c.cart, first->version, id,
           version_and_events(first->version, first->events),
           version_and_events(different->version, different->events) + " in another answer");
  }
  if (judged_again != nullptr) {
    report(violation_kind::judged_again, c.cart, judged_again->version, id,
           "the first answer: " + version_and_events(c.stored_version, c.stored_events),
           std::string(judged_again->result == result::refused ? "refused" : "already so")
               + " at version " + std::to_string(judged_again->version));
  }
  if (c.surplus_answers > 0) {
    report(violation_kind::surplus_answer, c.cart, c.stored_version, id,
           "an answer to each sending", text_of_surplus(command));
  }
  compare_with_kinds(command);
  count_open(c);
}

std::string judge::text_of_surplus(std::uint32_t command) const {
  std::string text = std::to_string(history_.commands[command].surplus_answers) + " more";
  const auto found = history_.different_surplus.find(command);
  if (found == history_.different_surplus.end()) return text;
  const auto& [before, answer] = found->second;
  const sending& s = history_.sendings[before];
  const std::string_view reason = s.reason == none ? "" : history_.reasons[s.reason];
  return text + ", and after " + text_of_answer(s.result, s.version, s.events, reason)
         + " it was answered "
         + text_of_answer(answer.result, answer.version, answer.events, answer.reason);
}

void judge::compare_with_kinds(std::uint32_t command) {
  const sent_command& c = history_.commands[command];
  history_.each_sending(c, [&](const sending& s) {
    const std::string_view expected = contradicted(c.kind, s);
    if (expected.empty()) return;
    const std::string_view reason = s.reason == none ? "" : history_.reasons[s.reason];
    report(violation_kind::impossible_answer, c.cart, s.version, history_.ids[command],
           std::string(expected), text_of_answer(s.result, s.version, s.events, reason));
  });
}

/// Counts the commands of which no answer tells what became of them.
void judge::count_open(const sent_command& c) {
  bool is_settled = c.kind == command_kind::view;
  bool has_unknown = false;
  history_.each_sending(c, [&](const sending& s) {
    if (s.recorded_events()) is_settled = true;
    if (s.is_answered && s.result == result::unknown) has_unknown = true;
  });
  if (is_settled || (!has_unknown && c.last_open == none)) return;
  auto& counts = findings_.answers;
  ++(has_unknown ? counts.unknown_ids : counts.unanswered_ids);
  if (c.stored_version != 0) ++(has_unknown ? counts.unknown_stored : counts.unanswered_stored);
}

void judge::compare_recovered(std::uint32_t cart,
                              const shopping_cart* value,
                              std::uint64_t version,
                              const std::string& reason) {
  ++findings_.recovered;
  const cart_state& state = carts_[cart];
  if (state.is_damaged) {
    if (value == nullptr) return;
    report(violation_kind::wrong_recovery, cart, version, "", "no state of a damaged history",
           text_of(*value));
  } else if (state.version == 0 && history_.is_cart_past_limits(cart)) {
    if (value == nullptr) return;
    report(violation_kind::wrong_recovery, cart, version, "",
           "no cart, as the format has no room for its id", text_of(*value));
  } else if (value == nullptr) {
    report(violation_kind::wrong_recovery, cart, state.version, "", state.model.text(), reason);
  } else if (version != state.version) {
    report(violation_kind::wrong_recovery, cart, state.version, "",
           "version " + std::to_string(state.version), "version " + std::to_string(version));
  } else if (!state.model.is_like(*value)) {
    report(violation_kind::wrong_recovery, cart, state.version, "", state.model.text(),
           text_of(*value));
  }
}

// -- reporting -----------------------------------------------------------------

void judge::report_damage(const reprise::damaged_history& damage) {
  const auto& where = damage.where();
  const auto id = simulation::cart_of(where.stream);
  if (id) {
    const std::uint32_t cart = history_.carts.add(*id);
    if (cart == carts_.size()) carts_.emplace_back();
    carts_[cart].is_damaged = true;
  }
  findings_.add(
      {violation_kind::damaged, std::string(id.value_or("")), where.version, "", "what can be read",
       damage.reason()
           + (where.position == 0 ? "" : ", position " + std::to_string(where.position))});
}

void judge::report(violation_kind kind,
                   std::uint32_t cart,
                   std::uint64_t version,
                   std::string_view id,
                   std::string expected,
                   std::string found) {
  findings_.add({kind, std::string(history_.carts[cart]), version, std::string(id),
                 std::move(expected), std::move(found)});
}

}  // namespace checker
