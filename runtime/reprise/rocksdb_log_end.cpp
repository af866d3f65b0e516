#include "reprise/rocksdb_log_end.hpp"

#include "reprise/byte_order.hpp"
#include "reprise/crc32c.hpp"
#include "reprise/error.hpp"
#include "reprise/rocksdb_layout.hpp"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace reprise::detail {

namespace {

namespace fs = std::filesystem;

// A log is blocks of fragments, none of which crosses from one block into the next. A write is one fragment,
// or a first, any number of middle ones, and a last. See RocksDB's db/log_format.h.
constexpr std::size_t block_bytes = 32768;
constexpr std::size_t header_bytes = 7;  // checksum, length, kind
enum fragment_kind : unsigned char { full = 1, first = 2, middle = 3, last = 4 };

struct fragment {
  fragment_kind kind = full;
  std::size_t end = 0;
};

std::uint32_t masked_crc32c(std::string_view bytes) {
  const std::uint32_t sum = crc32c(bytes);
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8U;
}

/// Returns the fragment at an offset if there is a sound one.
std::optional<fragment> fragment_at(std::string_view bytes, std::size_t at) {
  const std::size_t block_end = std::min(bytes.size(), (at / block_bytes + 1) * block_bytes);
  if (at + header_bytes > block_end) return std::nullopt;
  const auto kind = get_little<std::uint8_t>(bytes.data() + at + 6);
  const std::size_t end = at + header_bytes + get_little<std::uint16_t>(bytes.data() + at + 4);
  if (kind < full || kind > last || end > block_end) return std::nullopt;
  const std::string_view covered = bytes.substr(at + header_bytes - 1, end - at - header_bytes + 1);
  if (get_little<std::uint32_t>(bytes.data() + at) != masked_crc32c(covered)) return std::nullopt;
  return fragment{static_cast<fragment_kind>(kind), end};
}

// A write's content is a batch of RocksDB, and each batch of the journal begins with its seal: a header, then data for the
// log alone, with its length. See RocksDB's db/write_batch.cc.
constexpr std::size_t batch_header_bytes = 12;  // sequence number, count
constexpr std::string_view log_data("\x03\x10", 2);
static_assert(log_data[1] == seal_bytes);
constexpr std::size_t to_seal_bytes = batch_header_bytes + log_data.size();

/// Returns the seal that a write's content begins with, nothing if there is none.
std::string_view seal_in(std::string_view content) {
  if (content.size() < to_seal_bytes + seal_bytes) return {};
  if (content.substr(batch_header_bytes, log_data.size()) != log_data) return {};
  const std::string_view seal = content.substr(to_seal_bytes, seal_bytes);
  return is_seal(seal) ? seal : std::string_view();
}

/// Returns whether a write begins at an offset, where `f` is, and not just what looks like one.
///
/// What is behind a break is looked for at every byte, and clients choose bytes of what lies there: a fragment in a payload,
/// checksum and all, must not be taken for a later write, or the torn write that it is in would be damage for ever. They
/// cannot know the seal. All writes of a log have the same one, so no later write is overlooked.
bool is_beginning(std::string_view bytes,
                  std::size_t at,
                  const fragment& f,
                  std::string_view seal) {
  if (f.kind != full && f.kind != first) return false;
  if (seal.empty()) return true;
  std::string content(bytes.substr(at + header_bytes, f.end - at - header_bytes));
  if (f.kind == first && content.size() < to_seal_bytes + seal_bytes) {
    // It ends with its block, in which there was no room for more.
    if (const auto next = fragment_at(bytes, f.end)) {
      content += bytes.substr(f.end + header_bytes, next->end - f.end - header_bytes);
    }
  }
  return seal_in(content) == seal;
}

/// Returns where the last write that begins in a block begins. Looks behind damage too, at every byte.
std::optional<std::size_t> last_beginning_in(std::string_view bytes,
                                             std::size_t block,
                                             std::string_view seal) {
  std::optional<std::size_t> found;
  const std::size_t block_end = std::min(bytes.size(), block + block_bytes);
  for (std::size_t at = block; at + header_bytes <= block_end;) {
    const auto f = fragment_at(bytes, at);
    if (f && is_beginning(bytes, at, *f, seal)) found = at;
    at = f ? f->end : at + 1;
  }
  return found;
}

/// Returns the end of the write that begins at an offset, nothing if it is not whole.
std::optional<std::size_t> end_of_write(std::string_view bytes, std::size_t begin) {
  auto f = fragment_at(bytes, begin);
  while (f && f->kind != full && f->kind != last) {
    f = fragment_at(bytes, (f->end + block_bytes - 1) / block_bytes * block_bytes);
    if (f && f->kind != middle && f->kind != last) return std::nullopt;
  }
  return f ? std::optional(f->end) : std::nullopt;
}

/// Returns where the first thing is that is no part of a whole write, nothing if there is none. `bytes` are blocks
/// of a log, and `is_inside` says whether a write goes on in them; then, whether one goes on behind them.
std::optional<std::size_t> first_break(std::string_view bytes, bool& is_inside) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t left = block_bytes - at % block_bytes;
    if (left < header_bytes) {
      at += left;
      continue;
    }
    const auto f = fragment_at(bytes, at);
    if (!f || is_inside != (f->kind == middle || f->kind == last)) return at;
    is_inside = f->kind == first || f->kind == middle;
    at = f->end;
  }
  return std::nullopt;
}

// -- an environment in which files end early -----------------------------------

class shortened_file final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  shortened_file(std::unique_ptr<rocksdb::FSSequentialFile> whole, std::uint64_t end)
      : FSSequentialFileOwnerWrapper(std::move(whole)), left_(end) {}

  rocksdb::IOStatus Read(std::size_t n,
                         const rocksdb::IOOptions& options,
                         rocksdb::Slice* result,
                         char* scratch,
                         rocksdb::IODebugContext* context) override {
    const std::size_t most = static_cast<std::size_t>(std::min<std::uint64_t>(n, left_));
    rocksdb::IOStatus status = FSSequentialFileOwnerWrapper::Read(most, options, result, scratch,
                                                                  context);
    if (status.ok()) left_ -= result->size();
    return status;
  }
  rocksdb::IOStatus Skip(std::uint64_t n) override {
    const std::uint64_t skipped = std::min(n, left_);
    left_ -= skipped;
    return FSSequentialFileOwnerWrapper::Skip(skipped);
  }

 private:
  std::uint64_t left_;
};

class shortened_files final : public rocksdb::FileSystemWrapper {
 public:
  shortened_files(const std::shared_ptr<rocksdb::FileSystem>& whole,
                  std::map<std::string, std::uint64_t> ends)
      : FileSystemWrapper(whole), ends_(std::move(ends)) {}

  const char* Name() const override { return "reprise.shortened_files"; }
  rocksdb::IOStatus NewSequentialFile(const std::string& name,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                      rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewSequentialFile(name, options, result, context);
    const auto found = ends_.find(fs::path(name).filename().string());
    if (status.ok() && found != ends_.end()) {
      *result = std::make_unique<shortened_file>(std::move(*result), found->second);
    }
    return status;
  }

 private:
  const std::map<std::string, std::uint64_t> ends_;
};

/// Returns the logs, the last one first. Their names are numbers of at least six digits.
std::vector<fs::path> logs_in(const fs::path& directory) {
  std::vector<fs::path> logs;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".log") logs.push_back(it->path());
  }
  if (error) throw journal_failure("cannot list " + directory.string() + ": " + error.message());
  std::sort(logs.begin(), logs.end(), [](const fs::path& a, const fs::path& b) {
    const std::string x = a.filename().string();
    const std::string y = b.filename().string();
    return x.size() != y.size() ? x.size() > y.size() : x > y;
  });
  return logs;
}

void require_read(const rocksdb::Status& status, const fs::path& log) {
  if (!status.ok()) throw journal_failure("cannot read " + log.string() + ": " + status.ToString());
}

std::string read_from(rocksdb::Env& base,
                      const fs::path& log,
                      std::uint64_t from,
                      std::uint64_t size) {
  std::unique_ptr<rocksdb::RandomAccessFile> file;
  require_read(base.NewRandomAccessFile(log.string(), &file, rocksdb::EnvOptions()), log);
  std::string bytes(static_cast<std::size_t>(size - from), '\0');
  rocksdb::Slice read;
  require_read(file->Read(from, bytes.size(), &read, bytes.data()), log);
  if (read.data() != bytes.data()) return read.ToString();
  bytes.resize(read.size());
  return bytes;
}

/// Returns where the last whole write of a log ends, 0 if it has none. Reads no more of the end than it has to, but all if
/// need be: a write is as large as a batch and the names in it make it.
std::uint64_t end_of_log(rocksdb::Env& base,
                         const fs::path& log,
                         std::uint64_t size,
                         std::string_view seal) {
  std::uint64_t from = size;
  for (std::uint64_t most = block_bytes; from != 0; most *= 4) {
    from = size > most ? (size - most) / block_bytes * block_bytes : 0;
    const std::string bytes = read_from(base, log, from, size);
    if (const auto end = end_of_whole_writes(bytes, seal)) return from + *end;
  }
  return 0;
}

/// RocksDB takes some damages for the end of a log, whatever is behind them: in its last block a length that is
/// too large, or a header of zeros, and anywhere the kind of a log that is used again.
void require_unbroken(rocksdb::Env& base, const fs::path& log, std::uint64_t end) {
  constexpr std::uint64_t at_once = 32 * block_bytes;
  bool is_inside = false;
  for (std::uint64_t from = 0; from < end; from += at_once) {
    const std::string bytes = read_from(base, log, from, std::min(end, from + at_once));
    if (const auto at = first_break(bytes, is_inside)) {
      throw damaged_history({}, log.string() + " is damaged at byte " + std::to_string(from + *at)
                                    + ", and later writes are behind that");
    }
  }
}

/// A log, or a manifest, which is a log too.
struct examined_log {
  std::string name;
  std::uint64_t size = 0;
  std::uint64_t end = 0;  ///< of its last whole write
};

/// Returns the seal of a log's writes, nothing if the first one has none, or if it cannot be read: then whatever looks like
/// a write counts as one. The first write need not be whole; if it is torn, this is its beginning.
std::string seal_of(rocksdb::Env& base, const fs::path& log, std::uint64_t size) {
  constexpr std::uint64_t seal_end = header_bytes + to_seal_bytes + seal_bytes;
  if (size < seal_end) return {};
  const std::string bytes = read_from(base, log, 0, seal_end);
  return std::string(seal_in(std::string_view(bytes).substr(std::min(bytes.size(), header_bytes))));
}

examined_log examine(rocksdb::Env& base, const fs::path& log, bool has_seal) {
  examined_log examined{log.filename().string()};
  require_read(base.GetFileSize(log.string(), &examined.size), log);
  const std::string seal = has_seal ? seal_of(base, log, examined.size) : std::string();
  examined.end = end_of_log(base, log, examined.size, seal);
  require_unbroken(base, log, examined.end);
  return examined;
}

void note_end(const examined_log& log, std::map<std::string, std::uint64_t>& ends) {
  if (log.end < log.size) ends[log.name] = log.end;
}

/// Returns the file that CURRENT names, which may be nonsense.
fs::path manifest_in(const fs::path& directory, rocksdb::Env& base) {
  std::string name;
  const rocksdb::Status read = rocksdb::ReadFileToString(&base, (directory / "CURRENT").string(),
                                                         &name);
  if (!read.ok() || name.compare(0, 9, "MANIFEST-") != 0) return {};
  return directory / name.substr(0, name.find('\n'));
}

}  // namespace

std::optional<std::size_t> end_of_whole_writes(std::string_view bytes, std::string_view seal) {
  std::size_t block = (bytes.size() + block_bytes - 1) / block_bytes * block_bytes;
  while (block != 0) {
    block -= block_bytes;
    if (const auto begin = last_beginning_in(bytes, block, seal)) {
      return end_of_write(bytes, *begin).value_or(*begin);
    }
  }
  return std::nullopt;
}

std::unique_ptr<rocksdb::Env> without_torn_writes(const fs::path& directory, rocksdb::Env& base) {
  std::map<std::string, std::uint64_t> ends;
  bool may_be_torn = true;
  for (const fs::path& path : logs_in(directory)) {
    const examined_log log = examine(base, path, true);
    if (may_be_torn) note_end(log, ends);
    may_be_torn = may_be_torn && log.end == 0;
  }
  if (const fs::path manifest = manifest_in(directory, base); fs::exists(manifest)) {
    note_end(examine(base, manifest, false), ends);
  }
  if (ends.empty()) return nullptr;
  return rocksdb::NewCompositeEnv(
      std::make_shared<shortened_files>(base.GetFileSystem(), std::move(ends)));
}

}  // namespace reprise::detail
