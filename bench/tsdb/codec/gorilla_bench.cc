// The open chunk: appending and decoding, per sample.
#include <bit>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "tsdb/codec/gorilla.h"

namespace silverback::tsdb {
namespace {

constexpr std::size_t kSamples = 120;

// What exporters send: mostly counters of integers, some gauges with a fraction, many constants.
std::vector<Sample> samples_of(int kind) {
  std::mt19937_64 random(1);
  std::vector<Sample> samples;
  double v = 1000;
  TimestampMs t = 1'700'000'000'000;
  for (std::size_t i = 0; i < kSamples; ++i) {
    samples.push_back({t, v});
    t += 15'000 + (random() % 16 == 0 ? static_cast<TimestampMs>(random() % 5) : 0);
    if (kind == 1) v += static_cast<double>(random() % 200);
    if (kind == 2) v = static_cast<double>(random() % 100'000) / 1000;
  }
  return samples;
}

std::size_t encode(const std::vector<Sample>& samples, std::byte* data) {
  GorillaState state;
  for (const Sample& sample : samples)
    gorilla_append(state, data, sample.t, std::bit_cast<std::uint64_t>(sample.v));
  return state.bytes();
}

void append(benchmark::State& state) {
  const std::vector<Sample> samples = samples_of(static_cast<int>(state.range(0)));
  std::vector<std::byte> data(4096);
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = encode(samples, data.data());
    benchmark::DoNotOptimize(data.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kSamples));
  state.counters["bytes/sample"] = static_cast<double>(bytes) / kSamples;
}
BENCHMARK(append)->ArgName("constant/counter/gauge")->DenseRange(0, 2);

void decode(benchmark::State& state) {
  const std::vector<Sample> samples = samples_of(static_cast<int>(state.range(0)));
  std::vector<std::byte> data(4096);
  data.resize(encode(samples, data.data()));
  std::vector<TimestampMs> t;
  std::vector<double> v;
  for (auto _ : state) {
    t.clear();
    v.clear();
    benchmark::DoNotOptimize(gorilla_decode(data, kSamples, {}, t, v));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kSamples));
}
BENCHMARK(decode)->ArgName("constant/counter/gauge")->DenseRange(0, 2);

}  // namespace
}  // namespace silverback::tsdb
