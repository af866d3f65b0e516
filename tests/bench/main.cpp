#include "bench/scenario.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <iostream>

namespace bench {

std::span<const scenario> all_scenarios() {
  static constexpr std::array<scenario, 11> all{{
      {"window_1", "durable commands to many carts, one in flight", measure_window_1},
      {"window_64", "durable commands to many carts, 64 in flight", measure_window_64},
      {"window_1024", "durable commands to many carts, 1,024 in flight", measure_window_1024},
      {"hot_cart", "durable commands to one cart, 64 in flight", measure_hot_cart},
      {"replay", "carts rebuilt from their events", measure_replay},
      {"spawn", "carts spawned, recovered and asked, 1,024 in flight", measure_spawn},
      {"long_life", "a cart opened, by how many events it has", measure_long_life},
      {"stampede", "carts in use while all others wake", measure_stampede},
      {"price", "what is done for each command, against leaving it out", measure_price},
      {"idle_bytes", "memory of an idle cart", measure_idle_bytes},
      {"sync_proof", "nothing is acknowledged before it is synced", prove_sync},
  }};
  return all;
}

void show_progress(const result& found, std::size_t round, const settings& how) {
  std::cerr << "bench: " << found.name << ", round " << round + 1 << " of " << how.rounds
            << std::endl;
}

namespace {

bool is_wanted(const scenario& s, const std::vector<std::string>& only) {
  return only.empty() || std::find(only.begin(), only.end(), s.name) != only.end();
}

int run(const options& asked) {
  settings how = asked.how;
  const temporary_directory space(how.directory.empty() ? own_directory() : how.directory);
  how.directory = std::filesystem::canonical(space.path());
  const environment here = look_around(how.directory);
  if (!asked.json) print_environment(std::cout, here, how);

  std::vector<result> found;
  for (const scenario& s : all_scenarios()) {
    if (!is_wanted(s, asked.only)) continue;
    result& r = found.emplace_back(s.name, s.title);
    try {
      s.run(how, r);
    } catch (const std::exception& thrown) {
      r.add_problem(thrown.what());
    }
    if (!asked.json) print_result(std::cout, r);
  }
  if (asked.json) print_json(std::cout, here, how, found);
  const bool is_right = std::all_of(found.begin(), found.end(),
                                    [](const result& r) { return r.problems.empty(); });
  return is_right ? 0 : 3;
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  try {
    const bench::options asked = bench::read_command_line(argc, argv);
    return asked.child.empty() ? bench::run(asked)
                               : bench::run_as_child(asked.child, asked.child_actors);
  } catch (const std::exception& thrown) {
    std::cerr << "bench: " << thrown.what() << '\n';
    return 2;
  }
}
