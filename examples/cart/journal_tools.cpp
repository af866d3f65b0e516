#include "cart/journal_tools.hpp"

#include "cart/cart_events.hpp"
#include "cart/format.hpp"
#include "cart/trimmed_carts.hpp"
#include "reprise/aggregate.hpp"
#include "reprise/error.hpp"
#include "reprise/stream.hpp"
#include "reprise/text.hpp"
#include "shopping_cart/shopping_cart_json.hpp"

#include <iomanip>
#include <ostream>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace simulation {

using shop::shopping_cart;

// -- show ----------------------------------------------------------------------

namespace {

std::string trimmed_note(const trimmed_cart& cart) {
  return counted(cart.trimmed, "event") + " before version " + std::to_string(cart.trimmed + 1)
         + (cart.trimmed == 1 ? " was" : " were") + " trimmed\n\n";
}

}  // namespace

void show_cart(std::ostream& out,
               const reprise::journal& journal,
               const std::string& cart,
               std::optional<std::uint64_t> version) {
  constexpr auto newest = ~std::uint64_t{0};
  const std::uint64_t last = version.value_or(newest);
  const std::string stream = reprise::stream_name(shopping_cart::category, cart);
  const auto base = trimmed_cart_of(journal, cart);
  if (base && last < base->version) {
    throw not_there("the first events of cart " + reprise::printable(cart)
                    + " were trimmed, and what it was before version "
                    + std::to_string(base->version) + " cannot be told");
  }
  shopping_cart state = base ? base->state : shopping_cart{};
  std::uint64_t reached = base ? base->trimmed : 0;
  std::ostringstream events;
  const auto show_commit = [&](const reprise::commit_view& commit) {
    for (const events_today& today : events_by_version(commit)) {
      if (reached == last) return false;
      ++reached;
      for (const auto& event : today) {
        if (!base || reached > base->version) state = reprise::apply_event(std::move(state), event);
        events << std::setw(8) << reached << "  " << as_time(commit.time) << "  " << event << '\n';
      }
    }
    return reached < last;
  };
  journal.read_stream(stream, reached + 1, show_commit);

  if (reached == 0)
    throw not_there("the journal has no events of cart " + reprise::printable(cart));
  if (version && reached < *version) {
    throw not_there("cart " + reprise::printable(cart) + " is at version " + std::to_string(reached)
                    + ", and has no version " + std::to_string(*version));
  }
  out << "cart " << reprise::printable(cart) << " at version " << reached << ": " << state << "\n\n"
      << (base ? trimmed_note(*base) : "") << " version  time                         event\n"
      << events.view();
}

// -- export --------------------------------------------------------------------

namespace {

std::string foreign_data(std::string_view payload) {
  return R"({"hex":")" + hex_of(payload) + R"("})";
}

void export_commit(std::ostream& out,
                   const reprise::commit_view& commit,
                   std::uint64_t from_position) {
  std::vector<events_today> events;
  if (cart_of(commit.stream)) events = events_by_version(commit);
  const std::string stream = shop::json_string(commit.stream);
  const std::string command_id = shop::json_string(commit.command_id);
  const auto print = [&](std::size_t i, std::string_view name, const std::string& data) {
    out << R"({"position":)" << commit.first_position + i << R"(,"stream":)" << stream
        << R"(,"version":)" << commit.first_version + i << R"(,"event":)" << shop::json_string(name)
        << R"(,"time":")" << as_time(commit.time) << R"(","command_id":)" << command_id
        << R"(,"data":)" << data << "}\n";
  };
  for (std::size_t i = 0; i < commit.events.size(); ++i) {
    if (commit.first_position + i < from_position) continue;
    if (events.empty()) {
      print(i, commit.events[i].name, foreign_data(commit.events[i].payload));
    } else {
      for (const auto& event : events[i]) print(i, shop::name_of(event), shop::json_data(event));
    }
  }
}

}  // namespace

std::uint64_t export_events(std::ostream& out,
                            const reprise::journal& journal,
                            std::uint64_t from_position) {
  std::uint64_t trimmed = 0;
  reprise::read_what_is_left(
      journal, from_position,
      [&](const reprise::commit_view& commit) {
        export_commit(out, commit, from_position);
        return out.good();
      },
      [&trimmed](const reprise::trimmed_history&) { ++trimmed; });
  return trimmed;
}

// -- verify --------------------------------------------------------------------

namespace {

struct folded_cart {
  shopping_cart state;
  std::uint64_t base_version =
      0;  ///< of the state that it began with, where its first events were trimmed
};

/// Puts the carts whose first events were trimmed into `carts`, and returns how many events of them are gone. What cannot be
/// read of them is a damage that `journal::verify` reports.
std::uint64_t begin_with_bases(const reprise::journal& journal,
                               std::unordered_map<std::string, folded_cart>& carts) {
  std::uint64_t trimmed = 0;
  try {
    for (trimmed_cart& cart : trimmed_carts(journal)) {
      trimmed += cart.trimmed;
      carts[cart.id] = {std::move(cart.state), cart.version};
    }
  } catch (const reprise::damaged_history&) {}
  return trimmed;
}

/// A damaged snapshot costs time and no data, so it is told and is no finding about the history.
void verify_snapshots(std::ostream& out, const reprise::journal& journal) {
  const reprise::snapshot_store* store = journal.snapshots();
  if (store == nullptr) return;
  std::uint64_t sound = 0;
  std::uint64_t damaged = 0;
  const auto count = [&sound](const reprise::snapshot&) {
    ++sound;
    return true;
  };
  store->verify(count, [&](const reprise::skipped_snapshot& skipped) {
    ++damaged;
    out << "snapshot: " << skipped.text() << '\n';
  });
  if (sound + damaged == 0) return;
  out << counted(sound, "snapshot");
  if (damaged != 0) {
    out << ", and " << counted(damaged, "damaged one") << ", which costs time and no data";
  }
  out << '\n';
}

}  // namespace

bool verify_journal(std::ostream& out, const reprise::journal& journal) {
  std::uint64_t commits = 0;
  std::uint64_t events = 0;
  std::uint64_t damages = 0;
  std::uint64_t foreign = 0;
  std::unordered_map<std::string, folded_cart> carts;

  const auto report = [&](const reprise::damaged_history& damage) {
    ++damages;
    out << "damage: " << damage.what() << '\n';
  };
  const std::uint64_t trimmed = begin_with_bases(journal, carts);
  const auto fold_commit = [&](const reprise::commit_view& commit) {
    ++commits;
    events += commit.events.size();
    const auto cart = cart_of(commit.stream);
    if (!cart) {
      foreign += commit.events.size();
      return true;
    }
    try {
      folded_cart& folded = carts[std::string(*cart)];
      const auto today = events_of(commit);
      if (commit.last_version() > folded.base_version) {
        folded.state = reprise::fold(std::move(folded.state), today);
      }
    } catch (const reprise::damaged_history& damage) {
      report(damage);
    }
    return true;
  };
  journal.verify(fold_commit, report);

  out << counted(events, "event") << " in " << counted(commits, "commit") << " of "
      << counted(carts.size(), "cart")
      << (damages == 0 ? ", all sound" : ", and " + counted(damages, "damage")) << '\n';
  if (foreign > 0)
    out << counted(foreign, "event") << " of something else than carts, not decoded\n";
  if (trimmed > 0) {
    out << counted(trimmed, "event")
        << " before these trimmed, and a state stands for those of each cart\n";
  }
  verify_snapshots(out, journal);
  return damages == 0;
}

}  // namespace simulation
