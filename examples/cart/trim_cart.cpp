#include "cart/trim_cart.hpp"

#include "cart/format.hpp"
#include "cart/journal_tools.hpp"
#include "reprise/stream.hpp"
#include "reprise/text.hpp"
#include "reprise/trim.hpp"
#include "shopping_cart/shopping_cart_json.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <ostream>
#include <stdexcept>
#include <string_view>
#include <unistd.h>
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

/// A file that commits are added to, and that is on the disk when `sync` returns.
class archive_file {
 public:
  explicit archive_file(std::string name)
      : name_(std::move(name)),
        descriptor_(::open(name_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) fail("open");
  }
  archive_file(const archive_file&) = delete;
  archive_file& operator=(const archive_file&) = delete;
  ~archive_file() { ::close(descriptor_); }

  void add(const reprise::commit_view& commit) {
    std::string lines;
    for (std::size_t i = 0; i < commit.events.size(); ++i) lines += archive_line(commit, i);
    for (std::string_view rest = lines; !rest.empty();) {
      const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
      if (written < 0 && errno != EINTR) fail("write");
      if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  /// The file and its name: what is archived is deleted in the journal next.
  void sync() const {
    if (::fsync(descriptor_) != 0) fail("sync");
    std::filesystem::path folder = std::filesystem::path(name_).parent_path();
    if (folder.empty()) folder = ".";
    const int opened = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (opened < 0) fail("sync the folder of");
    const bool is_synced = ::fsync(opened) == 0;
    ::close(opened);
    if (!is_synced) fail("sync the folder of");
  }

 private:
  [[noreturn]] void fail(const std::string& doing) const {
    throw std::runtime_error("nothing was trimmed: cannot " + doing + " the archive " + name_ + ": "
                             + std::strerror(errno));
  }

  std::string name_;
  int descriptor_;
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
  std::optional<archive_file> file;
  if (archive) file.emplace(*archive);
  if (reprise::take_snapshot_now(journal, model, stream, last) == 0) {
    throw not_there(
        "the journal has no commit of cart " + reprise::printable(cart)
        + (up_to ? " that ends at version " + std::to_string(*up_to) + " or before" : ""));
  }
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
