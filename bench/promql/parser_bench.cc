#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "promql/parser.h"

namespace silverback::promql {
namespace {

constexpr std::string_view kShort = "rate(http_requests_total{job=\"api\"}[5m])";
// Of board 1860: a typical panel.
constexpr std::string_view kPanel =
    "sum by(instance) (irate(node_cpu_seconds_total{instance=\"localhost:9100\",job=\"node\", "
    "mode=\"system\"}[5m])) / on(instance) group_left sum by (instance)((irate("
    "node_cpu_seconds_total{instance=\"localhost:9100\",job=\"node\"}[5m])))";
constexpr std::string_view kRegex = "up{job=~\"api-.*|web-[0-9]+\", instance!~\"^test\"}";

void BM_Parse(benchmark::State& state, std::string_view query) {
  for (auto _ : state) benchmark::DoNotOptimize(parse(query, {}));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(query.size()));
}
BENCHMARK_CAPTURE(BM_Parse, name, "up");
BENCHMARK_CAPTURE(BM_Parse, short, kShort);
BENCHMARK_CAPTURE(BM_Parse, panel, kPanel);
BENCHMARK_CAPTURE(BM_Parse, regex, kRegex);

void BM_Print(benchmark::State& state, std::string_view query) {
  const ExprPtr expr = parse(query, {}).value();
  for (auto _ : state) benchmark::DoNotOptimize(print(*expr));
}
BENCHMARK_CAPTURE(BM_Print, panel, kPanel);

}  // namespace
}  // namespace silverback::promql
