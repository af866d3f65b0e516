#pragma once

#include <string>
#include <string_view>

namespace reprise {

/// Returns `bytes` in double quotes for a message, as a person reads them: well-formed UTF-8 as it is, `"` and `\` behind a
/// backslash, every other byte as `\xNN`, and so every character that breaks a line, steers a terminal or cannot be seen. Ids
/// are any bytes; messages stay one readable line. More than 80 bytes are cut, between two characters, which `…` shows.
std::string printable(std::string_view bytes);

}  // namespace reprise
