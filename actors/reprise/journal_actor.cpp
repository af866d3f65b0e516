#include "reprise/journal_actor.hpp"

#include <algorithm>
#include <cassert>
#include <exception>
#include <iterator>
#include <string>
#include <utility>

namespace reprise {

namespace {

/// Returns whether it is a command that was sent again, and waits for the first one's write: what has not been
/// written of it may be written all the same.
bool is_sent_again(const append& a) {
  return a.events.empty() && a.reply.events != 0;
}

}  // namespace

journal_actor::journal_actor(caf::actor_config& config,
                             std::shared_ptr<host_context> host,
                             caf::actor writer)
    : caf::event_based_actor(config), host_(std::move(host)), writer_(std::move(writer)) {
  host_->started(host_context::part::journal);
}

caf::behavior journal_actor::make_behavior() {
  return {
      [this](append& a) { on_append(a); },
      [this](begin_write) { on_begin_write(); },
      [this](batch_written& w) { on_batch_written(*w.content); },
  };
}

void journal_actor::on_exit() {
  const answer stopped{answer_kind::unknown, 0, 0,
                       "the host stopped before the journal had answered"};
  if (writing_) {
    for (append& a : writing_->appends) {
      if (a.content) a.content->settle(stopped);
    }
  }
  for (append& a : queued_) {
    const auto kind = is_sent_again(a) ? answer_kind::unknown : answer_kind::unavailable;
    if (a.content) a.content->settle({kind, 0, 0, "the host is stopping"});
  }
  queued_.clear();
  writing_.reset();
  tell_to_stop(writer_);
  writer_ = nullptr;
  host_->ended(host_context::part::journal);
}

// -- collecting ----------------------------------------------------------------------------------------------------

void journal_actor::on_append(append& a) {
  a.from = current_sender();
  if (must_turn_back(a)) return turn_back(a);
  queued_.push_back(std::move(a));
  if (writing_ || beginning_) return;
  beginning_ = true;
  tell(*this, caf::actor_cast<caf::actor>(this), begin_write{});
}

void journal_actor::on_begin_write() {
  beginning_ = false;
  write_next();
}

void journal_actor::write_next() {
  if (writing_ || queued_.empty()) return;
  writing_ = std::make_shared<batch>();
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (count < queued_.size() && count < host_->config.max_batch_commits
         && bytes < host_->config.max_batch_bytes) {
    bytes += queued_[count++].events.bytes().size();
  }
  if (count == queued_.size()) {
    writing_->appends.swap(queued_);
    queued_.reserve(count);
  } else {
    const auto end = queued_.begin() + static_cast<std::ptrdiff_t>(count);
    writing_->appends.assign(std::make_move_iterator(queued_.begin()),
                             std::make_move_iterator(end));
    queued_.erase(queued_.begin(), end);
  }
  tell(*this, writer_, write_batch{writing_});
}

// -- answering -----------------------------------------------------------------------------------------------------

void journal_actor::on_batch_written(batch& written) {
  const auto keep = std::exchange(writing_, nullptr);
  assert(keep.get() == &written);
  if (!written.failure.empty()) {
    fail(written);
    turn_back_queued();
    return;
  }
  const bool all_accepted = std::all_of(written.results.begin(), written.results.end(),
                                        [](const append_result& r) { return r.accepted; });
  if (all_accepted) {
    // The writer goes on while the answers go out.
    write_next();
    settle(written);
  } else {
    // What queued behind a conflict must not reach the writer, so the answers come first.
    settle(written);
    turn_back_queued();
    write_next();
  }
}

void journal_actor::settle(batch& written) {
  for (std::size_t i = 0; i < written.appends.size(); ++i) {
    append& a = written.appends[i];
    if (written.results[i].accepted) {
      a.to->durable.store(a.expected_version + a.events.count(), std::memory_order_release);
      if (!a.content) {
        give_back(a);
      } else {
        a.content->settle(std::move(a.reply));
      }
    } else {
      a.to->conflicted.store(true, std::memory_order_release);
      const auto damage = written.damages.find(a.to->stream);
      give_back(a, damage == written.damages.end() ? std::string() : damage->second);
    }
  }
}

void journal_actor::fail(batch& written) {
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

// -- turning back --------------------------------------------------------------------------------------------------

bool journal_actor::must_turn_back(const append& a) const {
  return host_->has_failed() || a.to->conflicted.load(std::memory_order_acquire);
}

void journal_actor::turn_back_queued() {
  const auto first = std::stable_partition(queued_.begin(), queued_.end(),
                                           [this](const append& a) { return !must_turn_back(a); });
  std::for_each(first, queued_.end(), [this](append& a) { turn_back(a); });
  queued_.erase(first, queued_.end());
}

void journal_actor::turn_back(append& a) {
  if (!host_->has_failed() || !a.content) return give_back(a);
  if (!a.events.empty()) a.to->lost.store(true, std::memory_order_release);
  const auto kind = is_sent_again(a) ? answer_kind::unknown : answer_kind::unavailable;
  a.content->settle({kind, 0, 0, "the journal failed: " + host_->failure()});
}

void journal_actor::give_back(append& a, std::string damage) {
  const auto from = caf::actor_cast<caf::actor>(a.from);
  if (from) tell(*this, from, returned{std::move(a.content), std::move(damage)});
}

// -- the writer ----------------------------------------------------------------------------------------------------

namespace {

commit commit_of(const append& a, timestamp now) {
  commit c;
  c.stream = a.to->stream;
  c.expected_version = a.expected_version;
  c.time = now;
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
                               std::shared_ptr<journal> to)
    : caf::event_based_actor(config), host_(std::move(host)), journal_(std::move(to)) {
  host_->started(host_context::part::writer);
}

caf::behavior journal_writer::make_behavior() {
  return {
      [this](write_batch& w) {
        write(*w.content);
        if (const auto from = caf::actor_cast<caf::actor>(current_sender())) {
          tell(*this, from, batch_written{std::move(w.content)});
        }
      },
  };
}

void journal_writer::on_exit() {
  journal_.reset();
  host_->ended(host_context::part::writer);
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
  const timestamp now = host_->config.clock();
  for (;;) {
    commits_.clear();
    for (const append& a : next.appends) {
      if (!next.damages.contains(a.to->stream)) commits_.push_back(commit_of(a, now));
    }
    try {
      next.results = journal_->append(commits_);
      break;
    } catch (const damaged_history& damage) {
      // Nothing was stored, and the other streams are as well as before.
      const std::string& stream = damage.where().stream;
      if (stream.empty() || !next.damages.emplace(stream, damage.what()).second) throw;
    }
  }
  if (!next.damages.empty()) refuse_left_out(next);
}

caf::actor spawn_journal(caf::actor_system& system,
                         const std::shared_ptr<host_context>& host,
                         std::shared_ptr<journal> to) {
  const caf::actor writer = host->config.dedicated_threads
                                ? system.spawn<journal_writer, caf::detached>(host, std::move(to))
                                : system.spawn<journal_writer>(host, std::move(to));
  return system.spawn<journal_actor>(host, writer);
}

}  // namespace reprise
