#include "tsdb/sealed_chunk.h"

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/sample.h"

namespace silverback::tsdb {
namespace {

void expect_round_trip(const std::vector<double>& values) {
  std::string chunk;
  encode_values(values, chunk);
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
      {std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max()},
      {0.1, 0.2, 0.3, 0.1 + 0.2},
  };
  for (const std::vector<double>& values : cases) expect_round_trip(values);
}

TEST(SealedChunk, TellsTheValueOfAConstantWithoutDecoding) {
  std::string constant;
  encode_values(std::vector<double>(100, -0.0), constant);
  double value = 1;
  ASSERT_TRUE(decode_constant(constant, value));
  EXPECT_EQ(std::bit_cast<std::uint64_t>(value), std::bit_cast<std::uint64_t>(-0.0));
  std::string other;
  encode_values(std::vector<double>{1, 2}, other);
  EXPECT_FALSE(decode_constant(other, value));
}

}  // namespace
}  // namespace silverback::tsdb
