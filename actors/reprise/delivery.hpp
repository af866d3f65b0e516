#pragma once

#include "reprise/admission.hpp"
#include "reprise/answer.hpp"
#include "reprise/commit.hpp"
#include "reprise/model.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace reprise {

class aggregate_metrics;

/// What may be said about a command besides what it asks for.
struct command_options {
  /// Sent again under the same id, a command takes effect once and gets the first one's answer, whatever it then says: the
  /// content is not compared. One that recorded nothing (a refusal, "already so") is decided anew. Empty: the host gives it
  /// one that nobody is told, so that it cannot be sent again or asked about; it takes up room in `dedup_window` all the same.
  std::string id{};
  std::string
      correlation_id{};  ///< stored with the commit: the conversation that the command is part of
  std::string causation_id{};  ///< stored with the commit: the message that led to the command
};

/// Is given the answer, once, on a thread of the runtime, or on the sender's before `send` returns: it must be quick, must not
/// block, and must not want a lock that is held across `send`. What it throws is dropped.
using answer_callback = std::function<void(answer)>;

/// Asks what became of a command: what the aggregate is to look for, and where it puts what it finds.
struct outcome_question {
  std::string command_id;
  timestamp since = timestamp::min();
  outcome_kind found = outcome_kind::unknown;
};

/// One command or query on its way to its aggregate, and the way back. It travels as one pointer from the
/// caller through router and aggregate to the journal actor; whoever holds it last answers it.
///
/// It is answered exactly once: a second answer is ignored, and its destructor answers `unknown` if nobody
/// did, so that no way of losing a message loses an answer.
///
/// Its holder and the sweep of deadlines can answer it at once, on two threads: who moves `progress_` on from `open` does.
/// The sweep gives its own answer and reads nothing else that changes once the delivery is linked: not what a query
/// saw, which is given away only with `accepted`. Its own reference keeps the delivery until it is done.
class delivery : public std::enable_shared_from_this<delivery>, private deadline_hook {
 public:
  delivery(const aggregate_model& model, std::string aggregate_id, command_options options)
      : model_(&model), aggregate_id_(std::move(aggregate_id)), options_(std::move(options)) {}
  delivery(const delivery&) = delete;
  delivery& operator=(const delivery&) = delete;
  virtual ~delivery() {
    if (is_waiting_) gate_->end_wait();
    if (progress_.load(std::memory_order_acquire) == progress::expired) gate_->freed();
    if (room_ != nullptr) room_->fetch_sub(1, std::memory_order_release);
  }

  const aggregate_model& model() const noexcept { return *model_; }
  const std::string& aggregate_id() const noexcept { return aggregate_id_; }
  const command_options& options() const noexcept { return options_; }

  /// The command, or nullptr for a query.
  virtual const erased_command* command() const noexcept = 0;

  /// What is asked about a command, or nullptr. Written only by who decides the delivery; the sweep of deadlines does not
  /// read it.
  virtual outcome_question* question() noexcept { return nullptr; }

  /// Lets a query look at the state that it is judged on. Returns false, and has not looked, if it is answered already:
  /// what it would look with may be gone by then. Throws what the query throws.
  bool observe(const aggregate_instance& instance);

  /// Has its answer counted. Before it is answered; `metrics` live until then.
  void counted_in(aggregate_metrics& metrics) noexcept { metrics_ = &metrics; }

  /// Counts it among the commands in flight until it is answered.
  void admitted_by(std::shared_ptr<admission> gate) noexcept { gate_ = std::move(gate); }

  /// Counts it until it is freed. What it was admitted by keeps `those_of_aggregate`.
  void take_room_in(std::atomic<std::uint32_t>& those_of_aggregate) noexcept {
    those_of_aggregate.fetch_add(1, std::memory_order_relaxed);
    room_ = &those_of_aggregate;
  }

  /// Begins the time within which it is answered, and has it measured how long that takes, if `is_measured`. The last
  /// thing that is done before it is handed on.
  void begin_time(bool is_measured) noexcept;

  /// Counts it among those that wait for their aggregate to recover, until `reached` or it is freed. Returns false if too
  /// many do. May be called again.
  bool begin_wait() noexcept;

  /// Says that its aggregate turns to it. For one in `waits_measured_one_in`, and the first time only, it is measured how
  /// long it has waited for that: a look at the clock is the most expensive part of counting.
  void reached() noexcept;

  static constexpr unsigned waits_measured_one_in = 8;

  /// Returns whether nobody has called this before: copies of one message may be sent to several hosts.
  bool is_sent_first() noexcept { return !is_sent_.exchange(true, std::memory_order_relaxed); }

  /// Gives a command that its sender left without an id one of the host's own.
  void name_command(std::string id) {
    options_.id = std::move(id);
    is_id_new_ = true;
  }

  /// Returns whether the host gave it its id, which nobody can have sent before.
  bool is_id_new() const noexcept { return is_id_new_; }

  /// Sends the answer of a command to `then` instead of the receiver that it was made with.
  virtual void answer_to(answer_callback) {}

  /// Answers it, from any thread; only the first answer counts. After an answer the delivery is done. `now` spares a look
  /// at the clock.
  void settle(answer a, std::chrono::steady_clock::time_point now = {}) noexcept;

  bool is_settled() const noexcept {
    const progress now = progress_.load(std::memory_order_acquire);
    return now == progress::settled || now == progress::expired;
  }

 protected:
  /// Hands the answer to the caller.
  virtual void deliver(answer a) = 0;

  /// Looks at the state, and keeps what it saw for the answer.
  virtual void see(const aggregate_instance&) {}

  /// For destructors of derived classes, which can still deliver.
  void settle_if_dropped() noexcept;

 private:
  friend class deadlines;

  enum class progress : std::uint8_t {
    open,
    observing,  ///< a query is looking: it is not answered meanwhile
    settled,
    expired,  ///< settled, because its time was over
  };

  /// Answers it for the sweep, if that has made it `expired`.
  void expire(const std::string& reason) noexcept;
  void give(answer a, std::chrono::steady_clock::time_point now) noexcept;

  const aggregate_model* model_;
  std::string aggregate_id_;
  command_options options_;
  std::shared_ptr<admission> gate_;
  std::atomic<std::uint32_t>* room_ = nullptr;
  aggregate_metrics* metrics_ = nullptr;
  std::chrono::steady_clock::time_point taken_{};  ///< the epoch if that is not measured
  std::atomic<progress> progress_{progress::open};
  std::atomic<bool> is_sent_{false};
  bool is_id_new_ = false;
  bool is_linked_ = false;
  bool is_waiting_ = false;
  bool is_wait_measured_ = false;
};

/// A command of a known type.
template <aggregate State>
class command_delivery final : public delivery {
 public:
  command_delivery(std::string aggregate_id,
                   typename State::command c,
                   command_options options,
                   answer_callback receiver)
      : delivery(model_of<State>(), std::move(aggregate_id), std::move(options)),
        command_(std::move(c)),
        receiver_(std::move(receiver)) {}
  ~command_delivery() override { settle_if_dropped(); }

  const erased_command* command() const noexcept override { return &command_; }
  void answer_to(answer_callback then) override { receiver_ = std::move(then); }

 protected:
  void deliver(answer a) override {
    if (receiver_) receiver_(std::move(a));
  }

 private:
  command_of<State> command_;
  answer_callback receiver_;
};

/// A query: `Look` is called with the state inside the aggregate's actor, and what it returns goes to
/// `Receive` as an `observed` once that state is durable.
template <aggregate State, class Look, class Receive>
class query_delivery final : public delivery {
 public:
  using value_type = std::decay_t<std::invoke_result_t<const Look&, const State&>>;

  query_delivery(std::string aggregate_id, Look look, Receive receive)
      : delivery(model_of<State>(), std::move(aggregate_id), {}),
        look_(std::move(look)),
        receive_(std::move(receive)) {}
  ~query_delivery() override { settle_if_dropped(); }

  const erased_command* command() const noexcept override { return nullptr; }

 protected:
  void see(const aggregate_instance& instance) override {
    value_.emplace(look_(*static_cast<const State*>(instance.state())));
  }

  void deliver(answer a) override {
    observed<value_type> result;
    result.kind = a.kind;
    result.version = a.version;
    result.reason = std::move(a.reason);
    if (a.kind == answer_kind::accepted) result.value = std::move(value_);
    receive_(std::move(result));
  }

 private:
  Look look_;
  Receive receive_;
  std::optional<value_type> value_;
};

/// Is given an outcome as an `answer_callback` is given an answer.
using outcome_callback = std::function<void(outcome)>;

/// A question about a command.
class outcome_delivery final : public delivery {
 public:
  outcome_delivery(const aggregate_model& model,
                   std::string aggregate_id,
                   outcome_question about,
                   outcome_callback receiver)
      : delivery(model, std::move(aggregate_id), {}),
        question_(std::move(about)),
        receiver_(std::move(receiver)) {}
  ~outcome_delivery() override { settle_if_dropped(); }

  const erased_command* command() const noexcept override { return nullptr; }
  outcome_question* question() noexcept override { return &question_; }

 protected:
  void deliver(answer a) override;

 private:
  outcome_question question_;
  outcome_callback receiver_;
};

}  // namespace reprise
