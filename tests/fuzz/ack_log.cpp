// The log of what clients sent and were told. A line that is read is written, and read as the same; and a history of any
// such lines is judged to the end.

#include "checker/ack_log.hpp"

#include "checker/history.hpp"
#include "checker/judge.hpp"
#include "fuzz/fuzz.hpp"
#include "reprise/memory_journal.hpp"

#include <algorithm>

namespace {

/// Adds lines until one is none.
void read(std::string_view text, checker::history& history) {
  try {
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      const auto read = checker::ack_line_from_json(line);
      fuzz::require(checker::ack_line_from_json(json_of(read)) == read, "a line is read again");
      history.add(read);
      text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
  } catch (const checker::bad_log&) {}
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto journal = reprise::in_memory();
  checker::history history;
  read(fuzz::text_of(data, size), history);
  checker::findings findings;
  const checker::judge_options options;
  checker::judge judge(history, options, findings);
  judge.read(*journal);
  fuzz::require(findings.journal_is_read, "an empty journal is read to its end");
  fuzz::require(findings.answers.sent == history.sendings.size(), "every sending is counted");
  const auto lost = findings.by_kind[static_cast<std::size_t>(checker::violation_kind::lost)];
  fuzz::require(findings.answers.accepted == 0 || lost > 0, "what was acknowledged is missed");
  return 0;
}
