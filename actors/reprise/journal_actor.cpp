#include "reprise/journal_actor.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace reprise {

namespace {

/// A batch up to this many commits is answered by the writer itself if nothing else waits to be written: that takes
/// less time than waking another thread.
constexpr std::size_t few_answers = 16;

/// How many answers are given between two looks at the clock, which costs more than counting an answer.
constexpr std::size_t answers_a_look = 16;

void give_back(append& a, std::string damage = {}) {
  const auto from = caf::actor_cast<caf::actor>(a.from);
  if (from) tell(from, returned{std::move(a.content), std::move(damage)});
}

/// Gives the answers of a batch that was written.
void settle(batch& written, const host_config& config) {
  std::chrono::steady_clock::time_point now;
  for (std::size_t i = 0; i < written.appends.size(); ++i) {
    if (config.command_times && i % answers_a_look == 0) now = std::chrono::steady_clock::now();
    append& a = written.appends[i];
    if (!written.results[i].accepted) {
      const auto damage = written.damages.find(a.to->stream);
      give_back(a, damage == written.damages.end() ? std::string() : damage->second);
    } else if (!a.content) {
      give_back(a);
    } else {
      a.content->settle(std::move(a.reply), now);
    }
  }
}

}  // namespace

journal_actor::journal_actor(caf::actor_config& config,
                             std::shared_ptr<host_context> host,
                             std::shared_ptr<append_queue> queue)
    : caf::event_based_actor(config), host_(std::move(host)), queue_(std::move(queue)) {
  host_->started(host_context::part::journal);
}

caf::behavior journal_actor::make_behavior() {
  return {[this](const batch_written& w) { settle(*w.content, host_->config); }};
}

void journal_actor::on_exit() {
  if (const caf::actor writer = queue_->close()) tell_to_stop(writer);
  host_->ended(host_context::part::journal);
}

// -- writing ------------------------------------------------------------------------------------------------------

namespace {

commit commit_of(const append& a) {
  commit c;
  c.stream = a.to->stream;
  c.expected_version = a.expected_version;
  c.time = a.time;
  if (a.content) {
    c.command_id = a.content->options().id;
    c.correlation_id = a.content->options().correlation_id;
    c.causation_id = a.content->options().causation_id;
  }
  c.events = &a.events;
  return c;
}

/// Puts a refusal where a commit was left out, so that there is a result for each append.
void refuse_left_out(batch& written) {
  std::vector<append_result>& results = written.results;
  for (std::size_t i = 0; i < written.appends.size() && i <= results.size(); ++i) {
    if (!written.damages.contains(written.appends[i].to->stream)) continue;
    results.insert(results.begin() + static_cast<std::ptrdiff_t>(i), append_result{});
  }
}

}  // namespace

journal_writer::journal_writer(caf::actor_config& config,
                               std::shared_ptr<host_context> host,
                               std::shared_ptr<append_queue> queue,
                               std::shared_ptr<journal> to,
                               caf::actor answering)
    : caf::event_based_actor(config),
      host_(std::move(host)),
      queue_(std::move(queue)),
      journal_(std::move(to)),
      answering_(std::move(answering)) {
  host_->started(host_context::part::writer);
}

caf::behavior journal_writer::make_behavior() {
  return {
      [this](appends_waiting) { on_appends_waiting(); },
      [this](const write_batch& w) { on_write_batch(w.content); },
  };
}

void journal_writer::on_exit() {
  // A host that stops has closed the queue by now. Else a handler threw, and nobody would write what comes.
  const std::string why = "the journal's writer has ended";
  if (queue_->close(why)) host_->journal_failed(why);
  journal_.reset();
  answering_ = nullptr;
  host_->ended(host_context::part::writer);
}

void journal_writer::on_appends_waiting() {
  auto next = std::make_shared<batch>();
  const host_config& limits = host_->config;
  if (!queue_->take(next->appends, limits.max_batch_commits, limits.max_batch_bytes)) return;
  turn_back_from(*next);
  if (next->appends.empty()) {
    tell(*this, caf::actor_cast<caf::actor>(this), appends_waiting{});
  } else if (queue_->begin_write(next)) {
    tell(*this, caf::actor_cast<caf::actor>(this), write_batch{std::move(next)});
  }
}

void journal_writer::on_write_batch(const std::shared_ptr<batch>& next) {
  write(*next);
  if (!queue_->end_write()) return;
  publish(next);
  tell(*this, caf::actor_cast<caf::actor>(this), appends_waiting{});
}

void journal_writer::turn_back_from(batch& next) {
  const bool has_failed = host_->has_failed();
  const auto must_turn_back = [has_failed](const append& a) {
    return has_failed || a.to->conflicted.load(std::memory_order_acquire);
  };
  const auto first = std::stable_partition(next.appends.begin(), next.appends.end(),
                                           [&](const append& a) { return !must_turn_back(a); });
  std::for_each(first, next.appends.end(), [this, has_failed](append& a) {
    if (!has_failed || !a.content) return give_back(a);
    if (!a.events.empty()) a.to->lost.store(true, std::memory_order_release);
    const auto kind = is_sent_again(a) ? answer_kind::unknown : answer_kind::unavailable;
    a.content->settle({kind, 0, 0, "the journal failed: " + host_->failure()});
  });
  next.appends.erase(first, next.appends.end());
}

void journal_writer::write(batch& next) {
  try {
    append_readable(next);
    if (next.results.size() == next.appends.size()) return;
    next.failure = "the journal gave " + std::to_string(next.results.size()) + " results for "
                   + std::to_string(next.appends.size()) + " commits";
  } catch (const std::exception& thrown) {
    next.failure = thrown.what();
  } catch (...) {
    next.failure = "the journal threw something that is no std::exception";
  }
}

void journal_writer::append_readable(batch& next) {
  for (;;) {
    commits_.clear();
    for (const append& a : next.appends) {
      if (!next.damages.contains(a.to->stream)) commits_.push_back(commit_of(a));
    }
    try {
      const auto begin = std::chrono::steady_clock::now();
      next.results = journal_->append(commits_);
      count_write(std::chrono::steady_clock::now() - begin, next.results);
      break;
    } catch (const damaged_history& damage) {
      // Nothing was stored, and the other streams are as well as before.
      const std::string& stream = damage.where().stream;
      if (stream.empty() || !next.damages.emplace(stream, damage.what()).second) throw;
    }
  }
  if (!next.damages.empty()) refuse_left_out(next);
}

void journal_writer::count_write(std::chrono::nanoseconds time,
                                 const std::vector<append_result>& results) const {
  std::uint64_t commits = 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < std::min(commits_.size(), results.size()); ++i) {
    if (!results[i].accepted || commits_[i].events->empty()) continue;
    ++commits;
    bytes += commits_[i].events->bytes().size();
  }
  // The answers that only wait for what is stored already cost no write.
  if (commits == 0) return;
  host_metrics& metrics = host_->metrics;
  metrics.write_times.observe(static_cast<std::uint64_t>(time.count()));
  metrics.write_commits.observe(commits);
  metrics.write_bytes.observe(bytes);
}

// -- answering -----------------------------------------------------------------------------------------------------

void journal_writer::publish(std::shared_ptr<batch> written) {
  if (!written->failure.empty()) return fail(*written);
  bool all_accepted = true;
  for (std::size_t i = 0; i < written->appends.size(); ++i) {
    const append& a = written->appends[i];
    if (written->results[i].accepted) {
      a.to->durable.store(a.expected_version + a.events.count(), std::memory_order_release);
    } else {
      a.to->conflicted.store(true, std::memory_order_release);
      all_accepted = false;
    }
  }
  // What is behind a conflict is turned back later, so what conflicted is given back first.
  const bool is_quick = written->appends.size() <= few_answers && !queue_->has_more();
  if (!all_accepted || (is_quick && is_all_answered())) return settle(*written, host_->config);
  handed_over_ = written;
  tell(*this, answering_, batch_written{std::move(written)});
}

void journal_writer::fail(batch& written) {
  host_->journal_failed(written.failure);
  for (append& a : written.appends) {
    if (!a.events.empty()) a.to->lost.store(true, std::memory_order_release);
  }
  for (append& a : written.appends) {
    if (!a.content) {
      give_back(a);
      continue;
    }
    // An answer that tells of no event can be taken back for certain; one that does may be true already.
    const auto kind = a.reply.events != 0 ? answer_kind::unknown : answer_kind::unavailable;
    a.content->settle({kind, 0, 0, "the write failed: " + written.failure});
  }
}

journal_line spawn_journal(caf::actor_system& system,
                           const std::shared_ptr<host_context>& host,
                           std::shared_ptr<journal> to) {
  auto queue = std::make_shared<append_queue>();
  const caf::actor answering = system.spawn<journal_actor>(host, queue);
  queue->belongs_to(
      host->config.dedicated_threads
          ? system.spawn<journal_writer, caf::detached>(host, queue, std::move(to), answering)
          : system.spawn<journal_writer>(host, queue, std::move(to), answering));
  return {std::move(queue), answering};
}

}  // namespace reprise
