#include "reprise/host_config.hpp"
#include "shopping_cart/shopping_cart_json.hpp"
#include "stress/report.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace stress {

namespace {

using json = nlohmann::ordered_json;

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

double millis(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

/// A cart's id, a name of a file and the like are any bytes.
json text(const std::string& bytes) {
  return json::parse(shop::json_string(bytes));
}

json environment_of(const result& r) {
  const auto& w = r.where;
  const bool is_stored = r.options.journal == simulation::store_kind::rocksdb;
  return {{"build", w.build},
          {"compiler", w.compiler},
          {"reprise", w.reprise},
          {"caf", w.caf},
          {"rocksdb", w.rocksdb},
          {"boost", w.boost},
          {"allocator", w.allocator},
          {"processor", w.processor},
          {"cores", w.cores},
          {"system", w.system},
          {"load_average", w.load},
          {"journal", is_stored ? "rocksdb" : "memory"},
          {"synced", is_stored},
          {"directory", is_stored ? text(r.options.directory.string()) : json(nullptr)},
          {"file_system", is_stored ? json(w.file_system) : json(nullptr)},
          {"warnings", w.warnings}};
}

/// What two runs have to have in common before their figures can be compared.
json settings_of(const options& o) {
  json load{{"kind", o.rate ? "open" : "closed"}};
  if (o.rate) {
    load["rate"] = *o.rate;
    load["arrivals"] = o.arrive == arrivals::poisson ? "poisson" : "fixed";
  } else {
    load["clients"] = o.clients;
    load["window"] = o.window;
  }
  const reprise::host_config usual;
  const auto& runtime = o.runtime;
  json mix = json::object();
  for (const auto kind : all_command_kinds)
    mix[std::string(to_string(kind))] = o.mix.weights[static_cast<std::size_t>(kind)];
  return {
      {"load", load},
      {"carts", o.carts},
      {"distribution", o.distribution.text},
      {"mix", mix},
      {"payload", o.payload},
      {"journal", o.journal == simulation::store_kind::rocksdb ? "rocksdb" : "memory"},
      {"snapshot_every", runtime.snapshot_every},
      {"max_live", runtime.max_live.value_or(usual.max_live)},
      {"passivate_after_seconds", seconds(runtime.passivate_after.value_or(usual.passivate_after))},
      {"timeout_seconds", seconds(runtime.command_timeout.value_or(usual.command_timeout))},
      {"retries", o.retries},
      {"warmup_seconds", seconds(o.warmup)},
      {"duration_seconds", o.duration ? json(seconds(*o.duration)) : json(nullptr)},
      {"commands", o.commands ? json(*o.commands) : json(nullptr)},
      {"acknowledgement_log", !o.ack_log.empty()},
      {"chaos",
       {{"crash", o.chaos.crash}, {"passivate", o.chaos.passivate}, {"restart", o.chaos.restart}}},
      {"verify", o.verify}};
}

json answers_of(const answer_counts& a) {
  return {{"accepted", a.accepted},     {"already_so", a.already_so},   {"refused", a.refused},
          {"overloaded", a.overloaded}, {"unavailable", a.unavailable}, {"unknown", a.unknown}};
}

json latency_of(const latency_histogram& l) {
  json result{{"mean", l.mean() / 1e6}};
  for (const auto& p : reported_parts) result[p.name] = millis(l.percentile(p.part));
  return result;
}

json figures_of(const result& r, const command_figures& f) {
  return {{"count", f.latency.count()},
          {"per_second", r.per_second(f.latency.count())},
          {"latency_ms", latency_of(f.latency)},
          {"answers", answers_of(f.answers)}};
}

json commands_of(const result& r) {
  json commands = json::object();
  for (const auto kind : all_command_kinds) {
    commands[std::string(to_string(kind))] = figures_of(r,
                                                        r.commands[static_cast<std::size_t>(kind)]);
  }
  commands["all"] = figures_of(r, r.total());
  return commands;
}

json journal_of(const result& r) {
  const auto& j = r.journal;
  return {{"synced_writes", j.synced_writes},
          {"commits", j.commits},
          {"commits_per_write", j.synced_writes == 0 ? 0.0
                                                     : static_cast<double>(j.commits)
                                                           / static_cast<double>(j.synced_writes)},
          {"events", j.events},
          {"bytes", j.bytes},
          {"write_ms", latency_of(r.write_times)}};
}

json verdict_of(const result& r) {
  if (!r.verdict) return nullptr;
  json differences = json::array();
  for (const auto& d : r.verdict->differences) {
    differences.push_back({{"cart", text(d.cart)},
                           {"version", d.version},
                           {"expected", text(d.expected)},
                           {"found", text(d.found)}});
  }
  return {{"finished", r.verdict->is_finished},
          {"carts", r.verdict->checked},
          {"difference_count", r.verdict->difference_count},
          {"differences", differences}};
}

json failed_of(const result& r) {
  json failed = json::array();
  for (const auto& t : failed_thresholds(r)) failed.push_back(t.text);
  return failed;
}

json open_loop_of(const result& r) {
  if (!r.options.rate) return nullptr;
  return {{"lag_ms", latency_of(r.lag)}, {"skipped", r.skipped}};
}

}  // namespace

void print_json(std::ostream& out, const result& r) {
  const json all{{"schema", report_schema},
                 {"environment", environment_of(r)},
                 {"settings", settings_of(r.options)},
                 {"seed", r.options.seed},
                 {"run", r.run},
                 {"seconds", seconds(r.time)},
                 {"goodput_per_second", r.goodput()},
                 {"commands", commands_of(r)},
                 {"refused_by_reason", r.refused},
                 {"open_loop", open_loop_of(r)},
                 {"sent_again", r.sent_again},
                 {"resent", r.resent},
                 {"journal", journal_of(r)},
                 {"recovery",
                  {{"carts", r.recovery.recovered},
                   {"events", r.recovery.replayed_events},
                   {"seconds", seconds(r.recovery.replay_time)}}},
                 {"memory", {{"grown_bytes", r.grown_bytes}, {"live_carts", r.live_carts}}},
                 {"chaos",
                  {{"crashes", r.crashes},
                   {"passivations", r.passivations},
                   {"restarts", r.restarts},
                   {"longest_restart_ms", millis(r.longest_restart)}}},
                 {"verified", verdict_of(r)},
                 {"failed_thresholds", failed_of(r)},
                 {"interrupted", r.was_interrupted},
                 {"failure", r.failure.empty() ? json(nullptr) : text(r.failure)},
                 {"exit_status", exit_status(r)}};
  out << all.dump(2) << '\n';
}

}  // namespace stress
