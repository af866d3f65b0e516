// The keys and the order entries of the RocksDB journal: the first 8 bytes are the key, the rest is the value. Whatever
// is a key of a stream, or an entry, is made to the same bytes again.

#include "fuzz/fuzz.hpp"
#include "reprise/error.hpp"
#include "reprise/rocksdb_layout.hpp"

#include <algorithm>
#include <vector>

namespace {

using namespace reprise::detail;

void parse_key(std::string_view bytes) {
  stream_key key;
  if (!parse_stream_key(bytes, key)) return;
  std::string again;
  make_stream_key(key.stream, key.last_version, again);
  fuzz::require(again == bytes, "a stream's key is made to the same bytes again");
  fuzz::require(bytes.starts_with(stream_prefix(key.stream)), "a stream's key begins with it");
}

void decode(std::string_view key, std::string_view value) {
  std::vector<ordered_commit> commits;
  order_totals totals;
  try {
    totals = decode_order(key, value, commits);
  } catch (const reprise::damaged_history&) {
    return;
  }
  fuzz::require(!commits.empty(), "a batch has a commit");
  fuzz::require(totals.last_position == commits.back().last_position(),
                "a batch ends with its last commit");
  order_writer writer;
  writer.begin(
      {totals.batches - 1, totals.commits - commits.size(), commits.front().first_position - 1});
  for (const auto& c : commits) writer.add(c.stream, c.last_version, c.events);
  fuzz::require(writer.finish() == value, "an entry is encoded to the same bytes again");
  fuzz::require(make_order_key(totals.last_position) == key, "its key is made of its end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const std::string_view key = bytes.substr(0, 8);
  parse_key(bytes);
  decode(key, bytes.substr(key.size()));
  decode(key, fuzz::with_checksum(bytes.substr(key.size())));
  return 0;
}
