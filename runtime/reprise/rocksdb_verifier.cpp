#include "reprise/rocksdb_verifier.hpp"

#include "reprise/byte_order.hpp"
#include "reprise/checksum.hpp"
#include "reprise/commit_check.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace reprise::detail {

namespace {

class verifier {
 public:
  verifier(const rocksdb_reader& reader,
           std::uint64_t end,
           const commit_visitor& visit,
           const damage_visitor& report)
      : reader_(reader), end_(end), visit_(visit), report_(report) {}

  void run() {
    if (!walk_order()) return;
    check_bases();
    const bool is_sound = !has_damage_;
    if (is_sound && walk_streams() && sum_of_order_ == sum_of_streams_) return;
    find_strays();
  }

 private:
  void report(const damaged_history& damage) {
    has_damage_ = true;
    report_(damage);
  }

  /// Two sums over the same commits are the same in whatever order they are met.
  static std::uint64_t sum_of(std::string_view stream,
                              std::uint64_t last_version,
                              std::uint64_t position) {
    std::string bytes;
    make_stream_key(stream, last_version, bytes);
    char number[sizeof position];
    put_big(number, position);
    bytes.append(number, sizeof number);
    return checksum(bytes);
  }

  /// Visits what the order names. Returns false if the visitor has seen enough.
  bool walk_order() {
    auto it = reader_.all_order();
    it->SeekToFirst();
    while (next_ <= end_) {
      for (; it->Valid() && next_ <= end_; it->Next()) {
        if (!visit_batch(view_of(it->key()), view_of(it->value()))) return false;
      }
      if (it->Valid() || next_ > end_) break;
      try {
        reader_.check(*it, {{}, 0, next_});
        if (end_ == unknown_end) break;
        report(damaged_history({{}, 0, next_}, "missing: the order of commits ends before position "
                                                   + std::to_string(end_)));
        break;
      } catch (const damaged_history& damage) {
        report(damage);
      }
      it = behind_unreadable();
      if (it == nullptr) break;
    }
    return true;
  }

  bool visit_batch(std::string_view key, std::string_view value) {
    try {
      decode_order(key, value, commits_);
    } catch (const damaged_history& damage) {
      report(damage);
      return true;
    }
    const std::uint64_t first = commits_.front().first_position;
    if (first != next_) {
      report(damaged_history({{}, 0, next_},
                             "the order of commits goes on at position " + std::to_string(first)));
      if (first > next_) gaps_.emplace_back(next_, first - 1);
    }
    next_ = std::max(next_, commits_.back().last_position() + 1);
    return reader_.look_up(
        commits_,
        [this](const ordered_commit& expected, const rocksdb::Status& status,
               std::string_view record) { return visit_ordered(expected, status, record); });
  }

  bool visit_ordered(const ordered_commit& expected,
                     const rocksdb::Status& status,
                     std::string_view record) {
    if (reader_.was_trimmed(expected, status)) {
      ++trimmed_[std::string(expected.stream)];
      return true;
    }
    sum_of_order_ += sum_of(expected.stream, expected.last_version, expected.first_position);
    try {
      decode_ordered(expected, status, record, commit_);
    } catch (const damaged_history& damage) {
      report(damage);
      remember(expected.stream, expected.last_version);
      return true;
    }
    return visit_(commit_);
  }

  /// What was trimmed is as sound as what stands for it: it is there, it is whole, it stands on a commit that the journal has,
  /// and no more is gone than it says.
  void check_bases() {
    const auto check = [this](const stream_base& base) {
      std::string fault;
      try {
        fault = fault_of(base);
      } catch (const error& unreadable) {
        fault = unreadable.what();
      }
      // Where more is trimmed meanwhile, what was found gone is not what is gone now.
      const bool is_still = steps_ % 2 == 0 && reader_.trims().steps() == steps_;
      if (!fault.empty() && is_still) {
        report(damaged_history({base.state.stream, base.trimmed, 0}, fault));
      }
      return true;
    };
    reader_.trims().read_bases(check, [this](const damaged_history& damage) { report(damage); });
  }

  /// Returns what is wrong with a base, nothing if it holds.
  std::string fault_of(const stream_base& base) const {
    const snapshot& state = base.state;
    bool has_commit = false;
    reader_.read_stream(state.stream, state.version, [&](const commit_view& c) {
      has_commit = c.last_version() == state.version && c.checksum == state.commit_checksum
                   && c.first_version == base.trimmed + 1;
      return false;
    });
    if (!has_commit) {
      return "the state that stands for its trimmed events does not stand on what the journal has";
    }
    const auto found = trimmed_.find(state.stream);
    const std::uint64_t gone = found == trimmed_.end() ? 0 : found->second;
    // Of a damaged order it is not known what it had.
    if (gone == base.commits || (gone < base.commits && has_damage_)) return {};
    return std::to_string(base.commits) + " of its commits were trimmed, and "
           + std::to_string(gone) + " are gone";
  }

  /// Returns an iterator at the first batch behind `next_` that can be read, nullptr if there is none.
  std::unique_ptr<rocksdb::Iterator> behind_unreadable() const {
    std::unique_ptr<rocksdb::Iterator> it;
    const auto is_readable = [this, &it](std::uint64_t position) {
      // An iterator that has met a damage does not find its way back: each try takes a new one.
      it = reader_.all_order();
      it->Seek(make_order_key(position));
      return it->Valid() || it->status().ok();  // the end of the data is behind all damage
    };
    constexpr std::uint64_t far = std::uint64_t{1} << 40U;
    std::uint64_t unreadable = next_;
    std::uint64_t step = 1;
    while (!is_readable(unreadable + step)) {
      if (step > far) return nullptr;
      unreadable += step;
      step *= 2;
    }
    std::uint64_t readable = unreadable + step;
    while (readable - unreadable > 1) {
      const std::uint64_t middle = unreadable + (readable - unreadable) / 2;
      (is_readable(middle) ? readable : unreadable) = middle;
    }
    return is_readable(readable) && it->Valid() ? std::move(it) : nullptr;
  }

  void remember(std::string_view stream, std::uint64_t last_version) {
    damaged_.emplace(std::string(stream), last_version);
  }

  /// Sums up all records that there are; returns false at the first thing that is not sound.
  bool walk_streams() {
    const auto it = reader_.all_streams();
    stream_key key;
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      if (!parse_stream_key(view_of(it->key()), key)) return false;
      try {
        decode_commit_at({}, view_of(it->value()), commit_);
      } catch (const damaged_history&) {
        return false;
      }
      if (commit_.first_position > end_) continue;  // appended after the check began
      sum_of_streams_ += sum_of(key.stream, key.last_version, commit_.first_position);
    }
    return it->status().ok();
  }

  /// Looks at each record for itself: those that the order does not have are reported here.
  void find_strays() {
    gaps_.emplace_back(next_, unknown_end);
    const auto it = reader_.all_streams();
    place last;
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      stream_key key;
      if (!parse_stream_key(view_of(it->key()), key)) {
        report(damaged_history(last, "behind it, a key is stored that is none"));
        continue;
      }
      last = {std::string(key.stream), key.last_version, 0};
      if (!visit_if_stray(key, view_of(it->value()))) return;
    }
    try {
      reader_.check(*it, last);
    } catch (const damaged_history& damage) {
      report(damaged_history(
          last,
          damage.reason() + " (records behind it were not compared with the order of commits)"));
    }
  }

  bool visit_if_stray(const stream_key& key, std::string_view record) {
    if (damaged_.contains({std::string(key.stream), key.last_version})) return true;
    const place where{std::string(key.stream), key.last_version, 0};
    try {
      decode_commit_at(where, record, commit_);
      if (!belongs_under(key, commit_)) throw wrong_key(commit_, where);
    } catch (const damaged_history& damage) {
      report(damage);
      return true;
    }
    if (commit_.first_position > end_ || order_has(key, commit_.first_position)) return true;
    report(damaged_history(event_place(commit_, 0), "the order of commits does not have it"));
    return visit_(commit_);
  }

  bool order_has(const stream_key& key, std::uint64_t position) {
    for (const auto& [first, last] : gaps_) {
      if (first <= position && position <= last) return false;
    }
    const auto it = reader_.all_order();
    it->Seek(make_order_key(position));
    try {
      // A seek may meet the damaged block before the batch that it looks for, which was visited already.
      if (!it->Valid()) return !it->status().ok();
      decode_order(view_of(it->key()), view_of(it->value()), commits_);
    } catch (const damaged_history&) {
      return true;
    }
    return std::any_of(commits_.begin(), commits_.end(), [&](const ordered_commit& c) {
      return c.first_position == position && c.last_version == key.last_version
             && c.stream == key.stream;
    });
  }

  const rocksdb_reader& reader_;
  const std::uint64_t end_;
  const commit_visitor& visit_;
  const damage_visitor& report_;

  const std::uint64_t steps_ = reader_.trims().steps();
  std::uint64_t next_ = 1;
  bool has_damage_ = false;
  std::uint64_t sum_of_order_ = 0;
  std::uint64_t sum_of_streams_ = 0;
  std::set<std::pair<std::string, std::uint64_t>>
      damaged_;  ///< what the order has and was reported
  std::map<std::string, std::uint64_t>
      trimmed_;  ///< how many commits of a stream the order has that were trimmed
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps_;  ///< positions that the order lacks
  std::vector<ordered_commit> commits_;
  commit_view commit_;
};

}  // namespace

void verify_journal(const rocksdb_reader& reader,
                    std::uint64_t end,
                    const commit_visitor& visit,
                    const damage_visitor& report) {
  verifier(reader, end, visit, report).run();
}

}  // namespace reprise::detail
