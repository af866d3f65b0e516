#include "checker/recovery.hpp"
#include "checker/report.hpp"
#include "checker/text_pool.hpp"
#include "checker_run.hpp"
#include "reprise/error.hpp"
#include "reprise/trim.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <signal.h>
#include <sstream>
#include <stdlib.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace shop;
using checker::violation_kind;
using checker_run::result;
using checker_run::text_of;

namespace {

/// Four commands and a view on one cart, all as it should be; each test then falsifies something.
struct sound_run : checker_run::run {
  sound_run() {
    sent("a", "cart", add_product{"tea", 2});
    stored("a", "cart", {product_added_to_cart{"tea", 2}});
    answered("a", result::accepted, 1, 1);
    sent("b", "cart", change_quantity{"tea", 2});
    answered("b", result::accepted, 1, 0);
    sent("c", "cart", check_out{});
    stored("c", "cart", {cart_checked_out{}});
    answered("c", result::accepted, 2, 1);
    sent("d", "cart", remove_product{"tea"});
    answered("d", result::refused, 2, 0, "is_checked_out");
    viewed("e", "cart");
    answered("e", result::accepted, 2, 0);
  }

  checker::answer_line& answer_to(const std::string& id) {
    for (auto& line : log) {
      auto* answer = std::get_if<checker::answer_line>(&line);
      if (answer != nullptr && answer->id == id) return *answer;
    }
    throw std::logic_error("the test has no answer to " + id);
  }

  void forget_answer_to(const std::string& id) {
    std::erase_if(log, [&](const checker::ack_line& line) {
      const auto* answer = std::get_if<checker::answer_line>(&line);
      return answer != nullptr && answer->id == id;
    });
  }
};

/// A journal that hands out another one's commits in an altered form, as a damaged or lying store would.
class altered_journal : public reprise::journal {
 public:
  using alter = std::function<bool(reprise::commit_view&)>;

  /// `alter_commit` changes a commit, or returns false to leave it out.
  altered_journal(std::shared_ptr<reprise::journal> original,
                  alter in_verify,
                  alter in_streams = nullptr)
      : original_(std::move(original)),
        in_verify_(std::move(in_verify)),
        in_streams_(std::move(in_streams)) {}

  std::vector<reprise::append_result> append(std::span<const reprise::commit> batch) override {
    return original_->append(batch);
  }
  void read_stream(std::string_view stream,
                   std::uint64_t from,
                   const reprise::commit_visitor& visit) const override {
    original_->read_stream(stream, from, altering(visit, in_streams_));
  }
  void read_all(std::uint64_t from, const reprise::commit_visitor& visit) const override {
    original_->read_all(from, visit);
  }
  void verify(const reprise::commit_visitor& visit,
              const reprise::damage_visitor& report) const override {
    original_->verify(altering(visit, in_verify_), report);
    if (damage) report(*damage);
  }
  std::uint64_t last_position() const override { return original_->last_position(); }
  reprise::journal_stats stats() const override { return original_->stats(); }

  std::optional<reprise::damaged_history> damage;

 private:
  static reprise::commit_visitor altering(const reprise::commit_visitor& visit, const alter& with) {
    return [&visit, &with](const reprise::commit_view& commit) {
      reprise::commit_view altered = commit;
      if (with && !with(altered)) return true;
      return visit(altered);
    };
  }

  std::shared_ptr<reprise::journal> original_;
  alter in_verify_;
  alter in_streams_;
};

checker::findings recovered(const checker_run::run& run,
                            const std::shared_ptr<reprise::journal>& journal) {
  checker::history history;
  for (const auto& line : run.log) history.add(line);
  checker::findings findings;
  const checker::judge_options options;
  checker::judge judge(history, options, findings);
  judge.read(*journal);
  check_recovery(
      judge, journal, [](const std::string&) {}, [] { return false; }, findings);
  return findings;
}

}  // namespace

// -- what is as it should be -----------------------------------------------------

TEST_CASE_FIXTURE(sound_run, "a sound run has no violation, and everything in it is counted") {
  const auto findings = judged();
  CHECK(text_of(findings) == "");
  CHECK(findings.journal_is_read);
  CHECK(findings.commits == 2);
  CHECK(findings.events == 2);
  CHECK(findings.carts == 1);
  CHECK(findings.judgements == 3);
  CHECK(findings.answers.sent == 5);
  CHECK(findings.answers.accepted == 2);
  CHECK(findings.answers.already_so == 1);
  CHECK(findings.answers.refused == 1);
  CHECK(findings.answers.views_accepted == 1);
  for (const std::uint64_t ids : findings.answers.ids_by_command) CHECK(ids == 1);
  CHECK(exit_status(findings) == 0);
}

TEST_CASE_FIXTURE(sound_run, "a command without an answer may be stored, or not") {
  sent("f", "other", add_product{"tea", 1});
  sent("g", "other", add_product{"jam", 1});
  stored("g", "other", {product_added_to_cart{"jam", 1}});
  sent("h", "other", add_product{"jam", 1});
  answered("h", result::unknown);
  const auto findings = judged();
  CHECK(text_of(findings) == "");
  CHECK(findings.answers.no_answer == 2);
  CHECK(findings.answers.unanswered_ids == 2);
  CHECK(findings.answers.unanswered_stored == 1);
  CHECK(findings.answers.unknown_ids == 1);
  CHECK(findings.answers.unknown_stored == 0);
}

TEST_CASE_FIXTURE(sound_run, "a retry may be told the first answer at any later time") {
  sent("a", "cart", add_product{"tea", 2});
  answered("a", result::accepted, 1, 1);
  CHECK(text_of(judged()) == "");
}

TEST_CASE_FIXTURE(sound_run, "a command that was refused may be accepted when it is sent again") {
  sent("f", "other", check_out{});
  answered("f", result::refused, 0, 0, "cart_is_empty");
  sent("g", "other", add_product{"tea", 1});
  stored("g", "other", {product_added_to_cart{"tea", 1}});
  answered("g", result::accepted, 1, 1);
  sent("f", "other", check_out{});
  stored("f", "other", {cart_checked_out{}});
  answered("f", result::accepted, 2, 1);
  CHECK(text_of(judged()) == "");
}

TEST_CASE_FIXTURE(sound_run,
                  "a command of a killed life may be answered to its retry in the next") {
  sent("f", "other", add_product{"tea", 1});
  stored("f", "other", {product_added_to_cart{"tea", 1}});
  sent("f", "other", add_product{"tea", 1});
  answered("f", result::accepted, 1, 1);
  CHECK(text_of(judged()) == "");
}

TEST_CASE_FIXTURE(sound_run, "what the format has no room for is refused unjudged") {
  sent("f", std::string(513, 'x'), check_out{});
  answered("f", result::refused, 0, 0, "the id is too long");
  CHECK(text_of(judged()) == "");
}

// -- each kind of violation ------------------------------------------------------

TEST_CASE_FIXTURE(sound_run, "an acknowledged command that is not in the journal is lost") {
  sent("f", "other", add_product{"jam", 1});
  answered("f", result::accepted, 1, 1);
  CHECK(
      text_of(judged())
      == "lost other version 1 id f: version 1 after 1 event, acknowledged / nothing of it in the "
         "journal");
}

TEST_CASE_FIXTURE(sound_run, "a commit with another version than its answer said is misplaced") {
  answer_to("c").version = 3;
  CHECK(text_of(judged())
        == "misplaced cart version 2 id c: version 3 after 1 event, as it was answered / version 2 "
           "after 1 event");
}

TEST_CASE_FIXTURE(sound_run, "a commit with more events than its answer said is misplaced") {
  answer_to("c").events = 2;
  CHECK(
      text_of(judged())
      == "misplaced cart version 2 id c: version 2 after 2 events, as it was answered / version 2 "
         "after 1 event");
}

TEST_CASE_FIXTURE(sound_run, "a commit that is there twice is found") {
  stored("c", "cart", {cart_checked_out{}});
  CHECK(text_of(judged())
        == "stored_twice cart version 3 id c: once, at version 2 / again, at version 3");
}

TEST_CASE_FIXTURE(sound_run, "a commit whose sender was told that nothing was stored is found") {
  sent("f", "other", add_product{"jam", 1});
  stored("f", "other", {product_added_to_cart{"jam", 1}});
  SUBCASE("overloaded") {
    answered("f", result::overloaded);
    CHECK(text_of(judged())
          == "stored_unasked other version 1 id f: nothing of a command that was answered "
             "overloaded / version 1 after 1 event");
  }
  SUBCASE("unavailable") {
    answered("f", result::unavailable, 0, 0, "it is stopping");
    CHECK(text_of(judged())
          == "stored_unasked other version 1 id f: nothing of a command that was answered "
             "unavailable / version 1 after 1 event");
  }
  SUBCASE("refused or already so, which the rules did not give either") {
    answered("f", result::refused, 0, 0, "too_many_products");
    CHECK(judged().by_kind[static_cast<std::size_t>(violation_kind::stored_unasked)] == 1);
    std::get<checker::answer_line>(log.back()).result = result::accepted;
    CHECK(judged().by_kind[static_cast<std::size_t>(violation_kind::stored_unasked)] == 1);
  }
  SUBCASE("but not if another sending of it is open") {
    answered("f", result::overloaded);
    sent("f", "other", add_product{"jam", 1});
    CHECK(text_of(judged()) == "");
    answered("f", result::unknown);
    CHECK(text_of(judged()) == "");
  }
}

TEST_CASE_FIXTURE(sound_run, "a commit that nobody sent is foreign, unless others are allowed") {
  stored("x", "other", {product_added_to_cart{"jam", 1}});
  CHECK(text_of(judged())
        == "foreign other version 1 id x: only commands that were sent / no line of the log sent "
           "this id");
  const auto findings = judged({true, [] { return false; }});
  CHECK(text_of(findings) == "");
  CHECK(findings.foreign_events == 1);
}

TEST_CASE_FIXTURE(sound_run, "a commit in a stream that is no cart's is foreign") {
  reprise::encoded_events events;
  events.add({"paid", 0, ""});
  stored_encoded("x", "invoice/7", events);
  CHECK(text_of(judged())
        == "foreign  version 1 id x: only commands that were sent / it is in stream \"invoice/7\"");
}

TEST_CASE_FIXTURE(sound_run, "a commit in another cart than it was sent to is foreign") {
  sent("f", "other", add_product{"jam", 1});
  stored("f", "third", {product_added_to_cart{"jam", 1}});
  CHECK(text_of(judged())
        == "foreign third version 1 id f: only commands that were sent to this cart / one sent to "
           "cart \"other\"");
}

TEST_CASE_FIXTURE(sound_run, "a commit that does not follow from its command is found") {
  sent("f", "other", add_product{"jam", 1});
  answered("f", result::accepted, 1, 1);
  SUBCASE("another quantity") {
    stored("f", "other", {product_added_to_cart{"jam", 2}});
    CHECK(text_of(judged())
          == "wrong_events other version 1 id f: product added to cart: 1 \"jam\" for add product: "
             "1 \"jam\" / product added to cart: 2 \"jam\"");
  }
  SUBCASE("another price") {
    stored("f", "other", {product_added_to_cart{"jam", 1, 350}});
    CHECK(text_of(judged())
          == "wrong_events other version 1 id f: product added to cart: 1 \"jam\" for add product: "
             "1 \"jam\" / product added to cart: 1 \"jam\" at 350 each");
  }
  SUBCASE("another event") {
    stored("f", "other", {product_removed_from_cart{"jam"}});
    CHECK(text_of(judged())
          == "wrong_events other version 1 id f: product added to cart: 1 \"jam\" for add product: "
             "1 \"jam\" / product removed from cart: \"jam\"");
  }
}

TEST_CASE_FIXTURE(sound_run, "a price that was sent is stored") {
  sent("f", "other", add_product{"jam", 1, 350});
  answered("f", result::accepted, 1, 1);
  stored("f", "other", {product_added_to_cart{"jam", 1, 350}});
  CHECK(text_of(judged()) == "");
}

TEST_CASE_FIXTURE(sound_run,
                  "a commit under the name that its event had once is what it is today") {
  sent("f", "other", add_product{"jam", 1});
  answered("f", result::accepted, 1, 1);
  stored("f", "other", {product_added_to_cart{"jam", 1}});
  sent("g", "other", change_quantity{"jam", 4});
  answered("g", result::accepted, 2, 1);
  reprise::encoded_events once;
  once.add({"product_quantity_changed", 0, std::string("\3\0\0\0jam\4\0\0\0\0\0\0\0", 15)});
  stored_encoded("g", "shopping_cart/other", once);
  CHECK(text_of(judged()) == "");
}

TEST_CASE_FIXTURE(sound_run, "a commit of a command that was to be refused is found") {
  sent("f", "cart", add_product{"jam", 1});
  stored("f", "cart", {product_added_to_cart{"jam", 1}});
  answered("f", result::accepted, 3, 1);
  CHECK(text_of(judged())
        == "wrong_events cart version 3 id f: refused: is_checked_out for add product: 1 \"jam\" / "
           "product added to cart: 1 \"jam\"");
}

TEST_CASE_FIXTURE(sound_run, "an event of a view is found") {
  viewed("f", "other");
  stored("f", "other", {product_added_to_cart{"jam", 1}});
  CHECK(text_of(judged())
        == "wrong_events other version 1 id f: no event of a view / product added to cart: 1 "
           "\"jam\"");
}

TEST_CASE_FIXTURE(sound_run, "a refusal that the rules do not give is found") {
  SUBCASE("for another reason") {
    answer_to("d").reason = "cart_is_empty";
    CHECK(text_of(judged())
          == "wrong_judgement cart version 2 id d: refused: is_checked_out for remove product: "
             "\"tea\" / refused: cart_is_empty");
  }
  SUBCASE("at all") {
    sent("f", "other", remove_product{"tea"});
    answered("f", result::refused, 0);
    CHECK(text_of(judged())
          == "wrong_judgement other version 0 id f: already so for remove product: \"tea\" / "
             "refused");
  }
  SUBCASE("but not one without a reason") {
    answer_to("d").reason.clear();
    CHECK(text_of(judged()) == "");
  }
}

TEST_CASE_FIXTURE(sound_run, "an already so that the rules do not give is found") {
  sent("f", "other", add_product{"jam", 1});
  answered("f", result::accepted, 0, 0);
  CHECK(
      text_of(judged())
      == "wrong_judgement other version 0 id f: product added to cart: 1 \"jam\" for add product: "
         "1 \"jam\" / already so");
}

TEST_CASE_FIXTURE(sound_run,
                  "a judgement or a view at a version that the cart never had is found") {
  SUBCASE("past its last") {
    answer_to("e").version = 3;
    CHECK(text_of(judged())
          == "impossible_version cart version 3 id e: a version that the cart went through / one "
             "past its last, 2, where it was judged");
  }
  SUBCASE("inside a commit") {
    sent("f", "other", add_product{"jam", 1});
    stored("f", "other", {product_added_to_cart{"jam", 1}, product_added_to_cart{"jam", 1}});
    viewed("g", "other");
    answered("g", result::accepted, 1, 0);
    CHECK(judged().by_kind[static_cast<std::size_t>(violation_kind::impossible_version)] == 1);
  }
}

TEST_CASE_FIXTURE(sound_run, "a stored command that is judged once more is found") {
  sent("a", "cart", add_product{"tea", 2});
  answered("a", result::refused, 2, 0, "is_checked_out");
  CHECK(text_of(judged())
        == "judged_again cart version 2 id a: the first answer: version 1 after 1 event / refused "
           "at version 2");
}

TEST_CASE("a command that is sent again when its id is not remembered any more is a new one") {
  checker_run::run run;
  run.sent("a", "cart", add_product{"tea", 1});
  run.stored("a", "cart", {product_added_to_cart{"tea", 1}});
  run.answered("a", result::unknown, 0, 0);
  run.sent("b", "cart", change_quantity{"tea", 2});
  run.stored("b", "cart", {product_quantity_changed_in_cart{"tea", 2}});
  run.answered("b", result::accepted, 2, 1);
  std::uint64_t others = 0;
  SUBCASE("one command too early") {
    others = 998;
  }
  SUBCASE("as soon as it is forgotten") {
    others = 999;
  }
  for (std::uint64_t i = 0; i < others; ++i) {
    const std::string id = "other " + std::to_string(i);
    const auto quantity = static_cast<std::int64_t>(3 + i % 2);
    run.sent(id, "cart", change_quantity{"tea", quantity});
    run.stored(id, "cart", {product_quantity_changed_in_cart{"tea", quantity}});
    run.answered(id, result::accepted, 3 + i, 1);
  }
  run.sent("a", "cart", add_product{"tea", 1});
  run.stored("a", "cart", {product_added_to_cart{"tea", 1}});
  run.answered("a", result::accepted, 3 + others, 1);
  const auto found = run.judged();
  CHECK(found.sent_too_late == (others == 999 ? 1u : 0u));
  CHECK(found.violation_count == (others == 999 ? 0u : 2u));
}

TEST_CASE_FIXTURE(sound_run, "two answers of one id that differ are found") {
  sent("a", "cart", add_product{"tea", 2});
  answered("a", result::accepted, 2, 1);
  const auto findings = judged();
  CHECK(findings.by_kind[static_cast<std::size_t>(violation_kind::answers_differ)] == 1);
  CHECK(findings.by_kind[static_cast<std::size_t>(violation_kind::misplaced)] == 1);
}

TEST_CASE_FIXTURE(sound_run, "a second answer to one sending is found") {
  answered("a", result::accepted, 1, 1);
  CHECK(text_of(judged())
        == "surplus_answer cart version 1 id a: an answer to each sending / 1 more");
}

TEST_CASE_FIXTURE(sound_run, "a second answer that differs from the first is told with both") {
  answered("c", result::refused, 2, 0, "is_checked_out");
  CHECK(text_of(judged())
        == "surplus_answer cart version 2 id c: an answer to each sending / 1 more, and after "
           "accepted at version 2 after 1 event it was answered refused at version 2 after 0 "
           "events: \"is_checked_out\"");
}

TEST_CASE_FIXTURE(sound_run, "an answer that says what none of its kind says is found") {
  const auto found = [this](checker::answer_line answer) {
    sent("f", "other", add_product{"jam", 1});
    answer.at = std::get<checker::send_line>(log.back()).at + 10;
    answer.id = "f";
    log.push_back(answer);
    return text_of(judged());
  };
  const std::string begin = "impossible_answer ";
  SUBCASE("a refusal with events") {
    answer_to("d").events = 7;
    CHECK(text_of(judged())
          == begin
                 + "cart version 2 id d: a refusal without events / refused at version 2 after 7 "
                   "events: \"is_checked_out\"");
  }
  SUBCASE("an overload with events") {
    CHECK(found({0, "", result::overloaded, 0, 1, ""})
          == begin
                 + "other version 0 id f: neither version nor events of what was not judged / "
                   "overloaded at version 0 after 1 event");
  }
  SUBCASE("an unavailability with a version") {
    CHECK(found({0, "", result::unavailable, 3, 0, "it is stopping"})
          == begin
                 + "other version 3 id f: neither version nor events of what was not judged / "
                   "unavailable at version 3 after 0 events");
  }
  SUBCASE("an unknown with a version") {
    CHECK(found({0, "", result::unknown, 3, 0, ""}).starts_with(begin + "other version 3 id f: "));
  }
  SUBCASE("an acceptance with a reason") {
    answer_to("b").reason = "is_checked_out";
    CHECK(text_of(judged())
          == begin
                 + "cart version 1 id b: accepted without a reason / accepted at version 1 after "
                   "0 events: \"is_checked_out\"");
  }
  SUBCASE("more events than versions") {
    CHECK(found({0, "", result::accepted, 1, 2, ""}).find(begin + "other version 1 id f: no more ")
          != std::string::npos);
  }
  SUBCASE("a view with events") {
    answer_to("e").events = 1;
    CHECK(text_of(judged()).find(begin + "cart version 2 id e: a view without events")
          != std::string::npos);
  }
}

TEST_CASE_FIXTURE(sound_run, "a view that sees less than was acknowledged before it is found") {
  viewed("f", "cart");
  answered("f", result::accepted, 1, 0);
  CHECK(text_of(judged())
        == "wrong_order cart version 1 id f: nothing before what was answered before it was sent: "
           "id \"c\", version 2 / version 1, sent 50 ns after that answer");
}

TEST_CASE_FIXTURE(sound_run, "a commit before one that was answered before it was sent is found") {
  sent("f", "other", add_product{"tea", 1});
  answered("f", result::accepted, 2, 1);
  sent("g", "other", add_product{"tea", 1});
  answered("g", result::accepted, 1, 1);
  stored("g", "other", {product_added_to_cart{"tea", 1}});
  stored("f", "other", {product_added_to_cart{"tea", 1}});
  CHECK(text_of(judged())
        == "wrong_order other version 1 id g: nothing before what was answered before it was sent: "
           "id \"f\", version 2 / version 1, sent 10 ns after that answer");
}

TEST_CASE_FIXTURE(sound_run, "a commit at a version at which the cart was judged before is found") {
  viewed("f", "other");
  answered("f", result::accepted, 1, 0);
  sent("g", "other", add_product{"tea", 1});
  stored("g", "other", {product_added_to_cart{"tea", 1}});
  answered("g", result::accepted, 1, 1);
  CHECK(judged().by_kind[static_cast<std::size_t>(violation_kind::wrong_order)] == 1);
}

TEST_CASE_FIXTURE(sound_run, "commands that overlap may come in either order") {
  sent("f", "other", add_product{"tea", 1});
  sent("g", "other", add_product{"tea", 1});
  viewed("h", "other");
  viewed("i", "other");
  stored("g", "other", {product_added_to_cart{"tea", 1}});
  stored("f", "other", {product_added_to_cart{"tea", 1}});
  answered("f", result::accepted, 2, 1);
  answered("g", result::accepted, 1, 1);
  answered("i", result::accepted, 2, 0);
  answered("h", result::accepted, 0, 0);
  CHECK(text_of(judged()) == "");
}

TEST_CASE_FIXTURE(sound_run, "a version and a position that are missing are found") {
  sent("f", "cart", check_out{});
  answered("f", result::accepted, 2, 0);
  const altered_journal altered(journal, [](auto& commit) { return commit.first_version != 1; });
  const auto findings = judged_on(altered);
  CHECK(findings.by_kind[static_cast<std::size_t>(violation_kind::gap)] == 2);
  CHECK(findings.by_kind[static_cast<std::size_t>(violation_kind::lost)] == 1);
  CHECK(findings.unjudged > 0);
}

TEST_CASE_FIXTURE(sound_run, "a version that is there twice is a gap") {
  const altered_journal altered(journal, [](auto& commit) {
    commit.first_version = 1;
    return true;
  });
  CHECK(judged_on(altered).by_kind[static_cast<std::size_t>(violation_kind::gap)] == 1);
}

TEST_CASE_FIXTURE(sound_run, "what the store reports as damaged is found") {
  altered_journal altered(journal, [](auto&) { return true; });
  altered.damage.emplace(reprise::place{"shopping_cart/cart", 2, 2}, "the checksum is wrong");
  CHECK(text_of(judged_on(altered))
        == "damaged cart version 2 id : what can be read / the checksum is wrong, position 2");
}

TEST_CASE_FIXTURE(sound_run, "an event that does not decode is damaged") {
  reprise::encoded_events events;
  events.add({"product_stolen", 0, ""});
  sent("f", "cart", check_out{});
  stored_encoded("f", "shopping_cart/cart", events);
  CHECK(text_of(judged())
        == "damaged cart version 3 id : what can be read / this program knows no event "
           "\"product_stolen\", position 3");
}

// -- recovery --------------------------------------------------------------------

TEST_CASE_FIXTURE(sound_run, "a cart that recovers to the fold of its events is as it should be") {
  sent("f", "never used", check_out{});
  const auto findings = recovered(*this, journal);
  CHECK(text_of(findings) == "");
  CHECK(findings.recovered == 2);
}

TEST_CASE_FIXTURE(sound_run, "a cart that recovers to another version is found") {
  const auto lying = std::make_shared<altered_journal>(
      journal, nullptr, [](auto& commit) { return commit.first_version == 1; });
  CHECK(text_of(recovered(*this, lying))
        == "wrong_recovery cart version 2 id : version 2 / version 1");
}

TEST_CASE_FIXTURE(sound_run, "a cart that recovers to other contents is found") {
  reprise::encoded_events other;
  reprise::encode_event<shopping_cart>(product_added_to_cart{"jam", 2}, other);
  checker_run::run second;
  second.stored("a", "cart", {product_added_to_cart{"jam", 2}});
  second.stored("c", "cart", {cart_checked_out{}});
  const auto read = [&](const reprise::journal& from, std::vector<std::string>& payloads) {
    from.read_all(1, [&](const auto& c) {
      payloads.emplace_back(c.events[0].payload);
      return true;
    });
  };
  std::vector<std::string> payloads;
  read(*second.journal, payloads);
  const auto lying = std::make_shared<altered_journal>(journal, nullptr, [&](auto& commit) {
    commit.events[0].payload = payloads[commit.first_version - 1];
    return true;
  });
  CHECK(text_of(recovered(*this, lying))
        == "wrong_recovery cart version 2 id : 2 \"tea\", checked out / 2 \"jam\", checked out");
}

TEST_CASE_FIXTURE(sound_run, "a cart that does not recover is found, but not one that is damaged") {
  const auto throwing = [](auto&) -> bool {
    throw reprise::damaged_history({"shopping_cart/cart", 1, 1}, "torn");
  };
  const auto broken = std::make_shared<altered_journal>(journal, nullptr, throwing);
  CHECK(text_of(recovered(*this, broken))
            .starts_with(
                "wrong_recovery cart version 2 id : 2 \"tea\", checked out / unavailable: "));

  broken->damage.emplace(reprise::place{"shopping_cart/cart", 1, 1}, "torn");
  const auto findings = recovered(*this, broken);
  CHECK(findings.violation_count == 1);
  CHECK(findings.by_kind[static_cast<std::size_t>(violation_kind::damaged)] == 1);
}

TEST_CASE_FIXTURE(sound_run, "a damaged cart that recovers all the same is found") {
  const auto hiding = std::make_shared<altered_journal>(journal, nullptr);
  hiding->damage.emplace(reprise::place{"shopping_cart/cart", 2, 2}, "torn");
  CHECK(recovered(*this, hiding).by_kind[static_cast<std::size_t>(violation_kind::wrong_recovery)]
        == 1);
}

TEST_CASE_FIXTURE(sound_run, "there is no cart under an id that the format has no room for") {
  for (const std::string& id : {std::string(), std::string(513, 'x')}) {
    sent("to " + std::to_string(id.size()), id, add_product{"tea", 1});
    answered("to " + std::to_string(id.size()), result::refused, 0, 0, "the id is too long");
  }
  CHECK(text_of(recovered(*this, journal)) == "");

  checker::history history;
  for (const auto& line : log) history.add(line);
  checker::findings findings;
  checker::judge judge(history, {}, findings);
  judge.read(*journal);
  const shopping_cart empty;
  judge.compare_recovered(*history.carts.find(""), &empty, 0, "");
  CHECK(text_of(findings)
        == "wrong_recovery  version 0 id : no cart, as the format has no room for its id / empty");
}

// -- the log ---------------------------------------------------------------------

namespace {

struct log_file {
  log_file() {
    std::string name = std::filesystem::temp_directory_path() / "ack-log-XXXXXX";
    const int file = mkstemp(name.data());
    REQUIRE(file >= 0);
    close(file);
    path = name;
  }
  log_file(const log_file&) = delete;
  log_file& operator=(const log_file&) = delete;
  ~log_file() { std::filesystem::remove(path); }

  /// Returns the size of a log with this text, or what is wrong with it, behind the file's name.
  std::string read(const std::string& text) const {
    std::ofstream(path, std::ios::binary) << text;
    checker::history history;
    try {
      const auto size = checker::read_ack_log(path, [&](const auto& line) {
        history.add(line);
        return true;
      });
      return std::to_string(size.lines) + " lines, " + std::to_string(size.cut_off) + " cut off";
    } catch (const checker::bad_log& bad) {
      return std::string(bad.what()).substr(path.size());
    }
  }

  std::string path;
};

const std::string a_send =
    R"({"t":"send","at":17,"id":"a","cart":"c","command":"add_product","data":{"product_id":"tea","quantity":2}})"
    "\n";
const std::string an_answer =
    R"({"t":"answer","at":19,"id":"a","result":"accepted","version":1,"events":1})"
    "\n";

}  // namespace

TEST_CASE_FIXTURE(log_file, "a log is read to its end, less a last line that was cut off") {
  CHECK(read("") == "0 lines, 0 cut off");
  CHECK(read(a_send + an_answer) == "2 lines, 0 cut off");
  for (std::size_t cut = 1; cut + 1 < an_answer.size(); ++cut)
    CHECK(read(a_send + an_answer.substr(0, cut)) == "1 lines, 1 cut off");
  CHECK(read(a_send + an_answer.substr(0, an_answer.size() - 1)) == "2 lines, 0 cut off");
}

TEST_CASE_FIXTURE(log_file, "any other line that is none is named with what is wrong with it") {
  CHECK(read("{\n").starts_with(":1: no JSON: "));
  CHECK(read(a_send + "\n" + an_answer).starts_with(":2: no JSON: "));
  CHECK(read(a_send + "[]\n") == ":2: a JSON object is expected, not array");
  CHECK(read("{\"t\":\"sand\"}\n") == R"(:1: "t" is to be "send" or "answer", not "sand")");
  CHECK(read(R"({"t":"send","at":1})"
             "\n")
        == ":1: \"id\" is missing");
  CHECK(read(R"({"t":"send","at":-1,"id":"a"})"
             "\n")
        == ":1: \"at\" is to be a whole number of 64 bits");
  CHECK(
      read(a_send + R"({"t":"answer","at":9223372036854775807,"id":"a","result":"unknown"})" + "\n")
      == "2 lines, 0 cut off");
  CHECK(
      read(a_send + R"({"t":"answer","at":9223372036854775808,"id":"a","result":"unknown"})" + "\n")
      == ":2: \"at\" is to be nanoseconds of the clock, which ends at 9223372036854775807");
  CHECK(read(a_send
             + R"({"t":"answer","at":19,"id":"a","result":"refused","version":999,"version":4})"
             + "\n")
        == ":2: the member \"version\" is there twice");
  CHECK(read(R"({"t":"send","at":1,"id":"a","cart":"c","command":"check_out","data":{"x":1,"x":1}})"
             "\n")
        == ":1: the member \"x\" is there twice");
  CHECK(read(R"({"t":"send","at":1,"id":"","cart":"c","command":"view","data":{}})"
             "\n")
        == ":1: \"id\" is empty, and tells no command from another");
  CHECK(read(R"({"t":"send","at":1,"id":"a","cart":"c","command":"steal","data":{}})"
             "\n")
        == ":1: there is no command \"steal\"");
  CHECK(read(R"({"t":"send","at":1,"id":"a","cart":"c","command":"view","data":{},"extra":1})"
             "\n")
        == ":1: there is no member \"extra\" in this line");
  CHECK(read(a_send + R"({"t":"answer","at":19,"id":"a","result":"accepted","version":1})" + "\n")
        == ":2: \"events\" is missing");
  CHECK(read(an_answer) == ":1: id \"a\" is answered, and was not sent");
  CHECK(read(a_send + R"({"t":"answer","at":16,"id":"a","result":"unknown"})" + "\n")
        == ":2: id \"a\" is answered before it was sent");
  CHECK(
      read(a_send + R"({"t":"send","at":17,"id":"a","cart":"d","command":"view","data":{}})" + "\n")
      == ":2: id \"a\" was sent before with another command or to another cart");
  std::string with_price = a_send;
  with_price.insert(with_price.find("}}"), R"(,"unit_price":350)");
  CHECK(read(with_price + with_price) == "2 lines, 0 cut off");
  CHECK(read(with_price + a_send)
        == ":2: id \"a\" was sent before with another command or to another cart");
  CHECK(read(a_send + std::string(1024 * 1024 + 1, ' ') + "\n")
        == ":2: the line is longer than 1048576 bytes");
}

TEST_CASE_FIXTURE(log_file, "of a line without an end no more is read than the longest line") {
  std::filesystem::remove(path);
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const auto ignored = signal(SIGPIPE, SIG_IGN);
  std::size_t written = 0;
  std::thread writer([&] {
    const int pipe = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const std::string spaces(65536, ' ');
    for (ssize_t size = 1; size > 0 && written < 16 * 1024 * 1024;) {
      size = ::write(pipe, spaces.data(), spaces.size());
      if (size > 0) written += static_cast<std::size_t>(size);
    }
    close(pipe);
  });
  std::string said;
  try {
    checker::read_ack_log(path, [](const auto&) { return true; });
  } catch (const checker::bad_log& bad) {
    said = bad.what();
  }
  writer.join();
  signal(SIGPIPE, ignored);
  CHECK(said == path + ":1: the line is longer than 1048576 bytes");
  CHECK(written < 2 * 1024 * 1024);
}

TEST_CASE_FIXTURE(log_file, "a reader of a log that nobody writes is interrupted") {
  std::filesystem::remove(path);
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  int asked = 0;
  const auto size = checker::read_ack_log(
      path, [](const auto&) { return true; }, [&asked] { return ++asked == 2; });
  CHECK(size.lines == 0);
  CHECK(asked == 2);
}

TEST_CASE("a line is written as it is read, whatever bytes are in it") {
  const checker::ack_line lines[] = {
      checker::send_line{~0ULL >> 1U, "\xff", "c\n", checker::command_kind::change_quantity, "\xc3",
                         -5},
      checker::send_line{0, "i", "", checker::command_kind::remove_product, "", 0},
      checker::send_line{0, "i", "c", checker::command_kind::add_product, "tea", 2, 350},
      checker::send_line{0, "i", "c", checker::command_kind::add_product, "tea", 2, -1},
      checker::send_line{0, "i", "c", checker::command_kind::check_out, "", 0},
      checker::answer_line{1, "i", result::refused, 7, 0, "\"no\""},
      checker::answer_line{1, "i", result::unavailable, 0, 0, "\xff"}};
  for (const auto& line : lines) {
    INFO(json_of(line));
    CHECK(checker::ack_line_from_json(json_of(line)) == line);
  }
}

TEST_CASE("texts keep their numbers while the pool grows") {
  checker::text_pool pool;
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < 10'000; ++i) REQUIRE(pool.add("text " + std::to_string(i)) == i);
  }
  CHECK(pool.size() == 10'000);
  CHECK(pool[77] == "text 77");
  CHECK(pool.find("text 9999") == 9'999);
  CHECK_FALSE(pool.find("text 10000").has_value());
}

// -- the report ------------------------------------------------------------------

TEST_CASE_FIXTURE(sound_run, "the report names each violation, and status 3 comes first") {
  answer_to("c").version = 3;
  auto findings = judged();
  findings.was_interrupted = true;
  CHECK(exit_status(findings) == 3);

  std::ostringstream text;
  print_text(text, findings);
  CHECK(text.str().find("\nviolation: misplaced, cart \"cart\", version 2, id \"c\": expected "
                        "version 3 after 1 event, as it was answered; found version 2 after 1 "
                        "event\n")
        != std::string::npos);
  CHECK(text.str().ends_with("1 violation, and the check was not finished\n"));

  std::ostringstream json;
  print_json(json, findings);
  CHECK(json.str().find(R"("kind": "misplaced")") != std::string::npos);
  CHECK(json.str().find(R"("exit_status": 3)") != std::string::npos);
}

TEST_CASE_FIXTURE(sound_run, "an interrupted check says that it is, with status 130") {
  const auto findings = judged({false, [] { return true; }});
  CHECK(findings.was_interrupted);
  CHECK_FALSE(findings.journal_is_read);
  CHECK(exit_status(findings) == 130);
  std::ostringstream text;
  print_text(text, findings);
  CHECK(text.str().ends_with(
      "interrupted: the rest was not checked\nno verdict: the check was not finished\n"));
}

TEST_CASE_FIXTURE(sound_run, "a check that could not go on says why, with status 2") {
  auto findings = judged();
  findings.failure = "the disk is gone";
  CHECK(exit_status(findings) == 2);
  std::ostringstream text;
  print_text(text, findings);
  CHECK(text.str().ends_with("failed: the rest was not checked: the disk is gone\n"
                             "no verdict: the check was not finished\n"));
  std::ostringstream json;
  print_json(json, findings);
  CHECK(json.str().find(R"("failure": "the disk is gone")") != std::string::npos);
}

TEST_CASE_FIXTURE(sound_run, "a report says how many violations it does not name") {
  auto findings = judged();
  for (int i = 0; i < 100'007; ++i) findings.add({violation_kind::gap, "", 0, "", "", ""});
  std::ostringstream text;
  print_text(text, findings);
  CHECK(text.str().ends_with("\nand 7 more violations\n100,007 violations\n"));
}

// -- what was trimmed ------------------------------------------------------------

namespace {

/// Trims the cart of a run up to its last commit.
void trim(checker_run::run& run) {
  const auto& model = reprise::model_of<shop::shopping_cart>();
  REQUIRE(reprise::take_snapshot_now(*run.journal, model, "shopping_cart/cart") != 0);
  REQUIRE(reprise::trim_stream(*run.journal, model, "shopping_cart/cart").deleted.commits != 0);
}

}  // namespace

TEST_CASE_FIXTURE(
    sound_run,
    "a run whose first events were trimmed has no violation, and what is left is judged") {
  trim(*this);
  auto findings = judged();
  CHECK(text_of(findings) == "");
  CHECK(findings.commits == 1);
  CHECK(findings.trimmed == 1);
  CHECK(findings.judgements + findings.unjudged == 3);
  CHECK(text_of(recovered(*this, journal)) == "");
}

TEST_CASE_FIXTURE(sound_run, "what is missing behind what was trimmed is found all the same") {
  trim(*this);
  sent("lost", "cart", shop::add_product{"jam", 1});
  answered("lost", checker::result::accepted, 3, 1);
  CHECK(text_of(judged()).find("lost cart version 3 id lost") == 0);
}
