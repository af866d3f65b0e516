#include "reprise/testing/golden.hpp"

#include "reprise/archive.hpp"
#include "reprise/commit_format.hpp"
#include "reprise/error.hpp"
#include "reprise/text.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace reprise::testing::detail {

namespace {

constexpr const char* write_variable = "REPRISE_WRITE_GOLDEN";

std::optional<std::string> contents_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

std::string record_of(const encoded_events& events) {
  commit c;
  c.stream = "golden/file";
  c.events = &events;
  std::string record;
  encode_commit(c, 1, record);
  return record;
}

bool may_write() {
  const char* set = std::getenv(write_variable);
  return set != nullptr && *set != '\0';
}

/// Never overwrites: a file that is there is what some release stored.
verdict make_golden(const std::filesystem::path& file, std::string_view record) {
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out.write(record.data(), static_cast<std::streamsize>(record.size()));
  out.close();
  if (!out) return verdict{file.string() + " cannot be written"};
  return verdict{
      file.string()
      + " was not there and was made: look at it, keep it for ever, and run again without "
      + write_variable};
}

std::string byte_at(std::string_view bytes, std::size_t offset) {
  if (offset >= bytes.size()) return "the end";
  static constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(bytes[offset]);
  return std::string("0x") + digits[byte >> 4U] + digits[byte & 0xfU];
}

std::string not_there(const std::filesystem::path& file) {
  return "the golden file " + file.string() + " is not there";
}

}  // namespace

verdict compare_golden(const std::filesystem::path& file, const encoded_events& events) {
  const std::string today = record_of(events);
  const auto stored = contents_of(file);
  if (!stored) {
    if (may_write()) return make_golden(file, today);
    return verdict{not_there(file) + ": if it is for a new event or version, set " + write_variable
                   + "=1 and run again to make it"};
  }
  if (*stored == today) return {};
  const auto differs = std::mismatch(stored->begin(), stored->end(), today.begin(), today.end());
  const auto offset = static_cast<std::size_t>(differs.first - stored->begin());
  return verdict{file.string() + " differs at byte " + std::to_string(offset) + " of "
                 + std::to_string(stored->size()) + ": the file has " + byte_at(*stored, offset)
                 + ", today's program writes " + byte_at(today, offset)
                 + ". What is stored never changes: raise the event's class version, or give it "
                   "another name, and "
                   "make a new file for it with "
                 + write_variable + "=1; of this one say is_read_as"};
}

verdict read_golden(const std::filesystem::path& file,
                    const std::function<void(const event_view&)>& use) {
  const auto stored = contents_of(file);
  if (!stored)
    return verdict{not_there(file) + ": today's program cannot make what an older one stored"};
  try {
    commit_view record;
    decode_commit(*stored, record);
    for (const event_view& event : record.events) use(event);
  } catch (const damaged_history& damage) {
    return verdict{file.string() + " is damaged: " + damage.reason()};
  } catch (const undecodable& bad) {
    return verdict{file.string() + " is not read by today's program: " + bad.what()};
  }
  return {};
}

}  // namespace reprise::testing::detail
