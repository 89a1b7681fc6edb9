// A sealed partition: building it, streaming it (what compaction does), and the selects of
// dashboards. The data is synthetic: 15 s scrapes of targets with 14 labels a series, of whose
// values 10 % are constant, 45 % busy and 15 % idle integer counters, 15 % gauges with decimals,
// 10 % histogram buckets and 5 % sums of decimals.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "tsdb/partition/partition.h"

namespace silverback::tsdb {
namespace {

constexpr std::uint32_t kTargets = 50;
constexpr TimestampMs kStart = 1'700'006'400'000;
constexpr DurationMs kStep = 15'000;

// Makes its series as they are asked for: metric by metric, target by target.
class Synthetic final : public SeriesSource {
 public:
  Synthetic(std::uint32_t series, std::uint32_t samples) : series_(series) {
    std::mt19937_64 random(11);
    for (auto& times : times_) {
      const TimestampMs phase = static_cast<TimestampMs>(random() % kStep);
      for (std::uint32_t i = 0; i < samples; ++i)
        times.push_back(kStart + phase + i * kStep +
                        (random() % 16 == 0 ? static_cast<TimestampMs>(random() % 12) : 0));
    }
    const std::uint32_t metrics = series / kTargets;
    for (std::uint32_t i = 0; i < metrics; ++i) {
      std::string number = std::to_string(i);
      metrics_.push_back("app_metric_" + std::string(6 - number.size(), '0') + number);
    }
  }

  Result<bool> next(Labels& labels, SampleColumns& samples) override {
    if (next_ / kTargets == metrics_.size() || next_ == series_) return false;
    const std::uint32_t target = next_ % kTargets;
    const std::uint32_t metric = next_ / kTargets;
    const std::string two = std::to_string(10 + target);
    builder_.clear();
    builder_.set("__name__", metrics_[metric])
        .set("cluster", "eu-west-1")
        .set("container", "server")
        .set("endpoint", "http-metrics")
        .set("env", "production")
        .set("image", "registry.example.com/team/server:v1.4." + std::to_string(target % 3))
        .set("instance", "10.42." + std::to_string(target % 7) + "." + two + ":9102")
        .set("job", "namespace/server-" + std::to_string(target % 5))
        .set("namespace", "team-" + std::to_string(target % 5))
        .set("node", "node-" + std::to_string(target % 9) + ".example.com")
        .set("pod", "server-7d9f" + std::to_string(target * 7919 % 100'003) + "-x" + two)
        .set("service", "server")
        .set("uid", "6ba7b810-9dad-11d1-80b4-" + std::to_string(100'000'007ULL * target))
        .set("zone", "zone-" + std::to_string(target % 3));
    labels = builder_.build();
    samples.t = times_[target];
    samples.v.clear();
    double value = static_cast<double>(random_() % 1'000'000);
    for (std::size_t i = 0; i < samples.t.size(); ++i)
      samples.v.push_back(value = next_value(metric % 20, value));
    ++next_;
    return true;
  }

 private:
  double next_value(std::uint32_t kind, double before) {
    if (kind < 2) return before;
    if (kind < 11) return before + static_cast<double>(50 + random_() % 30);
    if (kind < 14) return before + (random_() % 20 == 0 ? 1.0 : 0.0);
    if (kind < 17) return static_cast<double>(4000 + random_() % 200) / 100;
    if (kind < 19) return before + static_cast<double>(random_() % 4);
    return before + static_cast<double>(random_() % 100'000) / 1e6;
  }

  const std::uint32_t series_;
  std::vector<TimestampMs> times_[kTargets];
  std::vector<std::string> metrics_;
  std::uint32_t next_ = 0;
  std::mt19937_64 random_{5};
  LabelsBuilder builder_;
};

std::filesystem::path scratch() {
  return std::filesystem::temp_directory_path() / "silverback-partition-bench";
}

struct Built {
  std::shared_ptr<Partition> partition;
  Result<PartitionInfo> info;
};

Built build(std::uint32_t series, std::uint32_t samples) {
  std::filesystem::remove_all(scratch());
  Synthetic source(series, samples);
  Built built{nullptr, write_partition(FileSystem::posix(), scratch(), kStart,
                                       kStart + (samples + 2) * kStep, source)};
  if (built.info)
    built.partition = Partition::open(FileSystem::posix(), scratch(), *built.info).value();
  return built;
}

void report(benchmark::State& state, const PartitionInfo& info) {
  state.counters["bytes/sample"] =
      static_cast<double>(info.bytes) / static_cast<double>(info.samples);
  state.counters["bytes/series"] =
      static_cast<double>(info.bytes) / static_cast<double>(info.series);
}

// The time of the generator is measured apart and has to be taken off.
void generate(benchmark::State& state) {
  const auto series = static_cast<std::uint32_t>(state.range(0));
  const auto samples = static_cast<std::uint32_t>(state.range(1));
  for (auto _ : state) {
    Synthetic source(series, samples);
    Labels labels;
    SampleColumns columns;
    while (*source.next(labels, columns)) benchmark::DoNotOptimize(columns.v.data());
  }
  state.SetItemsProcessed(state.iterations() * series * samples);
}
BENCHMARK(generate)->Args({20'000, 480})->Args({100'000, 1})->Unit(benchmark::kMillisecond);

void write(benchmark::State& state) {
  const auto series = static_cast<std::uint32_t>(state.range(0));
  const auto samples = static_cast<std::uint32_t>(state.range(1));
  Built built{nullptr, PartitionInfo{}};
  for (auto _ : state) built = build(series, samples);
  state.SetItemsProcessed(state.iterations() * series * samples);
  report(state, *built.info);
}
BENCHMARK(write)->Args({20'000, 480})->Args({100'000, 1})->Unit(benchmark::kMillisecond);

void stream(benchmark::State& state) {
  const Built built = build(20'000, 480);
  for (auto _ : state) {
    const auto source = built.partition->source();
    Labels labels;
    SampleColumns columns;
    while (*source->next(labels, columns)) benchmark::DoNotOptimize(columns.v.data());
  }
  state.SetItemsProcessed(state.iterations() * 20'000 * 480);
}
BENCHMARK(stream)->Unit(benchmark::kMillisecond);

// Rewrites one partition: decode, merge, encode, as compaction does.
void rewrite(benchmark::State& state) {
  const Built built = build(20'000, 480);
  const std::filesystem::path copy = scratch() / "copy";
  for (auto _ : state) {
    std::filesystem::remove_all(copy);
    const auto source = built.partition->source();
    benchmark::DoNotOptimize(
        write_partition(FileSystem::posix(), copy, built.info->mint, built.info->maxt, *source));
  }
  state.SetItemsProcessed(state.iterations() * 20'000 * 480);
}
BENCHMARK(rewrite)->Unit(benchmark::kMillisecond);

enum Query { kOneSeries, kOneMetric, kByRegex, kAllSeries };

std::vector<Matcher> matchers_of(Query query) {
  switch (query) {
    case kOneSeries:
      return {Matcher::equal("__name__", "app_metric_000123"),
              Matcher::equal("instance", "10.42.3.20:9102")};
    case kOneMetric:
      return {Matcher::equal("__name__", "app_metric_000123")};
    case kByRegex:
      return {*Matcher::make(Matcher::Type::kRegex, "__name__", "app_metric_0001.*"),
              *Matcher::make(Matcher::Type::kNotEqual, "zone", "zone-1")};
    case kAllSeries:
      break;
  }
  return {*Matcher::make(Matcher::Type::kRegex, "job", ".+")};
}

void select(benchmark::State& state, Query query, bool with_labels, bool with_samples) {
  const Built built = build(20'000, 480);
  const std::vector<Matcher> matchers = matchers_of(query);
  SelectHints hints;
  hints.range = {kStart, kStart + 7'200'000};
  SampleColumns columns;
  std::size_t series = 0;
  for (auto _ : state) {
    const auto selection = *built.partition->select(matchers, hints);
    series = selection->size();
    for (std::size_t i = 0; i < series; ++i) {
      if (with_labels) benchmark::DoNotOptimize(selection->labels(i));
      if (with_samples) benchmark::DoNotOptimize(selection->read(i, columns));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(series));
  state.counters["series"] = static_cast<double>(series);
}
BENCHMARK_CAPTURE(select, one_series, kOneSeries, true, true);
BENCHMARK_CAPTURE(select, one_metric, kOneMetric, true, true);
BENCHMARK_CAPTURE(select, by_regex, kByRegex, true, true);
BENCHMARK_CAPTURE(select, all_only, kAllSeries, false, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(select, all_labels, kAllSeries, true, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(select, all_samples, kAllSeries, false, true)->Unit(benchmark::kMillisecond);

void open(benchmark::State& state) {
  const Built built = build(100'000, 1);
  for (auto _ : state)
    benchmark::DoNotOptimize(Partition::open(FileSystem::posix(), scratch(), *built.info));
}
BENCHMARK(open)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace silverback::tsdb
