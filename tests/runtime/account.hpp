#pragma once

#include "reprise/aggregate.hpp"

#include <boost/serialization/map.hpp>
#include <boost/serialization/vector.hpp>
#include <boost/serialization/version.hpp>

#include <cstdint>
#include <map>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// A small aggregate for the tests of the runtime: a bank account, whose events have what the cart's have not.
namespace bank {

/// Something within an event, with a class version of its own.
struct party {
  std::string name;
  std::uint16_t branch = 0;  ///< from class version 1 on

  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& name;
    if (version >= 1) archive& branch;
  }
  friend bool operator==(const party&, const party&) = default;
};

struct deposited {
  static constexpr std::string_view event_name = "deposited";

  std::int64_t amount = 0;
  std::vector<party> payers;
  std::map<std::string, std::int32_t> notes;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& amount& payers& notes;
  }
  friend bool operator==(const deposited&, const deposited&) = default;
};

struct withdrawn {
  static constexpr std::string_view event_name = "withdrawn";

  std::int64_t amount = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& amount;
  }
  friend bool operator==(const withdrawn&, const withdrawn&) = default;
};

struct deposit {
  std::int64_t amount = 0;
};
struct withdraw {
  std::int64_t amount = 0;
  int times = 1;
};
struct fail {};

struct account {
  static constexpr std::string_view category = "account";
  using command = std::variant<deposit, withdraw, fail>;
  using event = std::variant<deposited, withdrawn>;

  std::int64_t balance = 0;
  friend bool operator==(const account&, const account&) = default;
};

inline constexpr reprise::refusal not_enough{"not_enough"};

inline reprise::decision<account> decide(const account&, const deposit& command) {
  if (command.amount == 0) return {};
  return {deposited{command.amount, {}, {}}};
}
inline reprise::decision<account> decide(const account& state, const withdraw& command) {
  if (state.balance < command.amount * command.times) return not_enough;
  reprise::decision<account> result;
  for (int i = 0; i < command.times; ++i) result.record(withdrawn{command.amount});
  return result;
}
inline reprise::decision<account> decide(const account&, const fail&) {
  throw std::runtime_error("decide fails");
}

inline account evolve(account state, const deposited& event) {
  if (event.amount == 13) throw std::runtime_error("evolve fails");
  state.balance += event.amount;
  return state;
}
inline account evolve(account state, const withdrawn& event) {
  state.balance -= event.amount;
  return state;
}
static_assert(reprise::complete<account>());

inline std::ostream& operator<<(std::ostream& out, const deposited& event) {
  return out << "deposited " << event.amount;
}
inline std::ostream& operator<<(std::ostream& out, const withdrawn& event) {
  return out << "withdrawn " << event.amount;
}

}  // namespace bank

BOOST_CLASS_VERSION(bank::party, 1)
BOOST_CLASS_VERSION(bank::deposited, 2)
