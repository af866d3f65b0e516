#include "actors/deterministic.hpp"
#include "actors/waiting.hpp"
#include "reprise/host.hpp"
#include "reprise/rocksdb_journal.hpp"
#include "reprise/trim.hpp"
#include "runtime/scratch_directory.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace deterministic;
using namespace notes;
using reprise::rocksdb_at;
using reprise::testing::scratch_directory;

namespace {

reprise::host_config on(const scratch_directory& scratch) {
  reprise::host_config config;
  config.journal = std::make_shared<faulty_journal>(rocksdb_at(scratch / "journal"));
  return config;
}

void trim(reprise::journal& in, const std::string& id) {
  const auto& model = reprise::model_of<notebook>();
  const std::string stream = reprise::stream_name(notebook::category, id);
  if (reprise::take_snapshot_now(in, model, stream) != 0) reprise::trim_stream(in, model, stream);
}

}  // namespace

TEST_CASE("in a RocksDB journal that is opened again, a trimmed aggregate is what it was") {
  const scratch_directory scratch;
  words all;
  for (int life = 0; life < 3; ++life) {
    book_stage s{on(scratch)};
    for (int i = 0; i < life; ++i) {
      const auto& again = s.send("a", note{"again"}, "command " + std::to_string(i));
      s.run();
      CHECK(again.answer() == accepted(static_cast<std::uint64_t>(2 * i + 1)));
    }
    s.send("a", note{"word"}, "command " + std::to_string(life));
    s.send("a", note{std::to_string(life)}, "other " + std::to_string(life));
    all.insert(all.end(), {"word", std::to_string(life)});
    s.queue_up();
    trim(*s.journal().inner(), "a");
    s.release("writer");
    s.run();
    const auto& query = s.look("a");
    s.run();
    CHECK(query.seen->words == all);
    trim(*s.journal().inner(), "a");
    s.journal().snapshots()->remove("notebook/a");
    s.restart();
    const auto& after = s.look("a");
    s.run();
    CHECK(after.seen->words == all);
    CHECK(s.log().empty());
  }
}

TEST_CASE("a host whose aggregates are used, leave and are trimmed all at once loses nothing") {
  const scratch_directory scratch;
  const std::vector<std::string> ids{"a", "b", "c"};
  reprise::host_config config = on(scratch);
  const auto journal = config.journal;
  std::uint64_t recorded = 0;
  {
    reprise::host h{std::move(config)};
    reprise::snapshot_policy every_20;
    every_20.every_events = 20;
    const auto books = h.aggregates<notebook>(every_20);
    const auto record_one_each = [&] {
      ++recorded;
      std::vector<std::future<answer>> sent;
      for (const auto& id : ids) sent.push_back(books.send(id, note{std::to_string(recorded)}));
      for (auto& what : sent) CHECK(waiting::get(std::move(what)) == accepted(recorded));
    };
    record_one_each();
    record_one_each();
    std::atomic<bool> is_over = false;
    std::thread trimmer([&] {
      for (std::size_t i = 0; i < 30; ++i) {
        books.passivate(ids[i % ids.size()]);
        trim(*journal, ids[i % ids.size()]);
      }
      is_over = true;
    });
    while (!is_over) record_one_each();
    trimmer.join();
  }
  for (const auto& id : ids) {
    const auto book = reprise::stream<notebook>{*journal, id}.load();
    REQUIRE(book.version == recorded);
    for (std::uint64_t i = 0; i < recorded; ++i)
      CHECK(book.state.words[i] == std::to_string(i + 1));
    CHECK(journal->base(reprise::stream_name(notebook::category, id)));
  }
  CHECK_NOTHROW(journal->verify([](const reprise::commit_view&) { return true; },
                                [](const reprise::damaged_history& damage) { throw damage; }));
}
