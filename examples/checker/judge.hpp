#pragma once

#include "cart/model.hpp"
#include "checker/findings.hpp"
#include "checker/history.hpp"
#include "reprise/journal.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace checker {

struct judge_options {
  /// The journal has commands of others too, which are folded and not held against anybody.
  bool foreign_ok = false;

  /// Asked now and then; judging ends early when it returns true.
  std::function<bool()> is_interrupted = [] { return false; };

  /// For how many recorded commands of a cart an id is remembered: one that is sent again later is a new command.
  std::uint64_t window = 1'000;
};

/// Holds what the senders were told against what is stored, with a model of the cart that shares no code with the
/// runtime's. The journal is read once, from its beginning to its end, and each cart is folded on the way; time grows
/// with the length of log and journal (and the logarithm of what was judged of a cart, which is sorted).
///
/// Of each cart it finds whether
/// - every acknowledged commit is there, once (unless it was sent again when its id was not remembered any more), at the version and with as many events as its answer said;
/// - nothing else is, but what was sent and may have been stored, because a sending of it has no answer, or `unknown`;
/// - every commit holds the events to which the command leads in the model at that version;
/// - every refusal, every "already so" and every view is what the model says at the version it was judged at;
/// - no answer says what none of its kind says, and none comes that no sending waits for;
/// - time went on: what was answered before a command was sent comes before it;
/// - versions and positions have no gaps, and everything stored can be read.
/// Of a cart whose first events were trimmed, it is found from the state on that stands for them; what was acknowledged before is
/// counted and believed, and so is that state: `trim_stream` compared it.
///
/// So the order of the journal is a linearization of the history. That needs no search, because answers tell their
/// versions.
class judge {
 public:
  /// `of` and `out` outlive the judge. Carts of others are added to the history.
  judge(history& of, judge_options options, findings& out);

  /// Reads the journal, and judges everything but the recovery. Once. Throws `reprise::journal_failure`.
  void read(const reprise::journal& journal);

  /// How many carts there are in the log and the journal, and the id of each.
  std::uint32_t cart_count() const noexcept { return history_.carts.size(); }
  std::string cart(std::uint32_t number) const { return std::string(history_.carts[number]); }

  /// Compares a cart with what it is after recovery: no value means that it could not be recovered, for this reason,
  /// which is as it should be if its history is damaged, or the format has no room for its id.
  void compare_recovered(std::uint32_t cart,
                         const shop::shopping_cart* value,
                         std::uint64_t version,
                         const std::string& reason);

 private:
  struct cart_state {
    simulation::model_cart model;
    std::uint64_t version = 0;
    std::uint32_t next_judgement = 0;  ///< the first one in `judgements_` that is not compared yet
    bool is_damaged = false;           ///< from here on nobody knows what is in it
    std::uint64_t trimmed =
        0;  ///< the last version of which nothing is left but the state that stands for it
    std::uint64_t base_version = 0;  ///< of that state, which `model` begins with
  };

  void count(const sending& s);
  void sort_judgements();
  void begin_with_bases(const reprise::journal& journal);
  bool take(const reprise::commit_view& commit);
  void check_position(const reprise::commit_view& commit);
  void take_foreign(const reprise::commit_view& commit, const std::string& why);
  void take_cart_commit(std::uint32_t cart, const reprise::commit_view& commit);
  bool is_ours(std::uint32_t cart, const reprise::commit_view& commit);
  std::vector<shop::shopping_cart::event> decoded(const reprise::commit_view& commit);
  void compare_commit(std::uint32_t command,
                      const reprise::commit_view& commit,
                      const std::vector<shop::shopping_cart::event>& events);
  void compare_answers(std::uint32_t command, const reprise::commit_view& commit);
  void compare_judgements(std::uint32_t cart);
  void compare_judgement(const sending& s, cart_state& state);
  void finish();
  void finish_command(std::uint32_t command);

  /// Returns whether the id of a stored command was not remembered any more where its cart was at `version`. A command of a
  /// cart records one event.
  bool is_forgotten(const sent_command& c, std::uint64_t version) const noexcept;
  std::string text_of_surplus(std::uint32_t command) const;
  void compare_with_kinds(std::uint32_t command);
  void count_open(const sent_command& c);
  void report_damage(const reprise::damaged_history& damage);
  void report(violation_kind kind,
              std::uint32_t cart,
              std::uint64_t version,
              std::string_view id,
              std::string expected,
              std::string found);

  history& history_;
  judge_options options_;
  findings& findings_;
  std::vector<cart_state> carts_;
  std::vector<std::uint32_t> judgements_;  ///< sendings, by cart and then version
  std::vector<std::uint32_t> recorded_;    ///< commands, in the order of the journal
  std::uint64_t next_position_ = 1;
  std::uint64_t trimmed_events_ = 0;  ///< as the journal says
  std::uint64_t missing_events_ = 0;  ///< as its positions say
};

}  // namespace checker
