// The record of a snapshot, as every store has it. What decodes is encoded to the same bytes again.

#include "fuzz/fuzz.hpp"
#include "reprise/archive.hpp"
#include "reprise/snapshot_format.hpp"

#include <stdexcept>

namespace {

void decode(std::string_view record) {
  reprise::snapshot s;
  try {
    s = reprise::decode_snapshot(record);
  } catch (const reprise::undecodable&) {
    return;
  }
  fuzz::require(reprise::claimed_version(record) == s.version,
                "a record says what version it is of");
  fuzz::require(reprise::encoded_size(s) == record.size(), "the size is told beforehand");
  try {
    reprise::check_limits(s);
  } catch (const std::exception&) {
    fuzz::require(false, "what is read could have been saved");
  }
  std::string again;
  reprise::encode_snapshot(s, again);
  fuzz::require(again == record, "a record is encoded to the same bytes again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decode(fuzz::text_of(data, size));
  decode(fuzz::with_checksum(fuzz::text_of(data, size)));
  return 0;
}
