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

std::ostream& operator<<(std::ostream& out, const answer& a) {
  out << to_string(a.kind);
  if (a.version != 0 || a.kind == answer_kind::accepted) out << " at version " << a.version;
  if (a.kind == answer_kind::accepted)
    out << ", " << a.events << (a.events == 1 ? " event" : " events");
  if (!a.reason.empty()) out << ": " << a.reason;
  return out;
}

}  // namespace reprise
