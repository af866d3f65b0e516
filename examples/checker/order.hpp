#pragma once

#include "checker/findings.hpp"
#include "checker/history.hpp"

#include <cstdint>
#include <vector>

namespace checker {

/// Finds what contradicts real time: if A was answered before B was sent, then A comes before B in the order of
/// versions, where what was judged at a version comes between the commit that led to it and the next.
///
/// `judgements` are the sendings that recorded nothing, by cart and version; `recorded` the commands that are in the
/// journal, in its order. Each of both is met once. A command takes effect between the first of its sendings that may
/// have stored it, and the first answer that tells of it. One violation is added for each that came too late.
void check_order(const history& of,
                 const std::vector<std::uint32_t>& judgements,
                 const std::vector<std::uint32_t>& recorded,
                 findings& out);

}  // namespace checker
