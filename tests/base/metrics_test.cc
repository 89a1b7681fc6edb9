#include "base/metrics.h"

#include <cmath>
#include <limits>
#include <thread>

#include <gtest/gtest.h>

namespace silverback {
namespace {

TEST(Registry, GivesTheSameMetricForTheSameNameAndLabels) {
  Registry registry;
  Counter& ok = registry.counter("requests_total", "Requests.", {{"code", "200"}});
  Counter& bad = registry.counter("requests_total", "Requests.", {{"code", "400"}});
  EXPECT_NE(&ok, &bad);
  EXPECT_EQ(&ok, &registry.counter("requests_total", "Requests.", {{"code", "200"}}));
  for (int i = 0; i < 1'000; ++i) {
    registry.gauge("g", "G.", {{"i", std::to_string(i)}}).set(i);
  }
  ok.add(3);
  EXPECT_EQ(ok.value(), 3u) << "references stay valid while others are made";
}

TEST(Registry, SnapshotIsSortedAndComplete) {
  Registry registry;
  registry.gauge("b_bytes", "Bytes.").set(1.5);
  registry.counter("a_total", "As.", {{"x", "2"}}).add(2);
  registry.counter("a_total", "As.", {{"x", "1"}}).add();
  registry.callback("c", "Asked for.", MetricType::kGauge, [] { return 7.0; });
  registry.distribution("d_seconds", "Times.", {0.1, 1}).observe(0.5);

  const auto families = registry.snapshot();
  ASSERT_EQ(families.size(), 4u);
  EXPECT_EQ(families[0].name, "a_total");
  EXPECT_EQ(families[0].help, "As.");
  EXPECT_EQ(families[0].type, MetricType::kCounter);
  ASSERT_EQ(families[0].points.size(), 2u);
  EXPECT_EQ(families[0].points[0].labels, (Labels{{"x", "1"}}));
  EXPECT_EQ(families[0].points[0].value, 1);
  EXPECT_EQ(families[0].points[1].value, 2);
  EXPECT_EQ(families[1].points[0].value, 1.5);
  EXPECT_EQ(families[2].points[0].value, 7);
  EXPECT_EQ(families[3].type, MetricType::kHistogram);
  EXPECT_EQ(families[3].points[0].distribution.cumulative, (std::vector<std::uint64_t>{0, 1, 1}));
}

TEST(Registry, ACallbackMayUseTheRegistry) {
  Registry registry;
  registry.callback("families", "Families.", MetricType::kGauge,
                    [&] { return registry.gauge("made_by_callback", "Made.").value() + 1; });
  EXPECT_EQ(registry.snapshot()[0].points[0].value, 1);
}

TEST(Distribution, PutsAValueIntoTheFirstBucketThatIsNotBelowIt) {
  Distribution distribution({0.1, 1, 10});
  for (const double v :
       {0.1, 0.05, -5.0, 0.10000001, 1.0, 10.0, 10.5, std::numeric_limits<double>::infinity()}) {
    distribution.observe(v);
  }
  EXPECT_EQ(distribution.snapshot().cumulative, (std::vector<std::uint64_t>{3, 5, 6, 8}));
  EXPECT_EQ(distribution.snapshot().bounds, (std::vector<double>{0.1, 1, 10}));
  distribution.observe(std::nan(""));
  EXPECT_EQ(distribution.snapshot().cumulative, (std::vector<std::uint64_t>{3, 5, 6, 9}));
}

TEST(Metrics, LoseNothingWhenThreadsAddAtOnce) {
  Registry registry;
  Counter& counter = registry.counter("c_total", "C.");
  Gauge& gauge = registry.gauge("g", "G.");
  Distribution& distribution = registry.distribution("d", "D.", {0.5});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10'000; ++j) {
        counter.add();
        gauge.add(1);
        distribution.observe(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 40'000u);
  EXPECT_EQ(gauge.value(), 40'000);
  EXPECT_EQ(distribution.snapshot().cumulative.back(), 40'000u);
  EXPECT_EQ(distribution.snapshot().sum, 40'000);
}

TEST(MetricTypes, HavePrometheussWords) {
  EXPECT_EQ(to_string(MetricType::kUnknown), "unknown");
  EXPECT_EQ(to_string(MetricType::kCounter), "counter");
  EXPECT_EQ(to_string(MetricType::kGauge), "gauge");
  EXPECT_EQ(to_string(MetricType::kHistogram), "histogram");
  EXPECT_EQ(to_string(MetricType::kGaugeHistogram), "gaugehistogram");
  EXPECT_EQ(to_string(MetricType::kSummary), "summary");
  EXPECT_EQ(to_string(MetricType::kInfo), "info");
  EXPECT_EQ(to_string(MetricType::kStateset), "stateset");
}

TEST(Samples, TellStalenessMarkersFromOtherNans) {
  EXPECT_TRUE(is_stale(stale_marker()));
  EXPECT_FALSE(is_stale(normal_nan()));
  EXPECT_FALSE(is_stale(std::nan("")));
  EXPECT_FALSE(is_stale(0));
  EXPECT_TRUE(std::isnan(stale_marker()));
  EXPECT_TRUE(identical({1, normal_nan()}, {1, normal_nan()}));
  EXPECT_FALSE(identical({1, normal_nan()}, {1, stale_marker()}));
  EXPECT_FALSE(identical({1, 0.0}, {1, -0.0}));
  EXPECT_FALSE(identical({1, 0.0}, {2, 0.0}));
}

}  // namespace
}  // namespace silverback
