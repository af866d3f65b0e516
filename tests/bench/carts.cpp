#include "bench/carts.hpp"

#include "reprise/event_codec.hpp"
#include "reprise/stream.hpp"

#include <algorithm>
#include <random>

namespace bench {

std::vector<std::string> make_cart_ids(std::size_t count) {
  std::vector<std::string> ids;
  ids.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    ids.push_back("cart-" + std::string(6 - std::min<std::size_t>(number.size(), 6), '0') + number);
  }
  std::shuffle(ids.begin(), ids.end(),
               std::mt19937_64(4711));  // NOLINT: the same order in every run
  return ids;
}

std::string command_id(std::uint64_t number) {
  std::string id(15, '0');  // as long as the host's own
  for (std::size_t i = id.size(); number != 0; number /= 10)
    id[--i] = static_cast<char>('0' + number % 10);
  return id;
}

namespace {

reprise::encoded_events encoded(const shop::shopping_cart::event& event) {
  reprise::encoded_events events;
  reprise::encode_event<shop::shopping_cart>(event, events);
  return events;
}

/// Returns the event behind so many others of a cart.
reprise::encoded_events event_at(std::size_t version) {
  const auto quantity = static_cast<std::int64_t>(1 + version % 1'000);
  return version == 0 ? encoded(shop::product_added_to_cart{product, quantity})
                      : encoded(shop::product_quantity_changed_in_cart{product, quantity});
}

/// Appends so many events to one cart, many with one sync. Each has a command id of its own, or a window of them, and each
/// snapshot with it, would hold one where it holds a thousand in use.
void fill_one(reprise::journal& to, const std::string& id, std::size_t count) {
  const std::string stream = reprise::stream_name(shop::shopping_cart::category, id);
  constexpr std::size_t batch_size = 1'000;
  for (std::size_t first = 0; first < count; first += batch_size) {
    std::vector<reprise::encoded_events> events;
    std::vector<std::string> command_ids;
    for (std::size_t i = first; i < std::min(count, first + batch_size); ++i) {
      events.push_back(event_at(i));
      command_ids.push_back(command_id(i));
    }
    std::vector<reprise::commit> batch(events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
      batch[i].stream = stream;
      batch[i].expected_version = first + i;
      batch[i].time = reprise::host_config::system_time();
      batch[i].command_id = command_ids[i];
      batch[i].events = &events[i];
    }
    to.append(batch);
  }
}

void append_to_all(reprise::journal& to,
                   const std::vector<std::string>& streams,
                   std::uint64_t version,
                   const reprise::encoded_events& events) {
  constexpr std::size_t batch_size = 1'000;
  std::vector<reprise::commit> batch;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    reprise::commit c;
    c.stream = streams[i];
    c.expected_version = version;
    c.time = reprise::host_config::system_time();
    c.command_id = "0123456789abcde";  // as long as the host's own
    c.events = &events;
    batch.push_back(c);
    if (batch.size() < batch_size && i + 1 < streams.size()) continue;
    to.append(batch);
    batch.clear();
  }
}

}  // namespace

reprise::host_config host_on(std::shared_ptr<reprise::journal> journal) {
  reprise::host_config config;
  config.journal = std::move(journal);
  return config;
}

void fill(reprise::journal& to, const std::vector<std::string>& ids, std::size_t events_per_cart) {
  if (ids.size() == 1) return fill_one(to, ids.front(), events_per_cart);
  std::vector<std::string> streams;
  streams.reserve(ids.size());
  for (const std::string& id : ids) {
    streams.push_back(reprise::stream_name(shop::shopping_cart::category, id));
  }
  for (std::size_t version = 0; version < events_per_cart; ++version) {
    append_to_all(to, streams, version, event_at(version));
  }
}

void check_accepted(const loop_result& ran, const std::string& what, result& found) {
  if (ran.answered == ran.accepted && ran.answered != 0) return;
  found.add_problem(what + ": " + std::to_string(ran.answered - ran.accepted) + " of "
                    + std::to_string(ran.answered) + " answers were not `accepted`, the first was "
                    + ran.first_other);
}

void stop(reprise::host& host, result& found) {
  const reprise::stop_report report = host.stop(std::chrono::seconds(30));
  for (const std::string& unfinished : report.unfinished) {
    found.add_problem("the host did not stop: " + unfinished);
  }
}

}  // namespace bench
