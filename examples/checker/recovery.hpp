#pragma once

#include "checker/findings.hpp"
#include "checker/judge.hpp"
#include "reprise/journal.hpp"

#include <functional>
#include <memory>

namespace checker {

/// Starts a host on the journal, as a user would, asks each cart that the judge knows for its state, and has the judge
/// compare the answers. `log` is told what the host says. Returns early if `is_interrupted` says so. Throws
/// `reprise::journal_failure` if the host does not stop.
void check_recovery(judge& judge,
                    std::shared_ptr<reprise::journal> journal,
                    const std::function<void(const std::string&)>& log,
                    const std::function<bool()>& is_interrupted,
                    findings& out);

}  // namespace checker
