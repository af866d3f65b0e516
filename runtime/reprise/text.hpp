#pragma once

#include <string>
#include <string_view>

namespace reprise {

/// Returns `bytes` in double quotes for a message: printable ASCII as it is, `"` and `\` behind a
/// backslash, every other byte as `\xNN`. Ids are any bytes; messages stay one readable line.
/// More than 80 bytes are cut, which `…` shows.
std::string printable(std::string_view bytes);

}  // namespace reprise
