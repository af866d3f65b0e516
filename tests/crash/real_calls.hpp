#pragma once

#include <cstdio>
#include <sys/types.h>

namespace reprise::crash {

/// The functions of the C library behind the ones that faults.cpp puts in front of them. All that is done to
/// the simulated disk itself goes through these.
struct real_calls {
  int (*open)(const char*, int, ...);
  int (*openat)(int, const char*, int, ...);
  std::FILE* (*fopen)(const char*, const char*);
  ssize_t (*read)(int, void*, size_t);
  ssize_t (*pread)(int, void*, size_t, off_t);
  size_t (*fread_unlocked)(void*, size_t, size_t, std::FILE*);
  ssize_t (*write)(int, const void*, size_t);
  ssize_t (*pwrite)(int, const void*, size_t, off_t);
  int (*fsync)(int);
  int (*fdatasync)(int);
  int (*ftruncate)(int, off_t);
  int (*fallocate)(int, int, off_t, off_t);
  int (*posix_fallocate)(int, off_t, off_t);
  int (*rename)(const char*, const char*);
  int (*link)(const char*, const char*);
  int (*unlink)(const char*);
  int (*unlinkat)(int, const char*, int);
  int (*remove)(const char*);
  int (*mkdir)(const char*, mode_t);
  int (*rmdir)(const char*);
  void* (*mmap)(void*, size_t, int, int, int, off_t);
};

/// Looked up once, and never taken down: threads write until the very end of the process.
const real_calls& real();

}  // namespace reprise::crash
