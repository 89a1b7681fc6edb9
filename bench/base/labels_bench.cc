// Label sets of twelve labels, as container metrics have them.
#include <algorithm>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/labels.h"

namespace silverback {
namespace {

Labels container_series(std::size_t i) {
  const std::string pod = "checkout-service-" + std::to_string(i % 5'000);
  LabelsBuilder builder;
  builder.set("__name__", "container_network_receive_bytes_total")
      .set("cluster", "eu-west-1-production")
      .set("container", "POD")
      .set("endpoint", "https-metrics")
      .set("id", "/kubepods/burstable/pod" + std::to_string(i * 7919))
      .set("instance", "10.0." + std::to_string(i / 250 % 250) + "." + std::to_string(i % 250))
      .set("interface", "eth0")
      .set("job", "kubelet")
      .set("metrics_path", "/metrics/cadvisor")
      .set("namespace", "shop-" + std::to_string(i % 40))
      .set("pod", pod)
      .set("service", "kubelet");
  return builder.build();
}

std::vector<Labels> container_series_up_to(std::size_t count) {
  std::vector<Labels> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(container_series(i));
  return all;
}

void build_from_sorted(benchmark::State& state) {
  const Labels series = container_series(1);
  const std::vector<Label> labels(series.begin(), series.end());
  for (auto _ : state) benchmark::DoNotOptimize(Labels::from_sorted(labels));
}
BENCHMARK(build_from_sorted);

void build_with_builder(benchmark::State& state) {
  const Labels series = container_series(1);
  LabelsBuilder builder;
  for (auto _ : state) {
    builder.reset(series);
    builder.set("replica", "a").remove("id");
    benchmark::DoNotOptimize(builder.build());
  }
}
BENCHMARK(build_with_builder);

void get(benchmark::State& state) {
  const Labels series = container_series(1);
  constexpr std::string_view kNames[] = {"__name__", "instance", "service", "absent"};
  const std::string_view name = kNames[state.range(0)];
  for (auto _ : state) benchmark::DoNotOptimize(series.get(name));
}
BENCHMARK(get)->DenseRange(0, 3);

void iterate(benchmark::State& state) {
  const Labels series = container_series(1);
  for (auto _ : state) {
    for (const Label& label : series) benchmark::DoNotOptimize(label.value.data());
  }
}
BENCHMARK(iterate);

void hash(benchmark::State& state) {
  const Labels series = container_series(1);
  for (auto _ : state) benchmark::DoNotOptimize(series.hash());
}
BENCHMARK(hash);

void sort_ten_thousand(benchmark::State& state) {
  std::vector<Labels> all = container_series_up_to(10'000);
  std::mt19937_64 random(1);
  for (auto _ : state) {
    state.PauseTiming();
    std::shuffle(all.begin(), all.end(), random);
    state.ResumeTiming();
    std::sort(all.begin(), all.end());
  }
}
BENCHMARK(sort_ten_thousand)->Unit(benchmark::kMillisecond);

// Range: how many series the table holds; beyond the caches it is memory that is measured.
void look_up_in_a_hash_table(benchmark::State& state) {
  const std::vector<Labels> all = container_series_up_to(static_cast<std::size_t>(state.range(0)));
  std::unordered_map<Labels, std::size_t> table;
  for (std::size_t i = 0; i < all.size(); ++i) table.emplace(all[i], i);
  std::mt19937_64 random(1);
  for (auto _ : state) benchmark::DoNotOptimize(table.find(all[random() % all.size()]));
}
BENCHMARK(look_up_in_a_hash_table)->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace silverback
