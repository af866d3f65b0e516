#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace reprise::crash {

/// Knows, of the files in one directory, what a loss of power may take away, and takes it away.
///
/// It believes what POSIX promises and, but for one thing that RocksDB relies on, nothing more. After a completed `fsync` or `fdatasync` of a file its
/// content and size stay. After a completed `fsync` of the directory its entries stay; that of a file does not
/// make its entry durable, though many file systems do that too. The entry of the directory itself stays after
/// an `fsync` of its parent. Everything else may be there, or not, or in part. The one thing: where a rename
/// stays, the files that were made before it do too.
///
/// Every file is held by a second link in a directory beside the simulated one (its name with ".kept" behind
/// it), so that what was unlinked can come back. What the page cache held when a process was killed is known to
/// the next one too, through a file there: a restart makes nothing durable.
///
/// Not safe to use from several threads at once: the caller holds a lock, and lets go of it while a file is
/// really being synced.
class simulated_disk {
 public:
  using random_source = std::mt19937_64;

  /// `directory` need not exist yet. It has no directories inside.
  explicit simulated_disk(std::string directory);

  /// Returns the name of an entry of the directory, nothing for any other path.
  std::optional<std::string> entry_name(const char* path) const;
  bool is_directory(std::string_view path) const;

  /// Returns the name of the file behind a descriptor, nothing if it is none of the directory's files.
  std::optional<std::string> file_name(int descriptor) const;
  bool is_directory(int descriptor) const;

  // -- before something is done: what would have to be undone ------------------

  void before_write(int descriptor, off_t offset, std::size_t size);
  void before_resize(int descriptor, off_t size);
  void before_truncating_open(const std::string& name);

  // -- after it was done -------------------------------------------------------

  void made_directory();
  void made_file(const std::string& name);
  void renamed(const std::string& from, const std::string& to);
  void unlinked(const std::string& name);

  // -- syncs -------------------------------------------------------------------

  /// Returns what a sync that begins now will have made durable once it is done.
  std::uint64_t begin_sync() const { return changes_; }
  void end_sync(int descriptor, std::uint64_t begun);

  /// A sync has failed, and the system has dropped the pages that it could not write: they read as zeros.
  void drop_unsynced_pages(int descriptor);

  // -- the end -----------------------------------------------------------------

  /// What a loss of power really took.
  struct loss {
    std::uint64_t bytes = 0;  ///< not kept of files
    std::uint64_t torn =
        0;  ///< files of which a part was kept, or that got zeros or garbage at the end
    std::uint64_t entries = 0;  ///< creations, renames and unlinks that did not happen
    bool directory = false;     ///< the directory is gone as a whole
  };
  loss lose_power(random_source& random, bool may_leave_garbage);

  /// The process ends and the machine goes on.
  void carry_over() const;

 private:
  struct change {
    std::uint64_t number = 0;
    off_t offset = 0;
    std::string old_bytes;  ///< what was there, as far as anything was
    off_t old_size = 0;
  };
  struct file {
    std::string name;
    std::vector<change> unsynced;
  };
  using file_id = ino_t;
  enum class entry_kind { made, renamed, unlinked };
  struct entry_change {
    std::uint64_t number = 0;
    entry_kind kind = entry_kind::made;
    std::string name;
    std::string new_name;
    file_id id = 0;
  };
  using entries = std::map<std::string, file_id>;

  std::string path(const std::string& name) const { return directory_ + '/' + name; }
  std::string kept_path(file_id id) const { return kept_ + '/' + std::to_string(id); }

  void adopt(const std::string& name);
  void look_around();
  void take_over();
  file* find(int descriptor);
  void note(file& of, int descriptor, off_t offset, off_t end, off_t old_size);
  void add(entry_change what);
  static void apply(const entry_change& what, entries& to);

  entries entries_now() const;
  entries surviving_entries(random_source& random, loss& lost) const;
  void restore_entries(const entries& surviving);
  void lose_content(
      file_id id, file& of, random_source& random, bool may_leave_garbage, loss& lost);
  void lose_directory();

  std::string directory_;
  std::string parent_;
  std::string kept_;
  ino_t directory_id_ = 0;
  dev_t device_ = 0;
  bool is_directory_durable_ = true;
  std::uint64_t directory_made_ = 0;
  std::uint64_t changes_ = 0;
  std::map<file_id, file> files_;
  entries durable_entries_;
  std::vector<entry_change> unsynced_entries_;
};

}  // namespace reprise::crash
