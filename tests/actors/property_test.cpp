#include "actors/deterministic.hpp"
#include "shopping_cart/shopping_cart.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace deterministic;

namespace {

// -- the cart, once more, without events ---------------------------------------------------------------------------

/// What a person would do with a cart: the rules again, with no code of the cart's or the runtime's.
struct paper_cart {
  std::map<std::string, std::int64_t> lines;
  bool closed = false;
  std::uint64_t changes = 0;

  /// Returns the answer that the command deserves.
  answer take(const shop::shopping_cart::command& command) {
    const std::string no = std::visit([this](const auto& c) { return apply(c); }, command);
    if (no == "so already") return already_so(changes);
    if (!no.empty()) return refused(changes, no);
    return accepted(++changes);
  }

 private:
  std::string apply(const shop::add_product& c) {
    if (closed) return "is_checked_out";
    if (c.product_id.empty()) return "product_id_is_empty";
    if (c.product_id.size() > 100) return "product_id_is_too_long";
    if (c.quantity < 1) return "quantity_is_not_positive";
    const auto line = lines.find(c.product_id);
    const std::int64_t there = line == lines.end() ? 0 : line->second;
    if (c.quantity > 1000 - there) return "too_many_of_a_product";
    if (there == 0 && lines.size() == 100) return "too_many_products";
    lines[c.product_id] = there + c.quantity;
    return "";
  }
  std::string apply(const shop::remove_product& c) {
    if (closed) return "is_checked_out";
    return lines.erase(c.product_id) == 0 ? "so already" : "";
  }
  std::string apply(const shop::change_quantity& c) {
    if (closed) return "is_checked_out";
    if (c.quantity < 1) return "quantity_is_not_positive";
    if (c.quantity > 1000) return "too_many_of_a_product";
    const auto line = lines.find(c.product_id);
    if (line == lines.end()) return "product_is_not_in_cart";
    if (line->second == c.quantity) return "so already";
    line->second = c.quantity;
    return "";
  }
  std::string apply(const shop::check_out&) {
    if (closed) return "so already";
    if (lines.empty()) return "cart_is_empty";
    closed = true;
    return "";
  }
};

bool is_same(const shop::shopping_cart& cart, const paper_cart& paper) {
  return cart.items == paper.lines && cart.checked_out == paper.closed;
}

// -- what shoppers do ----------------------------------------------------------------------------------------------

using shop_command = shop::shopping_cart::command;

rc::Gen<shop_command> any_command() {
  const auto product = rc::gen::element<std::string>("tea", "jam", "milk");
  const auto quantity = rc::gen::weightedOneOf<std::int64_t>(
      {{8, rc::gen::inRange<std::int64_t>(1, 5)},
       {1, rc::gen::just<std::int64_t>(0)},
       {1, rc::gen::just<std::int64_t>(999)}});
  const auto add = rc::gen::apply(
      [](std::string p, std::int64_t q) -> shop_command {
        return shop::add_product{std::move(p), q};
      },
      product, quantity);
  const auto remove = rc::gen::map(
      product, [](std::string p) -> shop_command { return shop::remove_product{std::move(p)}; });
  const auto change = rc::gen::apply(
      [](std::string p, std::int64_t q) -> shop_command {
        return shop::change_quantity{std::move(p), q};
      },
      product, quantity);
  const auto buy = rc::gen::just<shop_command>(shop::check_out{});
  return rc::gen::weightedOneOf<shop_command>({{10, add}, {4, remove}, {4, change}, {1, buy}});
}

/// A shopper's next move: a command for a cart, or, now and then, the runtime's end and new beginning.
struct move {
  std::string cart;
  std::optional<shop_command> command;  ///< none is a restart

  friend std::ostream& operator<<(std::ostream& out, const move& m) {
    if (!m.command) return out << "restart";
    return out << m.cart << ": " << *m.command;
  }
};

rc::Gen<std::vector<move>> any_moves() {
  const auto cart = rc::gen::element<std::string>("cart-1", "cart-2", "cart-3");
  const auto command = rc::gen::apply(
      [](std::string id, shop_command c) {
        return move{std::move(id), std::move(c)};
      },
      cart, any_command());
  return rc::gen::container<std::vector<move>>(
      rc::gen::weightedOneOf<move>({{12, command}, {1, rc::gen::just(move{{}, std::nullopt})}}));
}

/// A stage whose actors take their turns in an order that a seed decides.
template <class State>
struct shuffled_stage : stage<State> {
  explicit shuffled_stage(std::uint64_t seed, reprise::host_config config = {})
      : stage<State>(std::move(config)), random(seed) {}

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random() % n); }

  /// Lets somebody handle a message, so many times.
  void shuffle(std::size_t turns) {
    for (; turns != 0; --turns) {
      const auto names = this->ready();
      if (names.empty()) return;
      this->step_at(below(names.size()));
    }
  }

  std::mt19937_64 random;
};

using shop_stage = shuffled_stage<shop::shopping_cart>;

/// Sends until there is an answer that settles it, as a patient client does.
answer insist(shop_stage& s,
              const std::string& cart,
              const shop_command& command,
              const std::string& id) {
  for (;;) {
    const auto& e = s.send(cart, command, id);
    s.shuffle(1'000'000);
    RC_ASSERT(e.is_answered());
    if (e.kind() == answer_kind::accepted || e.kind() == answer_kind::refused) return e.answer();
  }
}

/// What every cart is by its actor, by its events, and by the commands that its commits are of.
void check_carts(shop_stage& s, const std::map<std::string, shop_command>& commands) {
  std::map<std::string, paper_cart> papers;
  s.journal().read_all(1, [&](const reprise::commit_view& c) {
    paper_cart& paper = papers[std::string(c.stream.substr(c.stream.find('/') + 1))];
    RC_ASSERT(paper.take(commands.at(std::string(c.command_id))) == accepted(c.last_version()));
    return true;
  });
  for (const char* id : {"cart-1", "cart-2", "cart-3"}) {
    const auto& query = s.look(id);
    s.shuffle(1'000'000);
    RC_ASSERT(query.kind() == answer_kind::accepted);
    RC_ASSERT(query.answer().version == papers[id].changes);
    RC_ASSERT(is_same(*query.seen, papers[id]));
    RC_ASSERT(s.stored(id) == *query.seen);
  }
}

}  // namespace

namespace rc {

template <>
struct Arbitrary<std::vector<move>> {
  static Gen<std::vector<move>> arbitrary() { return any_moves(); }
};

}  // namespace rc

TEST_CASE(
    "any commands give the answers and carts that pen and paper give, with restarts between them") {
  CHECK(rc::check([](const std::vector<move>& moves) {
    shop_stage s{0};
    std::map<std::string, paper_cart> papers;
    std::vector<std::pair<const exchange<shop::shopping_cart>*, answer>> expected;
    std::map<std::string, shop_command> commands;
    for (const move& m : moves) {
      if (!m.command) {
        s.run();
        s.restart();
        continue;
      }
      const std::string id = std::to_string(commands.size());
      commands.emplace(id, *m.command);
      expected.emplace_back(&s.send(m.cart, *m.command, id), papers[m.cart].take(*m.command));
    }
    s.run();
    for (const auto& [e, deserved] : expected) RC_ASSERT(e->answer() == deserved);
    for (const auto& [id, paper] : papers) RC_ASSERT(is_same(s.stored(id), paper));
    check_carts(s, commands);
  }));
}

TEST_CASE("in any order of turns, with restarts at any point, each command takes effect once") {
  CHECK(rc::check([](const std::vector<move>& moves, std::uint64_t seed) {
    shop_stage s{seed};
    std::map<std::string, shop_command> commands;
    std::vector<std::pair<std::string, std::string>> sent;
    for (const move& m : moves) {
      s.shuffle(s.below(12));
      if (!m.command) {
        s.restart();
        continue;
      }
      const std::string id = std::to_string(commands.size());
      commands.emplace(id, *m.command);
      sent.emplace_back(m.cart, id);
      s.send(m.cart, *m.command, id);
    }
    s.shuffle(1'000'000);
    const auto before = s.account();
    for (std::size_t i = 0; i < before.size(); ++i) {
      RC_ASSERT(before[i].is_answered());
      const answer settled = insist(s, sent[i].first, commands.at(sent[i].second), sent[i].second);
      // What was accepted with events stays so, word for word, whatever was sent since.
      if (before[i].kind() == answer_kind::accepted && before[i].answer().events != 0) {
        RC_ASSERT(settled == before[i].answer());
      }
    }
    check_carts(s, commands);
  }));
}

TEST_CASE("in any order of turns, with crashes, kills, other writers, failing writes, histories "
          "that cannot "
          "be read for a while and time-outs, all that is said is true") {
  using namespace notes;
  CHECK(rc::check([](std::uint64_t seed, bool may_fail) {
    shuffled_stage<notebook> s{seed};
    const char* ids[] = {"a", "b"};
    for (int i = 0; i < 60; ++i) {
      s.shuffle(s.below(6));
      const std::string id = ids[s.below(2)];
      const std::string word = std::to_string(i);
      switch (s.below(22)) {
      case 0: s.kill(id); break;
      case 1: s.store_elsewhere(id, {written{"elsewhere"}}); break;
      case 2: s.send(id, spoil{}); break;
      case 3: s.send(id, crash{}); break;
      case 4:
        if (may_fail) s.journal().fail(static_cast<faulty_journal::fault>(1 + s.below(4)));
        break;
      case 5:
        if (s.context().has_failed() || s.below(4) == 0) s.restart();
        break;
      case 6:
      case 7: s.look(id); break;
      case 8: s.send(id, tear_out{}); break;
      case 9:
        if (!s.account().empty()) {
          const auto& e = s.account()[s.below(s.account().size())];
          s.send(e.aggregate_id, note{"again"}, e.command_id);
        }
        break;
      case 10: s.send(id, end_with{"elsewhere"}); break;
      case 11: s.passivate(id); break;
      case 12: s.crash(id); break;
      case 13: s.pass_the_timeout(); break;
      case 14: s.journal().damage("notebook/" + id, s.below(2) == 0 ? "wrong checksum" : ""); break;
      case 15: s.pass(std::chrono::milliseconds(s.below(500))); break;
      case 16:
      case 17:
        if (!s.account().empty()) {
          const auto& e = s.account()[s.below(s.account().size())];
          if (!e.command_id.empty()) s.outcome(e.aggregate_id, e.command_id);
        }
        break;
      default: s.send(id, note{word});
      }
    }
    s.journal().fail(faulty_journal::fault::none);
    for (const char* id : ids) s.journal().damage(std::string("notebook/") + id, "");
    s.shuffle(1'000'000);
    for (const auto& e : s.account()) RC_ASSERT(e.answers.size() == 1U);
    for (const auto& q : s.questions()) RC_ASSERT(q.answers.size() == 1U);
    s.restart();
    for (const char* id : ids) {
      const auto& query = s.look(id);
      s.shuffle(1'000'000);
      RC_ASSERT(*query.seen == s.stored(id));
    }
  }));
}

// -- every order ---------------------------------------------------------------------------------------------------

TEST_CASE("in every order of turns two commands and a query of a new aggregate come out right") {
  using namespace notes;
  in_every_order({[](auto& s) { s.send("a", note{"one"}, "id"); },
                  [](auto& s) { s.send("a", note{"one"}, "id"); }, [](auto& s) { s.look("a"); }},
                 [](auto& s) {
                   CHECK(s.account()[0].answer() == accepted(1));
                   CHECK(s.account()[1].answer() == accepted(1));
                   CHECK(s.account()[2].answer() == already_so(1));
                 });
}

TEST_CASE("in every order of turns another writer's commit is counted once and nothing is lost") {
  using namespace notes;
  in_every_order({[](auto& s) { s.send("a", note{"one"}); },
                  [](auto& s) { s.send("a", note{"two"}); },
                  [](auto& s) { s.store_elsewhere("a", {written{"other"}}); }},
                 [](auto& s) {
                   auto all = s.stored("a").words;
                   CHECK(all.size() == 3);
                   all.erase(std::find(all.begin(), all.end(), "other"));
                   CHECK(all == std::vector<std::string>{"one", "two"});
                   CHECK(s.account()[0].kind() == answer_kind::accepted);
                   CHECK(s.account()[1].kind() == answer_kind::accepted);
                 });
}

TEST_CASE("in every order of turns a killed actor's commands are answered once, and its successor "
          "knows") {
  using namespace notes;
  in_every_order({[](auto& s) { s.send("a", note{"one"}); }, [](auto& s) { s.kill("a"); },
                  [](auto& s) { s.look("a"); }},
                 [](auto& s) { CHECK(s.account()[1].is_answered()); });
}

TEST_CASE("in every order of turns a command that is late and sent again takes effect once") {
  using namespace notes;
  in_every_order({[](auto& s) { s.send("a", note{"one"}, "id"); },
                  [](auto& s) { s.pass_the_timeout(); },
                  [](auto& s) { s.send("a", note{"one"}, "id"); }, [](auto& s) { s.look("a"); }},
                 [](auto& s) {
                   const auto& first = s.account()[0];
                   CHECK((first.answer() == accepted(1) || first.kind() == answer_kind::unknown));
                   CHECK(s.account()[1].answer() == accepted(1));
                   CHECK(s.account()[2].answer() == already_so(1));
                   CHECK(s.stored("a").words == std::vector<std::string>{"one"});
                 });
}

TEST_CASE("in every order of turns a failed write denies nothing that it may have stored") {
  using namespace notes;
  in_every_order({[](auto& s) { s.send("a", note{"one"}); },
                  [](auto& s) { s.send("a", note{"two"}, "id"); },
                  [](auto& s) { s.journal().fail(faulty_journal::fault::fail_after); },
                  [](auto& s) { s.send("a", note{"two"}, "id"); }},
                 [](auto& s) {
                   const bool is_stored = s.stored("a").words.size() == 2;
                   if (is_stored) CHECK(s.account()[2].kind() != answer_kind::unavailable);
                 });
}
