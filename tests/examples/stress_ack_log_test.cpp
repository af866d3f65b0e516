#include "cart/output_files.hpp"
#include "checker/ack_log.hpp"
#include "examples/program.hpp"
#include "stress/ack_log.hpp"
#include "stress/resend.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

using namespace stress;
using program::contents;
using program::shell;
using simulation::is_inside;

namespace {

const order add_tea{command_kind::add_product, "cart-1", shop::add_product{"tea", 2, 350}, {}};

reprise::answer told(reprise::answer_kind kind) {
  return {kind, 7, 1, kind == reprise::answer_kind::accepted ? "" : "say \"no\""};
}

/// A log in a directory of its own, written line by line.
struct lines {
  shell sh;
  std::string text;

  lines& send(const std::string& id, const std::string& cart) {
    text += R"({"t":"send","at":1,"id":")" + id + R"(","cart":")" + cart
            + R"(","command":"remove_product","data":{"product_id":"tea"}})" + "\n";
    return *this;
  }
  lines& answer(const std::string& id, const std::string& outcome) {
    text += R"({"t":"answer","at":2,"id":")" + id + R"(","result":")" + outcome
            + R"(","version":0,"events":0,"reason":""})" + "\n";
    return *this;
  }

  /// Returns the ids of what is unsettled: those of a cart with a space, carts with a bar between them.
  std::string unsettled() const {
    program::write(sh / "log", text);
    std::string ids;
    for (const auto& cart : unsettled_in(sh / "log")) {
      ids += ids.empty() ? "" : "|";
      for (const auto& command : cart) ids += command.id + ' ';
    }
    return ids;
  }
};

}  // namespace

TEST_CASE("a log has a line for each sending and each answer, behind what was there") {
  const shell sh;
  const std::string earlier = lines{}.send("1", "a").text;
  program::write(sh / "log", earlier);
  {
    ack_log log{sh / "log"};
    log.sending(add_tea, "a-1");
    log.answered("a-1", told(reprise::answer_kind::refused),
                 std::chrono::steady_clock::time_point(std::chrono::nanoseconds(42)));
    log.sending({command_kind::view, "cart \"9\"", std::nullopt, {}}, "a-2");
  }
  REQUIRE(contents(sh / "log").starts_with(earlier));
  CHECK(std::regex_match(
      contents(sh / "log").substr(earlier.size()),
      std::regex(
          R"re(\{"t":"send","at":[0-9]+,"id":"a-1","cart":"cart-1","command":"add_product","data":\{"product_id":"tea","quantity":2,"unit_price":350\}\}\n)re"
          R"re(\{"t":"answer","at":42,"id":"a-1","result":"refused","version":7,"events":1,"reason":"say \\"no\\""\}\n)re"
          R"re(\{"t":"send","at":[0-9]+,"id":"a-2","cart":"cart \\"9\\"","command":"view","data":\{\}\}\n)re")));
}

TEST_CASE("a send line is in the file, with its time, when the call returns") {
  const shell sh;
  ack_log log{sh / "log"};
  const auto before = std::chrono::steady_clock::now().time_since_epoch().count();
  log.sending(add_tea, "a-1");
  const auto text = contents(sh / "log");
  CHECK(text.ends_with("}}\n"));
  std::smatch at;
  REQUIRE(std::regex_search(text, at, std::regex("\"at\":([0-9]+)")));
  CHECK(std::stoll(at[1].str()) >= before);
}

TEST_CASE("a log that cannot be opened or written, or ends within a line, is an error") {
  const shell sh;
  CHECK_THROWS_AS(ack_log{sh / "missing/log"}, ack_log_failure);
  program::write(sh / "log", "half a li");
  CHECK_THROWS_AS(ack_log{sh / "log"}, ack_log_failure);
  CHECK(contents(sh / "log") == "half a li");
  ack_log full{"/dev/full"};
  CHECK_THROWS_WITH_AS(full.sending(add_tea, "a-1"),
                       "cannot write to the log /dev/full: No space left on device",
                       ack_log_failure);
}

TEST_CASE("a log goes on behind what a killed process left of its last line") {
  const shell sh;
  const std::string whole = lines{}.send("1", "a").answer("1", "accepted").text;
  const std::string last = lines{}.answer("2", "unknown").text;
  for (std::size_t left = 1; left < last.size() - 1; ++left) {
    CAPTURE(left);
    program::write(sh / "log", whole + last.substr(0, left));
    {
      ack_log log{sh / "log"};
      REQUIRE(contents(sh / "log") == whole);
      log.answered("3", told(reprise::answer_kind::refused), {});
    }
    CHECK(contents(sh / "log").starts_with(whole + R"({"t":"answer","at":0,"id":"3")"));
  }
  program::write(sh / "log", last.substr(0, 9));
  const ack_log only{sh / "log"};
  CHECK(contents(sh / "log").empty());
}

TEST_CASE(
    "a last line that lacks nothing but its end is kept, as the checker reads it, and gets it") {
  const shell sh;
  const std::string whole = lines{}.send("1", "a").answer("1", "accepted").text;
  program::write(sh / "log", whole.substr(0, whole.size() - 1));
  const ack_log log{sh / "log"};
  CHECK(contents(sh / "log") == whole);
}

TEST_CASE("a file whose last line is none of a log is refused, and stays as it is") {
  const shell sh;
  const std::string half = R"({"t":"se)";
  for (const std::string& other : {std::string("hello\nworld\n"), std::string("\n"),
                                   "hello\n" + half, std::string(1 << 20, 'x') + '\n'}) {
    program::write(sh / "notes", other);
    CHECK_THROWS_WITH_AS(ack_log{sh / "notes"},
                         ("the log " + (sh / "notes").string()
                          + " has a last line that is none of a log; take another file")
                             .c_str(),
                         ack_log_failure);
    CHECK(contents(sh / "notes") == other);
  }
}

TEST_CASE("a pipe takes lines while it has a reader, and is an error when it has none") {
  const shell sh;
  const std::string pipe = sh / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(
      ack_log{pipe},
      ("cannot open the log " + pipe + ": nobody reads the pipe; begin with its reader").c_str(),
      ack_log_failure);
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ack_log log{pipe};
  log.sending(add_tea, "a-1");
  std::string read_line(1'000, '\0');
  read_line.resize(static_cast<std::size_t>(read(reader, read_line.data(), read_line.size())));
  CHECK(read_line.ends_with("}}\n"));
  close(reader);
  CHECK_THROWS_WITH_AS(log.sending(add_tea, "a-2"),
                       ("cannot write to the log " + pipe + ": Broken pipe").c_str(),
                       ack_log_failure);
}

TEST_CASE("what another process may be writing is not cut off") {
  const shell sh;
  const ack_log other{sh / "log"};
  program::write(sh / "log", R"({"t":"se)");
  CHECK_THROWS_AS(ack_log{sh / "log"}, ack_log_failure);
  CHECK(contents(sh / "log") == R"({"t":"se)");
}

TEST_CASE("a file is inside a directory under whatever name it goes") {
  const shell sh;
  std::filesystem::create_directory(sh / "d");
  std::filesystem::create_symlink(sh / "d", sh / "link");
  CHECK(is_inside(sh / "d/log", sh / "d"));
  CHECK(is_inside(sh / "d/deep/log", sh / "d/"));
  CHECK(is_inside(sh / "link/log", sh / "d"));
  CHECK(is_inside(sh / "e/../d/log", sh / "d"));
  CHECK(is_inside(sh / "new/log", sh / "new/"));
  CHECK_FALSE(is_inside(sh / "d2/log", sh / "d"));
  CHECK_FALSE(is_inside(sh / "log", sh / "d"));
  CHECK_FALSE(is_inside(sh / "d/../log", sh / "d"));
}

TEST_CASE(
    "two options that name one file under two names are told apart from two that name a device") {
  const shell sh;
  const auto unfit = [&](const std::string& a, const std::string& b) {
    const auto found = simulation::unfit_among({{"--a", a}, {"--none", ""}, {"--b", b}}, sh / "d");
    return found ? found->option : "";
  };
  program::write(sh / "file", "");
  std::filesystem::create_hard_link(sh / "file", sh / "same");
  CHECK(unfit(sh / "file", sh / "same") == "--b");
  CHECK(unfit(sh / "new", sh / "e/../new") == "--b");
  std::filesystem::create_symlink("new", sh / "link");
  std::filesystem::create_symlink("link", sh / "link to it");
  CHECK(unfit(sh / "new", sh / "link to it") == "--b");
  CHECK(unfit(sh / "d/file", sh / "new") == "--a");
  CHECK(unfit(sh / "file", sh / "new").empty());
  CHECK(unfit("/dev/null", "/dev/null").empty());
}

TEST_CASE("unsettled is what has no answer, or one that says that nobody knows") {
  CHECK(lines{}.send("1", "a").unsettled() == "1 ");
  CHECK(lines{}.send("1", "a").answer("1", "unknown").unsettled() == "1 ");
  for (const std::string final : {"accepted", "refused", "overloaded", "unavailable"})
    CHECK(lines{}.send("1", "a").answer("1", final).unsettled().empty());
}

TEST_CASE("a sending that stored nothing does not settle an earlier one of unknown outcome") {
  lines log;
  log.send("1", "a").answer("1", "unknown").send("1", "a").answer("1", "unavailable");
  CHECK(log.unsettled() == "1 ");
  log.send("1", "a").answer("1", "accepted");
  CHECK(log.unsettled().empty());
  CHECK(lines{}.send("2", "a").send("2", "a").answer("2", "overloaded").unsettled() == "2 ");
}

TEST_CASE("what is unsettled comes by cart, in the order in which it was first sent") {
  lines log;
  log.send("3", "a").send("1", "b").send("2", "a").send("x", "a").answer("x", "accepted");
  log.answer("3", "unknown").send("3", "a");
  CHECK(log.unsettled() == "3 2 |1 ");
}

TEST_CASE("a view is never unsettled, and a last line that was cut off says nothing") {
  lines log;
  log.text = R"({"t":"send","at":1,"id":"1","cart":"a","command":"view","data":{}})"
             "\n";
  CHECK(log.unsettled().empty());
  log.send("2", "a");
  log.text += R"({"t":"answer","at":3,"id":"2","resu)";
  CHECK(log.unsettled() == "2 ");
}

TEST_CASE("a line that is none of a log is refused with its number") {
  for (const std::string bad :
       {"nonsense", "{}", R"({"t":"send","at":1,"id":"2"})",
        R"({"t":"answer","at":1,"id":"never","result":"accepted"})",
        R"({"t":"send","at":1,"id":"2","cart":"a","command":"steal","data":{}})"}) {
    CAPTURE(bad);
    lines log;
    log.send("1", "a").text += bad + "\n";
    program::write(log.sh / "log", log.text);
    try {
      static_cast<void>(unsettled_in(log.sh / "log"));
      FAIL("it was read");
    } catch (const checker::bad_log& failure) {
      CHECK(program::contains(failure.what(), "log:2: "));
    }
  }
  CHECK_THROWS_AS(static_cast<void>(unsettled_in("/no/such/file")), checker::bad_log);
}
