#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace reprise::testing {

/// The machine's file system, but it can fail, and it can lose power: then each file keeps what was synced.
class faulty_file_system final : public rocksdb::FileSystemWrapper {
 public:
  faulty_file_system();

  const char* Name() const override { return "faulty_file_system"; }

  /// From now on the n-th sync of a log fails with EIO, or the n-th append for want of space, and so do all that follow.
  /// 0 is never.
  void fail_sync(int n);
  void fail_append(int n);

  /// Cuts every file to what was synced. To be called when nothing has them open.
  void lose_power();

  rocksdb::IOStatus NewWritableFile(const std::string& name,
                                    const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus RenameFile(const std::string& from,
                               const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus DeleteFile(const std::string& name,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;

 private:
  class file;

  bool is_due(const std::string& name, int& left, bool& has_failed);
  void synced(const std::string& name, std::uint64_t size);

  std::mutex mutex_;
  std::map<std::string, std::uint64_t> synced_;
  int syncs_left_ = 0;
  int appends_left_ = 0;
  bool sync_failed_ = false;
  bool append_failed_ = false;
};

}  // namespace reprise::testing
