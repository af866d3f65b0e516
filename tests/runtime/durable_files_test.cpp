#include "reprise/directory_sync.hpp"
#include "reprise/durable_mark.hpp"
#include "reprise/error.hpp"
#include "reprise/rocksdb_journal.hpp"
#include "scratch_directory.hpp"
#include "system_calls.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

namespace fs = std::filesystem;
using namespace reprise;
using namespace reprise::testing;

TEST_CASE("a write of the mark that is cut short goes on where it ended") {
  const scratch_directory scratch;
  detail::durable_mark mark(scratch.path(), 1);
  for (std::size_t most = 1; most < 24; ++most) {
    CAPTURE(most);
    // A number that differs from the one before in every byte, in case a part of the mark is not written.
    const std::uint64_t position = 0x0101010101010101U * most;
    const short_write cut(most);
    mark.set(position);
    REQUIRE(cut.happened());
    CHECK(detail::durable_mark::read(scratch.path()) == position);
  }
}

TEST_CASE("a mark whose making is cut short is whole") {
  const scratch_directory scratch;
  const short_write cut(7);
  const detail::durable_mark mark(scratch.path(), 42);
  REQUIRE(cut.happened());
  CHECK(detail::durable_mark::read(scratch.path()) == 42);
}

TEST_CASE("a mark that is cut is refused") {
  const scratch_directory scratch;
  { const detail::durable_mark made(scratch.path(), 7); }
  for (std::size_t size = 0; size < 24; ++size) {
    fs::resize_file(scratch / "reprise.durable", size);
    CHECK_THROWS_AS(detail::durable_mark::read(scratch.path()), damaged_history);
  }
}

TEST_CASE("a new directory is synced into the one above it, and those into theirs") {
  const scratch_directory scratch;
  const noted_syncs syncs;
  detail::make_durable_directory(scratch / "a/b/journal");
  CHECK(syncs.has(scratch.path()));
  CHECK(syncs.has(scratch / "a"));
  CHECK(syncs.has(scratch / "a" / "b"));
}

TEST_CASE("a directory that exists is synced into the one above it, in case its maker did not get "
          "so far") {
  const scratch_directory scratch;
  fs::create_directories(scratch / "above" / "journal");
  const noted_syncs syncs;
  detail::make_durable_directory(scratch / "above" / "journal");
  CHECK(syncs.has(scratch / "above"));
}

TEST_CASE("a file where a directory is to be made is named, with what to do") {
  const scratch_directory scratch;
  std::ofstream(scratch / "file") << "no directory\n";
  fs::create_symlink(scratch / "nothing", scratch / "link");
  for (const fs::path wanted : {"file", "file/journal", "link"}) {
    CAPTURE(wanted);
    const std::string what = "cannot open the journal: " + (scratch / *wanted.begin()).string()
                             + " is not a directory: name one that is there, or one that can be "
                               "made";
    CHECK_THROWS_WITH_AS(detail::make_durable_directory(scratch / wanted), what.c_str(),
                         journal_failure);
  }
}

TEST_CASE("a directory that cannot be made is named, with the reason") {
  CHECK_THROWS_WITH_AS(detail::make_durable_directory("/proc/journal"),
                       "cannot make /proc/journal: No such file or directory", journal_failure);
  const std::string long_name(300, 'x');
  CHECK_THROWS_WITH_AS(rocksdb_at(long_name),
                       ("cannot open the journal: " + (fs::current_path() / long_name).string()
                        + ": File name too long")
                           .c_str(),
                       journal_failure);
}

TEST_CASE("the entry of a new mark is synced") {
  const scratch_directory scratch;
  const noted_syncs syncs;
  const detail::durable_mark mark(scratch.path(), 1);
  CHECK(syncs.has(scratch.path()));
  CHECK(syncs.has(scratch / "reprise.durable"));
}
