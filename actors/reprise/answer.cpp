#include "reprise/answer.hpp"

#include <ostream>

namespace reprise {

std::string_view to_string(answer_kind kind) noexcept {
  switch (kind) {
  case answer_kind::accepted: return "accepted";
  case answer_kind::refused: return "refused";
  case answer_kind::overloaded: return "overloaded";
  case answer_kind::unavailable: return "unavailable";
  case answer_kind::unknown: return "unknown";
  }
  return "unknown";
}

std::string_view to_string(outcome_kind kind) noexcept {
  switch (kind) {
  case outcome_kind::accepted: return "accepted";
  case outcome_kind::not_taken: return "not_taken";
  case outcome_kind::out_of_window: return "out_of_window";
  case outcome_kind::refused: return "refused";
  case outcome_kind::overloaded: return "overloaded";
  case outcome_kind::unavailable: return "unavailable";
  case outcome_kind::unknown: return "unknown";
  }
  return "unknown";
}

namespace {

template <class Answer>
std::ostream& print(std::ostream& out, const Answer& a, bool is_accepted) {
  out << to_string(a.kind);
  if (a.version != 0 || is_accepted) out << " at version " << a.version;
  if (is_accepted) out << ", " << a.events << (a.events == 1 ? " event" : " events");
  if (!a.reason.empty()) out << ": " << a.reason;
  return out;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const answer& a) {
  return print(out, a, a.kind == answer_kind::accepted);
}

std::ostream& operator<<(std::ostream& out, const outcome& o) {
  return print(out, o, o.kind == outcome_kind::accepted);
}

}  // namespace reprise
