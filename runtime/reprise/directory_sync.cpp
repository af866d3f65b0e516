#include "reprise/directory_sync.hpp"

#include "reprise/error.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>

namespace reprise::detail {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& doing, const fs::path& directory, int error) {
  throw journal_failure("cannot " + doing + " " + directory.string() + ": " + std::strerror(error));
}

[[noreturn]] void refuse_as_no_directory(const fs::path& there) {
  throw journal_failure("cannot open the journal: " + there.string()
                        + " is not a directory: name one that is there, or one that can be made");
}

/// Returns whether it could be opened to be synced; says in errno why not.
bool sync_readable(const fs::path& directory) {
  int descriptor = -1;
  do {
    descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return false;
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  // A file system that cannot sync directories has nothing that could be lost this way, or nothing to be done.
  if (error != 0 && error != EINVAL && error != EROFS) fail("sync", directory, error);
  return true;
}

/// `directory` is absolute and ends in a name.
void make_with_parents(const fs::path& directory) {
  const fs::path parent = directory.parent_path();
  const bool exists = fs::is_directory(directory);
  if (!exists) {
    if (fs::exists(fs::symlink_status(directory))) refuse_as_no_directory(directory);
    if (!fs::is_directory(parent)) make_with_parents(parent);
    std::error_code wrong;
    fs::create_directory(directory, wrong);
    if (wrong) fail("make", directory, wrong.value());
  }
  if (sync_readable(parent)) return;
  if (!exists || errno != EACCES) fail("open", parent, errno);
}

}  // namespace

void sync_directory(const fs::path& directory) {
  if (!sync_readable(directory)) fail("open", directory, errno);
}

void make_durable_directory(const fs::path& directory) {
  fs::path whole = fs::absolute(directory).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  if (whole.has_relative_path()) make_with_parents(whole);
}

}  // namespace reprise::detail
