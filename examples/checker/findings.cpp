#include "checker/findings.hpp"

#include <utility>

namespace checker {

namespace {

/// Enough to see what is wrong; a journal that is wrong in every place would fill the memory.
constexpr std::size_t violations_kept = 100'000;

constexpr std::array<std::string_view, violation_kinds> names{"lost",
                                                              "misplaced",
                                                              "stored_twice",
                                                              "stored_unasked",
                                                              "foreign",
                                                              "wrong_events",
                                                              "wrong_judgement",
                                                              "impossible_version",
                                                              "judged_again",
                                                              "answers_differ",
                                                              "surplus_answer",
                                                              "impossible_answer",
                                                              "wrong_order",
                                                              "gap",
                                                              "damaged",
                                                              "wrong_recovery"};

}  // namespace

std::string_view to_string(violation_kind kind) noexcept {
  return names.at(static_cast<std::size_t>(kind));
}

void findings::add(violation v) {
  ++violation_count;
  ++by_kind.at(static_cast<std::size_t>(v.kind));
  if (violations.size() < violations_kept) violations.push_back(std::move(v));
}

bool findings::is_finished() const noexcept {
  return journal_is_read && !was_interrupted && failure.empty();
}

}  // namespace checker
