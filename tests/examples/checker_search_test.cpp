// The checker's verdict, held against a search through all orders.
//
// Both judge the same thing: is there an order of what was sent, one after the other, that respects real time, in which
// every sending is answered what it was answered (its version included), commands sent again are answered from memory,
// and the journal comes to hold what it holds, no more and no less? The checker takes the journal's order for granted
// and only compares; the search tries every order (Wing and Gong, 1993), and knows nothing of versions beyond what the
// answers and the model say. Both read the log in the same way where it leaves open which of several sendings of an id
// an answer is for: it counts from the first that waits.

#include "cart/model.hpp"
#include "checker_run.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

using namespace shop;
using checker::command_kind;
using checker_run::result;

namespace {

constexpr std::uint64_t never = ~std::uint64_t{0};

/// One commit, which is one event in a cart.
struct stored_commit {
  std::string id;
  shopping_cart::event event;
};

/// A run on one cart, small enough to be searched.
struct small_run {
  std::vector<checker::ack_line> log;
  std::vector<stored_commit> journal;
};

// -- the search ------------------------------------------------------------------

/// A sending, between the moment it was sent and the moment its answer came.
struct operation {
  checker::send_line sent;
  std::optional<checker::answer_line> answer;
  std::uint64_t begin = 0;
  std::uint64_t end = never;

  bool is_open() const { return !answer || answer->result == result::unknown; }
  bool says_nothing() const {
    return answer
           && (answer->result == result::overloaded || answer->result == result::unavailable);
  }
};

std::vector<operation> operations_of(const std::vector<checker::ack_line>& log) {
  std::vector<operation> all;
  std::map<std::string, std::vector<std::size_t>> waiting;
  std::map<std::string, std::uint64_t> first_waiting;
  for (const auto& line : log) {
    if (const auto* sent = std::get_if<checker::send_line>(&line)) {
      if (waiting[sent->id].empty()) first_waiting[sent->id] = sent->at;
      waiting[sent->id].push_back(all.size());
      all.push_back({*sent, std::nullopt, sent->at, never});
      continue;
    }
    const auto& answer = std::get<checker::answer_line>(line);
    operation& of = all[waiting[answer.id].back()];
    waiting[answer.id].pop_back();
    of.answer = answer;
    of.begin = first_waiting[answer.id];
    if (!of.is_open()) of.end = answer.at;
  }
  std::erase_if(all, [](const operation& o) { return o.says_nothing(); });
  return all;
}

class search {
 public:
  explicit search(const small_run& run) : operations_(operations_of(run.log)), run_(run) {}

  /// Returns whether there is such an order.
  bool finds_an_order() { return continues({}, 0, {}, 0); }

 private:
  using answers = std::map<std::string, std::uint64_t>;  ///< the version after each id's commit

  /// `done` is a set of operations, `version` how many commits are met, which tells the cart too.
  bool continues(const simulation::model_cart& cart,
                 std::uint64_t version,
                 const answers& remembered,
                 std::uint64_t done) {
    if (is_complete(version, done)) return true;
    if (!seen_.insert({done, version}).second) return false;
    for (std::size_t o = 0; o < operations_.size(); ++o) {
      const std::uint64_t bit = std::uint64_t{1} << o;
      if ((done & bit) == 0 && may_be_next(o, done)
          && fits(operations_[o], cart, version, remembered, done | bit)) {
        return true;
      }
    }
    return false;
  }

  bool is_complete(std::uint64_t version, std::uint64_t done) const {
    if (version != run_.journal.size()) return false;
    for (std::size_t o = 0; o < operations_.size(); ++o) {
      if ((done >> o & 1U) == 0 && !operations_[o].is_open()) return false;
    }
    return true;
  }

  /// Nothing that is still to come was over before this began.
  bool may_be_next(std::size_t next, std::uint64_t done) const {
    for (std::size_t o = 0; o < operations_.size(); ++o) {
      if ((done >> o & 1U) == 0 && operations_[o].end < operations_[next].begin) return false;
    }
    return true;
  }

  bool fits(const operation& o,
            const simulation::model_cart& cart,
            std::uint64_t version,
            const answers& remembered,
            std::uint64_t done) {
    const auto is_answered = [&](result r, std::uint64_t at, std::uint32_t events) {
      return !o.is_open() && o.answer->result == r && o.answer->version == at
             && o.answer->events == events;
    };
    if (o.sent.command == command_kind::view) {
      return is_answered(result::accepted, version, 0)
             && continues(cart, version, remembered, done);
    }
    const auto first = remembered.find(o.sent.id);
    if (first != remembered.end()) {
      return is_answered(result::accepted, first->second, 1)
             && continues(cart, version, remembered, done);
    }
    const auto verdict = cart.expect(command_of(o.sent).value());
    if (!verdict.refusal.empty()) {
      return is_answered(result::refused, version, 0)
             && (o.answer->reason.empty() || o.answer->reason == verdict.refusal)
             && continues(cart, version, remembered, done);
    }
    if (verdict.events.empty()) {
      return is_answered(result::accepted, version, 0)
             && continues(cart, version, remembered, done);
    }
    if (!o.is_open() && !is_answered(result::accepted, version + 1, 1)) return false;
    return records(o, verdict.events.front(), cart, version, remembered, done);
  }

  bool records(const operation& o,
               const shopping_cart::event& event,
               simulation::model_cart cart,
               std::uint64_t version,
               answers remembered,
               std::uint64_t done) {
    if (version == run_.journal.size() || run_.journal[version].id != o.sent.id
        || run_.journal[version].event != event) {
      return false;
    }
    cart.follow(event);
    remembered[o.sent.id] = version + 1;
    return continues(cart, version + 1, remembered, done);
  }

  std::vector<operation> operations_;
  const small_run& run_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;
};

// -- histories -------------------------------------------------------------------

constexpr std::size_t most_sendings = 9;

/// Plays a cart with several clients, steered by random bytes. What comes out is a history that really happened.
class player {
 public:
  small_run play(const std::vector<std::uint8_t>& bytes) {
    for (const std::uint8_t byte : bytes) step(byte % 8, byte / 8);
    return std::move(run_);
  }

 private:
  struct waiting {
    checker::send_line sent;
    std::optional<checker::answer_line> answer;
    bool is_told = false;  ///< that nobody knows; it may take effect all the same, sooner or later
  };

  void step(unsigned what, unsigned which) {
    now_ += 10;
    if (what < 3) {
      send(what, which);
    } else if (!waiting_.empty()) {
      const std::size_t chosen = which % waiting_.size();
      if (what < 5) {
        take_effect(waiting_[chosen]);
      } else {
        answer(chosen, what == 7 ? which % 4 : 3);
      }
    }
  }

  /// New commands, and one in three times one that was sent before.
  void send(unsigned what, unsigned which) {
    if (sent_ == most_sendings) return;
    ++sent_;
    const bool again = what == 2 && !known_.empty();
    checker::send_line line = again ? known_[which % known_.size()] : new_line(which);
    line.at = now_;
    if (!again) known_.push_back(line);
    run_.log.emplace_back(line);
    waiting_.push_back({line, std::nullopt, false});
  }

  checker::send_line new_line(unsigned which) const {
    const std::string id(1, static_cast<char>('a' + known_.size()));
    static const std::vector<shopping_cart::command> commands{
        add_product{"tea", 1},     add_product{"tea", 600},   add_product{"jam", 2},
        add_product{"jam", 0},     remove_product{"tea"},     remove_product{"jam"},
        change_quantity{"tea", 3}, change_quantity{"jam", 2}, check_out{}};
    const std::size_t chosen = which % (commands.size() + 3);
    if (chosen < commands.size()) return checker_run::line_of(id, "cart", commands[chosen], now_);
    return {now_, id, "cart", command_kind::view, "", 0};
  }

  void take_effect(waiting& w) {
    if (w.answer) return;
    w.answer = checker::answer_line{0, w.sent.id, result::accepted, version(), 0, ""};
    if (w.sent.command == command_kind::view) return;
    const auto stored = std::find_if(run_.journal.begin(), run_.journal.end(),
                                     [&](const auto& c) { return c.id == w.sent.id; });
    if (stored != run_.journal.end()) {
      w.answer->version = static_cast<std::uint64_t>(stored - run_.journal.begin()) + 1;
      w.answer->events = 1;
      return;
    }
    const auto verdict = cart_.expect(command_of(w.sent).value());
    if (!verdict.refusal.empty()) {
      w.answer->result = result::refused;
      w.answer->reason = verdict.refusal;
    }
    for (const auto& event : verdict.events) {
      cart_.follow(event);
      run_.journal.push_back({w.sent.id, event});
      w.answer->version = version();
      w.answer->events = 1;
    }
  }

  /// What had no effect yet is turned away, or its sender is told that nobody knows.
  void answer(std::size_t chosen, unsigned how) {
    waiting& w = waiting_[chosen];
    if (!w.is_told) {
      checker::answer_line line{now_, w.sent.id, result::overloaded, 0, 0, ""};
      if (how == 1 || (how == 0 && w.answer)) {
        line.result = result::unknown;
        w.is_told = true;
      } else if (w.answer) {
        line = *w.answer;
        line.at = now_;
      }
      run_.log.emplace_back(line);
    }
    if (!w.is_told || how == 3)
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(chosen));
  }

  std::uint64_t version() const { return run_.journal.size(); }

  small_run run_;
  simulation::model_cart cart_;
  std::vector<checker::send_line> known_;
  std::vector<waiting> waiting_;
  std::size_t sent_ = 0;
  std::uint64_t now_ = 0;
};

checker::answer_line* chosen_answer(small_run& run, unsigned which) {
  std::vector<checker::answer_line*> answers;
  for (auto& line : run.log) {
    if (auto* answer = std::get_if<checker::answer_line>(&line)) answers.push_back(answer);
  }
  return answers.empty() ? nullptr : answers[which % answers.size()];
}

void falsify_answer(small_run& run, unsigned how, unsigned which) {
  auto* answer = chosen_answer(run, which);
  if (answer == nullptr) return;
  switch (how) {
  case 0: ++answer->version; break;
  case 1: answer->version -= answer->version > 0 ? 1 : 0; break;
  case 2: answer->result = static_cast<result>(which % 5); break;
  case 3: answer->events = 1 - answer->events; break;
  case 4: answer->reason = "cart_is_empty"; break;
  default: answer->result = result::unknown; break;
  }
  // A view that tells of events, or is refused, is no answer that the search knows how to read.
  for (const auto& line : run.log) {
    const auto* sent = std::get_if<checker::send_line>(&line);
    if (sent != nullptr && sent->id == answer->id && sent->command == command_kind::view) {
      answer->events = 0;
      if (answer->result == result::refused) answer->result = result::accepted;
    }
  }
  // What no answer of its kind says is found without a search.
  if (answer->result == result::accepted) {
    answer->reason.clear();
  } else {
    answer->events = 0;
    if (answer->result != result::refused) answer->version = 0;
  }
}

void falsify_journal(small_run& run, unsigned how, unsigned which) {
  auto& journal = run.journal;
  if (journal.empty()) return;
  const auto chosen = journal.begin() + static_cast<std::ptrdiff_t>(which % journal.size());
  switch (how) {
  case 0: journal.erase(chosen); break;
  case 1: journal.push_back(*chosen); break;
  case 2: std::iter_swap(chosen, journal.begin()); break;
  case 3: chosen->id = journal.back().id; break;
  case 4: chosen->id = "nobody"; break;
  default: chosen->event = cart_checked_out{}; break;
  }
}

/// Moves a line in time: everything that was sent after an answer may now be before it, or the other way round.
void falsify_time(small_run& run, unsigned how, unsigned which) {
  if (run.log.size() < 2) return;
  const std::size_t first = which % (run.log.size() - 1);
  const std::size_t second = first + 1 + how % (run.log.size() - 1 - first);
  const auto at = [](checker::ack_line& line) -> std::uint64_t& {
    return std::visit([](auto& l) -> std::uint64_t& { return l.at; }, line);
  };
  const auto id = [](const checker::ack_line& line) {
    return std::visit([](const auto& l) { return l.id; }, line);
  };
  if (id(run.log[first]) == id(run.log[second])) return;
  std::swap(at(run.log[first]), at(run.log[second]));
}

/// Some exchanges leave an answer before its sending, or times of one id out of order, which is no log.
bool is_log(const small_run& run) {
  std::map<std::string, std::uint64_t> last;
  for (const auto& line : run.log) {
    const auto [id, at] = std::visit([](const auto& l) { return std::pair(l.id, l.at); }, line);
    if (at < last[id]) return false;
    last[id] = at;
  }
  return true;
}

small_run falsified(small_run run, unsigned how, unsigned which) {
  switch (how % 3) {
  case 0: falsify_answer(run, how / 3 % 6, which); break;
  case 1: falsify_journal(run, how / 3 % 6, which); break;
  default: falsify_time(run, how / 3, which); break;
  }
  return run;
}

checker::findings judged(const small_run& run) {
  checker_run::run made;
  made.log = run.log;
  for (const auto& commit : run.journal) made.stored(commit.id, "cart", {commit.event});
  return made.judged();
}

std::string text_of(const small_run& run) {
  std::ostringstream text;
  for (const auto& line : run.log) text << json_of(line) << '\n';
  for (const auto& commit : run.journal) text << commit.id << ": " << commit.event << '\n';
  return text.str();
}

/// A history that happened, and what is to be falsified in it.
struct case_to_judge {
  std::vector<std::uint8_t> bytes;
  std::uint8_t how = 0;
  std::uint8_t which = 0;
};

/// RapidCheck would begin with small bytes, which ask for little.
rc::Gen<std::uint8_t> any_byte() {
  return rc::gen::resize(rc::kNominalSize, rc::gen::cast<std::uint8_t>(rc::gen::inRange(0, 256)));
}

/// Returns two hundred cases, so that the hundred times that RapidCheck tries are twenty thousand.
rc::Gen<std::vector<case_to_judge>> cases() {
  const auto bytes = rc::gen::mapcat(rc::gen::resize(rc::kNominalSize, rc::gen::inRange(5, 50)),
                                     [](int length) {
                                       return rc::gen::container<std::vector<std::uint8_t>>(
                                           static_cast<std::size_t>(length), any_byte());
                                     });
  return rc::gen::container<std::vector<case_to_judge>>(
      200, rc::gen::build<case_to_judge>(rc::gen::set(&case_to_judge::bytes, bytes),
                                         rc::gen::set(&case_to_judge::how, any_byte()),
                                         rc::gen::set(&case_to_judge::which, any_byte())));
}

}  // namespace

TEST_CASE("a history that happened passes the checker and the search") {
  CHECK(rc::check("histories that happened", [] {
    for (const auto& c : *rc::gen::noShrink(cases())) {
      const small_run run = player{}.play(c.bytes);
      RC_LOG() << text_of(run);
      RC_ASSERT(checker_run::text_of(judged(run)) == std::string());
      RC_ASSERT(search(run).finds_an_order());
    }
  }));
}

TEST_CASE("a falsified history gets the same verdict from the checker and the search") {
  std::uint64_t with_order = 0;
  std::uint64_t without = 0;
  CHECK(rc::check("falsified histories", [&] {
    for (const auto& c : *rc::gen::noShrink(cases())) {
      const small_run run = falsified(player{}.play(c.bytes), c.how, c.which);
      if (!is_log(run)) continue;
      const auto findings = judged(run);
      const bool has_order = search(run).finds_an_order();
      ++(has_order ? with_order : without);
      if ((findings.violation_count == 0) == has_order) continue;
      RC_FAIL(text_of(run) + (has_order ? "there is an order" : "there is no order") + '\n'
              + checker_run::text_of(findings));
    }
  }));
  // Else the comparison says nothing.
  CHECK(with_order > 1'000);
  CHECK(without > 1'000);
}
