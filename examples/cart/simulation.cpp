#include "cart/simulation.hpp"

#include "cart/accounts.hpp"
#include "cart/format.hpp"
#include "cart/input.hpp"
#include "cart/interrupt.hpp"
#include "cart/lives.hpp"
#include "cart/mailbox.hpp"
#include "cart/metrics_file.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <sstream>

namespace simulation {

using clock = std::chrono::steady_clock;
using reprise::answer_kind;

namespace {

constexpr std::chrono::milliseconds patience{50};

/// An answer to one of the shoppers.
struct reply {
  std::uint32_t client = 0;
  std::uint64_t fingerprint = 0;  ///< of a look
  reprise::answer answer;
  clock::time_point at;
};

/// A shopper, or a line of the input, with at most one command under way.
struct client {
  step doing;
  std::uint64_t order = 0;  ///< among all that was sent
  std::uint64_t sent = 0;   ///< commands of this client
  clock::time_point since;
};

class run {
 public:
  run(const simulation_options& options, status_line& status, std::unique_ptr<json_lines> input)
      : status_(status),
        input_(std::move(input)),
        clients_(options.shopping.shoppers),
        metrics_(options.metrics),
        lives_(options.journal, options.directory, status, options.runtime) {
    report_.options = options;
    if (input_) {
      total_ = input_->count_commands();
    } else {
      plan_.emplace(options.shopping);
      total_ = options.shopping.commands;
    }
    halfway_ = total_ == 0 ? no_halfway : std::max<std::uint64_t>(1, total_ / 2);
  }

  report result() {
    take_up_journal();
    try {
      if (can_go_on()) {
        lives_.start();
        metrics_.write(lives_.host());
        send_commands();
        if (lives_.is_running()) metrics_.write(lives_.host());
        end_life();
      }
      if (can_go_on()) check_all();
    } catch (const std::exception& thrown) {
      fail(thrown.what());
      if (sent_ > 0 && report_.time == std::chrono::nanoseconds())
        report_.time = clock::now() - began_;
      // What was sent before may have taken effect, and is to be in the report.
      if (lives_.is_running()) end_life();
    }
    finish_report();
    return std::move(report_);
  }

 private:
  enum class phase : std::uint8_t { before_restart, stopping, after_restart };
  static constexpr std::uint64_t no_halfway = ~std::uint64_t{0};

  // -- before the first command ------------------------------------------------

  /// The model begins from what the journal holds. The ids of this run's commands begin with the position, so that no
  /// earlier run has used them.
  void take_up_journal() {
    const auto& journal = *lives_.store().journal();
    id_prefix_ = "p" + std::to_string(journal.last_position()) + '-';
    report_.events_before = accounts_.take_up(journal, status_);
  }

  // -- the shoppers ------------------------------------------------------------

  void send_commands() {
    for (std::size_t i = 0; i < clients_.size(); ++i)
      idle_.push_back(static_cast<std::uint32_t>(i));
    // The last one comes first.
    std::reverse(idle_.begin(), idle_.end());
    began_ = drawn_at_ = clock::now();
    while (can_go_on() && (phase_ == phase::stopping || !is_all_answered())) {
      employ_the_idle();
      collect(replies_.take(in_flight_ > 0 || phase_ == phase::stopping || input_ ? patience
                                                                                  : patience * 0));
      if (lives_.is_running() && lives_.host().state() == reprise::host_state::journal_failed) {
        fail("the journal failed: " + lives_.host().failure());
      }
      steer_restart();
      if (lives_.is_running() && status_.is_due()) draw_status();
    }
    report_.time = clock::now() - began_ - report_.start_time;
    if (!bad_input_.empty() && can_go_on()) {
      fail(bad_input_ + "; the report counts the " + counted(report_.commands, "command")
           + " before it");
      may_check_ = true;
    }
  }

  bool is_all_answered() const { return is_exhausted_ && in_flight_ == 0 && waiting_.empty(); }

  void employ_the_idle() {
    while (!idle_.empty()) {
      const auto index = idle_.back();
      auto next = next_step(index);
      if (!next) {
        if (input_ && !is_exhausted_) return;
        idle_.pop_back();
        continue;
      }
      idle_.pop_back();
      client& c = clients_[index];
      c.doing = std::move(*next);
      if (c.doing.command && c.doing.id.empty()) {
        c.doing.id = id_prefix_ + std::to_string(index) + '-' + std::to_string(++c.sent);
      }
      c.order = ++sent_;
      c.since = clock::now();
      send(index);
    }
    if (plan_) is_exhausted_ = in_flight_ == 0 && waiting_.empty();
  }

  std::optional<step> next_step(std::uint32_t client) {
    if (plan_) return plan_->next(client);
    if (is_exhausted_) return std::nullopt;
    try {
      auto next = input_->next();
      if (!next) is_exhausted_ = input_->is_at_end();
      return next;
    } catch (const bad_input& bad) {
      bad_input_ = bad.what();
      is_exhausted_ = true;
      return std::nullopt;
    }
  }

  void send(std::uint32_t index) {
    const step& doing = clients_[index].doing;
    ++in_flight_;
    if (doing.command) {
      lives_.carts().send(doing.cart, *doing.command,
                          [this, index](reprise::answer a) {
                            replies_.put({index, 0, std::move(a), clock::now()});
                          },
                          {.id = doing.id, .correlation_id = {}, .causation_id = {}});
      return;
    }
    lives_.carts().query(doing.cart, look_at, [this, index](reprise::observed<std::uint64_t> seen) {
      replies_.put({index,
                    seen.value.value_or(0),
                    {.kind = seen.kind,
                     .version = seen.version,
                     .events = 0,
                     .reason = std::move(seen.reason)},
                    clock::now()});
    });
  }

  void collect(std::vector<reply> replies) {
    for (reply& r : replies) {
      --in_flight_;
      const auto who = r.client;
      if (r.answer.kind == answer_kind::unavailable && phase_ == phase::stopping) {
        waiting_.push_back(who);
        continue;
      }
      if (clients_[who].doing.command) {
        record(clients_[who], std::move(r));
      } else {
        record_look(clients_[who], r);
      }
      idle_.push_back(who);
    }
  }

  void record(client& c, reply&& r) {
    ++report_.commands;
    report_.latency.add(r.at - c.since);
    told t{std::move(*c.doing.command),
           std::move(c.doing.id),
           r.answer.version,
           r.answer.events,
           r.answer.kind,
           {}};
    switch (t.kind) {
    case answer_kind::accepted: ++(t.events > 0 ? report_.accepted : report_.already_so); break;
    case answer_kind::refused:
      ++report_.refused[r.answer.reason];
      t.reason = accounts_.kept(std::move(r.answer.reason));
      break;
    case answer_kind::overloaded: ++report_.overloaded; break;
    case answer_kind::unavailable:
      ++report_.unavailable;
      note_once("unavailable", r.answer.reason);
      break;
    case answer_kind::unknown:
      ++report_.unknown;
      note_once("unknown", r.answer.reason);
      break;
    }
    accounts_.add(c.doing.cart, std::move(t));
  }

  void record_look(client& c, const reply& r) {
    ++report_.looks;
    if (r.answer.kind == answer_kind::accepted) {
      accounts_.add(c.doing.cart, looked{r.answer.version, r.fingerprint});
    }
  }

  void note_once(const std::string& kind, const std::string& reason) {
    if (noted_.insert(kind + reason).second) status_.note("cart: " + kind + ": " + reason);
  }

  // -- the restart -------------------------------------------------------------

  /// Stops the runtime once half of the commands are answered, or all, if nobody knows how many will come; starts
  /// another when it has stopped.
  void steer_restart() {
    if (phase_ == phase::before_restart) {
      const bool is_due = halfway_ == no_halfway ? is_all_answered() : report_.commands >= halfway_;
      if (!is_due) return;
      phase_ = phase::stopping;
      report_.restarted_after = report_.commands;
      stop_began_ = clock::now();
      begin_stop();
    } else if (phase_ == phase::stopping && lives_.has_stopped() && in_flight_ == 0) {
      restart();
    }
  }

  void restart() {
    const auto stopped_at = clock::now();
    if (const auto unfinished = lives_.finish_stop(); !unfinished.empty())
      return fail_to_stop(unfinished);
    lives_.start();
    report_.was_restarted = true;
    report_.stop_time = stopped_at - stop_began_;
    report_.start_time = clock::now() - stopped_at;
    phase_ = phase::after_restart;
    // In the order in which they were sent first: a line of the input comes before the next one.
    std::sort(waiting_.begin(), waiting_.end(),
              [this](auto a, auto b) { return clients_[a].order < clients_[b].order; });
    for (const auto index : std::exchange(waiting_, {})) {
      if (clients_[index].doing.command) ++report_.sent_again;
      send(index);
    }
  }

  void begin_stop() {
    lives_.begin_stop([this] { replies_.nudge(); });
  }

  /// Ends the runtime, and takes in what it answers on its way out.
  void end_life() {
    if (!lives_.is_running()) return;
    if (phase_ != phase::stopping) begin_stop();
    phase_ = phase::stopping;
    while (!lives_.has_stopped() || in_flight_ > 0) collect(replies_.take(patience));
    phase_ = phase::after_restart;
    if (const auto unfinished = lives_.finish_stop(); !unfinished.empty()) fail_to_stop(unfinished);
  }

  void fail_to_stop(const std::string& unfinished) {
    fail("the runtime did not stop in time: " + unfinished);
  }

  // -- the check ---------------------------------------------------------------

  void check_all() {
    lives_.start_to_ask();
    auto verdict = accounts_.check(lives_, status_, [this] { return can_go_on(); });
    report_.checked = verdict.checked;
    report_.is_checked = verdict.is_finished;
    report_.difference_count = verdict.difference_count;
    report_.differences = std::move(verdict.differences);
    end_life();
  }

  // -- what people see ---------------------------------------------------------

  void draw_status() {
    const auto now = clock::now();
    const auto lapse = std::chrono::duration<double>(now - drawn_at_).count();
    const auto rate = static_cast<double>(report_.commands - drawn_commands_)
                      / std::max(lapse, 1e-9);
    const auto samples = std::exchange(drawn_samples_, report_.latency.count());
    drawn_at_ = now;
    drawn_commands_ = report_.commands;

    std::ostringstream line;
    if (total_ > 0) {
      line << report_.commands * 100 / total_ << " %, ";
    } else {
      line << counted(report_.commands, "command") << ", ";
    }
    line << grouped(static_cast<std::uint64_t>(rate)) << "/s, p50 "
         << as_duration(report_.latency.percentile(0.5, samples)) << ", p99 "
         << as_duration(report_.latency.percentile(0.99, samples));
    const auto stats = lives_.host().stats();
    line << ", " << grouped(stats.live) << " live, " << grouped(stats.recovering) << " recovering";
    if (phase_ == phase::stopping) {
      line << ", stopping";
    } else if (total_ > report_.commands && report_.commands > 0) {
      const auto passed = now - began_;
      const auto left = static_cast<double>(total_ - report_.commands)
                        / static_cast<double>(report_.commands);
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(passed * left);
      line << ", "
           << (seconds.count() < 60 ? std::to_string(seconds.count()) + " s" : as_duration(seconds))
           << " left";
    }
    status_.draw(line.str());
  }

  // -- the end -----------------------------------------------------------------

  bool can_go_on() const { return (report_.failure.empty() || may_check_) && !was_interrupted(); }

  void fail(std::string why) {
    if (report_.failure.empty()) report_.failure = std::move(why);
  }

  void finish_report() {
    status_.wipe();
    report_.was_interrupted = was_interrupted();
    report_.carts = accounts_.touched();
    report_.journal = lives_.store().stats();
    report_.events = report_.journal.events;
    const auto totals = lives_.so_far();
    report_.recovered = totals.recovered;
    report_.replayed_events = totals.replayed_events;
    report_.replay_time = totals.replay_time;
  }

  report report_;
  status_line& status_;

  std::optional<shopping_plan> plan_;
  std::unique_ptr<json_lines> input_;
  std::string bad_input_;
  std::uint64_t total_ = 0;  ///< commands that will come; 0 if nobody knows
  std::uint64_t halfway_ = no_halfway;
  bool is_exhausted_ = false;
  bool may_check_ = false;  ///< in spite of a failure
  phase phase_ = phase::before_restart;

  std::string id_prefix_;
  std::vector<client> clients_;
  std::vector<std::uint32_t> idle_;
  std::vector<std::uint32_t> waiting_;  ///< for the runtime to be there again
  std::uint64_t sent_ = 0;
  std::uint64_t in_flight_ = 0;

  accounts accounts_;
  std::set<std::string> noted_;

  clock::time_point began_;
  clock::time_point stop_began_;
  clock::time_point drawn_at_;
  std::uint64_t drawn_commands_ = 0;
  std::size_t drawn_samples_ = 0;

  metrics_file metrics_;
  mailbox<reply> replies_;
  lives lives_;  ///< last: no callback outlives it
};

}  // namespace

report simulate(const simulation_options& options,
                status_line& status,
                std::unique_ptr<json_lines> input) {
  return run{options, status, std::move(input)}.result();
}

}  // namespace simulation
