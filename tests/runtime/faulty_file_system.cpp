#include "faulty_file_system.hpp"

#include <filesystem>
#include <utility>

namespace reprise::testing {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

namespace {

bool is_log(const std::string& name) {
  return name.size() > 4 && name.compare(name.size() - 4, 4, ".log") == 0;
}

}  // namespace

class faulty_file_system::file final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  file(std::unique_ptr<rocksdb::FSWritableFile> target,
       std::string name,
       faulty_file_system& system)
      : FSWritableFileOwnerWrapper(std::move(target)), name_(std::move(name)), system_(system) {}

  IOStatus Append(const rocksdb::Slice& data,
                  const IOOptions& options,
                  IODebugContext* context) override {
    if (system_.is_due(name_, system_.appends_left_, system_.append_failed_))
      return IOStatus::NoSpace("the test says no");
    size_ += data.size();
    return FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  IOStatus Append(const rocksdb::Slice& data,
                  const IOOptions& options,
                  const rocksdb::DataVerificationInfo&,
                  IODebugContext* context) override {
    return Append(data, options, context);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    return note(FSWritableFileOwnerWrapper::Sync(options, context));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    return note(FSWritableFileOwnerWrapper::Fsync(options, context));
  }

 private:
  IOStatus note(IOStatus done) {
    if (system_.is_due(name_, system_.syncs_left_, system_.sync_failed_))
      return IOStatus::IOError("the test says no");
    if (done.ok()) system_.synced(name_, size_);
    return done;
  }

  std::string name_;
  faulty_file_system& system_;
  std::uint64_t size_ = 0;
};

faulty_file_system::faulty_file_system() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

void faulty_file_system::fail_sync(int n) {
  const std::lock_guard lock(mutex_);
  syncs_left_ = n;
  sync_failed_ = false;
}

void faulty_file_system::fail_append(int n) {
  const std::lock_guard lock(mutex_);
  appends_left_ = n;
  append_failed_ = false;
}

void faulty_file_system::lose_power() {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, size] : synced_) {
    if (std::filesystem::exists(name)) std::filesystem::resize_file(name, size);
  }
}

IOStatus faulty_file_system::NewWritableFile(const std::string& name,
                                             const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* result,
                                             IODebugContext* context) {
  std::unique_ptr<rocksdb::FSWritableFile> target;
  IOStatus status = FileSystemWrapper::NewWritableFile(name, options, &target, context);
  if (!status.ok()) return status;
  synced(name, 0);
  *result = std::make_unique<file>(std::move(target), name, *this);
  return status;
}

IOStatus faulty_file_system::RenameFile(const std::string& from,
                                        const std::string& to,
                                        const IOOptions& options,
                                        IODebugContext* context) {
  IOStatus status = FileSystemWrapper::RenameFile(from, to, options, context);
  const std::lock_guard lock(mutex_);
  if (const auto it = synced_.find(from); status.ok() && it != synced_.end()) {
    synced_[to] = it->second;
    synced_.erase(it);
  }
  return status;
}

IOStatus faulty_file_system::DeleteFile(const std::string& name,
                                        const IOOptions& options,
                                        IODebugContext* context) {
  {
    const std::lock_guard lock(mutex_);
    synced_.erase(name);
  }
  return FileSystemWrapper::DeleteFile(name, options, context);
}

bool faulty_file_system::is_due(const std::string& name, int& left, bool& has_failed) {
  const std::lock_guard lock(mutex_);
  if (!is_log(name) || (left == 0 && !has_failed)) return false;
  if (!has_failed && --left > 0) return false;
  has_failed = true;
  return true;
}

void faulty_file_system::synced(const std::string& name, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  synced_[name] = size;
}

}  // namespace reprise::testing
