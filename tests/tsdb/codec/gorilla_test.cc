#include "tsdb/codec/gorilla.h"

#include <bit>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/testing/seed.h"

namespace silverback::tsdb {
namespace {

struct Raw {
  TimestampMs t;
  std::uint64_t bits;
  bool operator==(const Raw&) const = default;
};

struct Encoded {
  std::vector<std::byte> data;
  std::size_t count;
};

Encoded encode(const std::vector<Raw>& samples) {
  GorillaState state;
  std::vector<std::byte> data;
  for (const Raw& sample : samples) {
    data.resize(state.bytes());
    data.resize(state.bytes() + kGorillaAppendBytesMax, std::byte{0xee});
    gorilla_append(state, data.data(), sample.t, sample.bits);
  }
  data.resize(state.bytes());
  EXPECT_EQ(state.count, samples.size());
  return {std::move(data), samples.size()};
}

std::vector<Raw> decode(const Encoded& encoded) {
  std::vector<Raw> samples;
  GorillaReader reader(encoded.data, encoded.count);
  Raw sample{};
  while (reader.next(sample.t, sample.bits)) samples.push_back(sample);
  EXPECT_TRUE(reader.ok());
  return samples;
}

TEST(Gorilla, GivesSpecialValuesBackBitForBit) {
  const std::vector<double> values = {0.0,
                                      -0.0,
                                      1.5,
                                      std::numeric_limits<double>::infinity(),
                                      -std::numeric_limits<double>::infinity(),
                                      stale_marker(),
                                      normal_nan(),
                                      std::bit_cast<double>(0xfff8'dead'beef'0001),
                                      std::numeric_limits<double>::denorm_min(),
                                      std::numeric_limits<double>::max()};
  std::vector<Raw> samples;
  for (const double before : values)
    for (const double value : values)
      for (const double v : {before, value})
        samples.push_back(
            {static_cast<TimestampMs>(samples.size()) * 15'000, std::bit_cast<std::uint64_t>(v)});
  EXPECT_EQ(decode(encode(samples)), samples);
}

TEST(Gorilla, GivesExtremeTimesBack) {
  constexpr TimestampMs kMin = std::numeric_limits<TimestampMs>::min();
  constexpr TimestampMs kMax = std::numeric_limits<TimestampMs>::max();
  const std::vector<Raw> samples = {{kMin, 1}, {kTimestampMin, 1}, {-1, 2},  {0, 3},
                                    {1, 3},    {kTimestampMax, 3}, {kMax, 4}};
  EXPECT_EQ(decode(encode(samples)), samples);
}

TEST(Gorilla, GivesTheEdgesOfEveryBucketBack) {
  std::vector<Raw> samples = {{0, 0}};
  TimestampMs delta = 1'000'000'000;
  samples.push_back({delta, 0});
  for (const unsigned bits : {3U, 6U, 9U, 12U, 18U, 40U}) {
    const TimestampMs half = TimestampMs{1} << (bits - 1);
    for (const TimestampMs dod : {half - 1, half, half + 1, -half, -half - 1, -half + 1}) {
      delta += dod;
      samples.push_back({samples.back().t + delta, 0});
    }
  }
  EXPECT_EQ(decode(encode(samples)), samples);
}

TEST(Gorilla, RoundTripsRandomBits) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<Raw> samples;
    TimestampMs t = static_cast<TimestampMs>(random());
    std::uint64_t bits = random();
    const std::size_t count = 1 + random() % 200;
    for (std::size_t i = 0; i < count; ++i) {
      samples.push_back({t, bits});
      const std::uint64_t step = random() >> (random() % 64);
      t = static_cast<TimestampMs>(static_cast<std::uint64_t>(t) + step);
      if (random() % 3 != 0) bits ^= random() >> (random() % 64) << (random() % 64);
    }
    ASSERT_EQ(decode(encode(samples)), samples);
  }
}

TEST(Gorilla, ReportsAChunkThatEndsTooEarly) {
  const Encoded whole = encode({{1000, 77}, {2000, 78}, {3500, 1}, {9000, 1ULL << 63}});
  for (std::size_t bytes = 0; bytes < whole.data.size(); ++bytes) {
    std::vector<TimestampMs> t;
    std::vector<double> v;
    const std::vector<std::byte> cut(whole.data.begin(),
                                     whole.data.begin() + static_cast<std::ptrdiff_t>(bytes));
    EXPECT_FALSE(gorilla_decode(cut, whole.count, {}, t, v)) << bytes;
  }
}

TEST(Gorilla, DecodesOnlyTheRangeAskedFor) {
  std::vector<Raw> samples;
  for (int i = 0; i < 120; ++i) samples.push_back({i * 1000, static_cast<std::uint64_t>(i)});
  const Encoded encoded = encode(samples);
  std::vector<TimestampMs> t;
  std::vector<double> v;
  ASSERT_TRUE(gorilla_decode(encoded.data, encoded.count, {10'000, 12'000}, t, v));
  EXPECT_EQ(t, (std::vector<TimestampMs>{10'000, 11'000, 12'000}));
  EXPECT_EQ(v.size(), 3U);
}

TEST(Gorilla, SpendsTwoBitsOnASampleThatRepeats) {
  std::vector<Raw> samples;
  for (int i = 0; i < 120; ++i) samples.push_back({i * 15'000, 42});
  EXPECT_LE(encode(samples).data.size(), 16U + 2U * 3U + 120U * 2U / 8U);
}

}  // namespace
}  // namespace silverback::tsdb
