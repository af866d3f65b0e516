#include "stress/open_carts.hpp"

#include <algorithm>
#include <cmath>

namespace stress {

namespace {

using shape = cart_distribution::shape;

constexpr std::uint32_t most_skips = 20;

}  // namespace

open_carts::open_carts(std::size_t size, const cart_distribution& distribution)
    : places_(size), distribution_(distribution) {
  if (distribution.form == shape::zipf || distribution.form == shape::latest)
    ranks_.emplace(size, distribution.exponent);
  if (distribution.form == shape::hot) {
    const double part = distribution.hot_carts * static_cast<double>(size);
    hot_ = std::clamp<std::size_t>(static_cast<std::size_t>(std::llround(part)), 1, size);
  }
  if (distribution.form == shape::latest) {
    for (std::size_t i = 0; i < size; ++i) opened_.push_back({static_cast<std::uint32_t>(i), 0});
  }
}

open_cart open_carts::choose(simulation::dice& d) const {
  std::uint64_t place = 0;
  switch (distribution_.form) {
  case shape::uniform: place = d.below(places_.size()); break;
  case shape::zipf: place = ranks_->choose(d); break;
  case shape::latest: place = choose_latest(d); break;
  case shape::hot:
    if (d.fraction() < distribution_.hot_commands || hot_ == places_.size()) {
      place = d.below(hot_);
    } else {
      place = hot_ + d.below(places_.size() - hot_);
    }
    break;
  }
  return {static_cast<std::uint32_t>(place), places_[place].generation};
}

/// The last one is always open, and the most frequent choice, so that few draws are needed.
std::uint32_t open_carts::choose_latest(simulation::dice& d) const {
  for (;;) {
    const open_cart& cart = opened_[opened_.size() - 1 - ranks_->choose(d)];
    if (places_[cart.place].generation == cart.generation) return cart.place;
  }
}

std::string open_carts::id_of(const open_cart& cart) {
  std::string id = "cart-" + std::to_string(cart.place + 1);
  if (cart.generation > 0) id += '.' + std::to_string(cart.generation + 1);
  return id;
}

void open_carts::replace(const open_cart& used_up) {
  advance(used_up, 1);
}

void open_carts::skip(const open_cart& used_up) {
  auto& skips = places_[used_up.place].skips;
  if (places_[used_up.place].generation == used_up.generation) {
    advance(used_up, std::uint32_t{1} << skips);
    skips = std::min(skips + 1, most_skips);
  }
}

/// Several commands for one cart may learn that it is used up; the first of them counts.
void open_carts::advance(const open_cart& used_up, std::uint32_t steps) {
  place_state& state = places_[used_up.place];
  if (state.generation != used_up.generation) return;
  state.generation += steps;
  state.products = 0;
  if (distribution_.form == shape::latest) note_opened(used_up.place);
}

void open_carts::note_opened(std::uint32_t place) {
  opened_.push_back({place, places_[place].generation});
  if (opened_.size() < 2 * places_.size()) return;
  const auto is_closed = [this](const open_cart& c) {
    return places_[c.place].generation != c.generation;
  };
  opened_.erase(std::remove_if(opened_.begin(), opened_.end(), is_closed), opened_.end());
}

}  // namespace stress
