#include "cart/trim_cart.hpp"

#include "cart/format.hpp"
#include "cart/journal_tools.hpp"
#include "reprise/stream.hpp"
#include "reprise/text.hpp"
#include "reprise/trim.hpp"
#include "shopping_cart/shopping_cart_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <stdexcept>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_set>
#include <utility>

namespace simulation {

using shop::shopping_cart;

namespace {

std::string archive_line(const reprise::commit_view& commit, std::size_t i) {
  const reprise::event_view& event = commit.events[i];
  return R"({"position":)" + std::to_string(commit.first_position + i) + R"(,"stream":)"
         + shop::json_string(commit.stream) + R"(,"version":)"
         + std::to_string(commit.first_version + i) + R"(,"last_version_of_commit":)"
         + std::to_string(commit.last_version()) + R"(,"time":")" + as_time(commit.time)
         + R"(","command_id":)" + shop::json_string(commit.command_id) + R"(,"correlation_id":)"
         + shop::json_string(commit.correlation_id) + R"(,"causation_id":)"
         + shop::json_string(commit.causation_id) + R"(,"event":)" + shop::json_string(event.name)
         + R"(,"schema_version":)" + std::to_string(event.schema_version) + R"(,"payload":")"
         + hex_of(event.payload) + "\"}\n";
}

/// What each line begins with, whole or cut off.
constexpr std::string_view beginning = R"({"position":)";

[[noreturn]] void refuse(const std::string& archive, const std::string& why) {
  throw std::runtime_error("nothing was trimmed: the archive " + archive + ' ' + why);
}

/// What is in an archive already.
struct archived {
  std::unordered_set<std::string> lines;
  std::string last;  ///< without its end; empty if the last line has one
};

/// Returns the lines of a stream from a position on, which a trim left that did not come to delete what they hold, and the
/// last line if it is cut off.
archived read_archive(const std::string& name,
                      std::string_view stream,
                      std::uint64_t from_position) {
  const std::string stream_member = R"(,"stream":)" + shop::json_string(stream) + ',';
  archived found;
  std::ifstream file(name, std::ios::binary);
  if (!file) refuse(name, std::string("cannot be read: ") + std::strerror(errno));
  for (std::string line; std::getline(file, line);) {
    if (file.eof()) {
      found.last = std::move(line);
      break;
    }
    if (!line.starts_with(beginning)) continue;
    std::uint64_t position = 0;
    const char* const line_end = line.data() + line.size();
    const auto [end, error] = std::from_chars(line.data() + beginning.size(), line_end, position);
    const bool is_left = error == std::errc() && position >= from_position
                         && std::string_view(end, line_end).starts_with(stream_member);
    if (is_left) found.lines.insert(line + '\n');
  }
  if (file.bad()) refuse(name, "cannot be read to its end");
  return found;
}

/// A file that commits are added to, and that is on the disk when `sync` returns. Until then whatever ends it leaves the
/// file as it was, and none if there was none. Only one process at a time adds to it.
///
/// A process that was killed before the journal deleted anything leaves lines that are not added a second time, and perhaps
/// half a line, which is cut off.
class archive_file {
 public:
  archive_file(std::string name, std::string stream)
      : name_(std::move(name)), stream_(std::move(stream)) {}
  archive_file(const archive_file&) = delete;
  archive_file& operator=(const archive_file&) = delete;
  ~archive_file() {
    if (descriptor_ < 0) return;
    if (is_regular_ && !is_kept_) take_back();
    ::close(descriptor_);
  }

  void add(const reprise::commit_view& commit) {
    if (descriptor_ < 0) begin(commit.first_position);
    std::string lines;
    for (std::size_t i = 0; i < commit.events.size(); ++i) {
      const std::string line = archive_line(commit, i);
      if (!archived_.contains(line)) lines += line;
    }
    if (!lines.empty()) lines.insert(0, std::exchange(missing_end_, ""));
    for (std::string_view rest = lines; !rest.empty();) {
      const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
      if (written < 0 && errno != EINTR) fail("write");
      if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  /// The file and its name: what is archived is deleted in the journal next.
  void sync() {
    if (descriptor_ < 0) return;
    if (::fsync(descriptor_) != 0) fail("sync");
    std::filesystem::path folder = std::filesystem::path(name_).parent_path();
    if (folder.empty()) folder = ".";
    const int opened = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (opened < 0) fail("sync the folder of");
    const bool is_synced = ::fsync(opened) == 0;
    ::close(opened);
    if (!is_synced) fail("sync the folder of");
    is_kept_ = true;
  }

 private:
  void begin(std::uint64_t position) {
    struct stat what {};
    const bool was_there = ::lstat(name_.c_str(), &what) == 0;
    descriptor_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail("open");
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) fail("lock");
      refuse(name_, "is being added to by another process; wait for it");
    }
    if (::fstat(descriptor_, &what) != 0) fail("open");
    if (what.st_nlink == 0) refuse(name_, "was taken back by another process; try again");
    if (!S_ISREG(what.st_mode)) return;
    is_new_ = !was_there;
    size_ = what.st_size;
    is_regular_ = true;
    find_what_is_there(position);
  }

  void find_what_is_there(std::uint64_t position) {
    auto [lines, last] = read_archive(name_, stream_, position);
    archived_ = std::move(lines);
    if (last.empty()) return;
    if (nlohmann::json::accept(last)) {
      archived_.insert(last + '\n');
      missing_end_ = "\n";
      return;
    }
    const auto shorter = std::min(last.size(), beginning.size());
    if (last.substr(0, shorter) != beginning.substr(0, shorter)) {
      refuse(name_, "ends in the middle of a line that is none of an archive; name another file");
    }
    size_ -= static_cast<off_t>(last.size());
    if (::ftruncate(descriptor_, size_) != 0) fail("cut half a line off the end of");
  }

  /// Where that does not succeed, the next trim finds whole lines and half a line, as after a kill.
  void take_back() const {
    if (::ftruncate(descriptor_, size_) == 0 && is_new_) ::unlink(name_.c_str());
  }

  [[noreturn]] void fail(const std::string& doing) const {
    throw std::runtime_error("nothing was trimmed: cannot " + doing + " the archive " + name_ + ": "
                             + std::strerror(errno));
  }

  std::string name_;
  std::string stream_;
  int descriptor_ = -1;
  off_t size_ = 0;  ///< before anything was added
  bool is_new_ = false;
  bool is_regular_ = false;
  bool is_kept_ = false;
  std::unordered_set<std::string> archived_;  ///< lines that a trim left that was killed
  std::string missing_end_;                   ///< of the last line
};

}  // namespace

void trim_cart(std::ostream& out,
               reprise::journal& journal,
               const std::string& cart,
               std::optional<std::uint64_t> up_to,
               const std::optional<std::string>& archive) {
  const auto& model = reprise::model_of<shopping_cart>();
  const std::string stream = reprise::stream_name(shopping_cart::category, cart);
  const std::uint64_t last = up_to.value_or(reprise::newest_version);
  if (reprise::take_snapshot_now(journal, model, stream, last) == 0) {
    throw not_there(
        "the journal has no commit of cart " + reprise::printable(cart)
        + (up_to ? " that ends at version " + std::to_string(*up_to) + " or before" : ""));
  }
  std::optional<archive_file> file;
  if (archive) file.emplace(*archive, stream);
  const auto keep = [&file](const reprise::commit_view& commit) {
    if (file) file->add(commit);
    return true;
  };
  const auto sync = [&file] {
    if (file) file->sync();
  };
  const auto trimmed = reprise::trim_stream(journal, model, stream, last, keep, sync);
  out << "cart " << reprise::printable(cart) << ": " << counted(trimmed.deleted.events, "event")
      << " in " << counted(trimmed.deleted.commits, "commit") << " trimmed; its state at version "
      << trimmed.base_version << " stands for what is gone\n";
}

}  // namespace simulation
