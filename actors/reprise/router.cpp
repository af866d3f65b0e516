#include "reprise/router.hpp"

#include "reprise/stream.hpp"
#include "reprise/text.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace reprise {

namespace {

/// So many shards keep the threads of a large machine from waiting for each other.
constexpr std::size_t most_shards = 64;

/// A shard lets go of its own least recently used, which are the host's only about; so few would not be enough.
constexpr std::size_t least_actors_a_shard = 256;

std::size_t shards_for(std::size_t max_live) {
  return std::clamp<std::size_t>(max_live / least_actors_a_shard, 1, most_shards);
}

/// Returns whether `use` was not later than `than`.
bool is_as_old(std::uint32_t use, std::uint32_t than) noexcept {
  return static_cast<std::int32_t>(use - than) <= 0;
}

/// Returns what of a delivery is beyond a limit, and counts it; empty if nothing is.
std::string beyond_limits(host_context& host, delivery& d) {
  const auto check = [&host](const char* what, std::size_t size, std::size_t least,
                             std::size_t longest, limit which) -> std::string {
    if (size < least) return std::string(what) + " is empty";
    if (size <= longest) return {};
    host.metrics.limits_hit.add(which);
    return std::string(what) + " has " + std::to_string(size) + " bytes; "
           + std::string(name_of(which)) + " is " + std::to_string(longest);
  };
  const command_options& options = d.options();
  const std::size_t most = host.config.max_command_id_bytes;
  std::string wrong = check("the aggregate id", d.aggregate_id().size(), 1,
                            host.config.max_aggregate_id_bytes, limit::aggregate_id);
  if (wrong.empty()) wrong = check("the command id", options.id.size(), 0, most, limit::command_id);
  if (const outcome_question* asked = d.question(); wrong.empty() && asked != nullptr)
    wrong = check("the command id", asked->command_id.size(), 1, most, limit::command_id);
  if (wrong.empty())
    wrong = check("the correlation id", options.correlation_id.size(), 0, most, limit::command_id);
  if (wrong.empty())
    wrong = check("the causation id", options.causation_id.size(), 0, most, limit::command_id);
  return wrong;
}

}  // namespace

router::router(caf::actor_system& system, std::shared_ptr<aggregate_group> group)
    : system_(system),
      model_(group->model),
      host_(group->host),
      metrics_(host_->metrics.of(model_)),
      group_(std::move(group)),
      shards_(shards_for(host_->config.max_live)) {
  most_actors_ = host_->config.max_live / shards_.size();
}

router::shard& router::shard_of(const std::string& id) {
  return shards_[std::hash<std::string>{}(id) % shards_.size()];
}

// -- coming in -----------------------------------------------------------------------------------------------------

void router::take(std::shared_ptr<delivery> d) {
  if (admit(*d)) route(std::move(d));
}

bool router::admit(delivery& d) {
  d.counted_in(metrics_);
  if (&d.model() != &model_) {
    d.settle({answer_kind::refused, 0, 0,
              "a message for " + printable(d.model().category()) + " was sent to "
                  + printable(model_.category())});
    return false;
  }
  if (std::string wrong = beyond_limits(*host_, d); !wrong.empty()) {
    d.settle({answer_kind::refused, 0, 0, std::move(wrong)});
    return false;
  }
  switch (host_->gate->enter()) {
  case admission::verdict::admitted: break;
  case admission::verdict::full:
    host_->metrics.limits_hit.add(limit::in_flight);
    d.settle({answer_kind::overloaded, 0, 0,
              "max_in_flight is reached: " + std::to_string(host_->gate->limit())
                  + " commands are in flight"});
    return false;
  case admission::verdict::closed:
    d.settle({answer_kind::unavailable, 0, 0, "the host is stopping"});
    return false;
  }
  // What counts in the router keeps it, beside the gate.
  d.admitted_by({shared_from_this(), host_->gate.get()});
  if (d.command() != nullptr && d.options().id.empty()) d.name_command(host_->next_command_id());
  d.begin_time(host_->config.command_times);
  return true;
}

void router::route(std::shared_ptr<delivery> d) {
  // An actor that has just ended drops what it is sent, and the last holder answers: not under the lock.
  const auto last_holder = d;
  shard& s = shard_of(d->aggregate_id());
  verdict how = verdict::taken;
  {
    const std::lock_guard lock(s.mutex);
    how = route_within(s, std::move(d));
  }
  const host_config& config = host_->config;
  switch (how) {
  case verdict::taken: return;
  case verdict::closed:
    return last_holder->settle({answer_kind::unavailable, 0, 0, "the host is stopping"});
  case verdict::aggregate_is_full:
    host_->metrics.limits_hit.add(limit::in_flight_per_aggregate);
    return last_holder->settle({answer_kind::overloaded, 0, 0,
                                "max_in_flight_per_aggregate is reached: "
                                    + std::to_string(config.max_in_flight_per_aggregate)
                                    + " commands are in flight for this aggregate"});
  case verdict::all_are_busy:
    host_->metrics.limits_hit.add(limit::live);
    return last_holder->settle({answer_kind::overloaded, 0, 0,
                                "max_live is reached: none of the " + std::to_string(most_actors_)
                                    + " aggregates that may be in memory in this one's part of "
                                    + std::to_string(config.max_live) + " is idle"});
  case verdict::too_many_wait: return host_->too_many_wait(*last_holder);
  case verdict::journal_failed:
    return last_holder->settle(
        {answer_kind::unavailable, 0, 0, "the journal failed: " + host_->failure()});
  }
}

router::verdict router::route_within(shard& s, std::shared_ptr<delivery> d) {
  if (s.is_closed) return verdict::closed;
  const std::string& id = d->aggregate_id();
  auto found = s.entries.find(id);
  const bool is_here = found != s.entries.end() && found->second.is == presence::here;
  if (!is_here && !d->begin_wait()) return verdict::too_many_wait;
  if (found == s.entries.end() || found->second.is == presence::none) {
    if (!make_room(s)) {
      // Then none leaves any more, so that it would be no use to try again.
      return host_->has_failed() ? verdict::journal_failed : verdict::all_are_busy;
    }
    if (found == s.entries.end()) {
      found = s.entries.try_emplace(id).first;
      ++s.number_of(presence::none);
    }
    s.becomes(found->second, presence::wanted);
    if (const auto supervisor = caf::actor_cast<caf::actor>(group_->supervisor))
      tell(supervisor, wanted{id});
  }
  entry& e = found->second;
  if (e.in_flight.load(std::memory_order_relaxed) >= host_->config.max_in_flight_per_aggregate) {
    return verdict::aggregate_is_full;
  }
  e.last_use = ++s.uses;
  d->take_room_in(e.in_flight);
  if (e.is == presence::here) {
    tell(e.actor, envelope{std::move(d)});
  } else {
    s.kept[id].push_back(std::move(d));
  }
  return verdict::taken;
}

template <class... Arguments>
void router::spawn_for(shard& s, entry& e, const std::string& id, const Arguments&... arguments) {
  e.actor = system_.spawn<aggregate_actor, caf::lazy_init>(group_, arguments...);
  s.becomes(e, presence::here);
  e.is_asked_to_leave = false;
  auto kept = s.kept.extract(id);
  if (kept.empty()) return;
  auto& all = kept.mapped();
  for (auto next = all.begin(); next != all.end(); ++next) {
    if (*next) {
      tell(e.actor, envelope{std::move(*next)});
    } else if (begin_to_leave(s, e, passivation_reason::asked)) {
      all.erase(all.begin(), next + 1);
      if (!all.empty()) s.kept.insert(std::move(kept));
      return;
    }
  }
}

void router::on_wanted(const wanted& w) {
  shard& s = shard_of(w.id);
  const std::lock_guard lock(s.mutex);
  const auto found = s.entries.find(w.id);
  if (s.is_closed || found == s.entries.end() || found->second.is != presence::wanted) return;
  const auto left = s.troubles.extract(w.id);
  spawn_for(s, found->second, w.id, w.id, left.empty() ? nullptr : left.mapped());
}

// -- leaving -------------------------------------------------------------------------------------------------------

bool router::make_room(shard& s) {
  const auto staying = [&s] { return s.number_of(presence::here) + s.number_of(presence::wanted); };
  // Those that leave take up memory until they are gone, so there must not be any number of them.
  const std::size_t most_in_all = most_actors_ + most_actors_ / 8 + 1;
  if (staying() + s.number_of(presence::leaving) >= most_in_all) return false;
  if (staying() < most_actors_) return true;
  std::vector<std::pair<std::uint32_t, entry*>> idle;
  for (auto& [id, e] : s.entries) {
    if (e.is == presence::here && e.is_idle()) idle.emplace_back(s.uses - e.last_use, &e);
  }
  // Some of them at a time, so that not every new one looks through all.
  const std::size_t some = std::min(idle.size(), std::max<std::size_t>(1, most_actors_ / 16));
  std::partial_sort(idle.begin(), idle.begin() + static_cast<std::ptrdiff_t>(some), idle.end(),
                    std::greater<>());
  idle.resize(some);
  for (const auto& [age, e] : idle) begin_to_leave(s, *e, passivation_reason::limit);
  return staying() < most_actors_;
}

void router::let_leave(const std::string& id, bool at_once) {
  shard& s = shard_of(id);
  std::unique_lock lock(s.mutex);
  const auto found = s.entries.find(id);
  if (s.is_closed || found == s.entries.end()) return;
  entry& e = found->second;
  if (at_once && e.actor) {
    const bool is_leaving = e.is == presence::leaving;
    s.becomes(e, presence::leaving);
    e.is_asked_to_leave = true;
    tell_to_stop(e.actor);
    lock.unlock();
    if (is_leaving) return;
    host_->metrics.restarts.add(restart_reason::killed);
    host_->log(log_level::info, printable(stream_name(model_.category(), id))
                                    + " was ended, and is read again by its next command");
  } else if (!at_once && e.is == presence::wanted) {
    s.kept[id].push_back(nullptr);
  } else if (!at_once) {
    begin_to_leave(s, e, passivation_reason::asked);
  }
}

bool router::begin_to_leave(shard& s, entry& e, passivation_reason why) {
  // What is in memory could not be read again once the journal has failed.
  if (e.is != presence::here || host_->has_failed()) return false;
  host_->metrics.passivations.add(why);
  s.becomes(e, presence::leaving);
  e.is_asked_to_leave = why == passivation_reason::asked;
  // An envelope with nothing in it: a message of its own would cost each aggregate the memory of another handler.
  tell(e.actor, envelope{});
  return true;
}

void router::on_departed(const departed& gone) {
  const auto id = gone.last->stream.substr(model_.category().size() + 1);
  shard& s = shard_of(id);
  const std::lock_guard lock(s.mutex);
  const auto found = s.entries.find(id);
  if (s.is_closed || found == s.entries.end() || found->second.actor.address() != gone.who) return;
  entry& e = found->second;
  if (gone.left && e.is_asked_to_leave) gone.left->retry_at = {};
  if (gone.last->durable.load(std::memory_order_acquire) != gone.version) {
    spawn_for(s, e, id, gone);
  } else if (s.kept.contains(id)) {
    spawn_for(s, e, id, id, gone.left);
  } else {
    if (gone.left) remember(s, id, gone.left);
    e.actor = nullptr;
    s.becomes(e, presence::none);
    s.ended.push_back(id);
  }
  forget_ended(s);
}

void router::remember(shard& s, const std::string& id, std::shared_ptr<trouble> left) {
  if (s.troubles.size() >= most_troubles_a_shard) {
    s.troubles.erase(
        std::min_element(s.troubles.begin(), s.troubles.end(), [](const auto& a, const auto& b) {
          return a.second->retry_at < b.second->retry_at;
        }));
  }
  s.troubles.insert_or_assign(id, std::move(left));
}

void router::forget_ended(shard& s) {
  std::erase_if(s.ended, [&s](const std::string& id) {
    const auto found = s.entries.find(id);
    if (found == s.entries.end() || found->second.is != presence::none) return true;
    if (!found->second.is_idle()) return false;
    s.entries.erase(found);
    --s.number_of(presence::none);
    return true;
  });
}

void router::pass_a_round() {
  for (shard& s : shards_) {
    const std::lock_guard lock(s.mutex);
    const std::uint32_t long_ago = std::exchange(s.uses_at_round[s.round], s.uses);
    s.round = (s.round + 1) % idle_rounds;
    for (auto& [id, e] : s.entries) {
      if (is_as_old(e.last_use, long_ago) && e.is_idle())
        begin_to_leave(s, e, passivation_reason::idle);
    }
    forget_ended(s);
  }
}

std::size_t router::known_ids() const {
  std::size_t all = 0;
  for (const shard& s : shards_) {
    const std::lock_guard lock(s.mutex);
    all += s.entries.size();
  }
  return all;
}

std::vector<std::string> router::busy_ids(std::size_t most) const {
  std::vector<std::string> ids;
  for (const shard& s : shards_) {
    const std::lock_guard lock(s.mutex);
    for (const auto& [id, e] : s.entries) {
      if (ids.size() == most) return ids;
      if (!e.is_idle()) ids.push_back(id);
    }
  }
  return ids;
}

void router::close() {
  for (shard& s : shards_) {
    decltype(s.kept) kept;
    {
      const std::lock_guard lock(s.mutex);
      s.is_closed = true;
      kept = std::exchange(s.kept, {});
      for (auto& [id, e] : s.entries) {
        if (const auto actor = std::exchange(e.actor, nullptr)) tell_to_stop(actor);
      }
    }
    for (const auto& [id, deliveries] : kept) {
      for (const auto& d : deliveries) {
        if (d) d->settle({answer_kind::unavailable, 0, 0, "the host is stopping"});
      }
    }
  }
  group_.reset();
}

}  // namespace reprise
