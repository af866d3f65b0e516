#include "actors/deterministic.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace deterministic;
using namespace notes;

// What the log tells is told once, with the ids that it is about, however many commands come on it.

namespace {

using lines = std::vector<std::string>;

void send_many(stage<notebook>& s) {
  for (int round = 0; round < 5; ++round) {
    for (const char* id : {"a", "b", "c"}) {
      s.send(id, note{"more"});
      s.look(id);
    }
    s.run();
  }
}

}  // namespace

TEST_CASE("the log tells a failed write once, and each aggregate that is in doubt by it once") {
  stage<notebook> s;
  for (const char* id : {"a", "b", "c"}) s.send(id, note{"one"});
  s.run();
  s.hold("writer");
  for (const char* id : {"a", "b"}) s.send(id, note{"two"});
  s.journal().fail(faulty_journal::fault::fail_before);
  s.run();
  s.release_all();
  s.run();
  send_many(s);
  CHECK(
      s.log()
      == lines{
          "the journal failed and takes no more events until it is opened again: the disk is gone",
          "\"notebook/a\" had commits in the write that failed and is unavailable",
          "\"notebook/b\" had commits in the write that failed and is unavailable"});
}

TEST_CASE("the log tells that an aggregate cannot be recovered once, with its id") {
  stage<notebook> s;
  s.journal().damage("notebook/b", "wrong checksum");
  send_many(s);
  CHECK(s.log().size() == 1);
  CHECK(s.logged("\"notebook/b\" cannot be recovered and is unavailable: ") == 1);
  CHECK(s.logged("wrong checksum") == 1);
}

TEST_CASE(
    "the log tells a restart for another writer once, however many commands are decided again") {
  stage<notebook> s;
  s.send("a", note{"one"});
  s.run();
  s.store_elsewhere("a", {written{"elsewhere"}});
  for (int i = 0; i < 5; ++i) s.send("a", note{"two"});
  s.run();
  send_many(s);
  CHECK(s.log() == lines{"\"notebook/a\" was changed by another writer and is read again"});
}

TEST_CASE("the log tells a crash once, with the ids of the aggregate and of the command") {
  stage<notebook> s;
  s.send("a", crash{}, "bad");
  s.send("a", spoil{}, "worse");
  s.run();
  send_many(s);
  CHECK(s.log()
        == lines{"\"notebook/a\", command \"bad\": decide threw: the pencil broke",
                 "\"notebook/a\", command \"worse\": evolve threw: ink on the page"});
}

TEST_CASE("the log tells that an actor was ended, with the id of its aggregate") {
  stage<notebook> s;
  s.send("a", note{"one"});
  s.run();
  s.crash("a");
  s.crash("a");
  s.crash("b");
  s.run();
  send_many(s);
  CHECK(s.log() == lines{"\"notebook/a\" was ended, and is read again by its next command"});
}
