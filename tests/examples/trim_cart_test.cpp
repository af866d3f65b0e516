// What `cart journal trim` leaves in its archive, whatever ends it.

#include "cart/trim_cart.hpp"

#include "examples/program.hpp"
#include "reprise/memory_journal.hpp"
#include "reprise/stream.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace shop;
using namespace program;

namespace {

/// A cart with 41 events, of which a trim deletes 40, and a place for their archive.
struct long_cart : shell {
  long_cart() {
    reprise::stream<shopping_cart> cart{*journal, "cart-42"};
    for (std::uint64_t version = 0; version < 41; ++version)
      cart.append(version, {product_added_to_cart{"tea", 1}});
  }

  /// Returns what was printed, or what was thrown.
  std::string trim() const {
    std::ostringstream out;
    try {
      simulation::trim_cart(out, *journal, "cart-42", std::nullopt, archive.string());
      return out.str();
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  /// Trims on a disk on which no file becomes longer than so many bytes.
  std::string trimmed_on_a_disk_of(rlim_t bytes) const {
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto ignored = signal(SIGXFSZ, SIG_IGN);
    const rlimit full{bytes, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &full) == 0);
    std::string said = trim();
    REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
    signal(SIGXFSZ, ignored);
    return said;
  }

  /// Returns the archive of a trim that succeeds.
  std::string whole_archive() const {
    REQUIRE(trim().starts_with("cart \"cart-42\": 40 events in 40 commits trimmed"));
    return contents(archive);
  }

  std::shared_ptr<reprise::journal> journal = reprise::in_memory();
  std::filesystem::path archive = *this / "old.jsonl";
};

/// Returns whether a text is the 40 lines of the events, each once and in order.
bool is_whole(const std::string& text) {
  std::istringstream lines(text);
  int position = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::string begins = "{\"position\":" + std::to_string(++position) + ",\"stream\":";
    if (!line.starts_with(begins) || !line.ends_with("\"}")) return false;
  }
  return position == 40 && text.ends_with('\n');
}

/// A journal that cannot delete.
class undeleting_journal : public reprise::journal {
 public:
  explicit undeleting_journal(std::shared_ptr<reprise::journal> original)
      : original_(std::move(original)) {}
  std::vector<reprise::append_result> append(std::span<const reprise::commit> batch) override {
    return original_->append(batch);
  }
  void read_stream(std::string_view stream,
                   std::uint64_t from,
                   const reprise::commit_visitor& visit) const override {
    original_->read_stream(stream, from, visit);
  }
  void read_all(std::uint64_t from, const reprise::commit_visitor& visit) const override {
    original_->read_all(from, visit);
  }
  void verify(const reprise::commit_visitor& visit,
              const reprise::damage_visitor& report) const override {
    original_->verify(visit, report);
  }
  std::uint64_t last_position() const override { return original_->last_position(); }
  reprise::journal_stats stats() const override { return original_->stats(); }
  reprise::snapshot_store* snapshots() const noexcept override { return original_->snapshots(); }
  reprise::trim_result trim(const reprise::snapshot&) override {
    throw reprise::journal_failure("the disk is gone");
  }

 private:
  std::shared_ptr<reprise::journal> original_;
};

}  // namespace

TEST_CASE_FIXTURE(long_cart, "a trim that the disk has no room for leaves the archive as it was") {
  SUBCASE("none") {
    CHECK(trimmed_on_a_disk_of(4000).starts_with("nothing was trimmed: cannot write the archive "));
    CHECK_FALSE(std::filesystem::exists(archive));
    CHECK(is_whole(whole_archive()));
  }
  SUBCASE("one with lines of another cart") {
    const std::string other = "{\"position\":1,\"stream\":\"shopping_cart/other\"}\n";
    write(archive, other);
    CHECK(trimmed_on_a_disk_of(4000).starts_with("nothing was trimmed: cannot write the archive "));
    CHECK(contents(archive) == other);
    CHECK(is_whole(whole_archive().substr(other.size())));
  }
}

TEST_CASE_FIXTURE(long_cart, "a trim goes on behind what a killed one left in the archive") {
  const auto same = journal;
  journal = std::make_shared<undeleting_journal>(same);
  REQUIRE(trim() == "the disk is gone");
  const std::string whole = contents(archive);
  REQUIRE(is_whole(whole));
  journal = same;

  SUBCASE("all lines") {
    CHECK(whole_archive() == whole);
  }
  SUBCASE("whole lines, and half of one or none") {
    std::size_t lines = 0;
    for (int i = 0; i < 30; ++i) lines = whole.find('\n', lines) + 1;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, lines - 1, lines, lines + 99}) {
      CAPTURE(size);
      write(archive, whole.substr(0, size));
      journal = std::make_shared<undeleting_journal>(same);
      CHECK(trim() == "the disk is gone");
      CHECK(contents(archive) == whole);
    }
  }
  SUBCASE("a last line that only lacks its end") {
    write(archive, whole.substr(0, whole.size() - 1));
    REQUIRE(trim().starts_with("cart \"cart-42\": 40 events"));
    CHECK(contents(archive) == whole.substr(0, whole.size() - 1));
  }
  SUBCASE("lines of a journal that only look alike are no lines of this one") {
    std::string alike = whole;
    for (auto at = alike.find("\"time\":\"2"); at != alike.npos;
         at = alike.find("\"time\":\"2", at))
      alike.replace(at, 9, "\"time\":\"1");
    write(archive, alike);
    CHECK(whole_archive() == alike + whole);
  }
}

TEST_CASE_FIXTURE(long_cart, "a last line of an archive that only lacks its end is kept") {
  const std::string kept = R"({"position":7,"stream":"shopping_cart/other"})";
  write(archive, kept);
  const std::string archived = whole_archive();
  CHECK(archived.starts_with(kept + '\n'));
  CHECK(is_whole(archived.substr(kept.size() + 1)));
}

TEST_CASE_FIXTURE(long_cart, "a file that ends in half a line of something else is no archive") {
  write(archive, "Dear diary");
  CHECK(trim()
        == "nothing was trimmed: the archive " + archive.string()
               + " ends in the middle of a line that is none of an archive; name another file");
  CHECK(contents(archive) == "Dear diary");
}

TEST_CASE_FIXTURE(long_cart, "an archive that another process adds to is not written to") {
  const int other = open(archive.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  REQUIRE(flock(other, LOCK_EX) == 0);
  CHECK(trim()
        == "nothing was trimmed: the archive " + archive.string()
               + " is being added to by another process; wait for it");
  close(other);
  CHECK(is_whole(whole_archive()));
}

TEST_CASE_FIXTURE(long_cart, "a trim that finds nothing to delete makes no archive") {
  REQUIRE(is_whole(whole_archive()));
  std::filesystem::remove(archive);
  CHECK(trim().starts_with("cart \"cart-42\": 0 events"));
  CHECK_FALSE(std::filesystem::exists(archive));
}
