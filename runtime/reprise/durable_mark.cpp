#include "reprise/durable_mark.hpp"

#include "reprise/byte_order.hpp"
#include "reprise/checksum.hpp"
#include "reprise/directory_sync.hpp"
#include "reprise/error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace reprise::detail {

namespace {

constexpr const char* mark_name = "reprise.durable";
constexpr std::string_view magic = "reprise\1";
using mark_bytes = std::array<char, 24>;  // magic, position, checksum of both

[[noreturn]] void fail(const std::string& doing, const std::filesystem::path& file) {
  throw journal_failure("cannot " + doing + " " + file.string() + ": " + std::strerror(errno));
}

mark_bytes encode(std::uint64_t position) {
  mark_bytes bytes{};
  char* to = bytes.data();
  std::memcpy(to, magic.data(), magic.size());
  to = put_little(to + magic.size(), position);
  put_little(to, checksum({bytes.data(), 16}));
  return bytes;
}

int open_file(const std::filesystem::path& file, int flags) {
  for (;;) {
    const int descriptor = ::open(file.c_str(), flags | O_CLOEXEC, 0644);
    if (descriptor >= 0 || errno != EINTR) return descriptor;
  }
}

void write_at_start(int descriptor, const mark_bytes& bytes, const std::filesystem::path& file) {
  // A mark that is written in part says nothing: a write that was cut short goes on where it ended.
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = ::pwrite(descriptor, bytes.data() + done, bytes.size() - done,
                                     static_cast<off_t>(done));
    if (written > 0) {
      done += static_cast<std::size_t>(written);
    } else if (written == 0 || errno != EINTR) {
      if (written == 0) errno = ENOSPC;
      fail("write", file);
    }
  }
}

/// A new file is written elsewhere, synced and renamed, so that a mark is whole or not there.
void make_mark(const std::filesystem::path& directory, std::uint64_t position) {
  const std::filesystem::path file = directory / mark_name;
  const std::filesystem::path unfinished = directory / (std::string(mark_name) + ".new");
  const int descriptor = open_file(unfinished, O_WRONLY | O_CREAT | O_TRUNC);
  if (descriptor < 0) fail("make", unfinished);
  try {
    write_at_start(descriptor, encode(position), unfinished);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  const bool is_synced = ::fsync(descriptor) == 0;
  if (::close(descriptor) != 0 || !is_synced) fail("sync", unfinished);
  if (::rename(unfinished.c_str(), file.c_str()) != 0) fail("rename", unfinished);
  sync_directory(directory);
}

}  // namespace

std::optional<std::uint64_t> durable_mark::read(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / mark_name;
  const int descriptor = open_file(file, O_RDONLY);
  if (descriptor < 0) {
    if (errno == ENOENT) return std::nullopt;
    fail("open", file);
  }
  std::array<char, mark_bytes{}.size() + 1> bytes{};
  const ssize_t size = ::read(descriptor, bytes.data(), bytes.size());
  const int reading = errno;
  ::close(descriptor);
  errno = reading;
  if (size < 0) fail("read", file);
  const auto position = get_little<std::uint64_t>(bytes.data() + magic.size());
  const mark_bytes expected = encode(position);
  if (size != static_cast<ssize_t>(expected.size())
      || std::memcmp(bytes.data(), expected.data(), expected.size()) != 0) {
    throw damaged_history({}, file.string()
                                  + " is damaged: it says how far the journal was acknowledged");
  }
  return position;
}

durable_mark::durable_mark(const std::filesystem::path& directory, std::uint64_t position)
    : file_(directory / mark_name) {
  if (!read(directory)) make_mark(directory, position);
  descriptor_ = open_file(file_, O_WRONLY);
  if (descriptor_ < 0) fail("open", file_);
}

durable_mark::~durable_mark() {
  // A failure costs nothing but how much of the mark outlives a loss of power.
  static_cast<void>(::fdatasync(descriptor_));
  ::close(descriptor_);
}

void durable_mark::set(std::uint64_t position) {
  write_at_start(descriptor_, encode(position), file_);
}

}  // namespace reprise::detail
