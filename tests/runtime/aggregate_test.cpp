#include "reprise/aggregate.hpp"

#include "account.hpp"
#include "reprise/model.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <stdexcept>
#include <vector>

using namespace bank;
using reprise::encoded_events;

TEST_CASE("a decision is events in order, nothing, or a refusal") {
  const reprise::decision<account> events{deposited{1, {}, {}}, withdrawn{2}};
  CHECK_FALSE(events.is_refusal());
  REQUIRE(events.events().size() == 2);
  CHECK((events.events()[0] == account::event{deposited{1, {}, {}}}));
  CHECK((events.events()[1] == account::event{withdrawn{2}}));

  const reprise::decision<account> already_so{};
  CHECK_FALSE(already_so.is_refusal());
  CHECK(already_so.events().empty());

  const reprise::decision<account> refused{not_enough};
  CHECK(refused.is_refusal());
  CHECK(refused.reason() == not_enough);
  CHECK(refused.events().empty());
}

TEST_CASE("refusals are told apart by their word and print it") {
  static constexpr reprise::refusal other{"other"};
  CHECK(not_enough == reprise::refusal{"not_enough"});
  CHECK_FALSE(not_enough == other);
  std::ostringstream out;
  out << not_enough;
  CHECK(out.str() == "refused: not_enough");
}

TEST_CASE("a fold applies the events in order") {
  const std::vector<account::event> history{deposited{10, {}, {}}, withdrawn{3}};
  CHECK(reprise::fold(account{}, history) == account{7});
}

TEST_CASE("an aggregate of an erased type judges, encodes and evolves") {
  const auto bank_account = reprise::model_of<account>().make();
  const auto balance = [&] { return static_cast<const account*>(bank_account->state())->balance; };
  const auto handle = [&](account::command c, encoded_events& out) {
    return bank_account->handle(reprise::command_of<account>(c), out);
  };

  encoded_events out;
  CHECK(handle(deposit{10}, out) == std::nullopt);
  CHECK(handle(withdraw{2, 3}, out) == std::nullopt);
  CHECK(out.count() == 4);
  CHECK(balance() == 4);

  SUBCASE("a refusal changes nothing") {
    CHECK(handle(withdraw{5}, out) == not_enough);
    CHECK(out.count() == 4);
    CHECK(balance() == 4);
  }
  SUBCASE("already so changes nothing") {
    CHECK(handle(deposit{0}, out) == std::nullopt);
    CHECK(out.count() == 4);
  }
  SUBCASE("what decide throws passes through, and the state is as it was") {
    CHECK_THROWS_WITH_AS(handle(fail{}, out), "decide fails", std::runtime_error);
    CHECK(balance() == 4);
  }
  SUBCASE("events past the limit of a commit leave the state as it was") {
    encoded_events next;
    CHECK_THROWS_AS(handle(withdraw{0, 1025}, next), reprise::limit_exceeded);
    CHECK(balance() == 4);
  }
  SUBCASE("an evolve that throws is told apart, since the state is lost") {
    CHECK_THROWS_WITH_AS(handle(deposit{13}, out), "evolve threw: evolve fails",
                         reprise::evolve_failed);
  }
}

TEST_CASE("a model makes aggregates at version 0, and is one object") {
  const auto& model = reprise::model_of<account>();
  CHECK(&model == &reprise::model_of<account>());
  CHECK(model.category() == "account");
  CHECK(*static_cast<const account*>(model.make()->state()) == account{});
}
