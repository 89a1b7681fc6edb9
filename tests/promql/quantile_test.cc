#include "promql/quantile.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "promql/annotations.h"
#include "promql/natural_order.h"
#include "promql/neumaier.h"

namespace silverback::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(Quantile, LiesBetweenTheValuesAroundItsRank) {
  struct Case {
    double q;
    double want;
  };
  constexpr Case cases[] = {{0, 1}, {1, 4}, {0.5, 2.5}, {0.1, 1.3}, {-0.1, -kInf}, {1.1, kInf}};
  for (const auto& [q, want] : cases) {
    std::vector<double> values = {4, 2, 1, 3};
    EXPECT_DOUBLE_EQ(quantile(q, values), want) << q;
  }
  std::vector<double> none;
  EXPECT_TRUE(std::isnan(quantile(0.5, none)));
  std::vector<double> with_nan = {2, std::nan(""), 1};
  EXPECT_EQ(quantile(1, with_nan), 2);
}

TEST(Buckets, WantAnInfiniteBound) {
  std::vector<Bucket> finite = {{1, 1}, {2, 2}};
  EXPECT_FALSE(prepare_buckets(finite));
  std::vector<Bucket> none;
  EXPECT_FALSE(prepare_buckets(none));
  std::vector<Bucket> doubled = {{kInf, 5}, {1, 1}, {1, 2}};
  ASSERT_TRUE(prepare_buckets(doubled));
  ASSERT_EQ(doubled.size(), 2U);
  EXPECT_EQ(doubled[0].count, 3);
}

TEST(Buckets, CountsThatFallAreRaisedAndTold) {
  std::vector<Bucket> buckets = {{1, 10}, {2, 7}, {3, 9}, {4, 20}, {kInf, 19.9999999999999}};
  MonotonicityFix fix;
  make_monotonic(buckets, fix);
  EXPECT_TRUE(fix.forced);
  EXPECT_EQ(fix.bucket_min, 2);
  EXPECT_EQ(fix.bucket_max, 3);
  EXPECT_EQ(fix.difference_max, 3);
  EXPECT_EQ(buckets[1].count, 10);
  EXPECT_EQ(buckets[2].count, 10);
  EXPECT_EQ(buckets[4].count, 20);  // rounding, not told

  MonotonicityFix rounding;
  std::vector<Bucket> rounded = {{1, 100}, {kInf, 99.99999999999}};
  make_monotonic(rounded, rounding);
  EXPECT_FALSE(rounding.forced);
  EXPECT_EQ(rounded[1].count, 100);
}

TEST(Neumaier, KeepsWhatPlainAdditionLoses) {
  NeumaierSum sum;
  for (const double v : {1.0, 1e100, 1.0, -1e100}) sum.add(v);
  EXPECT_EQ(sum.value(), 2);
  NeumaierMean mean(1e308);
  mean.add(1e308);
  EXPECT_EQ(mean.value(), 1e308);
  NeumaierSum infinite;
  infinite.add(kInf);
  infinite.add(1);
  EXPECT_EQ(infinite.value(), kInf);
}

TEST(NaturalOrder, TakesNumbersByValue) {
  EXPECT_TRUE(natural_less("node-2", "node-10"));
  EXPECT_FALSE(natural_less("node-10", "node-2"));
  EXPECT_TRUE(natural_less("", "a"));
  EXPECT_TRUE(natural_less("a", "a1"));
  EXPECT_TRUE(natural_less("1.9", "1.10"));
  EXPECT_FALSE(natural_less("same", "same"));
  EXPECT_TRUE(natural_less("01", "1") != natural_less("1", "01"));
}

TEST(Annotations, AreKeptOncePerTextWithTheirLastPosition) {
  Annotations annotations;
  annotations.warn("w", {1, 2});
  annotations.warn("w", {7, 9});
  annotations.info("i", {0, 1});
  annotations.warn_verbatim("storage says so");
  const std::string_view query = "a +\n b + c";
  EXPECT_EQ(annotations.warnings(query),
            (std::vector<std::string>{"PromQL warning: w (2:4)", "storage says so"}));
  EXPECT_EQ(annotations.infos(query), std::vector<std::string>{"PromQL info: i (1:1)"});
}

TEST(ShortFloat, IsGosPercentG) {
  struct Case {
    double v;
    std::string_view want;
  };
  constexpr Case cases[] = {{1.5, "1.5"},    {-2, "-2"},         {0, "0"},
                            {1e6, "1e+06"},  {999999, "999999"}, {1e20, "1e+20"},
                            {1e-5, "1e-05"}, {kInf, "+Inf"},     {-kInf, "-Inf"}};
  for (const auto& [v, want] : cases) EXPECT_EQ(short_float(v), want);
  EXPECT_EQ(short_float(0.012345, 2), "0.012");
  EXPECT_EQ(short_float(1234, 2), "1.2e+03");
}

}  // namespace
}  // namespace silverback::promql
