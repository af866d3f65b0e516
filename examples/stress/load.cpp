#include "stress/load.hpp"

#include "cart/format.hpp"
#include "cart/interrupt.hpp"
#include "cart/lives.hpp"
#include "cart/mailbox.hpp"
#include "stress/ack_log.hpp"
#include "stress/generator.hpp"
#include "stress/run_name.hpp"
#include "stress/timed_journal.hpp"

#include <algorithm>
#include <optional>
#include <queue>
#include <set>
#include <sstream>
#include <utility>

namespace stress {

using clock = std::chrono::steady_clock;
using reprise::answer_kind;
using shop::shopping_cart;

namespace {

constexpr std::chrono::milliseconds patience{50};
constexpr std::chrono::milliseconds first_back_off{1};
constexpr std::uint64_t longest_back_off = 256;  ///< times the first one

/// An answer to a request.
struct reply {
  std::uint32_t request = 0;
  reprise::answer answer;
  clock::time_point at;
};

/// A command on its way, or the place for one.
struct request {
  order what;
  std::string id;
  std::uint32_t client = 0;
  std::uint32_t sendings = 0;
  std::uint32_t overloads = 0;  ///< answers "overloaded" in a row at this place
  bool is_counted = false;      ///< it was due after the warm-up
  clock::time_point due;
};

/// Something to be done with a request at a time.
struct alarm {
  clock::time_point at;
  std::uint32_t request = 0;
  bool is_sent_again = false;  ///< else the place takes a new command

  friend bool operator>(const alarm& a, const alarm& b) { return a.at > b.at; }
};

class load {
 public:
  load(const options& o, simulation::status_line& status)
      : options_(o),
        status_(status),
        run_(name_of_this_run()),
        generator_(o),
        lives_(o.journal, o.directory, status, [this](std::shared_ptr<reprise::journal> journal) {
          return std::make_shared<timed_journal>(std::move(journal), write_times_);
        }) {
    result_.options = o;
    result_.run = run_;
    if (!o.ack_log.empty()) log_.emplace(o.ack_log);
    requests_.resize(o.clients * o.window);
    for (std::size_t i = 0; i < requests_.size(); ++i)
      requests_[i].client = static_cast<std::uint32_t>(i / o.window);
  }

  result run() {
    try {
      lives_.start();
      send_load();
    } catch (const std::exception& thrown) {
      fail(thrown.what());
      ended_ = clock::now();
    }
    end_life();
    finish_result();
    return std::move(result_);
  }

 private:
  // -- the load ----------------------------------------------------------------

  void send_load() {
    const auto now = clock::now();
    measured_from_ = now + options_.warmup;
    until_ = options_.duration ? measured_from_ + *options_.duration : clock::time_point::max();
    next_line_ = now + options_.interval;
    began_ = line_began_ = now;
    is_warm_ = options_.warmup == std::chrono::nanoseconds();
    for (std::size_t i = 0; i < requests_.size(); ++i) begin_next(static_cast<std::uint32_t>(i));
    while (can_go_on() && under_way_ > 0) {
      end_warmup();
      ring_alarms();
      collect(replies_.take(time_to_wait()));
      draw_progress();
    }
    ended_ = clock::now();
  }

  bool can_go_on() const { return result_.failure.empty() && !simulation::was_interrupted(); }

  bool is_time_to_send() const {
    if (!can_go_on() || clock::now() >= until_) return false;
    return !options_.commands || counted_ < *options_.commands;
  }

  /// What was measured until now was there to warm up.
  void end_warmup() {
    if (is_warm_ || clock::now() < measured_from_) return;
    is_warm_ = true;
    journal_before_ = lives_.store().stats();
    write_times_.clear();
  }

  /// Sends the next command at a request's place, unless the load is over.
  void begin_next(std::uint32_t index) {
    if (!is_time_to_send()) return;
    request& r = requests_[index];
    r.what = generator_.next(r.client);
    r.id = run_ + '-' + std::to_string(++named_);
    r.sendings = 0;
    r.due = clock::now();
    r.is_counted = r.due >= measured_from_;
    counted_ += r.is_counted ? 1 : 0;
    ++under_way_;
    send(index);
  }

  void send(std::uint32_t index) {
    request& r = requests_[index];
    ++r.sendings;
    if (r.sendings > 1 && r.is_counted) ++result_.sent_again;
    if (log_) log_->sending(r.what, r.id);
    ++in_flight_;
    if (r.what.command) {
      lives_.carts().send(r.what.cart, *r.what.command,
                          [this, index](reprise::answer a) {
                            replies_.put({index, std::move(a), clock::now()});
                          },
                          {.id = r.id, .correlation_id = {}, .causation_id = {}});
      return;
    }
    lives_.carts().query(
        r.what.cart, [](const shopping_cart& cart) { return cart.items.size(); },
        [this, index](reprise::observed<std::size_t> seen) {
          replies_.put({index,
                        {.kind = seen.kind,
                         .version = seen.version,
                         .events = 0,
                         .reason = std::move(seen.reason)},
                        clock::now()});
        });
  }

  // -- answers -----------------------------------------------------------------

  void collect(std::vector<reply> replies) {
    for (const reply& answered : replies) {
      --in_flight_;
      request& r = requests_[answered.request];
      if (log_) log_->answered(r.id, answered.answer, answered.at);
      take(r, answered);
    }
  }

  void take(request& r, const reply& answered) {
    const reprise::answer& a = answered.answer;
    if (a.kind == answer_kind::unknown || a.kind == answer_kind::unavailable) {
      note_once(a);
      notice_failure();
    }
    if (a.kind == answer_kind::unknown && r.sendings <= options_.retries && can_go_on()) {
      alarms_.push({clock::now() + back_off(r.sendings - 1), answered.request, true});
      return;
    }
    generator_.learn(r.what, a);
    count(r, answered);
    --under_way_;
    const bool is_turned_away = a.kind == answer_kind::overloaded
                                || a.kind == answer_kind::unavailable;
    r.overloads = is_turned_away ? r.overloads + 1 : 0;
    if (is_turned_away) {
      ++under_way_;
      alarms_.push({clock::now() + back_off(r.overloads - 1), answered.request, false});
    } else {
      begin_next(answered.request);
    }
  }

  void count(const request& r, const reply& answered) {
    if (!r.is_counted) return;
    auto& figures = result_.commands[static_cast<std::size_t>(r.what.kind)];
    const bool is_view = r.what.kind == command_kind::view;
    figures.answers.add(answered.answer, is_view);
    figures.latency.record(answered.at - r.due);
    line_.answers.add(answered.answer, is_view);
    line_.latency.record(answered.at - r.due);
    if (answered.answer.kind == answer_kind::refused) ++result_.refused[answered.answer.reason];
  }

  /// Twice as long each time, and never as long as somebody else's.
  std::chrono::nanoseconds back_off(std::uint32_t times) {
    const auto factor = std::min<std::uint64_t>(std::uint64_t{1} << std::min(times, 16U),
                                                longest_back_off);
    const std::chrono::duration<double, std::milli> most = first_back_off * factor;
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

  std::chrono::nanoseconds time_to_wait() const {
    std::chrono::nanoseconds time = std::min<std::chrono::nanoseconds>(patience,
                                                                       next_line_ - clock::now());
    if (!alarms_.empty())
      time = std::min<std::chrono::nanoseconds>(time, alarms_.top().at - clock::now());
    return std::max<std::chrono::nanoseconds>(time, std::chrono::nanoseconds(0));
  }

  // -- trouble -----------------------------------------------------------------

  void note_once(const reprise::answer& a) {
    auto text = std::string(to_string(a.kind)) + ": " + a.reason;
    if (noted_.insert(text).second) status_.note("cart: " + text);
  }

  /// A journal that failed takes nothing more.
  void notice_failure() {
    if (lives_.host().state() == reprise::host_state::journal_failed)
      fail("the journal failed: " + lives_.host().failure());
  }

  void fail(const std::string& why) {
    if (result_.failure.empty()) result_.failure = why;
  }

  // -- the end -----------------------------------------------------------------

  /// Ends the runtime, and takes in what it answers on its way out.
  void end_life() {
    if (!lives_.is_running()) return;
    lives_.begin_stop([this] { replies_.nudge(); });
    while (!lives_.has_stopped() || in_flight_ > 0) drain(replies_.take(patience));
    if (const auto unfinished = lives_.finish_stop(); !unfinished.empty())
      fail("the runtime did not stop in time: " + unfinished);
  }

  void drain(std::vector<reply> replies) {
    for (const reply& answered : replies) {
      --in_flight_;
      const request& r = requests_[answered.request];
      count(r, answered);
      try {
        if (log_ && result_.failure.empty()) log_->answered(r.id, answered.answer, answered.at);
      } catch (const ack_log_failure& thrown) {
        fail(thrown.what());
      }
    }
  }

  void finish_result() {
    status_.wipe();
    result_.was_interrupted = simulation::was_interrupted();
    result_.time = std::max<std::chrono::nanoseconds>(ended_ - measured_from_, {});
    const auto after = lives_.store().stats();
    result_.journal = {.synced_writes = after.synced_writes - journal_before_.synced_writes,
                       .commits = after.commits - journal_before_.commits,
                       .events = after.events - journal_before_.events,
                       .bytes = after.bytes};
    result_.write_times = write_times_.so_far();
    result_.recovery = lives_.so_far();
  }

  // -- what people see ---------------------------------------------------------

  void draw_progress() {
    const auto now = clock::now();
    if (now < next_line_) return;
    const auto lapse = std::chrono::duration<double>(now - line_began_).count();
    const auto stats = lives_.host().stats();
    std::ostringstream text;
    text << simulation::as_duration(now - began_) << (is_warm_ ? ": " : " (warming up): ")
         << simulation::grouped(static_cast<std::uint64_t>(
                static_cast<double>(line_.answers.total()) / std::max(lapse, 1e-9)))
         << "/s, p50 " << simulation::as_duration(line_.latency.percentile(0.5)) << ", p99 "
         << simulation::as_duration(line_.latency.percentile(0.99)) << ", "
         << simulation::grouped(stats.in_flight) << " in flight, "
         << simulation::grouped(stats.live) << " live";
    status_.draw(text.str());
    line_ = {};
    line_began_ = now;
    while (next_line_ <= now) next_line_ += options_.interval;
  }

  const options& options_;
  simulation::status_line& status_;
  result result_;
  std::string run_;
  generator generator_;
  simulation::dice luck_{options_.seed};
  std::optional<ack_log> log_;

  std::vector<request> requests_;
  std::priority_queue<alarm, std::vector<alarm>, std::greater<>> alarms_;
  std::uint64_t named_ = 0;      ///< commands that were given an id
  std::uint64_t counted_ = 0;    ///< commands that were due after the warm-up
  std::uint64_t under_way_ = 0;  ///< places that have a command or wait for one
  std::uint64_t in_flight_ = 0;  ///< sendings that are not answered
  std::set<std::string> noted_;

  clock::time_point began_;
  clock::time_point measured_from_;
  clock::time_point until_;
  clock::time_point ended_;
  bool is_warm_ = false;
  reprise::journal_stats journal_before_;

  clock::time_point line_began_;
  clock::time_point next_line_;
  command_figures line_;  ///< since the last line of progress

  write_times write_times_;
  simulation::mailbox<reply> replies_;
  simulation::lives lives_;  ///< last: no callback outlives it
};

}  // namespace

result put_under_load(const options& o, simulation::status_line& status) {
  return load{o, status}.run();
}

}  // namespace stress
