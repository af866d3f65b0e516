/// Faults for a program that knows nothing of them: put before the C library with LD_PRELOAD, it fails, delays
/// and kills where `fault_plan` says, and keeps `simulated_disk` informed. It has the functions that RocksDB,
/// the runtime and libstdc++ use on files (see the undefined symbols of the three). A way to change a file that
/// is not among them, and that the simulated disk would not hear of, ends the process where it can be seen.

#include "crash/fault_plan.hpp"
#include "crash/real_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>

namespace reprise::crash {

namespace {

template <class Function>
void look_up(Function& function, const char* name) {
  function = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
  if (function == nullptr) std::abort();
}

real_calls look_up_all() {
  real_calls calls{};
  look_up(calls.open, "open");
  look_up(calls.openat, "openat");
  look_up(calls.fopen, "fopen");
  look_up(calls.read, "read");
  look_up(calls.pread, "pread");
  look_up(calls.fread_unlocked, "fread_unlocked");
  look_up(calls.write, "write");
  look_up(calls.pwrite, "pwrite");
  look_up(calls.fsync, "fsync");
  look_up(calls.fdatasync, "fdatasync");
  look_up(calls.ftruncate, "ftruncate");
  look_up(calls.fallocate, "fallocate");
  look_up(calls.posix_fallocate, "posix_fallocate");
  look_up(calls.rename, "rename");
  look_up(calls.link, "link");
  look_up(calls.unlink, "unlink");
  look_up(calls.unlinkat, "unlinkat");
  look_up(calls.remove, "remove");
  look_up(calls.mkdir, "mkdir");
  look_up(calls.rmdir, "rmdir");
  look_up(calls.mmap, "mmap");
  return calls;
}

/// What the process asked for must find errno as the real call left it.
class errno_keeper {
 public:
  ~errno_keeper() { errno = kept_; }

 private:
  int kept_ = errno;
};

int fail(int error) {
  errno = error;
  return -1;
}

[[noreturn]] void die_of_unknown(fault_plan& plan, std::string_view call) {
  plan.report("not_simulated", call);
  std::abort();
}

bool ends_as_log(const std::string& name) {
  return name.size() > 4 && name.compare(name.size() - 4, 4, ".log") == 0;
}

std::string folder_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

bool is_in_folder(const std::string& name) {
  return !folder_of(name).empty();
}

bool is_log(const std::string& name) {
  return ends_as_log(name) && !is_in_folder(name);
}

/// A journal's one folder is that of its snapshots. Each is saved with one write to a log there.
bool is_log_of_snapshots(const std::string& name) {
  return ends_as_log(name) && is_in_folder(name);
}

// -- opening ---------------------------------------------------------------------

bool changes_something(int flags) {
  return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
}

int open_entry(
    fault_plan& plan, const std::string& name, const char* path, int flags, mode_t mode) {
  const std::lock_guard lock(plan.changing);
  const bool exists = ::access(path, F_OK) == 0;
  const bool makes = !exists && (flags & O_CREAT) != 0;
  if (changes_something(flags) && plan.number("read_only") != 0) {
    plan.report("read_only", "open " + name);
    return fail(EROFS);
  }
  if (makes && plan.is_full()) {
    plan.report("no_space", "open " + name);
    return fail(ENOSPC);
  }
  if (makes) plan.die_if_due("kill_at_operation", "make " + name);
  if (exists && (flags & O_TRUNC) != 0) plan.disk.before_truncating_open(name);
  const int descriptor = real().open(path, flags, mode);
  const errno_keeper keeper;
  if (descriptor >= 0 && makes) plan.disk.made_file(name);
  return descriptor;
}

int open_path(const char* path, int flags, mode_t mode) {
  fault_plan* plan = fault_plan::get();
  if (plan == nullptr) return real().open(path, flags, mode);
  const auto name = plan->disk.entry_name(path);
  if (!name) return real().open(path, flags, mode);
  return open_entry(*plan, *name, path, flags, mode);
}

// -- reading ---------------------------------------------------------------------

void before_read(int descriptor) {
  fault_plan* plan = fault_plan::get();
  if (plan == nullptr || plan->number("kill_at_read") == 0) return;
  const std::lock_guard lock(plan->changing);
  if (const auto name = plan->disk.file_name(descriptor)) plan->die_if_due("kill_at_read", *name);
}

// -- writing ---------------------------------------------------------------------

/// Returns how much of a write is done, at least 1, or 0 with errno set.
std::size_t allowed(fault_plan& plan,
                    const std::string& name,
                    std::size_t size,
                    std::size_t new_bytes) {
  if (plan.number("read_only") != 0) {
    plan.report("read_only", "write " + name);
    errno = EROFS;
    return 0;
  }
  std::size_t most = size - (new_bytes - static_cast<std::size_t>(plan.take_space(new_bytes)));
  if (most < size) plan.report("no_space", name);
  if (most == 0) errno = ENOSPC;
  static std::uint64_t writes = 0;
  const std::uint64_t every = plan.number("short_writes");
  if (most > 1 && every != 0 && ++writes % every == 0) {
    most = 1 + static_cast<std::size_t>(plan.random() % (most - 1));
    plan.report("short_write", name + ' ' + std::to_string(most) + " of " + std::to_string(size));
  }
  return most;
}

/// Returns how much of a write a SIGKILL may leave done: Linux looks for it between two pages of the file.
std::size_t whole_pages(fault_plan& plan, off_t offset, std::size_t size) {
  constexpr std::size_t page_bytes = 4096;
  const std::size_t to_page_end = page_bytes - static_cast<std::size_t>(offset) % page_bytes;
  if (size <= to_page_end) return size;
  const std::size_t pages = 1 + (size - to_page_end) / page_bytes;
  return to_page_end + plan.random() % pages * page_bytes;
}

/// `write` does it, with a number of bytes.
template <class Write>
ssize_t write_at(fault_plan& plan,
                 const std::string& name,
                 int descriptor,
                 off_t offset,
                 std::size_t size,
                 Write write) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return -1;
  if ((::fcntl(descriptor, F_GETFL) & O_APPEND) != 0) offset = status.st_size;
  const off_t end = offset + static_cast<off_t>(size);
  const off_t new_bytes = std::clamp<off_t>(end - status.st_size, 0, static_cast<off_t>(size));
  plan.die_if_due("kill_at_operation", "write " + name);
  const std::size_t most = allowed(plan, name, size, static_cast<std::size_t>(new_bytes));
  if (most == 0 && size != 0) return -1;
  if (is_log_of_snapshots(name)) plan.die_if_due("kill_before_snapshot", name);
  plan.disk.before_write(descriptor, offset, most);
  if (plan.is_due("kill_in_write")) {
    static_cast<void>(write(whole_pages(plan, offset, most)));
    plan.die("kill_in_write", name);
  }
  const ssize_t written = write(most);
  const errno_keeper keeper;
  if (is_log_of_snapshots(name)) plan.die_if_due("kill_after_snapshot", name);
  return written;
}

// -- syncing ---------------------------------------------------------------------

void sleep_unlocked(std::unique_lock<std::mutex>& lock, std::uint64_t ms) {
  lock.unlock();
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
  lock.lock();
}

void delay(fault_plan& plan, const std::string& name, std::unique_lock<std::mutex>& lock) {
  const std::uint64_t hanging = std::max<std::uint64_t>(1, plan.number("hang_syncs"));
  if (is_log(name) && plan.is_due("hang_sync", hanging)) {
    plan.report("hang_sync", name);
    sleep_unlocked(lock, plan.number("hang_ms"));
  }
  if (plan.number("slow_sync_ms") != 0) {
    plan.report("slow_sync", name);
    sleep_unlocked(lock, plan.number("slow_sync_ms"));
  }
}

int sync_known(fault_plan& plan, const std::string& name, int descriptor, int (*sync)(int)) {
  std::unique_lock lock(plan.changing);
  plan.die_if_due("kill_at_operation", "sync " + name);
  if (is_log(name)) plan.die_if_due("kill_before_sync", name);
  const char* failing = plan.is_due("fail_sync") ? "fail_sync" : nullptr;
  if (is_log(name) && plan.is_due("fail_log_sync")) failing = "fail_log_sync";
  if (failing != nullptr) {
    if (plan.number("drop_pages") != 0) plan.disk.drop_unsynced_pages(descriptor);
    plan.report(failing, name);
    return fail(EIO);
  }
  const std::uint64_t begun = plan.disk.begin_sync();
  delay(plan, name, lock);
  lock.unlock();
  const int result = sync(descriptor);
  const errno_keeper keeper;
  lock.lock();
  if (result != 0) return result;
  plan.disk.end_sync(descriptor, begun);
  if (is_log(name)) plan.die_if_due("kill_after_sync", name);
  return result;
}

/// The entry of the directory is in its parent.
int sync_other(fault_plan& plan, int descriptor, int (*sync)(int)) {
  std::unique_lock lock(plan.changing);
  const std::uint64_t begun = plan.disk.begin_sync();
  lock.unlock();
  const int result = sync(descriptor);
  const errno_keeper keeper;
  lock.lock();
  if (result == 0) plan.disk.end_sync(descriptor, begun);
  return result;
}

int sync_file(int descriptor, int (*sync)(int)) {
  fault_plan* plan = fault_plan::get();
  if (plan == nullptr) return sync(descriptor);
  std::optional<std::string> name;
  {
    const std::lock_guard lock(plan->changing);
    name = plan->disk.directory_name(descriptor);
    if (!name) name = plan->disk.file_name(descriptor);
  }
  return name ? sync_known(*plan, *name, descriptor, sync) : sync_other(*plan, descriptor, sync);
}

// -- sizes -----------------------------------------------------------------------

/// `resize` does it; its result is returned.
template <class Resize>
int resize_file(int descriptor, off_t size, Resize resize) {
  fault_plan* plan = fault_plan::get();
  if (plan == nullptr) return resize();
  const std::lock_guard lock(plan->changing);
  if (plan->disk.file_name(descriptor)) plan->disk.before_resize(descriptor, size);
  return resize();
}

off_t grown_size(int descriptor, off_t end) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 ? std::max(status.st_size, end) : end;
}

// -- entries ---------------------------------------------------------------------

/// Returns whether entries cannot be changed, with errno set.
bool refuses_entries(fault_plan& plan, const std::string& doing) {
  if (plan.number("read_only") != 0) {
    plan.report("read_only", doing);
    errno = EROFS;
    return true;
  }
  plan.die_if_due("kill_at_operation", doing);
  return false;
}

/// `unlink` does it; its result is returned.
template <class Unlink>
int unlink_path(const char* path, Unlink unlink) {
  fault_plan* plan = fault_plan::get();
  const auto name = plan == nullptr ? std::nullopt : plan->disk.entry_name(path);
  if (!name) return unlink();
  const std::lock_guard lock(plan->changing);
  if (refuses_entries(*plan, "unlink " + *name)) return -1;
  const int result = unlink();
  const errno_keeper keeper;
  if (result == 0) plan->disk.unlinked(*name);
  return result;
}

/// Returns the path that a relative one means from a directory's descriptor.
std::string path_from(int directory, const char* path) {
  return "/proc/self/fd/" + std::to_string(directory) + '/' + path;
}

void refuse_if_known(int descriptor, std::string_view call) {
  fault_plan* plan = fault_plan::get();
  if (plan == nullptr) return;
  const std::lock_guard lock(plan->changing);
  if (plan->disk.file_name(descriptor)) die_of_unknown(*plan, call);
}

/// What an orderly end leaves unsynced is not durable either.
__attribute__((destructor)) void at_exit() {
  fault_plan* plan = fault_plan::get();
  if (plan == nullptr) return;
  const std::lock_guard lock(plan->changing);
  plan->disk.carry_over();
}

}  // namespace

const real_calls& real() {
  static const real_calls calls = look_up_all();
  return calls;
}

}  // namespace reprise::crash

// -- in front of the C library -----------------------------------------------------

using namespace reprise::crash;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_path(path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (directory == AT_FDCWD || path[0] == '/') return open_path(path, flags, mode);
  if (changes_something(flags)) return open_path(path_from(directory, path).c_str(), flags, mode);
  return real().openat(directory, path, flags, mode);
}

std::FILE* fopen(const char* path, const char* mode) {
  fault_plan* plan = fault_plan::get();
  if (plan != nullptr && mode[0] != 'r' && plan->disk.entry_name(path))
    die_of_unknown(*plan, "fopen");
  return real().fopen(path, mode);
}

std::FILE* fopen64(const char* path, const char* mode) {
  return fopen(path, mode);
}

ssize_t read(int descriptor, void* to, size_t size) {
  before_read(descriptor);
  return real().read(descriptor, to, size);
}

ssize_t pread(int descriptor, void* to, size_t size, off_t offset) {
  before_read(descriptor);
  return real().pread(descriptor, to, size, offset);
}

size_t fread_unlocked(void* to, size_t size, size_t count, std::FILE* from) {
  before_read(::fileno(from));
  return real().fread_unlocked(to, size, count, from);
}

ssize_t write(int descriptor, const void* from, size_t size) {
  fault_plan* plan = fault_plan::get();
  if (plan == nullptr) return real().write(descriptor, from, size);
  std::unique_lock lock(plan->changing);
  const auto name = plan->disk.file_name(descriptor);
  if (!name) {
    lock.unlock();
    return real().write(descriptor, from, size);
  }
  return write_at(*plan, *name, descriptor, ::lseek(descriptor, 0, SEEK_CUR), size,
                  [&](std::size_t most) { return real().write(descriptor, from, most); });
}

ssize_t pwrite(int descriptor, const void* from, size_t size, off_t offset) {
  fault_plan* plan = fault_plan::get();
  if (plan == nullptr) return real().pwrite(descriptor, from, size, offset);
  std::unique_lock lock(plan->changing);
  const auto name = plan->disk.file_name(descriptor);
  if (!name) {
    lock.unlock();
    return real().pwrite(descriptor, from, size, offset);
  }
  return write_at(*plan, *name, descriptor, offset, size,
                  [&](std::size_t most) { return real().pwrite(descriptor, from, most, offset); });
}

int fsync(int descriptor) {
  return sync_file(descriptor, real().fsync);
}

int fdatasync(int descriptor) {
  return sync_file(descriptor, real().fdatasync);
}

int ftruncate(int descriptor, off_t size) noexcept {
  return resize_file(descriptor, size, [&] { return real().ftruncate(descriptor, size); });
}

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0) refuse_if_known(descriptor, "fallocate");
  if ((mode & FALLOC_FL_KEEP_SIZE) != 0) return real().fallocate(descriptor, mode, offset, size);
  return resize_file(descriptor, grown_size(descriptor, offset + size),
                     [&] { return real().fallocate(descriptor, mode, offset, size); });
}

int posix_fallocate(int descriptor, off_t offset, off_t size) {
  return resize_file(descriptor, grown_size(descriptor, offset + size),
                     [&] { return real().posix_fallocate(descriptor, offset, size); });
}

int rename(const char* from, const char* to) noexcept {
  fault_plan* plan = fault_plan::get();
  const auto source = plan == nullptr ? std::nullopt : plan->disk.entry_name(from);
  const auto target = plan == nullptr ? std::nullopt : plan->disk.entry_name(to);
  if (!source && !target) return real().rename(from, to);
  if (!source || !target || folder_of(*source) != folder_of(*target)) {
    die_of_unknown(*plan, "rename into another directory");
  }
  const std::lock_guard lock(plan->changing);
  if (refuses_entries(*plan, "rename " + *source)) return -1;
  const int result = real().rename(from, to);
  const errno_keeper keeper;
  if (result == 0) plan->disk.renamed(*source, *target);
  return result;
}

int link(const char* from, const char* to) noexcept {
  fault_plan* plan = fault_plan::get();
  const auto target = plan == nullptr ? std::nullopt : plan->disk.entry_name(to);
  if (!target) return real().link(from, to);
  const std::lock_guard lock(plan->changing);
  if (refuses_entries(*plan, "link " + *target)) return -1;
  const int result = real().link(from, to);
  const errno_keeper keeper;
  if (result == 0) plan->disk.made_file(*target);
  return result;
}

int unlink(const char* path) noexcept {
  return unlink_path(path, [&] { return real().unlink(path); });
}

int unlinkat(int directory, const char* path, int flags) noexcept {
  const auto unlink = [&] { return real().unlinkat(directory, path, flags); };
  if (directory == AT_FDCWD || path[0] == '/') return unlink_path(path, unlink);
  return unlink_path(path_from(directory, path).c_str(), unlink);
}

int rmdir(const char* path) noexcept {
  return unlink_path(path, [&] { return real().rmdir(path); });
}

int remove(const char* path) noexcept {
  return unlink_path(path, [&] { return real().remove(path); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  fault_plan* plan = fault_plan::get();
  if (plan == nullptr) return real().mkdir(path, mode);
  const std::lock_guard lock(plan->changing);
  const auto name = plan->disk.entry_name(path);
  if (name && refuses_entries(*plan, "make " + *name)) return -1;
  const int result = real().mkdir(path, mode);
  const errno_keeper keeper;
  if (result != 0) return result;
  if (name) plan->disk.made_folder(*name);
  if (plan->disk.is_directory(std::string_view(path))) plan->disk.made_directory();
  return result;
}

void* mmap(
    void* address, size_t size, int protection, int flags, int descriptor, off_t offset) noexcept {
  if (descriptor >= 0 && (protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0) {
    refuse_if_known(descriptor, "mmap");
  }
  return real().mmap(address, size, protection, flags, descriptor, offset);
}

}  // extern "C"
