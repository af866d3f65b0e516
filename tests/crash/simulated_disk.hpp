#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace reprise::crash {

/// Knows, of the files in one directory and in folders of it, what a loss of power may take away, and takes it away.
///
/// It believes what POSIX promises and, but for one thing that RocksDB relies on, nothing more. After a completed
/// `fsync` or `fdatasync` of a file its content and size stay. After a completed `fsync` of a directory its entries
/// stay, folders among them; that of a file does not make its entry durable, though many file systems do that too.
/// The entry of the directory itself stays after an `fsync` of its parent. Everything else may be there, or not, or in
/// part, and what is in a folder that is not there is not there. The one thing: where a rename stays, what was made in
/// that directory before it stays too.
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

  /// `directory` need not exist yet.
  explicit simulated_disk(std::string directory);

  /// A name, here and below, is a path relative to the directory. Returns that of an entry, nothing for any other path.
  std::optional<std::string> entry_name(const char* path) const;
  bool is_directory(std::string_view path) const;

  /// Returns the name of the file behind a descriptor, nothing if it is none of the directory's files.
  std::optional<std::string> file_name(int descriptor) const;

  /// Returns the name of the folder behind a descriptor, `.` for the directory itself, nothing for any other.
  std::optional<std::string> directory_name(int descriptor) const;

  // -- before something is done: what would have to be undone ------------------

  void before_write(int descriptor, off_t offset, std::size_t size);
  void before_resize(int descriptor, off_t size);
  void before_truncating_open(const std::string& name);

  // -- after it was done -------------------------------------------------------

  void made_directory();
  void made_folder(const std::string& name);
  void made_file(const std::string& name);

  /// Both names are of the same directory.
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
    std::uint64_t bytes_in_folders = 0;
    std::uint64_t entries_in_folders = 0;
    std::uint64_t folders = 0;  ///< gone as a whole
    bool directory = false;     ///< and the directory itself
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
  /// Unlike the number of an inode, it is never used again.
  using directory_id = std::uint64_t;
  static constexpr directory_id root = 0;
  using file_id = ino_t;
  struct file {
    directory_id in = root;
    std::string name;  ///< in that directory
    std::vector<change> unsynced;
  };
  struct folder {
    std::string name;
    ino_t inode = 0;
  };
  /// What an entry leads to.
  struct node {
    bool is_folder = false;
    std::uint64_t id = 0;  ///< a file_id, or a directory_id
  };
  enum class entry_kind { made, renamed, unlinked };
  struct entry_change {
    std::uint64_t number = 0;
    entry_kind kind = entry_kind::made;
    directory_id in = root;
    std::string name;
    std::string new_name;
    node of;
  };
  using entries = std::map<std::pair<directory_id, std::string>, node>;
  /// The directory of an entry, and its name there.
  struct split_name {
    directory_id in = root;
    std::string last;
  };

  std::string path(const std::string& name) const { return directory_ + '/' + name; }
  std::string kept_path(file_id id) const { return kept_ + '/' + std::to_string(id); }

  void adopt(const std::string& name);
  directory_id adopt_folder(const std::string& name);
  void look_around();
  void look_into(const std::string& name);
  split_name split(const std::string& name) const;
  std::string name_of(const file& of) const;
  std::map<directory_id, folder>::const_iterator find_directory(int descriptor) const;
  void move_folder(const std::string& from, const std::string& to);
  void take_over();
  file* find(int descriptor);
  void note(file& of, int descriptor, off_t offset, off_t end, off_t old_size);
  void add(entry_change what);
  static void apply(const entry_change& what, entries& to);

  entries entries_now() const;
  entries surviving_entries(random_source& random, loss& lost) const;
  void restore_entries(const entries& surviving, directory_id in, const std::string& below) const;
  static std::uint64_t folders_in(const entries& all);
  void lose_content(
      file_id id, file& of, random_source& random, bool may_leave_garbage, loss& lost);
  std::string directory_;
  std::string parent_;
  std::string kept_;
  dev_t device_ = 0;
  bool is_directory_durable_ = true;
  std::uint64_t directory_made_ = 0;
  std::uint64_t changes_ = 0;
  directory_id directories_made_ = root;
  std::map<directory_id, folder> directories_;  ///< that there are now
  std::map<file_id, file> files_;
  entries durable_entries_;
  std::vector<entry_change> unsynced_entries_;
};

}  // namespace reprise::crash
