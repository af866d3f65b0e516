#include "reprise/archive.hpp"

#include <cstring>
#include <limits>
#include <stdexcept>

namespace reprise {

void payload_writer::save_binary(const void* data, std::size_t size) {
  if (size > limit_ || out_.size() > limit_ - size) {
    throw std::length_error("more than " + std::to_string(limit_) + " bytes");
  }
  out_.append(static_cast<const char*>(data), size);
}

void payload_writer::write_size(std::size_t size) {
  if (size > std::numeric_limits<std::uint32_t>::max())
    throw std::length_error("a size above 4 GiB");
  write_number(static_cast<std::uint32_t>(size));
}

void payload_reader::load_binary(void* data, std::size_t size) {
  if (size > rest_.size()) {
    throw undecodable("the payload ends " + std::to_string(size - rest_.size())
                      + " bytes too early");
  }
  std::memcpy(data, rest_.data(), size);
  rest_.remove_prefix(size);
}

std::size_t payload_reader::read_size() {
  const std::size_t size = read_number<std::uint32_t>();
  if (size > rest_.size()) {
    throw undecodable("a size of " + std::to_string(size) + " where " + std::to_string(rest_.size())
                      + " bytes are left");
  }
  return size;
}

void payload_reader::check_version(std::uint32_t stored, std::uint32_t known) {
  if (stored > known) {
    throw undecodable("schema version " + std::to_string(stored) + " is newer than this program's "
                      + std::to_string(known));
  }
}

void payload_reader::check_end() const {
  if (!rest_.empty()) {
    throw undecodable(std::to_string(rest_.size()) + " bytes are left over behind the payload");
  }
}

}  // namespace reprise
