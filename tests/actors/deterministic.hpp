#pragma once

#include "actors/faulty_journal.hpp"
#include "actors/notebook.hpp"
#include "reprise/aggregates.hpp"
#include "reprise/caf.hpp"
#include "reprise/journal_actor.hpp"
#include "reprise/recovery_actor.hpp"
#include "reprise/snapshot_actor.hpp"
#include "reprise/stream.hpp"
#include "reprise/supervisor.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A small language for tests that choose in which order the actors take their turns.
///
///     stage<notebook> s;
///     s.hold("writer");                                  // nothing is written for now
///     const auto& first = s.send("a", note{"tea"});
///     s.run();                                           // everybody else, until nobody has a message
///     CHECK_FALSE(first.is_answered());
///     s.release("writer");
///     s.run();
///     CHECK(first.answer() == accepted(1));
///
/// Whoever has a message is named by what it is: "supervisor", "recovery", "journal", "writer", "snapshots"; an aggregate by its
/// id behind an `@`: "@a".
///
/// When a stage ends it lets everybody run, stops the actors, and checks the account of what was said: each
/// command and query got exactly one answer, no message is left, what was accepted is stored once, and what was
/// answered as not stored is not.
namespace deterministic {

using reprise::answer;
using reprise::answer_kind;

inline answer accepted(std::uint64_t version, std::uint32_t events = 1) {
  return {answer_kind::accepted, version, events, {}};
}
inline answer already_so(std::uint64_t version) {
  return accepted(version, 0);
}
inline answer refused(std::uint64_t version, std::string reason) {
  return {answer_kind::refused, version, 0, std::move(reason)};
}

/// One command or query, and what was said to it.
template <class State>
struct exchange {
  std::string aggregate_id;
  std::string command_id;    ///< empty for a query
  bool is_repeated = false;  ///< a command with this id was sent before
  std::uint64_t acknowledged =
      0;  ///< the version that somebody had been told of when this was sent
  std::vector<reprise::answer> answers;
  std::optional<State> seen;  ///< by a query

  bool is_answered() const { return !answers.empty(); }

  reprise::answer answer() const {
    if (answers.size() == 1) return answers.front();
    // No kind that there is, so that it is equal to none.
    return {static_cast<answer_kind>(255), 0, 0,
            "the test has seen " + std::to_string(answers.size()) + " answers"};
  }
  answer_kind kind() const { return answer().kind; }
  std::string reason() const { return answer().reason; }
};

/// One question about a command, and what was said to it.
struct asked {
  /// Of the command, by the time of the question.
  struct sendings {
    std::size_t count = 0;
    std::size_t answered = 0;
    bool is_accepted = false;  ///< with events: somebody was told
  };

  std::string aggregate_id;
  std::string command_id;
  sendings before;
  std::vector<reprise::outcome> answers;

  bool is_answered() const { return !answers.empty(); }
  reprise::outcome outcome() const {
    if (answers.size() == 1) return answers.front();
    return {static_cast<reprise::outcome_kind>(255), 0, 0,
            "the test has seen " + std::to_string(answers.size()) + " answers"};
  }
  reprise::outcome_kind kind() const { return outcome().kind; }
};

template <class State>
class stage {
 public:
  using said = exchange<State>;

  explicit stage(reprise::host_config config = {}, reprise::snapshot_policy snapshots = {})
      : config_(std::move(config)), policy_(std::move(snapshots)) {
    if (!config_.journal) config_.journal = faulty_ = std::make_shared<faulty_journal>();
    if (!faulty_) faulty_ = std::dynamic_pointer_cast<faulty_journal>(config_.journal);
    config_.dedicated_threads = false;
    config_.recovery_threads = 1;
    config_.log = [this](reprise::log_level, const std::string& line) {
      log_.push_back(line);
      if (log_throws_) throw std::runtime_error("the log is full");
    };
    start();
  }
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  ~stage() {
    release_all();
    run();
    for (const said& e : account_) check(e);
    for (const asked& q : questions_) CHECK(q.answers.size() == 1);
    stop_actors();
    check_stored();
  }

  // -- what comes in -----------------------------------------------------------------------------------------

  /// Sends a command; one without an id is given one that no other has.
  const said& send(const std::string& id,
                   typename State::command command,
                   std::string command_id = {}) {
    if (command_id.empty()) command_id = "command-" + std::to_string(account_.size());
    said& e = open(id, command_id);
    aggregates().send(id, std::move(command), receiver(e), {std::move(command_id), {}, {}});
    return e;
  }

  /// Asks for a copy of the state.
  const said& look(const std::string& id) {
    said& e = open(id, {});
    aggregates().query(
        id, [](const State& state) { return state; },
        [this, &e](reprise::observed<State> o) {
          e.seen = std::move(o.value);
          receiver(e)({o.kind, o.version, 0, std::move(o.reason)});
        });
    return e;
  }

  /// Asks what became of a command.
  const asked& outcome(const std::string& id,
                       const std::string& command_id,
                       reprise::timestamp since = reprise::timestamp::min()) {
    asked& q = questions_.emplace_back(asked{id, command_id, count_sendings(id, command_id), {}});
    aggregates().outcome(
        id, command_id, [&q](reprise::outcome o) { q.answers.push_back(std::move(o)); }, since);
    return q;
  }

  reprise::aggregates<State> aggregates() const { return reprise::aggregates<State>(entrance_); }

  /// Another writer stores a commit behind the stage's back, as the command `command_id` if that is not empty.
  void store_elsewhere(const std::string& id,
                       const std::vector<typename State::event>& events,
                       const std::string& command_id = {}) {
    const auto& journal = faulty_ ? faulty_->inner() : config_.journal;
    const std::string name = reprise::stream_name(State::category, id);
    reprise::encoded_events encoded;
    for (const auto& e : events) reprise::encode_event<State>(e, encoded);
    reprise::commit c;
    c.stream = name;
    c.time = config_.clock();
    c.command_id = command_id;
    c.events = &encoded;
    const auto base = journal->base(name);
    journal->read_stream(name, base ? base->trimmed + 1 : 1,
                         [&](const reprise::commit_view& before) {
                           c.expected_version = before.last_version();
                           return true;
                         });
    REQUIRE(journal->append({&c, 1}).front().accepted);
  }

  /// Stops an aggregate's actor from outside, as soon as it takes its next turn.
  void kill(const std::string& id) {
    const auto found = aggregates_seen_.find(id);
    if (found == aggregates_seen_.end()) return;
    if (const auto actor = caf::actor_cast<caf::actor>(found->second)) reprise::tell_to_stop(actor);
  }

  /// Ends the writer, which has a message, as something that one of its handlers throws would.
  void end_writer() {
    ready();
    if (const auto actor = caf::actor_cast<caf::actor>(writer_seen_)) reprise::tell_to_stop(actor);
    release("writer");
  }

  void passivate(const std::string& id) { aggregates().passivate(id); }
  void crash(const std::string& id) { aggregates().crash(id); }

  // -- who takes turns ---------------------------------------------------------------------------------------

  /// From now on `who` takes no turns in `run`.
  void hold(const std::string& who) { held_.insert(who); }
  void release(const std::string& who) { held_.erase(who); }
  void release_all() { held_.clear(); }

  /// Lets `who` handle one message; returns false if it has none.
  bool step(std::string_view who) {
    const auto names = ready();
    const auto found = std::find(names.begin(), names.end(), who);
    if (found == names.end()) return false;
    steps_.step(static_cast<std::size_t>(found - names.begin()));
    return true;
  }

  /// Lets everybody who is not held run until nobody has a message.
  void run() {
    for (;;) {
      const auto names = ready();
      const auto next = std::find_if(names.begin(), names.end(),
                                     [this](const auto& n) { return !held_.contains(n); });
      if (next == names.end()) return;
      steps_.step(static_cast<std::size_t>(next - names.begin()));
    }
  }

  /// Lets the writer take all that was sent as its next batch, and holds it before it writes.
  void queue_up() {
    hold("writer");
    run();
    step("writer");
  }

  /// Returns who has a message.
  std::vector<std::string> ready() {
    std::vector<std::string> names;
    for (const caf::local_actor* actor : steps_.ready()) {
      if (const auto* a = dynamic_cast<const reprise::aggregate_actor*>(actor)) {
        const std::string id = a->stream().substr(State::category.size() + 1);
        aggregates_seen_[id] = a->address();
        names.push_back("@" + id);
      } else {
        const std::string_view name = actor == nullptr ? "?" : actor->name();
        if (name == "reprise.writer") writer_seen_ = actor->address();
        names.emplace_back(name.starts_with("reprise.") ? name.substr(8) : name);
      }
    }
    return names;
  }

  /// Lets the `index`th of `ready()` handle one message.
  void step_at(std::size_t index) {
    ready();
    steps_.step(index);
  }

  /// Lets one round of the deadlines pass.
  void pass_a_round() { context_->gate->deadlines().sweep(); }

  /// Lets an eighth of the time pass after which idle aggregates leave.
  void pass_an_idle_round() { entrance_->pass_a_round(); }

  /// Lets so much time pass that everything that was sent before has to be answered.
  void pass_the_timeout() {
    for (auto left = context_->gate->deadlines().rounds() + 1; left != 0; --left) pass_a_round();
  }

  /// Lets time pass for whoever waits before it tries again. No clock of the stage's goes on by itself.
  void pass(std::chrono::nanoseconds time) { steady_now_ += time; }

  // -- stopping ------------------------------------------------------------------------------------------------

  /// From now on the gate is closed, as when a host begins to stop.
  void close() { context_->gate->close(); }

  /// Stops all actors as a host does at its deadline; whoever is held stays so.
  void tell_to_stop() {
    close();
    reprise::tell_to_stop(supervisor());
    reprise::tell_to_stop(journal_.actor);
    recoveries_->stop();
  }

  /// Ends this life at once, and begins another on the same journal.
  void restart() {
    stop_actors();
    start();
  }

  // -- what came of it -----------------------------------------------------------------------------------------

  reprise::host_context& context() { return *context_; }
  faulty_journal& journal() { return *faulty_; }
  const std::vector<std::string>& log() const { return log_; }
  caf::actor_system& system() { return steps_.system(); }
  const caf::actor& supervisor() const { return entrance_->supervisor(); }
  const std::deque<said>& account() const { return account_; }
  const std::deque<asked>& questions() const { return questions_; }

  /// Returns how many aggregates the router knows of.
  std::size_t known_ids() const { return entrance_->known_ids(); }

  /// From now on the log callback throws.
  void throw_in_log() { log_throws_ = true; }

  /// Returns how many log lines contain `part`.
  std::size_t logged(std::string_view part) const {
    return static_cast<std::size_t>(
        std::count_if(log_.begin(), log_.end(),
                      [part](const auto& line) { return line.find(part) != line.npos; }));
  }

  /// Returns what the journal holds of an aggregate.
  State stored(const std::string& id) const {
    return reprise::stream<State>{*config_.journal, id}.load().state;
  }

 private:
  struct stored_command {
    std::uint64_t version;
    std::uint32_t events;
  };
  using stored_commands = std::map<std::pair<std::string, std::string>, stored_command>;

  void start() {
    auto config = config_;
    config.journal.reset();
    const reprise::host_sources sources{[this] { return steady_now_; }, 20'030'715};
    context_ = std::make_shared<reprise::host_context>(std::move(config), sources);
    journal_ = reprise::spawn_journal(system(), context_, config_.journal);
    recoveries_ = reprise::spawn_recoveries(system(), context_, config_.journal);
    snapshots_ = reprise::spawn_snapshots(system(), context_, config_.journal);
    entrance_ = std::make_shared<reprise::supervised_entrance>(
        system(), std::make_shared<reprise::aggregate_group>(reprise::model_of<State>(), context_,
                                                             journal_.appends, recoveries_, policy_,
                                                             snapshots_));
  }

  void stop_actors() {
    tell_to_stop();
    entrance_->let_go();
    reprise::finish_snapshots(snapshots_);
    snapshots_ = nullptr;
    journal_ = {};
    aggregates_seen_.clear();
    release_all();
    run();
    using part = reprise::host_context::part;
    for (const auto what : {part::supervisor, part::aggregate, part::journal, part::writer,
                            part::recovery, part::snapshots}) {
      CAPTURE(static_cast<int>(what));
      CHECK(context_->running(what) == 0);
    }
    CHECK(context_->unsaved_snapshots.in_flight() == 0);
    CHECK(context_->unsaved_snapshot_bytes == 0);
    CHECK(context_->gate->in_flight() == 0);
    CHECK(context_->live == 0);
    CHECK(context_->recovering == 0);
    CHECK(context_->broken == 0);
  }

  said& open(const std::string& id, const std::string& command_id) {
    const bool is_repeated = !command_id.empty() && !commands_.insert({id, command_id}).second;
    return account_.emplace_back(said{id, command_id, is_repeated, acknowledged_[id], {}, {}});
  }

  reprise::answer_callback receiver(said& e) {
    return [this, &e](reprise::answer a) {
      // Whoever was told of a version, and then asks, must not be answered from before it.
      if (!e.is_repeated
          && (a.kind == answer_kind::accepted
              || (a.kind == answer_kind::refused && a.version != 0))) {
        CAPTURE(a);
        CHECK(a.version >= e.acknowledged);
      }
      if (a.kind == answer_kind::accepted) {
        acknowledged_[e.aggregate_id] = std::max(acknowledged_[e.aggregate_id], a.version);
      }
      e.answers.push_back(std::move(a));
    };
  }

  asked::sendings count_sendings(const std::string& id, const std::string& command_id) const {
    asked::sendings counted;
    for (const said& e : account_) {
      if (e.aggregate_id != id || e.command_id != command_id) continue;
      ++counted.count;
      if (!e.is_answered()) continue;
      ++counted.answered;
      if (e.kind() == answer_kind::accepted && e.answer().events != 0) counted.is_accepted = true;
    }
    return counted;
  }

  void check(const said& e) {
    CAPTURE(e.aggregate_id);
    CAPTURE(e.command_id);
    CHECK(e.answers.size() == 1);
  }

  /// Returns the commands of all commits: of those that were trimmed, what the states in their place remember.
  stored_commands read_stored() const {
    stored_commands stored;
    const auto add = [&](std::string_view stream, std::string_view command, stored_command what) {
      const std::size_t prefix = std::min(State::category.size() + 1, stream.size());
      const std::string id(stream.substr(prefix));
      const bool is_new = stored.insert({{id, std::string(command)}, what}).second;
      CAPTURE(command);
      CHECK((is_new || command.empty() || !remembers_all()));
    };
    config_.journal->read_bases([&](const reprise::stream_base& base) {
      for (const auto& c : base.state.commands) {
        if (c.version <= base.trimmed) add(base.state.stream, c.id, {c.version, c.events});
      }
      return true;
    });
    const auto visit = [&](const reprise::commit_view& c) {
      const auto events = static_cast<std::uint32_t>(c.events.size());
      add(c.stream, c.command_id, {c.last_version(), events});
      return true;
    };
    reprise::read_what_is_left(*config_.journal, 1, visit, [](const reprise::trimmed_history&) {});
    return stored;
  }

  /// Holds the answers against what is stored: all that was promised, and nothing that was denied.
  void check_stored() {
    const stored_commands stored = read_stored();
    for (const asked& q : questions_) {
      if (!remembers_all()) break;
      const auto found = stored.find({q.aggregate_id, q.command_id});
      check_outcome(q, found == stored.end() ? nullptr : &found->second);
    }
    for (const said& e : account_) {
      if (e.command_id.empty() || !e.is_answered() || !remembers_all()) continue;
      const auto found = stored.find({e.aggregate_id, e.command_id});
      CAPTURE(e.aggregate_id);
      CAPTURE(e.command_id);
      CAPTURE(e.answer());
      if (e.kind() == answer_kind::accepted && e.answer().events != 0) {
        CHECK(found != stored.end());
        if (found == stored.end()) continue;
        CHECK(found->second.version == e.answer().version);
        CHECK(found->second.events == e.answer().events);
      } else if (e.kind() != answer_kind::unknown && !is_sent_twice(e)) {
        CHECK(found == stored.end());
      }
    }
  }

  /// Returns whether the window is large enough for every command of a test.
  bool remembers_all() const {
    const reprise::host_config usual;
    return config_.dedup_window >= usual.dedup_window && config_.dedup_age >= usual.dedup_age;
  }

  bool is_sent_twice(const said& e) const {
    return count_sendings(e.aggregate_id, e.command_id).count > 1;
  }

  /// Holds an outcome against what is stored in the end: what was accepted is there, and what was not taken when all that
  /// was sent of it was answered is not, unless it was sent again.
  void check_outcome(const asked& q, const stored_command* found) const {
    if (!q.is_answered()) return;
    const reprise::outcome o = q.outcome();
    CAPTURE(q.aggregate_id);
    CAPTURE(q.command_id);
    CAPTURE(o);
    if (o.kind == reprise::outcome_kind::accepted) {
      REQUIRE(found != nullptr);
      CHECK(found->version == o.version);
      CHECK(found->events == o.events);
    } else if (o.kind == reprise::outcome_kind::not_taken) {
      CHECK_FALSE(q.before.is_accepted);
      const auto sent = count_sendings(q.aggregate_id, q.command_id).count;
      if (q.before.answered == sent) CHECK(found == nullptr);
    }
  }

  reprise::host_config config_;
  reprise::snapshot_policy policy_;
  reprise::steady_time steady_now_{std::chrono::hours(1)};
  std::shared_ptr<faulty_journal> faulty_;
  std::vector<std::string> log_;
  bool log_throws_ = false;
  std::deque<said> account_;
  std::deque<asked> questions_;
  std::map<std::string, std::uint64_t> acknowledged_;
  std::set<std::pair<std::string, std::string>> commands_;
  std::set<std::string> held_;

  reprise::stepped_system steps_;
  std::shared_ptr<reprise::host_context> context_;
  reprise::journal_line journal_;
  std::shared_ptr<reprise::recovery_queue> recoveries_;
  caf::actor snapshots_;
  std::shared_ptr<reprise::supervised_entrance> entrance_;
  std::map<std::string, caf::actor_addr> aggregates_seen_;
  caf::actor_addr writer_seen_;
};

/// Calls `play(choose)` once for every sequence of choices of which `most` at most are not 0; returns how often.
/// `choose(n)` answers a number below `n`, and `play` does the same whenever it is answered the same.
template <class Play>
std::size_t for_every_order(std::size_t most, const Play& play) {
  struct choice {
    std::size_t taken;
    std::size_t of;
  };
  std::vector<choice> path;
  std::size_t count = 0;
  do {
    std::size_t depth = 0, others = 0;
    play([&](std::size_t n) {
      if (depth == path.size()) path.push_back({0, others < most ? n : 1});
      if (path[depth].taken != 0) ++others;
      return path[depth++].taken;
    });
    ++count;
    while (!path.empty() && path.back().taken + 1 == path.back().of) path.pop_back();
    if (!path.empty()) ++path.back().taken;
  } while (!path.empty());
  return count;
}

using book_stage = stage<notes::notebook>;
using things = std::vector<std::function<void(book_stage&)>>;

/// Lets `all` happen in their order, anywhere between the turns of the actors, and then checks. Plays every order
/// that differs in up to `most` turns from the plainest, which finishes one thing before the next.
inline void in_every_order(const things& all,
                           const std::function<void(book_stage&)>& check,
                           std::size_t most = 3) {
  const std::size_t orders = for_every_order(most, [&](const auto& choose) {
    book_stage s;
    std::size_t done = 0;
    for (;;) {
      const std::size_t turns = s.ready().size();
      const std::size_t choices = turns + (done < all.size() ? 1 : 0);
      if (choices == 0) break;
      const std::size_t chosen = choose(choices);
      if (chosen < turns) {
        s.step_at(chosen);
      } else {
        all[done++](s);
      }
    }
    check(s);
  });
  CAPTURE(orders);
  CHECK(orders > 100);
}

}  // namespace deterministic
