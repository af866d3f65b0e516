#pragma once

#include "reprise/stream.hpp"
#include "reprise/testing/faulty_journal.hpp"

using reprise::testing::faulty_journal;
