#include "cart/report.hpp"
#include "shopping_cart/shopping_cart_json.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace simulation {

namespace {

using json = nlohmann::ordered_json;

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

double millis(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1000.0;
}

/// A cart's id is any bytes, and a cart's contents may be.
json text(const std::string& bytes) {
  return json::parse(shop::json_string(bytes));
}

json shopping(const simulation_options& options) {
  if (!options.input.empty())
    return {{"input", text(options.input)}, {"shoppers", options.shopping.shoppers}};
  return {{"seed", options.shopping.seed},
          {"open_carts", options.shopping.carts},
          {"shoppers", options.shopping.shoppers},
          {"skew", options.shopping.cart_skew == skew::zipf ? "zipf" : "uniform"}};
}

json commands(const report& r) {
  return {{"count", r.commands},
          {"accepted", r.accepted},
          {"already_so", r.already_so},
          {"refused", r.refused_count()},
          {"refused_by_reason", r.refused},
          {"overloaded", r.overloaded},
          {"unavailable", r.unavailable},
          {"unknown", r.unknown},
          {"events", r.events},
          {"seconds", seconds(r.time)},
          {"per_second", r.commands_per_second()},
          {"latency_ms",
           {{"p50", millis(r.latency.percentile(0.5))},
            {"p99", millis(r.latency.percentile(0.99))},
            {"max", millis(r.latency.percentile(1))}}}};
}

json journal(const report& r) {
  const bool is_stored = r.options.journal == store_kind::rocksdb;
  json result{{"kind", is_stored ? "rocksdb" : "memory"}};
  if (is_stored) result["directory"] = text(r.options.directory.string());
  result["events_before"] = r.events_before;
  result["synced_writes"] = r.journal.synced_writes;
  result["commits"] = r.journal.commits;
  result["commits_per_write"] = r.commits_per_write();
  result["bytes"] = r.journal.bytes;
  return result;
}

json restart(const report& r) {
  if (!r.was_restarted) return nullptr;
  return {{"after_commands", r.restarted_after},
          {"sent_again", r.sent_again},
          {"stop_seconds", seconds(r.stop_time)},
          {"start_seconds", seconds(r.start_time)}};
}

json differences(const report& r) {
  json list = json::array();
  for (const auto& d : r.differences) {
    list.push_back({{"cart", text(d.cart)},
                    {"version", d.version},
                    {"expected", text(d.expected)},
                    {"found", text(d.found)}});
  }
  return list;
}

}  // namespace

void print_json(std::ostream& out, const report& r) {
  const json all{{"schema", "reprise.simulate/1"},
                 {"shopping", shopping(r.options)},
                 {"carts", r.carts},
                 {"looks", r.looks},
                 {"commands", commands(r)},
                 {"journal", journal(r)},
                 {"restart", restart(r)},
                 {"recovery",
                  {{"carts", r.recovered},
                   {"events", r.replayed_events},
                   {"seconds", seconds(r.replay_time)},
                   {"events_per_second", r.replayed_per_second()}}},
                 {"check",
                  {{"finished", r.is_checked},
                   {"carts", r.checked},
                   {"difference_count", r.difference_count},
                   {"differences", differences(r)}}},
                 {"interrupted", r.was_interrupted},
                 {"failure", r.failure.empty() ? json(nullptr) : text(r.failure)},
                 {"exit_status", exit_status(r)}};
  out << all.dump(2) << '\n';
}

}  // namespace simulation
