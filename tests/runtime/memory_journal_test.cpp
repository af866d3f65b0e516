#include "reprise/memory_journal.hpp"

#include "journal_contract.hpp"

#include <doctest/doctest.h>

TEST_CASE("the memory journal keeps the contract of every journal") {
  reprise::testing::journal_contract([journal = reprise::in_memory()] { return journal; });
}
