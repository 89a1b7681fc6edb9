// Matchers as dashboards send them, against ten thousand instance names.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/matcher.h"

namespace silverback {
namespace {

std::vector<std::string> instances() {
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i) names.push_back("node-" + std::to_string(i) + ".example:9100");
  return names;
}

std::string long_alternation() {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "node-" + std::to_string(i * 20) + "\\.example:9100|";
  return pattern + "none";
}

void match(benchmark::State& state, Matcher::Type type, const std::string& pattern) {
  const auto matcher = Matcher::make(type, "instance", pattern);
  const std::vector<std::string> values = instances();
  for (auto _ : state) {
    std::size_t matches = 0;
    for (const std::string& value : values) matches += matcher->matches(value) ? 1 : 0;
    benchmark::DoNotOptimize(matches);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(values.size()));
}
BENCHMARK_CAPTURE(match, equal, Matcher::Type::kEqual, "node-42.example:9100");
BENCHMARK_CAPTURE(match, anything, Matcher::Type::kRegex, ".*");
BENCHMARK_CAPTURE(match, not_empty, Matcher::Type::kRegex, ".+");
BENCHMARK_CAPTURE(match, prefix, Matcher::Type::kRegex, "node-42.*");
BENCHMARK_CAPTURE(match, two_literals, Matcher::Type::kRegex, "node-4[12]\\.example:9100");
BENCHMARK_CAPTURE(match, long_alternation, Matcher::Type::kRegex, long_alternation());
BENCHMARK_CAPTURE(match, prefix_then_automaton, Matcher::Type::kRegex, "node-4\\d+.*");
BENCHMARK_CAPTURE(match, automaton, Matcher::Type::kRegex, ".*-4\\d+\\.example.*");
BENCHMARK_CAPTURE(match, ignoring_case, Matcher::Type::kRegex, "(?i)NODE-42.*");

void make(benchmark::State& state, const std::string& pattern) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(Matcher::make(Matcher::Type::kRegex, "instance", pattern));
  }
}
BENCHMARK_CAPTURE(make, two_literals, "node-4[12]\\.example:9100");
BENCHMARK_CAPTURE(make, long_alternation, long_alternation());
BENCHMARK_CAPTURE(make, automaton, ".*-4\\d+\\.example.*");

}  // namespace
}  // namespace silverback
