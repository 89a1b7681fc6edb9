#include "tsdb/codec/sealed_chunk.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/sample.h"
#include "tests/testing/seed.h"

namespace silverback::tsdb {
namespace {

std::string encode(const std::vector<double>& values) {
  ValueEncoder encoder;
  std::string chunk;
  encoder.encode(values, chunk);
  return chunk;
}

void expect_round_trip(const std::vector<double>& values) {
  const std::string chunk = encode(values);
  std::vector<double> decoded(values.size());
  ASSERT_TRUE(decode_values(chunk, decoded));
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(std::bit_cast<std::uint64_t>(decoded[i]), std::bit_cast<std::uint64_t>(values[i]))
        << "value " << i << " of " << values.size();
}

TEST(SealedChunk, KeepsEveryBit) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double other_nan = std::bit_cast<double>(0xfff8'0000'1234'5678);
  const std::vector<std::vector<double>> cases = {
      {0},
      {-0.0},
      {0, -0.0, 0},
      {1, 2, 3},
      {5, 5, 5, 5},
      {stale_marker()},
      {normal_nan(), stale_marker(), other_nan, infinity, -infinity},
      {1, stale_marker(), 2, stale_marker()},
      {stale_marker(), stale_marker(), 0.5},
      {std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max()},
      {0.1, 0.2, 0.3, 0.1 + 0.2},
      {1e15, 1e16, 1e17, 1e18, 1e19, 1e300},
      {9007199254740993.0, 9007199254740992.0, -9007199254740991.0},
      {0.123456789012345, 1, 2, 1e12},
      {-0.3, -0.2, -1e-20, 0},
  };
  for (const std::vector<double>& values : cases) expect_round_trip(values);
}

double next_value(std::mt19937_64& random, int shape, double before, int i) {
  if (!std::isfinite(before)) before = 1;
  switch (shape) {
    case 0:
      return before + static_cast<double>(random() % 1000);  // counter
    case 1:
      return static_cast<double>(random() % 100'000) / 100;  // two decimals
    case 2:
      return before + static_cast<double>(random() % 100'000) / 1e6;  // sum of decimals
    case 3:
      return std::bit_cast<double>(random());  // anything
    case 4:
      return std::sin(i) * 1e3;  // full mantissas
    case 5:
      return random() % 4 == 0 ? std::bit_cast<double>(0x7ff0'0000'0000'0000 | random() % 9)
                               : before;
    case 6:
      return std::ldexp(1.0, static_cast<int>(random() % 2000) - 1000);
    default:
      return static_cast<double>(random() % 5) * 4096;
  }
}

std::vector<double> random_values(std::mt19937_64& random) {
  std::vector<double> values(1 + random() % (random() % 20 == 0 ? 8000 : 300));
  const int shape = static_cast<int>(random() % 8);
  const bool dirty = random() % 3 == 0;
  double value = static_cast<double>(random() % 1000);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = value = next_value(random, shape, value, static_cast<int>(i));
    if (dirty && random() % 20 == 0) values[i] = random() % 2 == 0 ? stale_marker() : -0.0;
  }
  return values;
}

TEST(SealedChunk, KeepsEveryBitOfWhateverItIsGiven) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; ++round) {
    expect_round_trip(random_values(random));
    if (HasFatalFailure()) return;
  }
}

TEST(SealedChunk, RefusesOrSurvivesDamage) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::vector<double> values = random_values(random);
    std::string chunk = encode(values);
    if (random() % 2 == 0) {
      chunk.resize(random() % chunk.size());
    } else {
      for (int flips = 0; flips < 3; ++flips) {
        char& byte = chunk[random() % chunk.size()];
        byte = static_cast<char>(byte ^ (1 << random() % 8));
      }
    }
    // On the heap and of the exact size, so that a sanitizer sees any step too far.
    const std::vector<char> exact(chunk.begin(), chunk.end());
    static_cast<void>(decode_values(std::string_view(exact.data(), exact.size()), values));
  }
}

TEST(SealedChunk, IsSmallForWhatMonitoringStores) {
  struct Case {
    const char* what;
    double (*value)(int i);
    double bytes_per_sample_max;
  };
  const Case cases[] = {
      {"a constant", [](int) { return 42.0; }, 0.01},
      {"a steady counter", [](int i) { return 1e9 + 15.0 * i; }, 0.03},
      {"an uneven counter", [](int i) { return 1000.0 * i + i * 7919 % 100; }, 1.1},
      {"a gauge with two decimals", [](int i) { return (2000 + i * 37 % 50) / 100.0; }, 1.0},
      {"idle summaries", [](int i) { return i % 200 < 150 ? normal_nan() : 0.25; }, 0.1},
      {"bytes in pages", [](int i) { return (1e6 + i * 37 % 64) * 4096; }, 1.0},
  };
  for (const Case& c : cases) {
    std::vector<double> values;
    for (int i = 0; i < 960; ++i) values.push_back(c.value(i));
    EXPECT_LE(static_cast<double>(encode(values).size()) / 960, c.bytes_per_sample_max) << c.what;
  }
  // A sum of decimals drifts a few ULPs from the decimal: half the bytes of what it would take raw.
  std::vector<double> sums;
  double sum = 0;
  std::mt19937_64 random(1);
  for (int i = 0; i < 960; ++i) sums.push_back(sum += static_cast<double>(random() % 1000) / 1e6);
  EXPECT_LE(encode(sums).size(), 960U * 3);
}

TEST(SealedChunk, TellsTheValueOfAConstantWithoutDecoding) {
  for (const double constant : {-0.0, 7.0, -3.0, 0.5, 1e300, stale_marker()}) {
    double value = 1;
    ASSERT_TRUE(decode_constant(encode(std::vector<double>(100, constant)), value));
    EXPECT_EQ(std::bit_cast<std::uint64_t>(value), std::bit_cast<std::uint64_t>(constant));
  }
  double value = 1;
  EXPECT_FALSE(decode_constant(encode({1, 2}), value));
}

}  // namespace
}  // namespace silverback::tsdb
