#include "reprise/caf.hpp"
#include "reprise/host.hpp"
#include "reprise/metrics_source.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How the numbers of a host are told: the only file that knows prometheus-cpp.

namespace reprise {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

/// What a histogram's numbers are counted in: nanoseconds are told in seconds.
enum class unit : std::uint8_t { one, nanosecond };

double in_base_units(std::uint64_t value, unit u) {
  return u == unit::nanosecond ? static_cast<double>(value) / 1e9 : static_cast<double>(value);
}

ClientMetric histogram_sample(labels with, const histogram& h, unit u) {
  const histogram::reading now = h.read();
  ClientMetric m;
  m.label = std::move(with);
  m.histogram.sample_count = now.count;
  m.histogram.sample_sum = in_base_units(now.sum, u);
  std::uint64_t up_to_here = 0;
  for (std::size_t i = 0; i < now.buckets.size(); ++i) {
    up_to_here += now.buckets[i];
    const double bound = i < h.bounds().size() ? in_base_units(h.bounds()[i], u)
                                               : std::numeric_limits<double>::infinity();
    m.histogram.bucket.push_back({up_to_here, bound});
  }
  return m;
}

/// The metrics in the order in which they are told.
class families {
 public:
  families& gauge(std::string name, std::string help, double value, labels with = {}) {
    add(std::move(name), std::move(help), MetricType::Gauge);
    return and_gauge(value, std::move(with));
  }

  families& and_gauge(double value, labels with) {
    ClientMetric m;
    m.label = std::move(with);
    m.gauge.value = value;
    return with_sample(std::move(m));
  }

  families& counter(std::string name, std::string help) {
    return add(std::move(name), std::move(help), MetricType::Counter);
  }

  families& counter(std::string name, std::string help, double value) {
    counter(std::move(name), std::move(help));
    return and_count(value, {});
  }

  template <class Reason>
  families& counter(std::string name,
                    std::string help,
                    const char* label,
                    const counts_by<Reason>& counts) {
    counter(std::move(name), std::move(help));
    for (std::size_t i = 0; i < counts.names.size(); ++i) {
      and_count(static_cast<double>(counts.value(static_cast<Reason>(i))),
                {{label, std::string(counts.names[i])}});
    }
    return *this;
  }

  families& and_count(double value, labels with) {
    ClientMetric m;
    m.label = std::move(with);
    m.counter.value = value;
    return with_sample(std::move(m));
  }

  families& histogram(std::string name, std::string help) {
    return add(std::move(name), std::move(help), MetricType::Histogram);
  }

  families& with_sample(ClientMetric m) {
    all_.back().metric.push_back(std::move(m));
    return *this;
  }

  std::vector<MetricFamily> take() { return std::move(all_); }

 private:
  families& add(std::string name, std::string help, MetricType type) {
    all_.push_back({"reprise_" + std::move(name), std::move(help), type, {}});
    return *this;
  }

  std::vector<MetricFamily> all_;
};

labels of_type(const aggregate_metrics& m) {
  return {{"aggregate", std::string(m.model.category())}};
}

// -- commands and queries --------------------------------------------------------

void add_answers(families& f, const host_metrics& m, busy_counts aggregate_metrics::*counts) {
  m.for_each_type([&](const aggregate_metrics& type) {
    for (std::size_t i = 0; i < aggregate_metrics::answer_kinds; ++i) {
      labels with = of_type(type);
      with.push_back({"answer", std::string(to_string(static_cast<answer_kind>(i)))});
      f.and_count(static_cast<double>((type.*counts).value(i)), std::move(with));
    }
  });
}

void add_times(families& f, const host_metrics& m, histogram aggregate_metrics::*times) {
  m.for_each_type([&](const aggregate_metrics& type) {
    f.with_sample(histogram_sample(of_type(type), type.*times, unit::nanosecond));
  });
}

void add_commands(families& f, const host_context& host) {
  const host_metrics& m = host.metrics;
  f.counter("commands_total", "Commands that were answered, by aggregate type and answer.");
  add_answers(f, m, &aggregate_metrics::commands);
  f.counter("queries_total", "Queries that were answered, by aggregate type and answer.");
  add_answers(f, m, &aggregate_metrics::queries);
  f.histogram("command_duration_seconds",
              "Time from when a command was taken until it was answered. Commands that were turned "
              "away at once, past a limit or while the host stops, are not in it.");
  add_times(f, m, &aggregate_metrics::command_times);
  f.histogram("query_duration_seconds",
              "Time from when a query was taken until it was answered, as for commands.");
  add_times(f, m, &aggregate_metrics::query_times);
  f.histogram(
      "mailbox_wait_seconds",
      "Time from when a command or query was taken until its aggregate turned to it for the "
      "first time: queueing, and recovery if there was one. Measured for one in eight.");
  add_times(f, m, &aggregate_metrics::waits);
  f.gauge("in_flight", "Commands and queries that were taken and are not answered yet.",
          static_cast<double>(host.gate->in_flight()));
  f.gauge("late",
          "Commands and queries that command_timeout has answered, and that the host is not done "
          "with: they take up room in max_in_flight.",
          static_cast<double>(host.gate->late()));
  f.counter("limits_hit_total", "Commands and queries that were turned away, by the limit.",
            "limit", m.limits_hit);
}

// -- aggregates ------------------------------------------------------------------

void add_aggregates(families& f, const host_context& host) {
  const host_metrics& m = host.metrics;
  f.gauge("aggregates",
          "Aggregates with an actor: ready, waiting for or reading their history, or unavailable "
          "because it cannot be read.",
          static_cast<double>(host.live), {{"state", "live"}})
      .and_gauge(static_cast<double>(host.recovering), {{"state", "recovering"}})
      .and_gauge(static_cast<double>(host.broken), {{"state", "broken"}});
  const std::uint64_t empty = host.recovered_empty;
  f.counter("recoveries_total",
            "Times that an aggregate was rebuilt from the journal: ok, empty if it had no history, "
            "failed if that cannot be read.")
      .and_count(static_cast<double>(host.recovered - empty), {{"result", "ok"}})
      .and_count(static_cast<double>(empty), {{"result", "empty"}})
      .and_count(static_cast<double>(m.failed_recoveries), {{"result", "failed"}});
  f.histogram("recovery_duration_seconds",
              "Time from when an aggregate asked for its history until it was read, waiting for a "
              "recovery thread included.")
      .with_sample(histogram_sample({}, m.recovery_times, unit::nanosecond));
  f.counter("replayed_events_total", "Events that were read and folded to rebuild aggregates.",
            static_cast<double>(host.replayed_events));
  f.counter("replay_seconds_total",
            "Time spent in reading and folding events, summed over the recovery threads. Events by "
            "seconds is the replay rate.",
            in_base_units(host.replay_nanoseconds, unit::nanosecond));
  f.counter("restarts_total", "Times that an aggregate had to be rebuilt from the journal, by why.",
            "reason", m.restarts);
  f.counter("conflicts_total", "Times that an aggregate found another writer ahead of it.",
            static_cast<double>(host.conflicts));
  f.counter("crashes_total", "Exceptions out of decide, evolve and queries.",
            static_cast<double>(host.crashes));
  f.counter("passivations_total", "Aggregates whose actor was let go of, by why.", "reason",
            m.passivations);
}

void add_snapshots(families& f, const host_metrics& m) {
  f.counter("snapshot_writes_total", "Snapshots that were to be written, by what came of it.",
            "result", m.snapshot_writes);
  f.counter(
      "snapshot_reads_total",
      "Recoveries of aggregates that have snapshots: hit if they began from one, miss if from "
      "the first event.",
      "result", m.snapshot_reads);
  f.counter(
      "snapshots_ignored_total",
      "Snapshots that were there and not used, by why: an older one or the whole history was.",
      "reason", m.snapshots_ignored);
}

// -- the journal -----------------------------------------------------------------

void add_writes(families& f, const host_context& host) {
  const host_metrics& m = host.metrics;
  f.histogram("write_duration_seconds", "Time of each write to the journal, with its sync.")
      .with_sample(histogram_sample({}, m.write_times, unit::nanosecond));
  f.histogram("write_commits", "Commits that were stored by each write: the size of a batch.")
      .with_sample(histogram_sample({}, m.write_commits, unit::one));
  f.histogram("write_bytes", "Bytes of the events that were stored by each write.")
      .with_sample(histogram_sample({}, m.write_bytes, unit::one));
  f.gauge("journal_failed",
          "1 if a write has failed: the journal takes no more events until it is opened again.",
          host.has_failed() ? 1 : 0);
}

void add_journal(families& f, const journal_stats& stats) {
  f.counter("journal_synced_writes_total", "Batches that the journal has written and synced.",
            static_cast<double>(stats.synced_writes));
  f.counter("journal_commits_total", "Commits with events that the journal has stored.",
            static_cast<double>(stats.commits));
  f.counter("journal_events_total", "Events that the journal has stored.",
            static_cast<double>(stats.events));
  f.gauge("journal_size_bytes", "What the whole journal occupies, about.",
          static_cast<double>(stats.bytes));
}

class host_collectable final : public prometheus::Collectable {
 public:
  explicit host_collectable(std::shared_ptr<const metrics_source> from) : from_(std::move(from)) {}

  std::vector<MetricFamily> Collect() const override {
    const host_context& host = *from_->host;
    families f;
    f.gauge("build_info", "Always 1; its labels say what this is.", 1,
            {{"version", REPRISE_VERSION}, {"caf", caf_version()}});
    add_commands(f, host);
    add_aggregates(f, host);
    add_snapshots(f, host.metrics);
    add_writes(f, host);
    if (const auto stats = from_->stats_of_journal()) add_journal(f, *stats);
    return f.take();
  }

 private:
  std::shared_ptr<const metrics_source> from_;
};

}  // namespace

std::string host::metrics() const {
  return prometheus::TextSerializer().Serialize(collectable()->Collect());
}

std::shared_ptr<prometheus::Collectable> host::collectable() const {
  return std::make_shared<host_collectable>(source());
}

}  // namespace reprise
