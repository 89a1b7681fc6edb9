// Writing and compressing the answer of a range query: 100 series with 1,000 points each, as a
// dashboard's panel asks for them.
#include <random>

#include <benchmark/benchmark.h>

#include "api/json_writer.h"
#include "api/response.h"
#include "api/result_json.h"

namespace silverback::api {
namespace {

enum class Values { kIntegers, kFractions };

promql::Matrix matrix(Values values) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> fraction(0, 100);
  promql::Matrix series;
  for (int i = 0; i < 100; ++i) {
    promql::Series& one = series.emplace_back();
    one.metric = Labels{{"__name__", "node_cpu_seconds_total"},
                        {"cpu", std::to_string(i)},
                        {"instance", "node-" + std::to_string(i) + ".example:9100"},
                        {"job", "node"},
                        {"mode", "idle"}};
    for (int t = 0; t < 1000; ++t) {
      const double v = values == Values::kIntegers ? static_cast<double>(random() % 1'000'000)
                                                   : fraction(random);
      one.floats.push_back({1'795'209'095'484 + t * 15'000, v});
    }
  }
  return series;
}

std::string text_of(const promql::Matrix& series) {
  JsonWriter json;
  json.begin_object();
  write_result(json, series);
  json.end_object();
  return std::move(json).take();
}

void write_matrix(benchmark::State& state) {
  const promql::Matrix series = matrix(static_cast<Values>(state.range(0)));
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string text = text_of(series);
    bytes += text.size();
    benchmark::DoNotOptimize(text.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(state.iterations() * 100'000);
}
BENCHMARK(write_matrix)->Arg(0)->Arg(1);

void compress_matrix(benchmark::State& state) {
  const std::string text = text_of(matrix(static_cast<Values>(state.range(0))));
  std::size_t packed = 0;
  for (auto _ : state) {
    Response response = json_response(text);
    compress(response, "gzip");
    packed = response.body.size();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
  state.counters["ratio"] = static_cast<double>(packed) / static_cast<double>(text.size());
}
BENCHMARK(compress_matrix)->Arg(0)->Arg(1);

void compress_small(benchmark::State& state) {
  for (auto _ : state) {
    Response response = json_response(
        R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","instance":"h:1","job":"a"},"value":[1795219200,"1"]}]}})");
    compress(response, "gzip");
    benchmark::DoNotOptimize(response.body.data());
  }
}
BENCHMARK(compress_small);

void escape_labels(benchmark::State& state) {
  const Labels labels{{"__name__", "node_filesystem_avail_bytes"},
                      {"device", "/dev/mapper/vg0-root"},
                      {"fstype", "ext4"},
                      {"instance", "node-1.example:9100"},
                      {"mountpoint", "/var/lib/docker/overlay2"}};
  for (auto _ : state) {
    JsonWriter json;
    json.labels(labels);
    benchmark::DoNotOptimize(json.buffer().data());
  }
}
BENCHMARK(escape_labels);

}  // namespace
}  // namespace silverback::api
