#include "tsdb/codec/integer_stream.h"

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/testing/seed.h"

namespace silverback::tsdb {
namespace {

// False if the stream is refused.
bool decode(std::string_view stream, std::vector<std::int64_t>& values) {
  IntegerDecoder decoder(stream, values.size());
  std::array<std::uint64_t, kMiniBlock> block;
  std::size_t at = 0;
  while (const std::size_t count = decoder.next(block))
    for (std::size_t i = 0; i < count; ++i) values[at++] = static_cast<std::int64_t>(block[i]);
  return decoder.finished();
}

std::string encode(const std::vector<std::int64_t>& values, IntegerEncoder::Shape shape) {
  IntegerEncoder encoder;
  std::string stream;
  encoder.encode(values, shape, stream);
  return stream;
}

void expect_round_trip(const std::vector<std::int64_t>& values) {
  for (const auto shape : {IntegerEncoder::Shape::kAny, IntegerEncoder::Shape::kLine}) {
    const std::string stream = encode(values, shape);
    std::vector<std::int64_t> decoded(values.size());
    ASSERT_TRUE(decode(stream, decoded));
    ASSERT_EQ(decoded, values);
  }
}

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(IntegerStream, KeepsTheExtremes) {
  const std::vector<std::vector<std::int64_t>> cases = {
      {},           {0},    {kMin},          {kMax, kMin},        {kMin, kMax, kMin, kMax},
      {1, 2, 3, 4}, {5, 5}, {kMin, 0, kMax}, {0, kMin, kMin, 17},
  };
  for (const auto& values : cases) expect_round_trip(values);
}

std::vector<std::int64_t> random_values(std::mt19937_64& random) {
  std::vector<std::int64_t> values(random() % 400);
  const int shape = static_cast<int>(random() % 6);
  const unsigned width = static_cast<unsigned>(random() % 64);
  const std::uint64_t factor = random() % 3 == 0 ? 1 + random() % 5000 : 1;
  std::uint64_t value = random() >> (random() % 64);
  std::uint64_t delta = random() % 1000;
  for (std::int64_t& out : values) {
    const std::uint64_t noise = (random() >> width) * factor;
    switch (shape) {
      case 0:
        value = noise;
        break;
      case 1:
        value += noise;
        break;
      case 2:
        value += delta += noise;
        break;
      case 3:  // a long calm with a few leaps
        if (random() % 50 == 0) value += noise;
        break;
      case 4:
        value += delta + (random() % 40 == 0 ? noise : random() % 4);
        break;
      default:
        value += delta;
    }
    out = static_cast<std::int64_t>(value);
  }
  return values;
}

TEST(IntegerStream, KeepsWhateverItIsGiven) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 3000; ++round) {
    expect_round_trip(random_values(random));
    if (HasFatalFailure()) return;
  }
}

TEST(IntegerStream, RefusesOrSurvivesDamage) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::int64_t> values = random_values(random);
    std::string stream = encode(values, IntegerEncoder::Shape::kLine);
    if (random() % 2 == 0) {
      stream.resize(random() % stream.size());
    } else {
      for (int flips = 0; flips < 3; ++flips) {
        char& byte = stream[random() % stream.size()];
        byte = static_cast<char>(byte ^ (1 << random() % 8));
      }
    }
    // On the heap and of the exact size, so that a sanitizer sees any step too far.
    const std::vector<char> exact(stream.begin(), stream.end());
    static_cast<void>(decode(std::string_view(exact.data(), exact.size()), values));
  }
}

TEST(IntegerStream, IsSmallWhereThereIsLittleToSay) {
  std::vector<std::int64_t> line;
  std::vector<std::int64_t> thousands;
  std::vector<std::int64_t> outliers;
  for (int i = 0; i < 640; ++i) {
    line.push_back(1'000'000 + 15 * i);
    thousands.push_back(i * i * 4096);
    outliers.push_back(i % 100 == 50 ? 1'000'000'000 : i % 2);
  }
  const auto bytes = [](const std::vector<std::int64_t>& values) {
    return encode(values, IntegerEncoder::Shape::kAny).size();
  };
  EXPECT_LE(bytes(line), 8U);
  EXPECT_LE(bytes(thousands), 16U) << "a common divisor costs nothing per value";
  EXPECT_LE(bytes(outliers), 240U) << "a leap costs itself only, not its mini-block";
}

}  // namespace
}  // namespace silverback::tsdb
