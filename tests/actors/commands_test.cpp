#include "actors/deterministic.hpp"
#include "reprise/limits.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace deterministic;
using namespace notes;
using reprise::host_config;

namespace {

using sizes = std::vector<std::size_t>;

/// A stage whose aggregate `a` is ready, with the words `one` at version 1.
struct with_one_word : stage<notebook> {
  explicit with_one_word(host_config config = {}) : stage(std::move(config)) {
    send("a", note{"one"});
    run();
  }
};

}  // namespace

// -- order ---------------------------------------------------------------------------------------------------------

TEST_CASE("commands of one aggregate take effect in the order in which they were sent") {
  stage<notebook> s;
  std::vector<const exchange<notebook>*> sent;
  for (const char* word : {"one", "two", "three", "four"}) sent.push_back(&s.send("a", note{word}));
  s.run();

  for (std::size_t i = 0; i < sent.size(); ++i) CHECK(sent[i]->answer() == accepted(i + 1));
  CHECK(s.stored("a").words == std::vector<std::string>{"one", "two", "three", "four"});
}

TEST_CASE("a command takes effect in one aggregate only") {
  stage<notebook> s;
  s.send("a", note{"one"});
  const auto& other = s.look("b");
  s.run();
  CHECK(other.answer() == already_so(0));
  CHECK(other.seen->words.empty());
}

TEST_CASE("the events of one command are stored as one commit") {
  stage<notebook> s;
  const auto& all = s.send("a", note_all{{"one", "two", "three"}});
  s.run();
  CHECK(all.answer() == accepted(3, 3));
  CHECK(s.journal().stats().commits == 1);
}

// -- nothing is said before it is durable --------------------------------------------------------------------------

TEST_CASE("a command is answered only after its write") {
  stage<notebook> s;
  s.hold("writer");
  const auto& first = s.send("a", note{"one"});
  s.run();
  CHECK_FALSE(first.is_answered());
  CHECK(s.journal().batches().empty());

  CHECK(s.step("writer"));
  CHECK(s.journal().batches().empty());
  CHECK_FALSE(first.is_answered());

  CHECK(s.step("writer"));
  CHECK(s.journal().batches() == sizes{1});
  CHECK(first.answer() == accepted(1));
}

TEST_CASE("the answers of a large batch leave the writer to the next one") {
  stage<notebook> s;
  s.hold("writer");
  s.hold("journal");
  for (int i = 0; i < 100; ++i) s.send("a", note{"word"});
  s.run();
  CHECK(s.step("writer"));
  CHECK(s.step("writer"));
  CHECK(s.journal().batches() == sizes{100});
  CHECK_FALSE(s.account().front().is_answered());
  s.release("writer");
  const auto& next = s.send("b", note{"one"});
  s.run();
  CHECK(s.journal().batches() == sizes{100, 1});
  // Answers keep the order of the batches.
  CHECK_FALSE(next.is_answered());
  CHECK(s.step("journal"));
  CHECK(s.account().front().is_answered());
  CHECK_FALSE(next.is_answered());
}

TEST_CASE("what is judged on events in flight is answered after their write") {
  with_one_word s;
  s.hold("writer");
  s.send("a", tear_out{});
  const auto& refusal = s.send("a", tear_out{});
  const auto& query = s.look("a");
  s.send("a", note{"two"});
  const auto& so_already = s.send("a", end_with{"two"});
  s.run();
  CHECK_FALSE(refusal.is_answered());
  CHECK_FALSE(query.is_answered());
  CHECK_FALSE(so_already.is_answered());

  s.release("writer");
  s.run();
  CHECK(refusal.answer() == refused(2, "nothing_written"));
  CHECK(query.answer() == already_so(2));
  CHECK(query.seen->words.empty());
  CHECK(so_already.answer() == already_so(3));
}

TEST_CASE("what is judged on a durable state is answered at once") {
  with_one_word s;
  s.hold("journal");
  s.hold("writer");
  const auto& query = s.look("a");
  const auto& so_already = s.send("a", end_with{"one"});
  const auto& refusal = s.send("b", tear_out{});
  s.run();
  CHECK(query.seen->words == std::vector<std::string>{"one"});
  CHECK(so_already.answer() == already_so(1));
  CHECK(refusal.answer() == refused(0, "nothing_written"));
}

TEST_CASE("a neighbour's write in flight holds nobody up") {
  with_one_word s;
  s.send("b", tear_out{});
  s.run();
  s.hold("writer");
  s.send("b", note{"slow"});
  const auto& query = s.look("a");
  s.run();
  CHECK(query.answer() == already_so(1));
}

TEST_CASE("an aggregate learns without a message that nothing of it is in flight") {
  stage<notebook> s;
  s.hold("@a");
  s.send("a", note{"one"});
  s.run();
  s.release("@a");
  s.run();
  s.hold("journal");
  const auto& query = s.look("a");
  s.run();
  CHECK(query.answer() == already_so(1));
}

// -- pipelining ----------------------------------------------------------------------------------------------------

TEST_CASE("commands of one aggregate that queued are written together") {
  stage<notebook> s;
  for (const char* word : {"one", "two", "three"}) s.send("a", note{word});
  s.run();
  CHECK(s.journal().batches() == sizes{3});
  CHECK(s.journal().stats().synced_writes == 1);
}

TEST_CASE("commands of several aggregates are written together") {
  stage<notebook> s;
  s.hold("writer");
  for (const char* id : {"a", "b", "c"}) s.send(id, note{"one"});
  s.hold("journal");
  s.run();
  s.release_all();
  s.run();
  CHECK(s.journal().batches() == sizes{3});
}

TEST_CASE("while one batch is written the next one collects") {
  with_one_word s;
  const auto before = s.journal().batches().size();
  const auto& two = s.send("a", note{"two"});
  s.queue_up();
  const auto& three = s.send("a", note{"three"});
  const auto& four = s.send("b", note{"four"});
  s.run();

  s.step("writer");
  s.run();
  CHECK(two.is_answered());
  CHECK_FALSE(three.is_answered());

  s.release("writer");
  s.run();
  CHECK(three.answer() == accepted(3));
  CHECK(four.answer() == accepted(1));
  const auto all = s.journal().batches();
  CHECK(sizes(all.begin() + static_cast<std::ptrdiff_t>(before), all.end()) == sizes{1, 2});
}

TEST_CASE("the next write begins before the answers of the last one go out") {
  with_one_word s;
  std::vector<std::string> ready;
  s.aggregates().send("a", note{"two"}, [&](const answer&) { ready = s.ready(); });
  s.queue_up();
  s.send("a", note{"three"});
  s.run();
  s.step("writer");
  s.run();
  CHECK(std::count(ready.begin(), ready.end(), "writer") == 1);
}

TEST_CASE("a batch holds so many commits and no more") {
  stage<notebook> s{{.max_batch_commits = 2}};
  for (const char* word : {"one", "two", "three", "four", "five"}) s.send("a", note{word});
  s.run();
  CHECK(s.journal().batches() == sizes{2, 2, 1});
  CHECK(s.stored("a").words.size() == 5);
}

TEST_CASE("a batch ends with the commit that passes its bytes") {
  stage<notebook> s{{.max_batch_bytes = 64 * 1024}};
  for (int i = 0; i < 4; ++i) s.send("a", note{std::string(40 * 1024, 'x')});
  s.run();
  CHECK(s.journal().batches() == sizes{2, 2});
}

// -- while it recovers ---------------------------------------------------------------------------------------------

TEST_CASE("commands that arrive while an aggregate recovers wait and are answered in order") {
  with_one_word s;
  s.restart();
  s.hold("recovery");
  const auto& two = s.send("a", note{"two"});
  const auto& query = s.look("a");
  const auto& torn = s.send("a", tear_out{});
  s.run();
  CHECK(s.context().recovering == 1);
  CHECK_FALSE(two.is_answered());

  s.release("recovery");
  s.run();
  CHECK(two.answer() == accepted(2));
  CHECK(query.seen->words == std::vector<std::string>{"one", "two"});
  CHECK(torn.answer() == accepted(3));
  CHECK(s.context().live == 1);
  CHECK(s.context().recovered == 1);
}

TEST_CASE("past max_waiting a command is overloaded at once, and the others are served") {
  stage<notebook> s{{.max_waiting = 2}};
  s.hold("recovery");
  const auto& one = s.send("a", note{"one"});
  const auto& two = s.look("a");
  const auto& three = s.send("a", note{"three"});
  const auto& neighbour = s.send("b", note{"one"});
  s.run();
  CHECK(three.kind() == answer_kind::overloaded);
  CHECK(three.reason() == "max_waiting is reached: 2 commands wait for this aggregate to recover");
  CHECK_FALSE(one.is_answered());

  s.release("recovery");
  s.run();
  CHECK(one.answer() == accepted(1));
  CHECK(two.answer() == already_so(1));
  CHECK(neighbour.answer() == accepted(1));
}

TEST_CASE("the recovery of a very long history in slices lets others through") {
  stage<notebook> s;
  std::vector<notebook::event> thousand(1000, written{"x"});
  reprise::stream<notebook> long_one{s.journal(), "long"};
  for (std::uint64_t i = 0; i < 25; ++i) long_one.append(i * 1000, thousand);

  s.hold("recovery");
  const auto& slow = s.look("long");
  const auto& quick = s.send("short", note{"one"});
  s.run();
  s.step("recovery");
  s.step("recovery");
  s.run();
  CHECK(quick.answer() == accepted(1));
  CHECK_FALSE(slow.is_answered());

  s.release("recovery");
  s.run();
  CHECK(slow.answer() == already_so(25'000));
  CHECK(slow.seen->words.size() == 25'000);
  CHECK(s.context().replayed_events == 25'000);
  CHECK(s.context().recovered == 2);
  CHECK(s.context().recovered_empty == 1);
}

TEST_CASE("what somebody waits for recovers before what nobody waits for any more") {
  stage<notebook> s;
  s.hold("recovery");
  for (const char* id : {"a", "b", "c"}) s.look(id);
  s.run();
  s.pass_the_timeout();
  const auto& patient = s.look("d");
  s.run();
  s.step("recovery");
  s.run();
  CHECK(patient.answer() == already_so(0));
  CHECK(s.context().recovered == 1);
  // It was set aside, and is waited for again.
  const auto& again = s.look("c");
  s.run();
  s.step("recovery");
  s.run();
  CHECK(again.answer() == already_so(0));
  CHECK(s.context().recovered == 2);
  s.release("recovery");
  s.run();
  CHECK(s.context().recovered == 4);
}

TEST_CASE("what crashed recovers before what was not in memory") {
  stage<notebook> s;
  s.send("awake", note{"one"});
  s.run();
  s.hold("recovery");
  for (const char* id : {"a", "b", "c"}) s.look(id);
  s.send("awake", spoil{});
  const auto& two = s.send("awake", note{"two"});
  s.run();
  CHECK_FALSE(two.is_answered());
  s.step("recovery");
  s.run();
  CHECK(two.answer() == accepted(2));
  CHECK(s.context().recovering == 3);
}

TEST_CASE("no more histories than max_recoveries are in memory in part") {
  stage<notebook> s{{.max_recoveries = 2}};
  const std::vector<notebook::event> thousand(1000, written{"x"});
  for (const char* id : {"a", "b", "c"}) {
    reprise::stream<notebook> long_one{s.journal(), id};
    for (std::uint64_t i = 0; i < 25; ++i) long_one.append(i * 1000, thousand);
  }
  s.hold("recovery");
  for (const char* id : {"a", "b", "c"}) s.look(id);
  s.run();
  // Three slices each: the third is begun when the first is done.
  for (int slices = 0; slices < 5; ++slices) s.step("recovery");
  s.run();
  CHECK(s.context().recovered == 1);
  CHECK(s.context().replayed_events == 45'000);
  s.release("recovery");
  s.run();
  CHECK(s.context().recovered == 3);
}

TEST_CASE("what comes behind a long history is read though only one may be in memory in part") {
  stage<notebook> s{{.max_recoveries = 1}};
  const std::vector<notebook::event> thousand(1000, written{"x"});
  reprise::stream<notebook> long_one{s.journal(), "a"};
  for (std::uint64_t i = 0; i < 15; ++i) long_one.append(i * 1000, thousand);
  const auto& slow = s.look("a");
  const auto& quick = s.look("b");
  s.run();
  CHECK(slow.answer() == already_so(15'000));
  CHECK(quick.answer() == already_so(0));
}

TEST_CASE("those that wait leave a quarter of max_in_flight to aggregates in memory") {
  stage<notebook> s{{.max_in_flight = 8}};
  s.send("awake", note{"one"});
  s.run();
  s.hold("recovery");
  for (int i = 0; i < 6; ++i) s.look("asleep " + std::to_string(i));
  const auto& seventh = s.look("asleep 7");
  const auto& another = s.look("asleep 0");
  CHECK(seventh.kind() == answer_kind::overloaded);
  CHECK(seventh.reason()
        == "three quarters of max_in_flight are reached by those that wait: 6 commands wait for "
           "aggregates to recover");
  const auto& two = s.send("awake", note{"two"});
  s.run();
  CHECK(another.kind() == answer_kind::overloaded);
  CHECK(two.answer() == accepted(2));
  s.release("recovery");
  s.run();
  const auto& late = s.look("asleep 7");
  s.run();
  CHECK(late.answer() == already_so(0));
}

TEST_CASE("those that gave up leave their places under max_waiting to others") {
  stage<notebook> s{{.max_waiting = 2}};
  s.hold("recovery");
  s.look("a");
  s.look("a");
  s.run();
  s.pass_the_timeout();
  const auto& patient = s.look("a");
  s.run();
  CHECK_FALSE(patient.is_answered());
  s.release("recovery");
  s.run();
  CHECK(patient.answer() == already_so(0));
}

TEST_CASE("a history that ends where a slice ends is recovered whole") {
  stage<notebook> s;
  reprise::stream<notebook> stream{s.journal(), "a"};
  for (std::uint64_t i = 0; i < 10; ++i)
    stream.append(i * 1000, std::vector<notebook::event>(1000, written{"x"}));
  const auto& query = s.look("a");
  s.run();
  CHECK(query.answer() == already_so(10'000));
}

// -- limits --------------------------------------------------------------------------------------------------------

TEST_CASE(
    "past max_in_flight a command is overloaded at once, and one that is answered makes room") {
  stage<notebook> s{{.max_in_flight = 2}};
  s.send("a", note{"one"});
  s.send("b", note{"one"});
  const auto& third = s.send("c", note{"one"});
  CHECK(third.kind() == answer_kind::overloaded);
  CHECK(third.reason() == "max_in_flight is reached: 2 commands are in flight");
  s.run();
  const auto& fourth = s.send("c", note{"one"});
  s.run();
  CHECK(fourth.answer() == accepted(1));
}

TEST_CASE("an aggregate's id is any bytes") {
  stage<notebook> s;
  const std::string odd[] = {
      std::string("\0", 1), "a/b",         "/",
      "\xff\xfe",           "line\nbreak", std::string(reprise::max_aggregate_id_bytes, 'x')};
  for (const auto& id : odd) s.send(id, note{id});
  s.run();
  s.restart();
  for (const auto& id : odd) {
    const auto& query = s.look(id);
    s.run();
    REQUIRE(query.answer() == already_so(1));
    CHECK(query.seen->words == std::vector<std::string>{id});
  }
}

TEST_CASE("an aggregate's id that is empty or too long is refused at once") {
  stage<notebook> s;
  const auto& empty = s.send("", note{"one"});
  const auto& too_long = s.send(std::string(reprise::max_aggregate_id_bytes + 1, 'x'), note{"one"});
  const auto& empty_query = s.look("");
  CHECK(empty.answer() == refused(0, "the aggregate id is empty"));
  CHECK(too_long.answer()
        == refused(0, "the aggregate id has 513 bytes; max_aggregate_id_bytes is 512"));
  CHECK(empty_query.kind() == answer_kind::refused);
  CHECK(s.context().gate->in_flight() == 0);
}

TEST_CASE("command ids are any bytes up to their length, and stored") {
  stage<notebook> s;
  const std::string longest(reprise::max_command_id_bytes, '\xff');
  const auto& good = s.send("a", note{"one"}, longest);
  const auto& too_long = s.send("a", note{"two"}, longest + "x");
  s.run();
  CHECK(good.answer() == accepted(1));
  CHECK(too_long.answer()
        == refused(0, "the command id has 129 bytes; max_command_id_bytes is 128"));
}

TEST_CASE(
    "correlation and causation ids are stored with the commit, and refused if they are too long") {
  stage<notebook> s;
  std::vector<answer> answers;
  const auto keep = [&answers](answer a) { answers.push_back(std::move(a)); };
  const std::string too_long(reprise::max_command_id_bytes + 1, 'x');
  s.aggregates().send("a", note{"one"}, keep, {"id", "conversation", "cause"});
  s.aggregates().send("a", note{"two"}, keep, {"", too_long, ""});
  s.aggregates().send("a", note{"two"}, keep, {"", "", too_long});
  s.run();
  REQUIRE(answers.size() == 3);
  CHECK(answers[0].reason == "the correlation id has 129 bytes; max_command_id_bytes is 128");
  CHECK(answers[1].reason == "the causation id has 129 bytes; max_command_id_bytes is 128");
  CHECK(answers[2] == accepted(1));
  s.journal().read_stream("notebook/a", 1, [](const reprise::commit_view& c) {
    CHECK(c.command_id == "id");
    CHECK(c.correlation_id == "conversation");
    CHECK(c.causation_id == "cause");
    return true;
  });
}

TEST_CASE("a command without an id is given one that no other has") {
  stage<notebook> s;
  for (int i = 0; i < 3; ++i) s.aggregates().send("a", note{"one"}, nullptr);
  s.run();
  std::set<std::string> ids;
  s.journal().read_stream("notebook/a", 1, [&ids](const reprise::commit_view& c) {
    CHECK(c.command_id.size() == 15);
    ids.emplace(c.command_id);
    return true;
  });
  CHECK(ids.size() == 3);
}

TEST_CASE(
    "events that are too large or too many are refused, and the aggregate goes on as it was") {
  with_one_word s;
  const auto& too_large = s.send("a", note{std::string(reprise::max_commit_bytes + 1, 'x')});
  const auto& too_many = s.send(
      "a", note_all{std::vector<std::string>(reprise::max_events_per_commit + 1, "x")});
  const auto& most = s.send(
      "a", note_all{std::vector<std::string>(reprise::max_events_per_commit, "x")});
  s.run();
  CHECK(too_large.kind() == answer_kind::refused);
  CHECK_FALSE(too_large.reason().empty());
  CHECK(too_many.kind() == answer_kind::refused);
  CHECK(most.answer() == accepted(1025, 1024));
  CHECK(s.context().crashes == 0);
}

TEST_CASE("a host may take less than the format does") {
  stage<notebook> s{{.max_aggregate_id_bytes = 3,
                     .max_command_id_bytes = 9,
                     .max_events_per_commit = 2,
                     .max_commit_bytes = 100}};
  const auto& one = s.send("a", note{"one"}, "123456789");
  const auto& long_id = s.send("abcd", note{"one"}, "1");
  const auto& long_command_id = s.send("a", note{"one"}, "1234567890");
  const auto& too_many = s.send("a", note_all{{"x", "y", "z"}}, "2");
  const auto& too_large = s.send("a", note{std::string(100, 'x')}, "3");
  const auto& two = s.send("a", note_all{{"x", "y"}}, "4");
  s.run();
  CHECK(one.answer() == accepted(1));
  CHECK(long_id.answer()
        == refused(0, "the aggregate id has 4 bytes; max_aggregate_id_bytes is 3"));
  CHECK(long_command_id.answer()
        == refused(0, "the command id has 10 bytes; max_command_id_bytes is 9"));
  CHECK(too_many.answer() == refused(1, "max_events_per_commit: more than 2 events in one commit"));
  CHECK(too_large.kind() == answer_kind::refused);
  CHECK(two.answer() == accepted(3, 2));
}

// -- crashes -------------------------------------------------------------------------------------------------------

TEST_CASE("a crash in decide is that command's own answer, and everybody goes on") {
  with_one_word s;
  const auto& crashed = s.send("a", crash{}, "bad");
  const auto& next = s.send("a", note{"two"});
  const auto& neighbour = s.send("b", note{"one"});
  const auto& odd = s.send("a", crash_oddly{});
  s.run();
  CHECK(crashed.kind() == answer_kind::unavailable);
  CHECK(crashed.reason() == "decide threw: the pencil broke");
  CHECK(odd.kind() == answer_kind::unavailable);
  CHECK(odd.reason() == "decide threw something that is no std::exception");
  CHECK(next.answer() == accepted(2));
  CHECK(neighbour.answer() == accepted(1));
  CHECK(s.context().crashes == 2);
  CHECK(s.logged("\"notebook/a\", command \"bad\": decide threw: the pencil broke") == 1);
}

TEST_CASE("a length_error out of decide is a crash like any other and no refusal") {
  with_one_word s;
  const auto& crashed = s.send("a", crash_on_length{});
  s.run();
  CHECK(crashed.kind() == answer_kind::unavailable);
  CHECK(s.context().crashes == 1);
}

TEST_CASE("a crash in evolve loses the state, which is read again and is right") {
  with_one_word s;
  s.hold("writer");
  const auto& before = s.send("a", note{"two"});
  const auto& crashed = s.send("a", spoil{});
  const auto& after = s.send("a", note{"three"});
  const auto& query = s.look("a");
  s.run();
  CHECK(crashed.kind() == answer_kind::unavailable);
  CHECK(crashed.reason() == "evolve threw: ink on the page");
  CHECK_FALSE(after.is_answered());

  s.release("writer");
  s.run();
  CHECK(before.answer() == accepted(2));
  CHECK(after.answer() == accepted(3));
  CHECK(query.seen->words == std::vector<std::string>{"one", "two", "three"});
  CHECK(s.context().crashes == 1);
  CHECK(s.context().live == 1);
}

TEST_CASE("crashes in evolve one after the other answer everything") {
  with_one_word s;
  for (int i = 0; i < 3; ++i) s.send("a", spoil{i % 2 == 0});
  const auto& last = s.send("a", note{"two"});
  s.run();
  CHECK(last.answer() == accepted(2));
  CHECK(s.context().crashes == 3);
  CHECK(s.stored("a").words == std::vector<std::string>{"one", "two"});
}

TEST_CASE("a query that throws is told so, and the aggregate goes on") {
  with_one_word s;
  std::vector<reprise::observed<int>> seen;
  s.aggregates().query(
      "a", [](const notebook&) -> int { throw std::runtime_error("no glasses"); },
      [&seen](reprise::observed<int> o) { seen.push_back(std::move(o)); });
  const auto& next = s.send("a", note{"two"});
  s.run();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].kind == answer_kind::unavailable);
  CHECK(seen[0].reason == "the query threw: no glasses");
  CHECK_FALSE(seen[0].value.has_value());
  CHECK(next.answer() == accepted(2));
}

TEST_CASE("a callback that throws concerns nobody else") {
  stage<notebook> s;
  int calls = 0;
  s.aggregates().send("a", note{"one"}, [&calls](const answer&) {
    ++calls;
    throw std::runtime_error("not my day");
  });
  s.aggregates().query(
      "a", [](const notebook& book) { return book.words.size(); },
      [&calls](const reprise::observed<std::size_t>&) {
        ++calls;
        throw 7;
      });
  const auto& next = s.send("a", note{"two"});
  s.run();
  CHECK(calls == 2);
  CHECK(next.answer() == accepted(2));
  CHECK(s.context().gate->in_flight() == 0);
}

TEST_CASE("a callback may send the next command") {
  stage<notebook> s;
  std::vector<answer> answers;
  s.aggregates().send("a", note{"one"}, [&](answer first) {
    answers.push_back(std::move(first));
    s.aggregates().send("a", note{"two"},
                        [&](answer second) { answers.push_back(std::move(second)); });
  });
  s.run();
  CHECK(answers == std::vector<answer>{accepted(1), accepted(2)});
}

// -- actors of the user's own --------------------------------------------------------------------------------------

namespace {

/// Requests `content` from `to` and keeps what comes back.
class client final : public caf::event_based_actor {
 public:
  client(caf::actor_config& config,
         caf::actor to,
         reprise::envelope content,
         std::vector<answer>* answers)
      : event_based_actor(config),
        to_(std::move(to)),
        content_(std::move(content)),
        answers_(answers) {}
  caf::behavior make_behavior() override {
    reprise::ask(*this, to_, std::move(content_)).then([this](const answer& a) {
      answers_->push_back(a);
    });
    to_ = nullptr;
    return {[](int) {}};
  }

 private:
  caf::actor to_;
  reprise::envelope content_;
  std::vector<answer>* answers_;
};

}  // namespace

TEST_CASE("an actor of the user's own requests through actor and message") {
  with_one_word s;
  std::vector<answer> answers;
  const auto books = s.aggregates();
  s.hold("writer");
  s.system().spawn<client>(books.actor(), books.message("a", note{"two"}), &answers);
  s.run();
  CHECK(answers.empty());
  s.release("writer");
  s.run();
  CHECK(answers == std::vector<answer>{accepted(2)});

  s.system().spawn<client>(books.actor(), books.message("", note{"two"}), &answers);
  s.close();
  s.system().spawn<client>(books.actor(), books.message("a", note{"three"}), &answers);
  s.run();
  REQUIRE(answers.size() == 3);
  CHECK(answers[1].kind == answer_kind::refused);
  CHECK(answers[2] == answer{answer_kind::unavailable, 0, 0, "the host is stopping"});
}

TEST_CASE("an actor's message for another aggregate type is refused") {
  stage<notebook> s;
  std::vector<answer> answers;
  auto wrong = reprise::envelope{std::make_shared<reprise::command_delivery<sketchbook>>(
      "a", note{"one"}, reprise::command_options{}, nullptr)};
  s.system().spawn<client>(s.aggregates().actor(), std::move(wrong), &answers);
  s.run();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0] == refused(0, "a message for \"sketchbook\" was sent to \"notebook\""));
}

TEST_CASE("an actor's message that it sends twice takes effect once") {
  stage<notebook> s;
  std::vector<answer> answers;
  const auto message = s.aggregates().message("a", note{"one"});
  s.system().spawn<client>(s.aggregates().actor(), message, &answers);
  s.system().spawn<client>(s.aggregates().actor(), message, &answers);
  s.run();
  CHECK(answers.size() >= 1);
  CHECK(s.stored("a").words.size() == 1);
  CHECK(s.context().gate->in_flight() == 0);
}

TEST_CASE("an actor's message that was turned away is not sent again either") {
  stage<notebook> s{{.max_in_flight = 1}};
  std::vector<answer> answers;
  const auto message = s.aggregates().message("a", note{"one"});
  s.hold("writer");
  s.send("b", note{"one"});
  s.system().spawn<client>(s.aggregates().actor(), message, &answers);
  s.run();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].kind == answer_kind::overloaded);
  s.release("writer");
  s.run();
  s.system().spawn<client>(s.aggregates().actor(), message, &answers);
  s.run();
  REQUIRE(answers.size() == 2);
  CHECK(answers[1] == refused(0, "a message of aggregates::message is sent once"));
  CHECK(s.context().gate->in_flight() == 0);
}

TEST_CASE("an empty message is no harm") {
  stage<notebook> s;
  reprise::tell(s.supervisor(), reprise::envelope{});
  s.run();
  CHECK(s.context().gate->in_flight() == 0);
}
