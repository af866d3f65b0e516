#include "bench/report.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace bench {

namespace {

using nlohmann::json;

json with_spread(json object, const std::vector<double>& rounds) {
  const spread s = spread_of(rounds);
  object["min"] = s.min;
  object["median"] = s.median;
  object["max"] = s.max;
  object["rounds"] = rounds;
  return object;
}

json to_json(const ratio& r) {
  json object = with_spread({{"name", r.name}}, r.rounds);
  if (r.aim) {
    object["target"] = {{"value", r.aim->value}, {"is", r.aim->is_least ? "least" : "most"}};
    object["is_met"] = r.is_met();
  }
  return object;
}

json to_json(const result& found) {
  json object{{"name", found.name},        {"title", found.title},       {"figures", json::array()},
              {"ratios", json::array()},   {"latencies", json::array()}, {"facts", found.facts},
              {"problems", found.problems}};
  for (const series& s : found.figures) {
    object["figures"].push_back(with_spread({{"name", s.name}, {"unit", s.unit}}, s.rounds));
  }
  for (const ratio& r : found.ratios) object["ratios"].push_back(to_json(r));
  for (const latency& l : found.latencies) {
    object["latencies"].push_back({{"name", l.name},
                                   {"count", l.count},
                                   {"p50_us", l.p50_us},
                                   {"p99_us", l.p99_us},
                                   {"max_us", l.max_us}});
  }
  return object;
}

json to_json(const environment& where, const settings& how) {
  return {{"processor", where.processor},
          {"cores", where.cores},
          {"system", where.system},
          {"load", where.load},
          {"directory", how.directory.string()},
          {"file_system", where.file_system},
          {"build", where.build},
          {"compiler", where.compiler},
          {"caf", where.caf},
          {"rocksdb", where.rocksdb},
          {"boost", where.boost},
          {"allocator", where.allocator},
          {"warnings", where.warnings}};
}

}  // namespace

void print_json(std::ostream& out,
                const environment& where,
                const settings& how,
                const std::vector<result>& found) {
  json report{{"schema", report_schema},
              {"environment", to_json(where, how)},
              {"settings",
               {{"seconds", how.measured.count()},
                {"rounds", how.rounds},
                {"carts", how.carts},
                {"replayed_events", how.replayed_events},
                {"spawned_carts", how.spawned_carts},
                {"idle_actors", how.idle_actors}}},
              {"scenarios", json::array()}};
  for (const result& r : found) report["scenarios"].push_back(to_json(r));
  out << report.dump(2) << '\n';
}

}  // namespace bench
