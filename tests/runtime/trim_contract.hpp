#pragma once

#include "reprise/journal.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace reprise::testing {

/// The contract of `journal::trim`, as a suite that runs against any store that can be trimmed. `open` is that of
/// `journal_contract`.
void trim_contract(const std::function<std::shared_ptr<journal>()>& open);

/// A base that stands on the commit of a stream that ends at `version`, if there is one.
snapshot base_at(const journal& j, std::string_view stream, std::uint64_t version);

/// What is left of a journal, in order, with what was trimmed: `[cart/1@1], 2 cart/2@1 b`.
std::string left_of(const journal& j);

}  // namespace reprise::testing
