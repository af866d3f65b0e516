#pragma once

#include "cart/runtime_settings.hpp"
#include "cart/shoppers.hpp"
#include "cart/stores.hpp"

#include <filesystem>
#include <string>

namespace simulation {

struct simulation_options {
  shopping_options shopping;
  store_kind journal = store_kind::rocksdb;
  std::filesystem::path directory;  ///< of a RocksDB journal
  runtime_settings runtime;
  std::filesystem::path metrics;  ///< a file for the runtime's metrics; empty: none
  std::string input;              ///< a file of commands, or `-`; empty: the shoppers choose
};

}  // namespace simulation
