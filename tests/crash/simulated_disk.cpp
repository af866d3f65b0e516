#include "crash/simulated_disk.hpp"

#include "crash/real_calls.hpp"

#include <limits.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <iterator>
#include <memory>
#include <set>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace reprise::crash {

namespace {

constexpr std::size_t sector_bytes = 512;

[[noreturn]] void give_up(const std::string& doing) {
  const std::string line = "crash_faults: cannot " + doing + ": " + std::strerror(errno) + "\n";
  static_cast<void>(real().write(STDERR_FILENO, line.data(), line.size()));
  std::abort();
}

/// An open file of the simulated disk, which only this library uses.
class raw_file {
 public:
  raw_file(const std::string& path, int flags)
      : descriptor_(real().open(path.c_str(), flags, 0644)) {
    if (descriptor_ < 0) give_up("open " + path);
  }
  raw_file(const raw_file&) = delete;
  raw_file& operator=(const raw_file&) = delete;
  ~raw_file() { ::close(descriptor_); }
  operator int() const { return descriptor_; }

 private:
  int descriptor_;
};

off_t size_of(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) give_up("find the size of a file");
  return status.st_size;
}

std::string read_range(int descriptor, off_t from, off_t end) {
  std::string bytes(static_cast<std::size_t>(std::max<off_t>(end - from, 0)), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = real().pread(descriptor, bytes.data() + done, bytes.size() - done,
                                   from + static_cast<off_t>(done));
    if (n <= 0) give_up("read what would be lost");
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

/// A descriptor may have been opened for writing only: what it will overwrite is read through another one.
std::string read_range_of(int descriptor, off_t from, off_t end) {
  if (from >= end) return {};
  const raw_file readable("/proc/self/fd/" + std::to_string(descriptor), O_RDONLY | O_CLOEXEC);
  return read_range(readable, from, end);
}

void replace_content(int descriptor, const std::string& bytes) {
  if (real().ftruncate(descriptor, 0) != 0) give_up("empty a file");
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = real().pwrite(descriptor, bytes.data() + done, bytes.size() - done,
                                    static_cast<off_t>(done));
    if (n <= 0) give_up("write what was not lost");
    done += static_cast<std::size_t>(n);
  }
}

bool flip(simulated_disk::random_source& random) {
  return (random() & 1) != 0;
}

std::uint64_t below(simulated_disk::random_source& random, std::uint64_t end) {
  return end == 0 ? 0 : random() % end;
}

/// Sectors that were overwritten got to the disk each for itself.
void mix_sectors(const std::string& now,
                 std::string& surviving,
                 simulated_disk::random_source& random) {
  const std::size_t common = std::min(now.size(), surviving.size());
  for (std::size_t at = 0; at < common; at += sector_bytes) {
    const std::size_t size = std::min<std::size_t>(sector_bytes, common - at);
    if (flip(random)) surviving.replace(at, size, now, at, size);
  }
}

/// Keeps a part of what was appended, cut at any byte or at a sector.
void tear_end(const std::string& now,
              std::string& surviving,
              simulated_disk::random_source& random) {
  if (now.size() <= surviving.size()) return;
  std::uint64_t cut = surviving.size() + below(random, now.size() - surviving.size());
  if (flip(random)) {
    cut = std::max<std::uint64_t>(surviving.size(), cut / sector_bytes * sector_bytes);
  }
  surviving.append(now, surviving.size(), cut - surviving.size());
}

/// The new size got to the disk before what was appended: sectors that are missing are zeros, or what the
/// disk held before.
void fill_end(const std::string& now,
              std::string& surviving,
              simulated_disk::random_source& random) {
  const bool has_garbage = flip(random);
  const bool has_holes = flip(random);
  while (surviving.size() < now.size()) {
    const std::size_t at = surviving.size();
    const std::size_t size = std::min(sector_bytes - at % sector_bytes, now.size() - at);
    if (has_holes && flip(random)) {
      surviving.append(now, at, size);
    } else {
      for (std::size_t i = 0; i < size; ++i) {
        surviving.push_back(has_garbage ? static_cast<char>(random()) : '\0');
      }
    }
  }
}

/// Returns the path with everything but its last part resolved, empty if that leads nowhere.
std::string resolve_parent(const char* path) {
  std::string whole = path;
  while (whole.size() > 1 && whole.back() == '/') whole.pop_back();
  const std::size_t slash = whole.rfind('/');
  const std::string last = slash == std::string::npos ? whole : whole.substr(slash + 1);
  std::string before = slash == std::string::npos ? "." : whole.substr(0, slash);
  if (before.empty()) before = "/";
  char resolved[PATH_MAX];
  if (::realpath(before.c_str(), resolved) == nullptr) return {};
  return std::string(resolved) + '/' + last;
}

using listing = std::unique_ptr<DIR, int (*)(DIR*)>;

listing list(const std::string& path) {
  return {::opendir(path.c_str()), ::closedir};
}

bool is_dots(std::string_view name) {
  return name == "." || name == "..";
}

void take_away_all_below(const std::string& path) {
  const listing listed = list(path);
  if (!listed && errno == ENOENT) return;
  if (!listed) give_up("list " + path);
  while (const dirent* entry = ::readdir(listed.get())) {
    if (is_dots(entry->d_name)) continue;
    const std::string inside = path + '/' + entry->d_name;
    if (entry->d_type == DT_DIR) take_away_all_below(inside);
    if ((entry->d_type == DT_DIR ? real().rmdir : real().unlink)(inside.c_str()) != 0) {
      give_up("take away " + inside);
    }
  }
}

}  // namespace

// -- what there is ---------------------------------------------------------------

simulated_disk::simulated_disk(std::string directory)
    : directory_(resolve_parent(directory.c_str())),
      parent_(directory_.substr(0, directory_.rfind('/'))),
      kept_(directory_ + ".kept") {
  if (directory_.empty()) give_up("find the parent of " + directory);
  if (real().mkdir(kept_.c_str(), 0755) != 0 && errno != EEXIST) give_up("make " + kept_);
  look_around();
  take_over();
}

/// Everything that a process finds when it starts has entries that are durable.
void simulated_disk::look_around() {
  struct stat status {};
  if (::stat(directory_.c_str(), &status) != 0) return;
  device_ = status.st_dev;
  directories_[root] = {".", status.st_ino};
  look_into({});
  durable_entries_ = entries_now();
  unsynced_entries_.clear();
}

void simulated_disk::look_into(const std::string& name) {
  const listing listed = list(name.empty() ? directory_ : path(name));
  if (!listed) give_up("list " + path(name));
  while (const dirent* entry = ::readdir(listed.get())) {
    const std::string inside = (name.empty() ? "" : name + '/') + entry->d_name;
    if (entry->d_type == DT_REG) adopt(inside);
    if (entry->d_type == DT_DIR && !is_dots(entry->d_name)) {
      adopt_folder(inside);
      look_into(inside);
    }
  }
}

void simulated_disk::adopt(const std::string& name) {
  struct stat status {};
  if (::stat(path(name).c_str(), &status) != 0) give_up("find " + name);
  const split_name at = split(name);
  files_[status.st_ino].in = at.in;
  files_[status.st_ino].name = at.last;
  if (real().link(path(name).c_str(), kept_path(status.st_ino).c_str()) != 0 && errno != EEXIST) {
    give_up("keep " + name);
  }
  add({0, entry_kind::made, at.in, at.last, {}, {false, status.st_ino}});
}

simulated_disk::directory_id simulated_disk::adopt_folder(const std::string& name) {
  struct stat status {};
  if (::stat(path(name).c_str(), &status) != 0) give_up("find " + name);
  const split_name at = split(name);
  const directory_id id = ++directories_made_;
  directories_[id] = {name, status.st_ino};
  add({0, entry_kind::made, at.in, at.last, {}, {true, id}});
  return id;
}

simulated_disk::split_name simulated_disk::split(const std::string& name) const {
  const std::size_t slash = name.rfind('/');
  if (slash == std::string::npos) return {root, name};
  for (const auto& [id, of] : directories_) {
    if (of.name == name.substr(0, slash)) return {id, name.substr(slash + 1)};
  }
  errno = ENOENT;
  give_up("find the folder of " + name);
}

std::string simulated_disk::name_of(const file& of) const {
  const auto in = directories_.find(of.in);
  return of.in == root || in == directories_.end() ? of.name : in->second.name + '/' + of.name;
}

std::optional<std::string> simulated_disk::entry_name(const char* path) const {
  const std::string whole = resolve_parent(path);
  if (whole.size() <= directory_.size() + 1 || whole[directory_.size()] != '/'
      || whole.compare(0, directory_.size(), directory_) != 0) {
    return std::nullopt;
  }
  return whole.substr(directory_.size() + 1);
}

bool simulated_disk::is_directory(std::string_view path) const {
  return resolve_parent(std::string(path).c_str()) == directory_;
}

std::map<simulated_disk::directory_id, simulated_disk::folder>::const_iterator
simulated_disk::find_directory(int descriptor) const {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || status.st_dev != device_) return directories_.end();
  return std::find_if(directories_.begin(), directories_.end(),
                      [&status](const auto& d) { return d.second.inode == status.st_ino; });
}

std::optional<std::string> simulated_disk::directory_name(int descriptor) const {
  const auto found = find_directory(descriptor);
  return found == directories_.end() ? std::nullopt : std::optional(found->second.name);
}

std::optional<std::string> simulated_disk::file_name(int descriptor) const {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || status.st_dev != device_) return std::nullopt;
  const auto found = files_.find(status.st_ino);
  return found == files_.end() ? std::nullopt : std::optional(name_of(found->second));
}

simulated_disk::file* simulated_disk::find(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || status.st_dev != device_) return nullptr;
  const auto found = files_.find(status.st_ino);
  return found == files_.end() ? nullptr : &found->second;
}

// -- what changes ----------------------------------------------------------------

void simulated_disk::note(file& of, int descriptor, off_t offset, off_t end, off_t old_size) {
  change c;
  c.number = ++changes_;
  c.offset = offset;
  c.old_size = old_size;
  c.old_bytes = read_range_of(descriptor, offset, std::min(end, old_size));
  of.unsynced.push_back(std::move(c));
}

void simulated_disk::before_write(int descriptor, off_t offset, std::size_t size) {
  file* of = find(descriptor);
  if (of == nullptr) return;
  note(*of, descriptor, offset, offset + static_cast<off_t>(size), size_of(descriptor));
}

void simulated_disk::before_resize(int descriptor, off_t size) {
  file* of = find(descriptor);
  const off_t old_size = size_of(descriptor);
  if (of == nullptr || size == old_size) return;
  note(*of, descriptor, size, old_size, old_size);
}

void simulated_disk::before_truncating_open(const std::string& name) {
  before_resize(raw_file(path(name), O_RDONLY | O_CLOEXEC), 0);
}

void simulated_disk::made_directory() {
  look_around();
  is_directory_durable_ = false;
  directory_made_ = ++changes_;
}

void simulated_disk::made_folder(const std::string& name) {
  adopt_folder(name);
}

void simulated_disk::made_file(const std::string& name) {
  adopt(name);
}

void simulated_disk::renamed(const std::string& from, const std::string& to) {
  const split_name old = split(from);
  const split_name now = split(to);
  const entries all = entries_now();
  const auto found = all.find({old.in, old.last});
  if (found == all.end()) return;
  if (found->second.is_folder) {
    move_folder(from, to);
  } else {
    files_[found->second.id].name = now.last;
  }
  add({0, entry_kind::renamed, old.in, old.last, now.last, found->second});
}

void simulated_disk::move_folder(const std::string& from, const std::string& to) {
  for (auto& [id, of] : directories_) {
    if (of.name == from || of.name.compare(0, from.size() + 1, from + '/') == 0) {
      of.name.replace(0, from.size(), to);
    }
  }
}

void simulated_disk::unlinked(const std::string& name) {
  const split_name at = split(name);
  std::erase_if(directories_, [&name](const auto& d) { return d.second.name == name; });
  add({0, entry_kind::unlinked, at.in, at.last, {}, {}});
}

void simulated_disk::add(entry_change what) {
  what.number = ++changes_;
  unsynced_entries_.push_back(std::move(what));
}

void simulated_disk::apply(const entry_change& what, entries& to) {
  to.erase({what.in, what.name});
  if (what.kind == entry_kind::made) to[{what.in, what.name}] = what.of;
  if (what.kind == entry_kind::renamed) to[{what.in, what.new_name}] = what.of;
}

simulated_disk::entries simulated_disk::entries_now() const {
  entries now = durable_entries_;
  for (const entry_change& what : unsynced_entries_) apply(what, now);
  return now;
}

// -- syncs -----------------------------------------------------------------------

void simulated_disk::end_sync(int descriptor, std::uint64_t begun) {
  if (file* of = find(descriptor)) {
    std::erase_if(of->unsynced, [begun](const change& c) { return c.number <= begun; });
    return;
  }
  struct stat synced {};
  struct stat parent {};
  if (const auto found = find_directory(descriptor); found != directories_.end()) {
    const auto is_done = [begun, in = found->first](const entry_change& c) {
      return c.in == in && c.number <= begun;
    };
    for (const entry_change& what : unsynced_entries_) {
      if (is_done(what)) apply(what, durable_entries_);
    }
    std::erase_if(unsynced_entries_, is_done);
  } else if (::fstat(descriptor, &synced) == 0 && ::stat(parent_.c_str(), &parent) == 0
             && synced.st_ino == parent.st_ino && directory_made_ <= begun) {
    is_directory_durable_ = true;
  }
}

namespace {

/// Returns the content as it was before the changes.
template <class Changes>
std::string undo(std::string content, const Changes& changes) {
  for (auto c = changes.rbegin(); c != changes.rend(); ++c) {
    content.resize(static_cast<std::size_t>(c->old_size), '\0');
    content.replace(static_cast<std::size_t>(c->offset), c->old_bytes.size(), c->old_bytes);
  }
  return content;
}

constexpr auto has_smaller_file = [](const auto& a, const auto& b) {
  return a.old_size < b.old_size;
};

}  // namespace

void simulated_disk::drop_unsynced_pages(int descriptor) {
  file* of = find(descriptor);
  if (of == nullptr || of->unsynced.empty()) return;
  const raw_file whole("/proc/self/fd/" + std::to_string(descriptor), O_RDWR | O_CLOEXEC);
  const off_t size = size_of(whole);
  std::string content = undo(read_range(whole, 0, size), of->unsynced);
  content.resize(static_cast<std::size_t>(size), '\0');
  replace_content(whole, content);
  of->unsynced.clear();
}

// -- the end ---------------------------------------------------------------------

simulated_disk::loss simulated_disk::lose_power(random_source& random, bool may_leave_garbage) {
  loss lost;
  for (auto& [id, of] : files_) lose_content(id, of, random, may_leave_garbage, lost);
  const entries surviving = surviving_entries(random, lost);
  const std::uint64_t folders = folders_in(entries_now());
  lost.folders = folders - std::min(folders, folders_in(surviving));
  take_away_all_below(directory_);
  if (!is_directory_durable_ && flip(random)) {
    lost.directory = true;
    if (real().rmdir(directory_.c_str()) != 0) give_up("take away " + directory_);
  } else if (!directories_.empty()) {
    restore_entries(surviving, root, directory_);
  }
  return lost;
}

void simulated_disk::lose_content(
    file_id id, file& of, random_source& random, bool may_leave_garbage, loss& lost) {
  if (of.unsynced.empty()) return;
  const raw_file kept(kept_path(id), O_RDWR | O_CLOEXEC);
  const std::string now = read_range(kept, 0, size_of(kept));
  std::string surviving = undo(now, of.unsynced);
  const auto fate = below(random, 3);
  if (fate == 0) return;
  if (fate == 1) {
    mix_sectors(now, surviving, random);
    tear_end(now, surviving, random);
    if (may_leave_garbage && below(random, 3) != 0) fill_end(now, surviving, random);
    ++lost.torn;
  }
  const auto [in_now, in_surviving] = std::mismatch(now.begin(), now.end(), surviving.begin(),
                                                    surviving.end());
  (of.in == root ? lost.bytes : lost.bytes_in_folders) += static_cast<std::uint64_t>(
      std::max(now.end() - in_now, surviving.end() - in_surviving));
  replace_content(kept, surviving);
}

/// A file system with a journal loses the last changes, another one any of them. But what was made before a
/// rename that stays, stays too: RocksDB relies on it where it makes a manifest, renames the file that names it,
/// and syncs the directory once. POSIX does not promise that, and every file system in use keeps to it.
simulated_disk::entries simulated_disk::surviving_entries(random_source& random, loss& lost) const {
  const bool keeps_order = flip(random);
  const std::uint64_t left = below(random, unsynced_entries_.size() + 1);
  std::vector<bool> stays;
  for (std::size_t i = 0; i < unsynced_entries_.size(); ++i) {
    stays.push_back(keeps_order ? i < left : flip(random));
  }
  std::set<directory_id> before_rename;
  for (std::size_t i = stays.size(); i-- > 0;) {
    const entry_change& what = unsynced_entries_[i];
    if (what.kind == entry_kind::made && before_rename.contains(what.in)) stays[i] = true;
    if (what.kind == entry_kind::renamed && stays[i]) before_rename.insert(what.in);
  }
  entries surviving = durable_entries_;
  for (std::size_t i = 0; i < stays.size(); ++i) {
    if (stays[i]) apply(unsynced_entries_[i], surviving);
    if (!stays[i]) ++(unsynced_entries_[i].in == root ? lost.entries : lost.entries_in_folders);
  }
  return surviving;
}

std::uint64_t simulated_disk::folders_in(const entries& all) {
  return static_cast<std::uint64_t>(
      std::count_if(all.begin(), all.end(), [](const auto& e) { return e.second.is_folder; }));
}

void simulated_disk::restore_entries(const entries& surviving,
                                     directory_id in,
                                     const std::string& below) const {
  for (const auto& [place, of] : surviving) {
    if (place.first != in) continue;
    const std::string path = below + '/' + place.second;
    if (!of.is_folder) {
      if (real().link(kept_path(of.id).c_str(), path.c_str()) != 0) give_up("bring back " + path);
      continue;
    }
    if (real().mkdir(path.c_str(), 0755) != 0) give_up("bring back " + path);
    restore_entries(surviving, of.id, path);
  }
}

// -- from one process to the next ------------------------------------------------

/// Only appended bytes are carried over: each line is the id of a file and the size that is durable.
void simulated_disk::carry_over() const {
  std::string lines;
  for (const auto& [id, of] : files_) {
    if (of.unsynced.empty()) continue;
    const auto durable = std::min_element(of.unsynced.begin(), of.unsynced.end(), has_smaller_file);
    lines += std::to_string(id) + ' ' + std::to_string(durable->old_size) + '\n';
  }
  const raw_file carried(kept_ + "/carried", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
  replace_content(carried, lines);
}

void simulated_disk::take_over() {
  const std::string carried = kept_ + "/carried";
  if (::access(carried.c_str(), R_OK) != 0) return;
  const raw_file from(carried, O_RDONLY | O_CLOEXEC);
  const std::string lines = read_range(from, 0, size_of(from));
  const char* at = lines.c_str();
  while (*at != '\0') {
    char* end = nullptr;
    const file_id id = std::strtoull(at, &end, 10);
    const off_t durable = std::strtoll(end, &end, 10);
    at = end + 1;
    const auto found = files_.find(id);
    if (found != files_.end()) found->second.unsynced.push_back({++changes_, durable, {}, durable});
  }
  static_cast<void>(real().unlink(carried.c_str()));
}

}  // namespace reprise::crash
