#include "reprise/rebuild.hpp"

#include "reprise/text.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace reprise {

namespace {

/// What a snapshot stands on.
struct footing {
  std::uint64_t position;
  std::uint64_t checksum;
  std::string command_id;
};

std::optional<footing> commit_that_ends_at(const journal& in,
                                           std::string_view stream,
                                           std::uint64_t version) {
  std::optional<footing> found;
  in.read_stream(stream, version, [&found, version](const commit_view& c) {
    if (c.last_version() == version) {
      found = footing{c.last_position(), c.checksum, std::string(c.command_id)};
    }
    return false;
  });
  return found;
}

/// Returns why a snapshot does not stand on what the journal has, nothing if it does.
std::string fault_of_footing(const journal& in, const snapshot& s) {
  try {
    const auto found = commit_that_ends_at(in, s.stream, s.version);
    if (!found) return "the journal has no commit that ends at its version";
    if (found->position == s.position && found->checksum == s.commit_checksum) return {};
    return "the journal has another commit at its version";
  } catch (const damaged_history& damage) {
    return std::string("the commit that it stands on cannot be read: ") + damage.reason();
  } catch (const trimmed_history&) {
    return "the commit that it stands on was trimmed";
  }
}

/// Returns why a state was not taken, nothing if it was.
std::string fault_of_state(const snapshot& s, const detail::state_taker& take) {
  try {
    take(s.schema.version, s.state);
    return {};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& thrown) {
    return std::string("its state does not decode: ") + thrown.what();
  } catch (...) {
    return "its state does not decode: something was thrown that is no std::exception";
  }
}

std::string difference(const state_schema& of_snapshot, const state_schema& of_program) {
  if (of_snapshot.version == of_program.version) {
    return "its state is laid out otherwise than this program's, under the same schema version "
           + std::to_string(of_program.version);
  }
  return "its state has schema version " + std::to_string(of_snapshot.version)
         + ", this program's has " + std::to_string(of_program.version);
}

/// Returns what is wrong with a sound snapshot, nothing if its state was taken.
std::optional<skipped_snapshot> fault_of(const journal& in,
                                         const snapshot& s,
                                         const state_schema& schema,
                                         const detail::state_taker& take) {
  const place where{s.stream, s.version, s.position};
  if (s.schema != schema) {
    return skipped_snapshot{where, snapshot_fault::other_schema, difference(s.schema, schema)};
  }
  if (std::string reason = fault_of_footing(in, s); !reason.empty()) {
    return skipped_snapshot{where, snapshot_fault::other_history, std::move(reason)};
  }
  if (std::string reason = fault_of_state(s, take); !reason.empty()) {
    return skipped_snapshot{where, snapshot_fault::undecodable, std::move(reason)};
  }
  return std::nullopt;
}

/// Takes over what a stored state says of the commands before it.
void take_commands(snapshot& from, rebuilt& to) {
  to.version = from.version;
  to.commands = std::move(from.commands);
  to.forgotten_until = from.forgotten_until;
}

/// Forgets all commands but the last `most`.
void forget_before_last(rebuilt& r, std::size_t most) {
  if (r.commands.size() <= most) return;
  const auto end = r.commands.end() - static_cast<std::ptrdiff_t>(most);
  for (auto c = r.commands.begin(); c != end; ++c) {
    r.forgotten_until = std::max(r.forgotten_until.value_or(c->time), c->time);
  }
  r.commands.erase(r.commands.begin(), end);
}

void remember(const commit_view& c, rebuilt& r, std::size_t max_commands) {
  if (c.command_id.empty()) return;
  // What is too old goes in large pieces, because it goes from the front.
  if (r.commands.size() >= 2 * max_commands) forget_before_last(r, max_commands);
  r.commands.push_back({std::string(c.command_id), c.last_version(),
                        static_cast<std::uint32_t>(c.events.size()), c.time});
}

rebuilt rebuild_once(const journal& from,
                     const aggregate_model& model,
                     std::string_view stream,
                     const skipped_visitor& report,
                     std::uint64_t last,
                     std::size_t max_commands) {
  rebuilt result = restore(from, model, stream, report, last);
  if (result.version < last) {
    from.read_stream(stream, result.version + 1, [&](const commit_view& c) {
      if (c.last_version() > last) return false;
      replay(c, *result.instance);
      result.version = c.last_version();
      remember(c, result, max_commands);
      return result.version < last;
    });
  }
  forget_before_last(result, max_commands);
  return result;
}

}  // namespace

namespace detail {

std::optional<snapshot> take_snapshot(const journal& from,
                                      std::string_view stream,
                                      std::uint64_t last,
                                      const std::optional<state_schema>& schema,
                                      const state_taker& take,
                                      const skipped_visitor& report) {
  std::optional<snapshot> taken;
  const auto try_one = [&](snapshot& s) {
    if (s.version > last) return true;
    const auto fault = fault_of(from, s, *schema, take);
    if (!fault) {
      taken = std::move(s);
    } else if (report) {
      report(*fault);
    }
    return !taken;
  };
  const snapshot_store* store = from.snapshots();
  if (schema && store != nullptr) store->read(stream, try_one, report);
  return taken;
}

std::optional<snapshot> take_base(const journal& from,
                                  std::string_view stream,
                                  std::uint64_t last,
                                  const state_taker& take) {
  if (last == 0) return std::nullopt;
  auto base = from.base(stream);
  if (!base) return std::nullopt;
  snapshot& state = base->state;
  if (state.version > last) {
    throw trimmed_history({std::string(stream), last, 0}, base->trimmed + 1);
  }
  if (const std::string reason = fault_of_state(state, take); !reason.empty()) {
    throw damaged_history({state.stream, state.version, state.position},
                          "of the state that stands for the trimmed events: " + reason);
  }
  return std::move(state);
}

rebuilt restore_base(const journal& from, const aggregate_model& model, std::string_view stream) {
  rebuilt result;
  const auto take = [&](std::uint32_t version, std::string_view state) {
    result.instance = model.make(version, state);
  };
  if (auto base = take_base(from, stream, newest_version, take)) {
    take_commands(*base, result);
  } else {
    result.instance = model.make();
  }
  return result;
}

}  // namespace detail

rebuilt restore(const journal& from,
                const aggregate_model& model,
                std::string_view stream,
                const skipped_visitor& report,
                std::uint64_t last) {
  rebuilt result;
  const auto take = [&](std::uint32_t version, std::string_view state) {
    result.instance = model.make(version, state);
  };
  auto taken = detail::take_snapshot(from, stream, last, model.snapshot_schema(), take, report);
  if (taken) {
    result.snapshot_version = taken->version;
  } else {
    taken = detail::take_base(from, stream, last, take);
  }
  if (taken) {
    take_commands(*taken, result);
  } else {
    result.instance = model.make();
  }
  return result;
}

void replay(const commit_view& c, aggregate_instance& instance) {
  for (std::size_t i = 0; i < c.events.size(); ++i) {
    try {
      instance.replay(c.events[i]);
    } catch (const undecodable& bad) {
      throw damaged_history(event_place(c, i), bad.what());
    } catch (const std::exception& thrown) {
      throw damaged_history(event_place(c, i), std::string("evolve threw: ") + thrown.what());
    } catch (...) {
      throw damaged_history(event_place(c, i), "evolve threw something that is no std::exception");
    }
  }
}

rebuilt rebuild(const journal& from,
                const aggregate_model& model,
                std::string_view stream,
                const skipped_visitor& report,
                std::uint64_t last,
                std::size_t max_commands) {
  return detail::read_beside_trims(
      [&] { return rebuild_once(from, model, stream, report, last, max_commands); });
}

void save_snapshot(const journal& in, snapshot s, std::size_t keep) {
  snapshot_store* store = in.snapshots();
  if (store == nullptr) throw journal_failure("this journal keeps no snapshots");
  const auto found = commit_that_ends_at(in, s.stream, s.version);
  if (!found) {
    throw error("no snapshot was saved: stream " + printable(s.stream)
                + " has no commit that ends at version " + std::to_string(s.version));
  }
  if (!s.commands.empty() && s.commands.back().version == s.version
      && s.commands.back().id != found->command_id) {
    throw error("no snapshot was saved: version " + std::to_string(s.version) + " of stream "
                + printable(s.stream) + " was recorded by another command");
  }
  s.position = found->position;
  s.commit_checksum = found->checksum;
  store->save(s, keep);
}

}  // namespace reprise
