#include "bench/sync_gate.hpp"

#include <condition_variable>
#include <mutex>
#include <sys/syscall.h>
#include <unistd.h>

namespace bench {

namespace {

struct gate {
  std::mutex mutex;
  std::condition_variable opened;
  bool is_held = false;
  std::uint64_t calls = 0;
  std::uint64_t waiting = 0;

  void pass() {
    std::unique_lock lock(mutex);
    ++calls;
    ++waiting;
    opened.wait(lock, [this] { return !is_held; });
    --waiting;
  }
};

/// Never destroyed: a thread of RocksDB may sync while the program ends.
gate& the_gate() {
  static gate* const only = new gate;  // NOLINT
  return *only;
}

}  // namespace

std::uint64_t sync_gate::calls() {
  const std::lock_guard lock(the_gate().mutex);
  return the_gate().calls;
}

std::uint64_t sync_gate::waiting() {
  const std::lock_guard lock(the_gate().mutex);
  return the_gate().waiting;
}

void sync_gate::hold() {
  const std::lock_guard lock(the_gate().mutex);
  the_gate().is_held = true;
}

void sync_gate::release() {
  const std::lock_guard lock(the_gate().mutex);
  the_gate().is_held = false;
  the_gate().opened.notify_all();
}

}  // namespace bench

extern "C" int fdatasync(int descriptor) {
  bench::the_gate().pass();
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

extern "C" int fsync(int descriptor) {
  bench::the_gate().pass();
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}
