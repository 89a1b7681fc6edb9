// From Appender to the head, log included: samples per second of one core, in batches of 2000 as
// remote write sends them.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <unistd.h>

#include "tsdb/db.h"

namespace silverback::tsdb {
namespace {

constexpr std::size_t kBatch = 2000;

struct Store {
  explicit Store(std::size_t series) {
    directory = std::filesystem::temp_directory_path() /
                ("silverback_append_bench-" + std::to_string(::getpid()));
    std::filesystem::remove_all(directory);
    db = *Db::open(directory, {});
    const std::unique_ptr<Appender> batch = db->appender();
    for (std::size_t i = 0; i < series; ++i) refs.push_back(*batch->series(labels_of(i)));
  }
  ~Store() {
    db.reset();
    std::filesystem::remove_all(directory);
  }

  static Labels labels_of(std::size_t i) {
    const std::string metric = "metric_" + std::to_string(i % 500) + "_total";
    const std::string instance =
        "10.0." + std::to_string(i / 500 / 200) + "." + std::to_string(i / 500 % 200) + ":9100";
    const std::string mode = std::to_string(i % 7);
    return {{kMetricName, metric}, {"cluster", "eu-west-1"}, {"instance", instance},
            {"job", "node"},       {"mode", mode},           {"namespace", "monitoring"}};
  }

  std::filesystem::path directory;
  std::unique_ptr<Db> db;
  std::vector<SeriesRef> refs;
};

void append(benchmark::State& state) {
  const auto series = static_cast<std::size_t>(state.range(0));
  Store store(series);
  if (state.range(1) == 1) std::shuffle(store.refs.begin(), store.refs.end(), std::mt19937_64(1));
  std::mt19937_64 random(2);
  std::vector<double> values(series, 1000);
  const std::unique_ptr<Appender> batch = store.db->appender();
  TimestampMs t = 1'700'000'000'000;
  std::size_t next = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      if (next == series) {
        next = 0;
        t += 15'000;
      }
      const SeriesRef ref = store.refs[next];
      if (!batch->known(ref)) state.SkipWithError("the store forgot a series");
      // Three of five stand still, as with real exporters.
      if (next % 5 < 2) values[next] += static_cast<double>(random() % 256);
      batch->append(ref, {t, values[next]});
      ++next;
    }
    if (batch->commit()->stored != kBatch) state.SkipWithError("a sample was not stored");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(append)
    ->ArgNames({"series", "shuffled"})
    ->Args({10'000, 0})
    ->Args({100'000, 0})
    ->Args({100'000, 1})
    ->Unit(benchmark::kMicrosecond);

void register_series(benchmark::State& state) {
  const auto series = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    auto store = std::make_unique<Store>(0);
    std::vector<Labels> labels;
    for (std::size_t i = 0; i < series; ++i) labels.push_back(Store::labels_of(i));
    state.ResumeTiming();
    const std::unique_ptr<Appender> batch = store->db->appender();
    for (std::size_t i = 0; i < series; ++i) {
      batch->append(*batch->series(labels[i]), {1'700'000'000'000, 1});
      if (i % kBatch == kBatch - 1) benchmark::DoNotOptimize(batch->commit());
    }
    benchmark::DoNotOptimize(batch->commit());
    state.PauseTiming();
    store.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(series));
}
BENCHMARK(register_series)->Arg(100'000)->Unit(benchmark::kMillisecond);

void select_newest(benchmark::State& state) {
  const auto series = static_cast<std::size_t>(state.range(0));
  Store store(series);
  const std::unique_ptr<Appender> batch = store.db->appender();
  for (int round = 0; round < 40; ++round) {
    for (const SeriesRef ref : store.refs)
      batch->append(ref, {1'700'000'000'000 + round * 15'000, static_cast<double>(round)});
    benchmark::DoNotOptimize(batch->commit());
  }
  const std::vector<Matcher> matchers = {Matcher::equal("job", "node")};
  SelectHints hints;
  hints.range = {1'700'000'000'000 + 20 * 15'000, 1'700'000'000'000 + 40 * 15'000};
  SampleColumns columns;
  for (auto _ : state) {
    const auto selection = store.db->select(matchers, hints);
    for (std::size_t i = 0; i < (*selection)->size(); ++i)
      benchmark::DoNotOptimize((*selection)->read(i, columns));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(series));
}
BENCHMARK(select_newest)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace silverback::tsdb
