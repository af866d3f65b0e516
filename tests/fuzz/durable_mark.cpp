// The file that says how far the journal was acknowledged. What is a mark is written to the same bytes again.

#include "reprise/durable_mark.hpp"

#include "fuzz/fuzz.hpp"
#include "reprise/error.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdlib.h>

namespace {

/// A folder of its own for the file, in memory where there is such a place.
class folder {
 public:
  folder() {
    const bool has_memory = std::filesystem::is_directory("/dev/shm");
    std::string name = (has_memory ? std::filesystem::path("/dev/shm")
                                   : std::filesystem::temp_directory_path())
                       / "fuzz-mark-XXXXXX";
    fuzz::require(mkdtemp(name.data()) != nullptr, "there is room for a folder");
    path = name;
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { std::filesystem::remove_all(path); }

  std::filesystem::path file() const { return path / "reprise.durable"; }

  std::filesystem::path path;
};

void read(const folder& in, std::string_view bytes) {
  std::ofstream(in.file(), std::ios::binary | std::ios::trunc) << bytes;
  std::uint64_t position = 0;
  try {
    const auto mark = reprise::detail::durable_mark::read(in.path);
    fuzz::require(mark.has_value(), "a file that is there is a mark, or damaged");
    position = *mark;
  } catch (const reprise::damaged_history&) {
    return;
  }
  std::filesystem::remove(in.file());
  { const reprise::detail::durable_mark made(in.path, position); }
  std::ifstream file(in.file(), std::ios::binary);
  const std::string again{std::istreambuf_iterator<char>(file), {}};
  fuzz::require(again == bytes, "a mark is written to the same bytes again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const folder scratch;
  read(scratch, fuzz::text_of(data, size));
  read(scratch, fuzz::with_checksum(fuzz::text_of(data, size)));
  return 0;
}
