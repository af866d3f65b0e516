// The record of a commit, as every store has it. What decodes is encoded to the same bytes again.

#include "fuzz/fuzz.hpp"
#include "reprise/commit_format.hpp"
#include "reprise/error.hpp"

namespace {

std::string encoded_again(const reprise::commit_view& view) {
  reprise::encoded_events events;
  for (const auto& event : view.events) events.add(event);
  reprise::commit c;
  c.stream = view.stream;
  c.expected_version = view.first_version - 1;
  c.time = view.time;
  c.command_id = view.command_id;
  c.correlation_id = view.correlation_id;
  c.causation_id = view.causation_id;
  c.events = &events;
  std::string record;
  reprise::encode_commit(c, view.first_position, record);
  fuzz::require(record.size() == reprise::encoded_size(c), "the size is told beforehand");
  return record;
}

void decode(std::string_view record) {
  reprise::commit_view view;
  try {
    reprise::decode_commit(record, view);
  } catch (const reprise::damaged_history&) {
    return;
  }
  fuzz::require(!view.events.empty(), "a commit has an event");
  fuzz::require(view.last_version() >= view.first_version, "versions do not wrap round");
  fuzz::require(view.last_position() >= view.first_position, "positions do not wrap round");
  fuzz::require(encoded_again(view) == record, "a record is encoded to the same bytes again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decode(fuzz::text_of(data, size));
  decode(fuzz::with_checksum(fuzz::text_of(data, size)));
  return 0;
}
