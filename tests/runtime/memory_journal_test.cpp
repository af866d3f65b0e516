#include "reprise/memory_journal.hpp"

#include "journal_contract.hpp"
#include "snapshot_contract.hpp"

#include <doctest/doctest.h>

TEST_CASE("the memory journal keeps the contract of every journal") {
  reprise::testing::journal_contract([journal = reprise::in_memory()] { return journal; });
}

TEST_CASE("the memory journal keeps snapshots as every journal does") {
  reprise::testing::snapshot_contract([journal = reprise::in_memory()] { return journal; });
}
