#include "reprise/trim.hpp"

#include "reprise/text.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace reprise {

namespace {

[[noreturn]] void refuse(std::string_view stream, const std::string& reason) {
  throw error("nothing of stream " + printable(stream) + " was trimmed: " + reason);
}

state_schema require_schema(const aggregate_model& model, std::string_view stream) {
  if (const auto schema = model.snapshot_schema()) return *schema;
  refuse(stream, "its state has no serialize, or one that throws at a new state, so nothing can "
                 "stand for its events");
}

/// Returns the newest snapshot that holds, with the instance that its state decodes to; nothing if there is none.
std::optional<std::pair<snapshot, std::unique_ptr<aggregate_instance>>> newest_snapshot(
    const journal& in,
    const aggregate_model& model,
    std::string_view stream,
    std::uint64_t up_to,
    const skipped_visitor& report) {
  std::unique_ptr<aggregate_instance> instance;
  const auto take = [&](std::uint32_t version, std::string_view state) {
    instance = model.make(version, state);
  };
  auto taken = detail::take_snapshot(in, stream, up_to, require_schema(model, stream), take,
                                     report);
  if (!taken) return std::nullopt;
  return std::pair(std::move(*taken), std::move(instance));
}

/// Returns the same, and refuses to trim if there is none.
std::pair<snapshot, std::unique_ptr<aggregate_instance>> require_snapshot(
    const journal& in, const aggregate_model& model, std::string_view stream, std::uint64_t up_to) {
  std::string skipped;
  const auto note = [&skipped](const skipped_snapshot& s) { skipped += "; " + s.text(); };
  auto found = newest_snapshot(in, model, stream, up_to, note);
  if (!found) refuse(stream, "it has no snapshot that holds, take one first" + skipped);
  return std::move(*found);
}

/// Follows the events from the beginning, or from the base, to a snapshot's version, and compares.
class comparison {
 public:
  comparison(const journal& in, const aggregate_model& model, const snapshot& with)
      : in_(in), with_(with), from_(detail::restore_base(in, model, with.stream)) {
    for (const remembered_command& c : from_.commands) found_.emplace(c.version, c);
    for (const remembered_command& c : with.commands) wanted_.insert(c.version);
  }

  /// Throws unless the snapshot is what the events give.
  void run(const aggregate_instance& decoded) {
    in_.read_stream(with_.stream, from_.version + 1, [this](const commit_view& c) {
      if (c.first_version > with_.version) return false;
      replay(c, *from_.instance);
      from_.version = c.last_version();
      note(c);
      return from_.version < with_.version;
    });
    if (from_.version != with_.version)
      refuse(with_.stream, "its events do not reach its snapshot");
    require_same("the state of its snapshot", bytes_of(*from_.instance));
    require_same("what its snapshot's state decodes to", bytes_of(decoded));
    for (const remembered_command& c : with_.commands) compare(c);
  }

 private:
  void note(const commit_view& c) {
    if (!wanted_.contains(c.last_version())) return;
    found_.insert_or_assign(
        c.last_version(), remembered_command{std::string(c.command_id), c.last_version(),
                                             static_cast<std::uint32_t>(c.events.size()), c.time});
  }

  void compare(const remembered_command& c) const {
    const auto found = found_.find(c.version);
    // The events of the base of before are gone, and what it does not remember cannot be compared any more.
    if (found == found_.end() && c.version <= base_version_) return;
    // Not the time, which an aggregate may have from its own clock.
    if (found != found_.end() && found->second.id == c.id && found->second.events == c.events)
      return;
    refuse(with_.stream, "its snapshot remembers command " + printable(c.id) + " at version "
                             + std::to_string(c.version) + ", which is another in the journal");
  }

  void require_same(const char* what, const std::string& bytes) const {
    if (bytes == with_.state) return;
    refuse(with_.stream, std::string(what) + " at version " + std::to_string(with_.version)
                             + " is not what its events give");
  }

  static std::string bytes_of(const aggregate_instance& instance) {
    std::string bytes;
    instance.encode(bytes);
    return bytes;
  }

  const journal& in_;
  const snapshot& with_;
  rebuilt from_;
  const std::uint64_t base_version_ = from_.version;
  std::map<std::uint64_t, remembered_command> found_;
  std::set<std::uint64_t> wanted_;
};

void hand_over(const journal& in, const snapshot& base, const commit_visitor& archive) {
  if (!archive) return;
  const auto before = in.base(base.stream);
  bool is_wanted = true;
  in.read_stream(base.stream, before ? before->trimmed + 1 : 1, [&](const commit_view& c) {
    if (c.last_version() >= base.version) return false;
    return is_wanted = archive(c);
  });
  if (!is_wanted) refuse(base.stream, "the archive does not take all of it");
}

}  // namespace

trimmed_stream trim_stream(journal& in,
                           const aggregate_model& model,
                           std::string_view stream,
                           std::uint64_t up_to,
                           const commit_visitor& archive,
                           const std::function<void()>& archived) {
  const auto [base, decoded] = require_snapshot(in, model, stream, up_to);
  if (const auto before = in.base(stream); before && before->state.version >= base.version) {
    return {before->state.version, {}};
  }
  comparison(in, model, base).run(*decoded);
  hand_over(in, base, archive);
  if (archived) archived();
  return {base.version, in.trim(base)};
}

std::uint64_t take_snapshot_now(const journal& in,
                                const aggregate_model& model,
                                std::string_view stream,
                                std::uint64_t up_to,
                                std::size_t max_commands,
                                std::size_t keep) {
  const rebuilt now = rebuild(in, model, stream, {}, up_to, max_commands);
  if (now.version == 0) return 0;
  snapshot s;
  s.stream = stream;
  s.version = now.version;
  s.time = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  s.schema = require_schema(model, stream);
  s.commands = now.commands;
  s.forgotten_until = now.forgotten_until;
  now.instance->encode(s.state);
  const auto newest = newest_snapshot(in, model, stream, newest_version, {});
  save_snapshot(in, std::move(s), keep);
  // The store has let go of those of later versions, as if their history was no more.
  if (newest && newest->first.version > now.version)
    in.snapshots()->save(newest->first, std::max<std::size_t>(keep, 2));
  return now.version;
}

}  // namespace reprise
