// Aggregates that forget something, one for each value of CASE: none compiles, and the compiler names what is missing.

#include "reprise/aggregate.hpp"

#include <string_view>
#include <variant>
#include <vector>

struct ask {};

template <int Number>
struct numbered {
  static constexpr std::string_view event_name = Number == 1   ? "first"
                                                 : Number == 2 ? "second"
                                                               : "third";
};
struct today : numbered<1> {};
struct retired : numbered<2> {};
struct retired_later : numbered<3> {};
struct stranger : numbered<4> {};
struct namesake : numbered<1> {};

struct state {
  static constexpr std::string_view category = "state";
  using command = std::variant<ask>;
  using event = std::variant<today>;
#if CASE == 4
  using retired_event = std::variant<retired, retired_later, namesake>;
#else
  using retired_event = std::variant<retired, retired_later>;
#endif
};

reprise::decision<state> decide(const state&, const ask&);
state evolve(state, const today&);

#if CASE == 0
retired_later upcast(const retired&);
std::vector<state::event> upcast(const retired_later&);
#elif CASE == 1
today upcast(const retired&);
#elif CASE == 2
stranger upcast(const retired&);
today upcast(const retired_later&);
#elif CASE == 3
today upcast(const retired&);
std::vector<std::variant<retired, today>> upcast(const retired_later&);
#elif CASE == 4
today upcast(const retired&);
today upcast(const retired_later&);
today upcast(const namesake&);
#endif

static_assert(reprise::complete<state>());
