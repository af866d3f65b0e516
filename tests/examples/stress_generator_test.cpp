#include "stress/generator.hpp"
#include "stress/open_carts.hpp"
#include "stress/schedule.hpp"
#include "stress/settings.hpp"
#include "stress/zipf.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

using namespace stress;
using simulation::dice;

namespace {

/// Returns how often each of `size` places is chosen in `draws` draws, in parts of 1.
std::vector<double> shares(const open_carts& carts, std::size_t size, int draws) {
  std::vector<double> result(size, 0);
  dice luck{3};
  for (int i = 0; i < draws; ++i) result.at(carts.choose(luck).place) += 1.0 / draws;
  return result;
}

reprise::answer refused(std::string reason) {
  return {reprise::answer_kind::refused, 1, 0, std::move(reason)};
}

}  // namespace

// -- which cart ------------------------------------------------------------------

TEST_CASE("zipf chooses the n-th 1 / n^exponent times as often as the first") {
  constexpr std::size_t size = 50;
  constexpr int draws = 400'000;
  for (const double exponent : {0.5, 0.99, 1.0, 2.0}) {
    CAPTURE(exponent);
    double sum = 0;
    for (std::size_t n = 1; n <= size; ++n) sum += std::pow(n, -exponent);
    const zipf ranks{size, exponent};
    std::vector<int> counts(size, 0);
    dice luck{5};
    for (int i = 0; i < draws; ++i) ++counts.at(ranks.choose(luck));
    for (std::size_t n = 1; n <= size; ++n) {
      const double expected = draws * std::pow(n, -exponent) / sum;
      CAPTURE(n);
      // Five standard deviations of a count.
      CHECK(std::abs(counts[n - 1] - expected) < 5 * std::sqrt(expected) + 1);
    }
  }
}

TEST_CASE("zipf over one has one choice, and over ten million stays within them") {
  dice luck{1};
  const zipf one{1, 0.99};
  const zipf many{10'000'000, 0.99};
  for (int i = 0; i < 1'000; ++i) {
    CHECK(one.choose(luck) == 0);
    CHECK(many.choose(luck) < 10'000'000);
  }
}

TEST_CASE("hot carts get their part of the commands, all the same") {
  const open_carts carts{200, distribution_from("hot:5%@80%")};
  const auto part = shares(carts, 200, 100'000);
  double hot = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    hot += part[i];
    CHECK(part[i] == doctest::Approx(0.08).epsilon(0.1));
  }
  CHECK(hot == doctest::Approx(0.8).epsilon(0.02));
  CHECK(part[10] == doctest::Approx(0.2 / 190).epsilon(0.5));
}

TEST_CASE("uniform chooses every cart as often as any other") {
  for (const double part : shares(open_carts{20, distribution_from("uniform")}, 20, 100'000))
    CHECK(part == doctest::Approx(0.05).epsilon(0.1));
}

TEST_CASE("of the latest, the cart that was opened last is chosen most") {
  open_carts carts{20, distribution_from("latest")};
  const auto most_chosen = [&] {
    const auto part = shares(carts, 20, 5'000);
    return static_cast<std::uint32_t>(std::max_element(part.begin(), part.end()) - part.begin());
  };
  CHECK(most_chosen() == 19);
  for (std::uint32_t round = 0; round < 100; ++round) {
    const std::uint32_t place = round * 7 % 20;
    carts.replace({place, round / 20});
    CHECK(most_chosen() == place);
  }
}

TEST_CASE("a cart that is used up is followed by the next of its place, once") {
  open_carts carts{1, distribution_from("uniform")};
  dice luck{1};
  const auto first = carts.choose(luck);
  CHECK(open_carts::id_of(first) == "cart-1");
  carts.replace(first);
  carts.replace(first);
  carts.skip(first);
  CHECK(open_carts::id_of(carts.choose(luck)) == "cart-1.2");
}

TEST_CASE("carts that turn out to be used up are skipped faster and faster") {
  open_carts carts{1, distribution_from("uniform")};
  dice luck{1};
  std::vector<std::uint32_t> generations;
  for (int i = 0; i < 5; ++i) {
    generations.push_back(carts.choose(luck).generation);
    carts.skip(carts.choose(luck));
  }
  CHECK(generations == std::vector<std::uint32_t>{0, 1, 3, 7, 15});
  carts.was_open(carts.choose(luck));
  const auto before = carts.choose(luck).generation;
  carts.skip(carts.choose(luck));
  CHECK(carts.choose(luck).generation == before + 1);
}

// -- which command ---------------------------------------------------------------

TEST_CASE("commands come in their shares, and clients of a seed send the same again") {
  options o;
  o.clients = 3;
  o.seed = 8;
  generator one{o};
  generator other{o};
  std::map<command_kind, int> counts;
  for (std::size_t i = 0; i < 30'000; ++i) {
    const auto sent = one.next(i % 3);
    const auto again = other.next(i % 3);
    CHECK(sent.kind == again.kind);
    CHECK(sent.cart == again.cart);
    ++counts[sent.kind];
  }
  CHECK(counts[command_kind::add_product] == doctest::Approx(18'000).epsilon(0.03));
  CHECK(counts[command_kind::remove_product] == doctest::Approx(6'000).epsilon(0.05));
  CHECK(counts[command_kind::view] == doctest::Approx(4'500).epsilon(0.05));
  CHECK(counts[command_kind::check_out] == doctest::Approx(1'500).epsilon(0.1));
}

TEST_CASE("product ids have the payload's size, and there are 64 of them at any size") {
  for (const std::size_t payload : {2U, 9U, 10U, 100U}) {
    options o;
    o.payload = payload;
    o.mix = mix_from("add=1");
    generator g{o};
    std::set<std::string> ids;
    for (int i = 0; i < 5'000; ++i)
      ids.insert(std::get<shop::add_product>(*g.next(0).command).product_id);
    CHECK(ids.size() == 64);
    for (const auto& id : ids) CHECK(id.size() == payload);
  }
}

TEST_CASE("what is removed was added before") {
  options o;
  o.carts = 1;
  o.mix = mix_from("add=3,remove=1");
  generator g{o};
  std::set<std::string> inside;
  for (int i = 0; i < 1'000; ++i) {
    const auto next = g.next(0);
    if (const auto* add = std::get_if<shop::add_product>(&*next.command)) {
      inside.insert(add->product_id);
    } else if (!inside.empty()) {
      CHECK(inside.erase(std::get<shop::remove_product>(*next.command).product_id) == 1);
    }
  }
}

TEST_CASE(
    "after a check_out, and when a cart turns out to be checked out or full, a fresh cart comes") {
  options o;
  o.carts = 1;
  o.mix = mix_from("checkout=1");
  generator buying{o};
  CHECK(buying.next(0).cart == "cart-1");
  CHECK(buying.next(0).cart == "cart-1.2");

  o.mix = mix_from("add=1");
  generator adding{o};
  const auto first = adding.next(0);
  adding.learn(first, refused("is_checked_out"));
  const auto second = adding.next(0);
  CHECK(second.cart == "cart-1.2");
  adding.learn(second, refused("too_many_of_a_product"));
  const auto third = adding.next(0);
  CHECK(third.cart == "cart-1.3");
  adding.learn(third, refused("cart_is_empty"));
  CHECK(adding.next(0).cart == "cart-1.3");
}

// -- when ------------------------------------------------------------------------

TEST_CASE("fixed arrivals are one step from each other, and what is rounded off does not add up") {
  const schedule::clock::time_point begin{};
  schedule times{begin, 3, arrivals::fixed, dice{1}};
  CHECK(times.due() - begin == std::chrono::nanoseconds(333'333'333));
  for (int i = 0; i < 2'999; ++i) times.advance();
  CHECK(std::abs((times.due() - begin - std::chrono::seconds(1'000)).count()) < 1'000);
}

TEST_CASE("poisson arrivals have their rate, and steps as different as they are to be") {
  const schedule::clock::time_point begin{};
  schedule times{begin, 1'000, arrivals::poisson, dice{1}};
  constexpr int count = 100'000;
  int long_steps = 0;
  auto before = begin;
  for (int i = 0; i < count; ++i, times.advance()) {
    CHECK(times.due() >= before);
    long_steps += times.due() - before > std::chrono::milliseconds(1) ? 1 : 0;
    before = times.due();
  }
  CHECK((before - begin) / std::chrono::milliseconds(1) == doctest::Approx(count).epsilon(0.02));
  CHECK(long_steps == doctest::Approx(count * std::exp(-1)).epsilon(0.02));
}

TEST_CASE(
    "at a rate that is as good as none, nothing is due within a hundred years, however often") {
  const schedule::clock::time_point begin{std::chrono::hours(24 * 365)};
  for (const auto how : {arrivals::fixed, arrivals::poisson}) {
    for (const double per_second : {1e-12, 1e-300, 5e-324}) {
      CAPTURE(per_second);
      schedule times{begin, per_second, how, dice{1}};
      for (int i = 0; i < 100; ++i, times.advance())
        CHECK(times.due() > begin + std::chrono::hours(24 * 365 * 100));
    }
  }
}
