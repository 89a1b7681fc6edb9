// Encoding and decoding the values of one sealed chunk of 480 samples (2 h at 15 s), by what the
// values look like. bytes/sample is before frames are compressed.
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "tsdb/codec/sealed_chunk.h"

namespace silverback::tsdb {
namespace {

constexpr std::size_t kSamples = 480;

struct Shape {
  const char* name;
  std::function<double(std::mt19937_64&, double, int)> next;  // from the value before
};

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {
      {"constant", [](std::mt19937_64&, double, int) { return 42.0; }},
      {"counter", [](std::mt19937_64& random, double before,
                     int) { return before + static_cast<double>(1000 + random() % 200); }},
      {"idle_counter", [](std::mt19937_64& random, double before,
                          int) { return before + (random() % 20 == 0 ? 1.0 : 0.0); }},
      {"gauge_2_decimals", [](std::mt19937_64& random, double,
                              int) { return static_cast<double>(5000 + random() % 1000) / 100; }},
      {"sum_of_decimals",
       [](std::mt19937_64& random, double before, int) {
         return before + static_cast<double>(random() % 100'000) / 1e6;
       }},
      {"full_mantissa", [](std::mt19937_64&, double, int i) { return std::sin(i) * 100; }},
  };
  return all;
}

std::vector<double> values_of(const Shape& shape) {
  std::mt19937_64 random(7);
  std::vector<double> values;
  double value = 1e6;
  for (std::size_t i = 0; i < kSamples; ++i)
    values.push_back(value = shape.next(random, value, static_cast<int>(i)));
  return values;
}

void report(benchmark::State& state, std::size_t bytes) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kSamples));
  state.counters["bytes/sample"] = static_cast<double>(bytes) / static_cast<double>(kSamples);
}

void encode(benchmark::State& state, const Shape& shape) {
  const std::vector<double> values = values_of(shape);
  ValueEncoder encoder;
  std::string chunk;
  for (auto _ : state) {
    chunk.clear();
    encoder.encode(values, chunk);
    benchmark::DoNotOptimize(chunk.data());
  }
  report(state, chunk.size());
}

void decode(benchmark::State& state, const Shape& shape) {
  std::vector<double> values = values_of(shape);
  ValueEncoder encoder;
  std::string chunk;
  encoder.encode(values, chunk);
  for (auto _ : state) benchmark::DoNotOptimize(decode_values(chunk, values));
  report(state, chunk.size());
}

const bool registered = [] {
  for (const Shape& shape : shapes()) {
    const std::string name = shape.name;
    benchmark::RegisterBenchmark(("encode/" + name).c_str(), encode, shape);
    benchmark::RegisterBenchmark(("decode/" + name).c_str(), decode, shape);
  }
  return true;
}();

}  // namespace
}  // namespace silverback::tsdb
