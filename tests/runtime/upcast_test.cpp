#include "reprise/upcast.hpp"

#include "reprise/event_codec.hpp"
#include "reprise/memory_journal.hpp"
#include "reprise/model.hpp"
#include "reprise/stream.hpp"

#include <boost/serialization/version.hpp>
#include <doctest/doctest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

/// A till of a shop that has changed its mind about its events more than once.
namespace cash {

// -- what is recorded today ----------------------------------------------------

struct taken_in {
  static constexpr std::string_view event_name = "taken_in";
  std::int64_t cents = 0;
  std::string currency;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& cents& currency;
  }
  friend bool operator==(const taken_in&, const taken_in&) = default;
};

struct paid_out {
  static constexpr std::string_view event_name = "paid_out";
  std::int64_t cents = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& cents;
  }
  friend bool operator==(const paid_out&, const paid_out&) = default;
};

// -- what was recorded once ----------------------------------------------------

/// An event of one number, under any name.
template <class Name>
struct number_event {
  static constexpr std::string_view event_name = Name::text;
  std::int64_t number = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& number;
    if (version >= 1) archive& number;
  }
};

struct sale_name {
  static constexpr std::string_view text = "sale";
};
struct sale_in_cents_name {
  static constexpr std::string_view text = "sale_in_cents";
};
struct corrected_name {
  static constexpr std::string_view text = "corrected";
};
struct exchanged_name {
  static constexpr std::string_view text = "exchanged";
};
struct drawer_opened_name {
  static constexpr std::string_view text = "drawer_opened";
};
using sale = number_event<sale_name>;                    ///< in whole euros
using sale_in_cents = number_event<sale_in_cents_name>;  ///< in its second form
using corrected = number_event<corrected_name>;
using exchanged = number_event<exchanged_name>;
using drawer_opened = number_event<drawer_opened_name>;

// -- the till ------------------------------------------------------------------

struct check {};

struct till {
  static constexpr std::string_view category = "till";
  using command = std::variant<check>;
  using event = std::variant<taken_in, paid_out>;
  using retired_event = std::variant<exchanged, sale, drawer_opened, sale_in_cents, corrected>;
  std::int64_t cents = 0;
  std::string currencies;
};

inline reprise::decision<till> decide(const till&, const check&) {
  return {};
}
inline till evolve(till state, const taken_in& event) {
  state.cents += event.cents;
  state.currencies += event.currency + ' ';
  return state;
}
inline till evolve(till state, const paid_out& event) {
  state.cents -= event.cents;
  return state;
}

/// The first form leads to the second, and knows nothing of the third.
inline sale_in_cents upcast(const sale& old) {
  return {old.number * 100};
}
inline taken_in upcast(const sale_in_cents& old) {
  if (old.number == 13) throw std::runtime_error("unlucky");
  return {old.number, "EUR"};
}
inline reprise::no_event upcast(const drawer_opened&) {
  return {};
}
inline till::event upcast(const corrected& old) {
  if (old.number < 0) return paid_out{-old.number};
  return taken_in{old.number, "EUR"};
}
/// Of both ages at once, and as many as the number says.
inline std::vector<std::variant<sale, paid_out>> upcast(const exchanged& old) {
  std::vector<std::variant<sale, paid_out>> events;
  for (std::int64_t i = 0; i < old.number; ++i) {
    events.emplace_back(sale{1});
    events.emplace_back(paid_out{100});
  }
  return events;
}

static_assert(reprise::complete<till>());

}  // namespace cash

BOOST_CLASS_VERSION(cash::sale, 1)

using namespace cash;
using namespace std::string_literals;
using reprise::undecodable;

namespace {

using events = std::vector<till::event>;

std::string payload(std::int64_t number) {
  std::string bytes;
  reprise::payload_writer{bytes, reprise::max_commit_bytes}.outermost(paid_out{number});
  return bytes;
}

events read(std::string_view name, std::int64_t number) {
  return reprise::decode_events<till>({name, 0, payload(number)});
}

/// A till with five versions: a sale, an opened drawer, an exchange that is six events today, one of today's, a sale.
std::shared_ptr<reprise::journal> old_journal() {
  auto journal = reprise::in_memory();
  reprise::encoded_events first;
  first.add({"sale", 0, payload(3)});
  first.add({"drawer_opened", 0, payload(0)});
  first.add({"exchanged", 0, payload(3)});
  reprise::append_commit(*journal, "till/1", 0, first);
  reprise::encoded_events second;
  second.add({"paid_out", 0, payload(50)});
  second.add({"sale_in_cents", 0, payload(7)});
  reprise::append_commit(*journal, "till/1", 3, second);
  return journal;
}

}  // namespace

TEST_CASE("a renamed event is read under its old name") {
  CHECK((read("sale_in_cents", 250) == events{taken_in{250, "EUR"}}));
}

TEST_CASE("an event of any age takes one upcast after the other") {
  CHECK((read("sale", 3) == events{taken_in{300, "EUR"}}));
}

TEST_CASE("a retired event reads its own older class versions") {
  CHECK((reprise::decode_events<till>({"sale", 1, payload(1) + payload(2)})
         == events{taken_in{200, "EUR"}}));
}

TEST_CASE("one event becomes several, in order, each of its own age") {
  CHECK((read("exchanged", 2)
         == events{taken_in{100, "EUR"}, paid_out{100}, taken_in{100, "EUR"}, paid_out{100}}));
  CHECK(read("exchanged", 0).empty());
}

TEST_CASE("an upcast may choose what the event is today") {
  CHECK((read("corrected", -5) == events{paid_out{5}}));
  CHECK((read("corrected", 5) == events{taken_in{5, "EUR"}}));
}

TEST_CASE("an event that means nothing today is no event, if its author says so") {
  CHECK(read("drawer_opened", 1).empty());
}

TEST_CASE("a retired event is checked as much as any other") {
  const auto decode = [](const reprise::event_view& stored) {
    reprise::decode_events<till>(stored);
  };
  CHECK_THROWS_WITH_AS(decode({"drawer_opened", 0, "1234567"}),
                       "event \"drawer_opened\": the payload ends 1 bytes too early", undecodable);
  CHECK_THROWS_WITH_AS(decode({"sale", 2, payload(1)}),
                       "event \"sale\": schema version 2 is newer than this program's 1",
                       undecodable);
  CHECK_THROWS_WITH_AS(decode({"drawer_shut", 0, payload(1)}),
                       "this program knows no event \"drawer_shut\"", undecodable);
}

TEST_CASE("an upcast that throws makes the event undecodable, and is named") {
  CHECK_THROWS_WITH_AS(read("sale_in_cents", 13), "event \"sale_in_cents\": upcast threw: unlucky",
                       undecodable);
}

TEST_CASE("a stream counts stored events, whatever they are read as") {
  const auto journal = old_journal();
  reprise::stream<till> stream{*journal, "1"};
  CHECK(stream.events().size() == 1 + 0 + 6 + 1 + 1);
  const auto now = stream.load();
  CHECK(now.version == 5);
  CHECK(now.state.cents == 300 - 50 + 7);
  CHECK(stream.load(2).version == 2);
  CHECK(stream.load(2).state.cents == 300);
  CHECK(stream.append(5, {paid_out{1}}) == 6);
}

TEST_CASE("an aggregate of an erased type replays what its events are today") {
  const auto replayed = reprise::model_of<till>().make();
  old_journal()->read_stream("till/1", 1, [&](const reprise::commit_view& c) {
    for (const auto& stored : c.events) replayed->replay(stored);
    return true;
  });
  const auto& state = *static_cast<const till*>(replayed->state());
  CHECK(state.cents == 257);
  CHECK(state.currencies == "EUR EUR EUR EUR EUR ");
}

TEST_CASE("a stored event that cannot be read today is a damage with its place") {
  const auto journal = old_journal();
  reprise::encoded_events newer;
  newer.add({"paid_out", 0, payload(1)});
  newer.add({"sale", 2, payload(1)});
  reprise::append_commit(*journal, "till/1", 5, newer);
  const reprise::stream<till> stream{*journal, "1"};
  CHECK_THROWS_WITH_AS(stream.load(),
                       "stream \"till/1\", version 7, position 7: event \"sale\": schema version 2 "
                       "is newer than this program's 1",
                       reprise::damaged_history);
  CHECK_THROWS_AS(stream.events(), reprise::damaged_history);
  CHECK(stream.load(6).version == 6);
}
