#include "stress/load.hpp"

#include "cart/accounts.hpp"
#include "cart/interrupt.hpp"
#include "cart/lives.hpp"
#include "cart/mailbox.hpp"
#include "cart/metrics_file.hpp"
#include "stress/ack_log.hpp"
#include "stress/generator.hpp"
#include "stress/progress.hpp"
#include "stress/resend.hpp"
#include "stress/run_name.hpp"
#include "stress/schedule.hpp"
#include "stress/timed_journal.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string_view>
#include <utility>

namespace stress {

using clock = std::chrono::steady_clock;
using reprise::answer_kind;
using shop::shopping_cart;

namespace {

constexpr std::chrono::milliseconds patience{50};
constexpr std::chrono::milliseconds first_back_off{1};
constexpr std::uint64_t longest_back_off = 256;  ///< times the first one

/// Commands that an open loop has under way: more than a host takes by default, so that it is the host that says
/// where the limit is.
constexpr std::size_t room = 150'000;

/// Commands that an open loop sends before it looks at answers.
constexpr int sent_at_once = 1'000;

/// How long after its end an open loop still sends what was due before.
constexpr std::chrono::milliseconds grace{100};

/// An answer to a request.
struct reply {
  std::uint32_t request = 0;
  std::uint64_t fingerprint = 0;  ///< of a view, if there is to be a check
  reprise::answer answer;
  clock::time_point at;
};

/// A command under way, or the place for one.
struct request {
  order what;
  std::string id;
  std::uint64_t number = 0;  ///< among all commands
  std::uint32_t client = 0;
  std::uint32_t sendings = 0;
  std::uint32_t open_answers = 0;  ///< those that left it open whether it was stored
  std::uint32_t turned_away = 0;   ///< commands in a row, at this place
  bool is_under_way = false;
  bool is_counted = false;  ///< it was due after the warm-up
  clock::time_point due;
  std::vector<unsettled_command> unsettled;  ///< of one cart, the next one last
};

/// Something to be done with a request at a time.
struct alarm {
  clock::time_point at;
  std::uint32_t request = 0;
  bool is_sent_again = false;  ///< else its place takes a new command

  friend bool operator>(const alarm& a, const alarm& b) { return a.at > b.at; }
};

bool is_turned_away(const reprise::answer& a) {
  return a.kind == answer_kind::overloaded || a.kind == answer_kind::unavailable;
}

/// What is due is sent on one thread, which also collects the answers that the runtime's threads leave for it.
class load {
 public:
  load(const options& o, simulation::status_line& status)
      : options_(o),
        status_(status),
        run_(name_of_this_run()),
        generator_(o),
        progress_(status, o.interval, o.timeseries),
        metrics_(o.metrics),
        unsettled_(o.resend_from.empty() ? commands_by_cart() : unsettled_in(o.resend_from)),
        log_(o.ack_log.empty() ? nullptr : std::make_unique<ack_log>(o.ack_log)),
        lives_(o.journal,
               directory_of_journal(),
               status,
               o.runtime,
               [this](std::shared_ptr<reprise::journal> journal) {
                 return std::make_shared<timed_journal>(std::move(journal), write_times_);
               }) {
    const bool is_in_memory = o.journal == simulation::store_kind::memory;
    status.note("cart: seed " + std::to_string(o.seed) + ", journal in "
                + (is_in_memory ? "memory" : options_.directory.string()));
    result_.options = options_;
    result_.where = look_around(options_.directory);
    for (const auto& warning : result_.where.warnings) status.note("cart: warning: " + warning);
    result_.run = run_;
    if (o.verify) accounts_.emplace().take_up(*lives_.store().journal(), status);
  }

  result run() {
    try {
      lives_.start();
      metrics_.write(lives_.host());
      send_again();
      if (can_go_on()) send_load();
    } catch (const std::exception& thrown) {
      fail(thrown.what());
    }
    if (ended_ == clock::time_point()) ended_ = clock::now();
    end_life();
    settle_the_rest();
    end_progress();
    verify();
    finish_result();
    return std::move(result_);
  }

 private:
  /// Makes a directory for a journal that was given none. Whoever calls it has opened all else that was named, so that
  /// a wrong name leaves no journal behind.
  const std::filesystem::path& directory_of_journal() {
    if (options_.journal == simulation::store_kind::rocksdb && options_.directory.empty())
      options_.directory = simulation::make_directory();
    return options_.directory;
  }

  // -- one after the other -------------------------------------------------------

  /// A client that comes back asks first for what it does not know the outcome of.
  void send_again() {
    is_resending_ = true;
    for (const auto& commands : unsettled_) result_.resent += commands.size();
    begin_measuring({});
    begin_at_all_places();
    run_until_answered();
    is_resending_ = !can_go_on();
  }

  void send_load() {
    begin_measuring(options_.warmup);
    const auto bytes_before = resident_bytes();
    if (options_.rate) {
      requests_.clear();
      arrivals_.emplace(clock::now(), *options_.rate, options_.arrive, fork_luck());
    } else {
      begin_at_all_places();
    }
    begin_harm(crashes_, options_.chaos.crash);
    begin_harm(passivations_, options_.chaos.passivate);
    begin_harm(restarts_, options_.chaos.restart);
    run_until_answered();
    end_warmup();
    ended_ = clock::now();
    if (lives_.is_running()) {
      result_.live_carts = lives_.host().stats().live;
      metrics_.write(lives_.host());
    }
    result_.grown_bytes = std::max(resident_bytes(), bytes_before) - bytes_before;
  }

  void begin_measuring(std::chrono::nanoseconds warmup) {
    const auto now = clock::now();
    measured_from_ = now + warmup;
    until_ = options_.duration ? measured_from_ + *options_.duration : clock::time_point::max();
    is_warm_ = false;
    end_warmup();
    progress_.begin(now);
  }

  void begin_at_all_places() {
    requests_.resize(options_.clients * options_.window);
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      requests_[i].client = static_cast<std::uint32_t>(i / options_.window);
      begin_next(static_cast<std::uint32_t>(i));
    }
  }

  void run_until_answered() {
    while (can_go_on() && (under_way_ > 0 || has_arrivals())) {
      end_warmup();
      ring_alarms();
      send_due();
      collect(replies_.take(time_to_wait()));
      disturb_carts();
      steer_restart();
      report_progress();
    }
  }

  bool can_go_on() const { return result_.failure.empty() && !simulation::was_interrupted(); }

  /// What was measured until now was there to warm up.
  void end_warmup() {
    const auto now = clock::now();
    if (is_warm_ || now < measured_from_) return;
    progress_.end_phase(now, runtime_now(), phase());
    is_warm_ = true;
    journal_before_ = lives_.store().stats();
    write_times_.clear();
  }

  std::chrono::nanoseconds time_to_wait() const {
    if (is_stopped()) return std::chrono::nanoseconds(0);
    const auto now = clock::now();
    auto next = std::min(now + patience, progress_.due());
    if (!alarms_.empty()) next = std::min(next, alarms_.top().at);
    if (has_arrivals()) next = std::min(next, arrivals_->due());
    for (const auto* harm : {&crashes_, &passivations_})
      if (*harm) next = std::min(next, (*harm)->due());
    if (!is_warm_) next = std::min(next, measured_from_);
    return std::max(next - now, clock::duration(0));
  }

  void report_progress() {
    const auto now = clock::now();
    if (now < progress_.due() || !lives_.is_running()) return;
    std::string note;
    if (is_resending_) note = "sending again";
    if (!is_warm_) note = "warming up";
    if (is_restarting_) note = "restarting";
    progress_.end_interval(now, lives_.host().stats(), phase(), note);
    metrics_.write(lives_.host());
  }

  /// Of a runtime that has ended it is known what was in memory at the end of the load.
  reprise::host_stats runtime_now() const {
    if (lives_.is_running()) return lives_.host().stats();
    reprise::host_stats ended;
    ended.live = result_.live_carts;
    return ended;
  }

  std::string_view phase() const {
    if (is_resending_) return "resend";
    return is_warm_ ? "load" : "warmup";
  }

  simulation::dice fork_luck() { return simulation::dice{luck_.next()}; }

  // -- what is sent --------------------------------------------------------------

  bool may_send(clock::time_point due) const {
    return can_go_on() && due < until_ && (!options_.commands || counted_ < *options_.commands);
  }

  bool has_arrivals() const { return arrivals_ && may_send(arrivals_->due()); }

  /// Sends the next command of a closed loop at a place, if there is one.
  void begin_next(std::uint32_t index) {
    request& r = requests_[index];
    const auto now = clock::now();
    if (is_resending_) {
      if (take_unsettled(r, now)) send(index);
    } else if (may_send(now)) {
      think_up(r, now);
      send(index);
    }
  }

  bool take_unsettled(request& r, clock::time_point now) {
    if (r.unsettled.empty() && !unsettled_.empty()) {
      r.unsettled = std::move(unsettled_.back());
      std::reverse(r.unsettled.begin(), r.unsettled.end());
      unsettled_.pop_back();
    }
    if (r.unsettled.empty() || !can_go_on()) return false;
    begin(r, std::move(r.unsettled.back().what), std::move(r.unsettled.back().id), now, false);
    r.unsettled.pop_back();
    return true;
  }

  void think_up(request& r, clock::time_point due) {
    const bool is_counted = due >= measured_from_;
    counted_ += is_counted ? 1 : 0;
    begin(r, generator_.next(r.client), run_ + '-' + std::to_string(numbered_ + 1), due,
          is_counted);
  }

  void begin(request& r, order what, std::string id, clock::time_point due, bool is_counted) {
    r.what = std::move(what);
    r.id = std::move(id);
    r.number = ++numbered_;
    r.sendings = r.open_answers = 0;
    r.is_under_way = true;
    r.is_counted = is_counted;
    r.due = due;
    ++under_way_;
  }

  /// Sends what an open loop has due. While the runtime is being exchanged it waits for the next one.
  void send_due() {
    if (!arrivals_ || is_stopped()) return;
    const auto now = clock::now();
    const bool is_too_late = until_ != clock::time_point::max() && now > until_ + grace;
    for (int n = 0; has_arrivals() && arrivals_->due() <= now; arrivals_->advance()) {
      if (is_too_late || (free_.empty() && requests_.size() == room)) {
        skip();
        continue;
      }
      const auto index = free_place();
      think_up(requests_[index], arrivals_->due());
      if (requests_[index].is_counted) result_.lag.record(clock::now() - arrivals_->due());
      send(index);
      if (++n == sent_at_once) {
        arrivals_->advance();
        return;
      }
    }
  }

  /// What is skipped is one of the commands all the same.
  void skip() {
    if (arrivals_->due() < measured_from_) return;
    ++result_.skipped;
    ++counted_;
  }

  std::uint32_t free_place() {
    std::uint32_t index = 0;
    if (free_.empty()) {
      index = static_cast<std::uint32_t>(requests_.size());
      requests_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    requests_[index].client = static_cast<std::uint32_t>(numbered_ % options_.clients);
    return index;
  }

  /// What the log does not say was sent is not sent.
  void send(std::uint32_t index) {
    request& r = requests_[index];
    if (!is_logged([&] { log_->sending(r.what, r.id); })) return;
    if (++r.sendings > 1 && r.is_counted) ++result_.sent_again;
    ++in_flight_;
    if (r.what.command) {
      lives_.carts().send(r.what.cart, *r.what.command,
                          [this, index](reprise::answer a) {
                            replies_.put({index, 0, std::move(a), clock::now()});
                          },
                          {.id = r.id, .correlation_id = {}, .causation_id = {}});
      return;
    }
    lives_.carts().query(
        r.what.cart,
        [is_kept = accounts_.has_value()](const shopping_cart& cart) -> std::uint64_t {
          return is_kept ? simulation::look_at(cart) : cart.items.size();
        },
        [this, index](reprise::observed<std::uint64_t> seen) {
          replies_.put({index,
                        seen.value.value_or(0),
                        {.kind = seen.kind,
                         .version = seen.version,
                         .events = 0,
                         .reason = std::move(seen.reason)},
                        clock::now()});
        });
  }

  // -- answers -------------------------------------------------------------------

  void collect(std::vector<reply> replies) {
    for (reply& answered : replies) {
      receive(answered);
      take(answered);
    }
  }

  void receive(const reply& answered) {
    --in_flight_;
    is_logged(
        [&] { log_->answered(requests_[answered.request].id, answered.answer, answered.at); });
  }

  /// Returns whether the log has the line that `write` hands it, or there is to be none. A log that fails gets no line
  /// more, and ends the load: what is under way is answered all the same.
  template <class Write>
  bool is_logged(Write write) {
    if (options_.ack_log.empty()) return true;
    try {
      if (log_) write();
    } catch (const ack_log_failure& thrown) {
      fail(thrown.what());
      log_.reset();
    }
    return log_ != nullptr;
  }

  void take(reply& answered) {
    const std::uint32_t index = answered.request;
    request& r = requests_[index];
    const reprise::answer& a = answered.answer;
    if (a.kind == answer_kind::unavailable && is_restarting_) {
      parked_.push_back(index);
      return;
    }
    if (a.kind == answer_kind::unknown || a.kind == answer_kind::unavailable) notice_trouble(a);
    if (is_left_open(r, a) && ++r.open_answers <= options_.retries && can_go_on()) {
      alarms_.push({clock::now() + back_off(r.open_answers - 1), index, true});
      return;
    }
    generator_.learn(r.what, a);
    r.turned_away = is_turned_away(a) ? r.turned_away + 1 : 0;
    settle(answered);
    if (arrivals_) {
      free_.push_back(index);
    } else if (r.turned_away > 0) {
      // Somebody who is turned away waits before they ask for something else.
      ++under_way_;
      alarms_.push({clock::now() + back_off(r.turned_away - 1), index, false});
    } else {
      begin_next(index);
    }
  }

  /// Returns whether an answer leaves it open if the command was stored, by this sending or an earlier one.
  bool is_left_open(const request& r, const reprise::answer& a) const {
    if (a.kind == answer_kind::unknown) return true;
    return is_turned_away(a) && (r.open_answers > 0 || is_resending_);
  }

  /// Takes in the last answer to a command.
  void settle(reply& answered) {
    request& r = requests_[answered.request];
    r.is_under_way = false;
    --under_way_;
    if (accounts_) keep(r, answered);
    if (is_resending_) return;
    const bool is_view = !r.what.command;
    const auto latency = answered.at - r.due;
    // What comes late of the warm-up belongs to nothing that is measured.
    if (r.is_counted || !is_warm_) progress_.count(answered.answer, is_view, latency);
    if (!r.is_counted) return;
    result_.commands[static_cast<std::size_t>(r.what.kind)].add(answered.answer, is_view, latency);
    if (answered.answer.kind == answer_kind::refused) ++result_.refused[answered.answer.reason];
  }

  void keep(const request& r, const reply& answered) {
    const reprise::answer& a = answered.answer;
    if (!r.what.command) {
      if (a.kind == answer_kind::accepted)
        accounts_->add(r.what.cart, simulation::looked{a.version, answered.fingerprint});
      return;
    }
    simulation::told t{*r.what.command, r.id, a.version, a.events, a.kind, {}};
    if (a.kind == answer_kind::refused) t.reason = accounts_->kept(a.reason);
    if (is_left_open(r, a)) t.kind = answer_kind::unknown;
    accounts_->add(r.what.cart, std::move(t));
  }

  /// Twice as long each time, up to a limit, and not as long as somebody else's.
  std::chrono::nanoseconds back_off(std::uint32_t times) {
    const auto factor = std::min(std::uint64_t{1} << std::min(times, 16U), longest_back_off);
    const std::chrono::duration<double, std::nano> most = first_back_off * factor;
    return std::chrono::duration_cast<std::chrono::nanoseconds>(most
                                                                * (0.5 + luck_.fraction() / 2));
  }

  void ring_alarms() {
    const auto now = clock::now();
    while (!alarms_.empty() && alarms_.top().at <= now) {
      const alarm due = alarms_.top();
      alarms_.pop();
      if (due.is_sent_again) {
        send(due.request);
      } else {
        --under_way_;
        begin_next(due.request);
      }
    }
  }

  // -- trouble -------------------------------------------------------------------

  void notice_trouble(const reprise::answer& a) {
    auto text = std::string(to_string(a.kind)) + ": " + a.reason;
    if (noted_.insert(text).second) status_.note("cart: " + text);
    // A journal that failed takes nothing more.
    if (lives_.host().state() == reprise::host_state::journal_failed)
      fail("the journal failed: " + lives_.host().failure());
  }

  void fail(const std::string& why) {
    if (result_.failure.empty()) result_.failure = why;
  }

  void begin_harm(std::optional<schedule>& when, double per_second) {
    if (per_second > 0) when.emplace(clock::now(), per_second, arrivals::poisson, fork_luck());
  }

  /// Crashes and passivates carts' actors. While the runtime is being exchanged there are none.
  void disturb_carts() {
    if (is_stopped()) return;
    const auto now = clock::now();
    for (; crashes_ && crashes_->due() <= now; crashes_->advance(), ++result_.crashes)
      lives_.carts().crash(generator_.some_cart(luck_));
    for (; passivations_ && passivations_->due() <= now;
         passivations_->advance(), ++result_.passivations)
      lives_.carts().passivate(generator_.some_cart(luck_));
  }

  /// Stops the runtime under the clients' hands, and starts another when it has stopped.
  void steer_restart() {
    if (is_stopped() && in_flight_ == 0) {
      restart();
    } else if (restarts_ && !is_restarting_ && restarts_->due() <= clock::now() && can_go_on()) {
      is_restarting_ = true;
      stop_began_ = clock::now();
      lives_.begin_stop([this] { replies_.nudge(); });
    }
  }

  /// Between two runtimes nothing is sent.
  bool is_stopped() const { return is_restarting_ && lives_.has_stopped(); }

  void restart() {
    if (const auto unfinished = lives_.finish_stop(); !unfinished.empty())
      return fail("the runtime did not stop in time: " + unfinished);
    lives_.start();
    is_restarting_ = false;
    ++result_.restarts;
    result_.longest_restart = std::max<std::chrono::nanoseconds>(result_.longest_restart,
                                                                 clock::now() - stop_began_);
    while (restarts_->due() <= clock::now()) restarts_->advance();
    // In the order in which they were sent first.
    std::sort(parked_.begin(), parked_.end(),
              [this](auto a, auto b) { return requests_[a].number < requests_[b].number; });
    for (const auto index : std::exchange(parked_, {})) send(index);
  }

  // -- the end -------------------------------------------------------------------

  /// Ends the runtime, and takes in what it answers on its way out.
  void end_life() {
    if (!lives_.is_running()) return;
    if (!is_restarting_) lives_.begin_stop([this] { replies_.nudge(); });
    is_restarting_ = false;
    while (!lives_.has_stopped() || in_flight_ > 0) drain(replies_.take(patience));
    if (const auto unfinished = lives_.finish_stop(); !unfinished.empty())
      fail("the runtime did not stop in time: " + unfinished);
  }

  void drain(std::vector<reply> replies) {
    for (reply& answered : replies) {
      receive(answered);
      settle(answered);
    }
  }

  /// What waited to be sent again, when the run was ended early, has no other answer than it had.
  void settle_the_rest() {
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      request& r = requests_[i];
      if (!r.is_under_way || r.sendings == 0) continue;
      const bool is_open = r.open_answers > 0 || is_resending_;
      reply last{static_cast<std::uint32_t>(i),
                 0,
                 {.kind = is_open ? answer_kind::unknown : answer_kind::unavailable,
                  .version = 0,
                  .events = 0,
                  .reason = "the run ended before it was sent again"},
                 clock::now()};
      settle(last);
    }
  }

  /// The last interval is rarely a whole one.
  void end_progress() {
    try {
      progress_.end_phase(ended_, runtime_now(), phase());
    } catch (const std::exception& thrown) {
      fail(thrown.what());
    }
  }

  void verify() {
    if (!accounts_ || simulation::was_interrupted()) return;
    const auto recovery = lives_.so_far();
    try {
      lives_.start_to_ask();
      result_.verdict = accounts_->check(lives_, status_,
                                         [] { return !simulation::was_interrupted(); });
    } catch (const std::exception& thrown) {
      fail(std::string("the carts could not be verified: ") + thrown.what());
    }
    result_.recovery = recovery;
    end_life();
  }

  void finish_result() {
    status_.wipe();
    result_.was_interrupted = simulation::was_interrupted();
    result_.time = std::max<std::chrono::nanoseconds>(ended_ - measured_from_, {});
    const auto after = lives_.store().stats();
    if (!is_warm_) {
      journal_before_ = after;
      write_times_.clear();
    }
    result_.journal = {.synced_writes = after.synced_writes - journal_before_.synced_writes,
                       .commits = after.commits - journal_before_.commits,
                       .events = after.events - journal_before_.events,
                       .bytes = after.bytes};
    result_.write_times = write_times_.so_far();
    if (!result_.verdict) result_.recovery = lives_.so_far();
  }

  options options_;
  simulation::status_line& status_;
  result result_;
  std::string run_;
  generator generator_;
  progress progress_;
  simulation::metrics_file metrics_;
  simulation::dice luck_{options_.seed};
  commands_by_cart unsettled_;
  std::unique_ptr<ack_log> log_;  ///< none either when it has failed
  std::optional<simulation::accounts> accounts_;
  bool is_resending_ = false;

  std::vector<request> requests_;
  std::vector<std::uint32_t> free_;  ///< places, of an open loop
  std::optional<schedule> arrivals_;
  std::priority_queue<alarm, std::vector<alarm>, std::greater<>> alarms_;
  std::uint64_t numbered_ = 0;
  std::uint64_t counted_ = 0;    ///< commands that were due after the warm-up
  std::uint64_t under_way_ = 0;  ///< places that have a command, or wait before they take one
  std::uint64_t in_flight_ = 0;  ///< sendings that are not answered
  std::set<std::string> noted_;

  std::optional<schedule> crashes_;
  std::optional<schedule> passivations_;
  std::optional<schedule> restarts_;
  bool is_restarting_ = false;
  std::vector<std::uint32_t> parked_;  ///< until the runtime is there again
  clock::time_point stop_began_;

  clock::time_point measured_from_;
  clock::time_point until_;
  clock::time_point ended_;
  bool is_warm_ = false;
  reprise::journal_stats journal_before_;

  write_times write_times_;
  simulation::mailbox<reply> replies_;
  simulation::lives lives_;  ///< last: no callback outlives it
};

}  // namespace

result put_under_load(const options& o, simulation::status_line& status) {
  return load{o, status}.run();
}

}  // namespace stress
