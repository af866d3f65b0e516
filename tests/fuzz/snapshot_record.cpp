// The record of a snapshot, as every store has it. What decodes is encoded to the same bytes again, or is of the first format
// version, and encoded to a record of today that says the same.

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
  try {
    reprise::check_limits(s);
  } catch (const std::exception&) {
    fuzz::require(false, "what is read could have been saved");
  }
  std::string again;
  reprise::encode_snapshot(s, again);
  fuzz::require(reprise::encoded_size(s) == again.size(), "the size is told beforehand");
  fuzz::require(record[0] == 1 || again == record, "a record is encoded to the same bytes again");
  fuzz::require(reprise::decode_snapshot(again) == s,
                "a record says the same when it is encoded again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decode(fuzz::text_of(data, size));
  decode(fuzz::with_checksum(fuzz::text_of(data, size)));
  return 0;
}
