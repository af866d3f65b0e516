// A program of somebody else's that embeds reprise: it counts to two, stops, and finds the two in its journal again.

#include <reprise/host.hpp>
#include <reprise/memory_journal.hpp>
#include <reprise/stream.hpp>
#ifdef REPRISE_HAS_ROCKSDB
#include <reprise/rocksdb_journal.hpp>
#endif
#include <reprise/testing.hpp>
#include <reprise/testing/faulty_journal.hpp>
#include <reprise/testing/golden.hpp>
#include <reprise/testing/round_trip.hpp>

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace {

struct count {};

struct counted {
  static constexpr std::string_view event_name = "counted";
  std::uint32_t by = 1;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& by;
  }
  friend bool operator==(const counted&, const counted&) = default;
  friend std::ostream& operator<<(std::ostream& out, const counted& event) {
    return out << "counted by " << event.by;
  }
};

/// What `counted` was before it could count by more than one.
struct counted_one {
  static constexpr std::string_view event_name = "counted_one";

  template <class Archive>
  void serialize(Archive&, unsigned) {}
};

struct counter {
  static constexpr std::string_view category = "counter";
  using command = std::variant<count>;
  using event = std::variant<counted>;
  using retired_event = std::variant<counted_one>;
  std::uint64_t value = 0;
};

reprise::decision<counter> decide(const counter&, const count&) {
  return counted{};
}

counter evolve(counter state, const counted& event) {
  state.value += event.by;
  return state;
}

counted upcast(const counted_one&) {
  return {1};
}

static_assert(reprise::complete<counter>());

std::shared_ptr<reprise::journal> open_journal() {
#ifdef REPRISE_HAS_ROCKSDB
  std::filesystem::remove_all("journal");
  return reprise::rocksdb_at("journal");
#else
  return reprise::in_memory();
#endif
}

/// The tests that somebody else would write.
bool is_tested() {
  using namespace reprise::testing;
  faulty_journal journal;
  reprise::encoded_events old;
  old.add({"counted_one", 0, ""});
  reprise::append_commit(journal, "counter/one", 0, old);
  reprise::stream<counter> one{journal, "one"};
  journal.fail(faulty_journal::fault::fail_before);
  bool has_failed = false;
  try {
    one.append(1, {counted{2}});
  } catch (const reprise::journal_failure&) {
    has_failed = true;
  }
  const auto v = round_trips<counter>({counted{7}});
  if (!v) std::cout << v << '\n';
  const bool compares = !is_stored_as<counter>("no/such/golden.file", {counted{1}});
  return has_failed && v && compares && one.load().state.value == 1
         && given<counter>{counted{1}}.when(count{}) == recorded{counted{}};
}

}  // namespace

int main() {
  if (!is_tested()) return 2;
  const auto journal = open_journal();
  {
    reprise::host host{{.journal = journal}};
    auto counters = host.aggregates<counter>();
    counters.send("one", count{}).get();
    counters.send("one", count{}).get();
  }
  reprise::host host{{.journal = journal}};
  const auto seen = host.aggregates<counter>().query("one").get();
  std::cout << "counted to " << (seen.value ? seen.value->value : 0) << '\n';
#ifdef REPRISE_HAS_METRICS
  if (host.metrics().find("reprise_queries_total{aggregate=\"counter\",answer=\"accepted\"} 1\n")
      == std::string::npos) {
    return 1;
  }
#endif
  return seen.value && seen.value->value == 2 ? 0 : 1;
}
