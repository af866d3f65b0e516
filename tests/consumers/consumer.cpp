// A program of somebody else's that embeds reprise: it counts to two, stops, and finds the two in its journal again.

#include <reprise/host.hpp>
#include <reprise/memory_journal.hpp>
#ifdef REPRISE_HAS_ROCKSDB
#include <reprise/rocksdb_journal.hpp>
#endif

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
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
};

struct counter {
  static constexpr std::string_view category = "counter";
  using command = std::variant<count>;
  using event = std::variant<counted>;
  std::uint64_t value = 0;
};

reprise::decision<counter> decide(const counter&, const count&) {
  return counted{};
}

counter evolve(counter state, const counted& event) {
  state.value += event.by;
  return state;
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

}  // namespace

int main() {
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
  return seen.value && seen.value->value == 2 ? 0 : 1;
}
