#include "reprise/state_codec.hpp"

#include "reprise/checksum.hpp"

namespace reprise::detail {

state_schema make_schema(std::uint32_t version, std::string_view at_version_0) {
  return {version, checksum(at_version_0)};
}

}  // namespace reprise::detail
