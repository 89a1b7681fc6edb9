// The query shapes of dashboards over series that are in memory already: what evaluation alone
// costs. Counters of integers, scraped every 15 s with aligned instants.
#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

#include "base/memory_storage.h"
#include "promql/engine.h"

namespace silverback::promql {
namespace {

constexpr DurationMs kScrapeMs = 15'000;
constexpr TimestampMs kStart = 1'700'000'000'000;
constexpr DurationMs kHour = 3'600'000;

// `instances` × `per_instance` counters of one name.
MemoryStorage counters(int instances, int per_instance, DurationMs duration) {
  MemoryStorage storage;
  std::uint64_t random = 42;
  for (int i = 0; i < instances; ++i) {
    for (int s = 0; s < per_instance; ++s) {
      const std::string instance = "node-" + std::to_string(i) + ":9100";
      const std::string cpu = std::to_string(s);
      const Labels labels = {
          {"__name__", "x_total"}, {"cpu", cpu}, {"instance", instance}, {"job", "node"}};
      double v = 0;
      for (TimestampMs t = kStart; t < kStart + duration; t += kScrapeMs) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        v += static_cast<double>(random >> 60);
        storage.append(labels, {t, v});
      }
    }
  }
  return storage;
}

// Classic histograms of ten buckets.
MemoryStorage histograms(int instances, DurationMs duration) {
  static const char* const kBounds[] = {"0.005", "0.01", "0.025", "0.05", "0.1",
                                        "0.25",  "0.5",  "1",     "2.5",  "+Inf"};
  MemoryStorage storage;
  for (int i = 0; i < instances; ++i) {
    int bucket = 0;
    for (const char* le : kBounds) {
      ++bucket;
      const std::string instance = "node-" + std::to_string(i) + ":9100";
      const Labels labels = {{"__name__", "b_bucket"}, {"instance", instance}, {"le", le}};
      double v = 0;
      for (TimestampMs t = kStart; t < kStart + duration; t += kScrapeMs) {
        v += bucket;
        storage.append(labels, {t, v});
      }
    }
  }
  return storage;
}

void run_range(benchmark::State& state, const MemoryStorage& storage, const std::string& query,
               DurationMs duration) {
  const Engine engine(EngineOptions{});
  for (auto _ : state) {
    auto result = engine.range(storage, query, kStart, kStart + duration, 60'000, QueryOptions{});
    if (!result) state.SkipWithError(result.error().message.c_str());
    benchmark::DoNotOptimize(result);
  }
}

void run_instant(benchmark::State& state, const MemoryStorage& storage, const std::string& query,
                 TimestampMs t) {
  const Engine engine(EngineOptions{});
  for (auto _ : state) {
    auto result = engine.instant(storage, query, t, QueryOptions{});
    if (!result) state.SkipWithError(result.error().message.c_str());
    benchmark::DoNotOptimize(result);
  }
}

const MemoryStorage& six_hours() {
  static const MemoryStorage storage = counters(100, 16, 6 * kHour);
  return storage;
}
const MemoryStorage& many_series() {
  static const MemoryStorage storage = counters(1000, 160, kHour / 4);
  return storage;
}

void sum_by_rate(benchmark::State& state) {
  run_range(state, six_hours(), "sum by (instance) (rate(x_total[5m]))", 6 * kHour);
}
BENCHMARK(sum_by_rate)->Unit(benchmark::kMillisecond);

void sum_by_instant_selector(benchmark::State& state) {
  run_range(state, six_hours(), "sum by (instance) (x_total)", 6 * kHour);
}
BENCHMARK(sum_by_instant_selector)->Unit(benchmark::kMillisecond);

void max_over_an_hour(benchmark::State& state) {
  run_range(state, six_hours(), "max by (instance) (max_over_time(x_total[1h]))", 6 * kHour);
}
BENCHMARK(max_over_an_hour)->Unit(benchmark::kMillisecond);

void avg_over_time(benchmark::State& state) {
  run_range(state, six_hours(), "avg by (instance) (avg_over_time(x_total[5m]))", 6 * kHour);
}
BENCHMARK(avg_over_time)->Unit(benchmark::kMillisecond);

void ratio_of_sums(benchmark::State& state) {
  run_range(state, six_hours(),
            "sum by (instance, cpu) (rate(x_total[5m])) / on (instance) group_left sum by "
            "(instance) (rate(x_total[5m]))",
            6 * kHour);
}
BENCHMARK(ratio_of_sums)->Unit(benchmark::kMillisecond);

void quantile_of_histogram(benchmark::State& state) {
  static const MemoryStorage storage = histograms(160, 6 * kHour);
  run_range(state, storage, "histogram_quantile(0.99, sum by (le) (rate(b_bucket[5m])))",
            6 * kHour);
}
BENCHMARK(quantile_of_histogram)->Unit(benchmark::kMillisecond);

void sum_by_rate_16k_series(benchmark::State& state) {
  static const MemoryStorage storage = counters(100, 160, kHour / 4);
  run_range(state, storage, "sum by (instance) (rate(x_total[5m]))", kHour / 4);
}
BENCHMARK(sum_by_rate_16k_series)->Unit(benchmark::kMillisecond);

void topk_of_160k_series(benchmark::State& state) {
  run_instant(state, many_series(), "topk(10, rate(x_total[5m]))", kStart + kHour / 4 - 1);
}
BENCHMARK(topk_of_160k_series)->Unit(benchmark::kMillisecond);

void count_by_name_160k_series(benchmark::State& state) {
  run_instant(state, many_series(), "count by (__name__) ({job=~\".+\"})", kStart + kHour / 4 - 1);
}
BENCHMARK(count_by_name_160k_series)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace silverback::promql
