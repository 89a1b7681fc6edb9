#include "scrape/self_scrape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/recording_store.h"

namespace silverback::scrape {
namespace {

using silverback::testing::RecordingStore;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

constexpr TimestampMs kT0 = 1'700'000'000'000;
constexpr DurationMs kInterval = 15'000;

class SelfScraping : public ::testing::Test {
 protected:
  Status scrape(std::string page) {
    page_ = std::move(page);
    t_ += kInterval;
    return self_scrape_.scrape(t_);
  }
  double report(const std::string& name) {
    return store_.samples.at(name + R"({instance="here:9090", job="silverback"})").at(t_);
  }
  std::map<TimestampMs, double>& series(const std::string& name) {
    return store_.samples[name + R"({instance="here:9090", job="silverback"})"];
  }

  RecordingStore store_;
  Registry metrics_;
  std::string page_;
  TimestampMs t_ = kT0;
  SelfScrape self_scrape_{[this] { return store_.appender(); },
                          [this] { return page_; },
                          metrics_,
                          {.instance = "here:9090"}};
};

TEST_F(SelfScraping, StoresThePageAndReportsAboutIt) {
  ASSERT_TRUE(scrape("# HELP a Help.\n# TYPE a counter\na 1\nb 2\n"));
  EXPECT_THAT(series("a"), ElementsAre(Pair(t_, 1)));
  EXPECT_THAT(series("b"), ElementsAre(Pair(t_, 2)));
  EXPECT_EQ(report("up"), 1);
  EXPECT_EQ(report("scrape_samples_scraped"), 2);
  EXPECT_EQ(report("scrape_samples_post_metric_relabeling"), 2);
  EXPECT_EQ(report("scrape_series_added"), 2);
  EXPECT_GE(report("scrape_duration_seconds"), 0);
  EXPECT_THAT(store_.metadata, ElementsAre(Pair("a", Metadata{MetricType::kCounter, "Help.", ""})));

  ASSERT_TRUE(scrape("a 3\nb 4\n"));
  EXPECT_EQ(series("a").at(t_), 3);
  EXPECT_EQ(report("scrape_series_added"), 0);
}

TEST_F(SelfScraping, MarksSeriesThatVanish) {
  ASSERT_TRUE(scrape("a 1\nb 2\n"));
  ASSERT_TRUE(scrape("a 1\n"));
  EXPECT_TRUE(is_stale(series("b").at(t_)));
  EXPECT_FALSE(is_stale(series("a").at(t_)));
  const TimestampMs marked = t_;
  ASSERT_TRUE(scrape("a 1\n"));
  EXPECT_EQ(series("b").rbegin()->first, marked);  // once is enough
}

TEST_F(SelfScraping, NeverPutsAMarkerBehindNewerSamples) {
  ASSERT_TRUE(scrape("a 1\n"));
  series("a")[t_ + 10 * kInterval] = 7;
  ASSERT_TRUE(scrape(""));
  EXPECT_THAT(series("a"), Not(Contains(Key(t_))));
}

TEST_F(SelfScraping, StoresABadPageAsAFailedScrapeOnly) {
  ASSERT_TRUE(scrape("a 1\n"));
  for (const char* bad : {"a 2\nb one\n", "a 2\na{x=\"1\",x=\"2\"} 1\n"}) {
    ASSERT_TRUE(scrape("a 1\n"));
    ASSERT_TRUE(scrape(bad));
    EXPECT_TRUE(is_stale(series("a").at(t_)));
    EXPECT_TRUE(series("b").empty());
    EXPECT_EQ(report("up"), 0);
  }
  ASSERT_TRUE(scrape("a 3\n"));
  EXPECT_EQ(series("a").at(t_), 3);
  EXPECT_EQ(report("up"), 1);
}

TEST_F(SelfScraping, GivesBoundsTheirOneSpelling) {
  ASSERT_TRUE(scrape(
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\n"
      "# TYPE s summary\ns{quantile=\"1e-3\"} 1\ns{quantile=\"high\"} 1\n"));
  const auto with = [](const std::string& start, const std::string& label) {
    return start + R"({instance="here:9090", job="silverback", )" + label + "}";
  };
  EXPECT_THAT(store_.samples, AllOf(Contains(Key(with("h_bucket", R"(le="1.0")"))),
                                    Contains(Key(with("h_bucket", R"(le="0.5")"))),
                                    Contains(Key(with("h_bucket", R"(le="+Inf")"))),
                                    Contains(Key(with("s", R"(quantile="0.001")"))),
                                    Contains(Key(with("s", R"(quantile="high")")))));
}

TEST_F(SelfScraping, KeepsLabelsOfThePageBesideItsOwn) {
  ASSERT_TRUE(scrape("a{job=\"x\",instance=\"y\"} 1\n"));
  EXPECT_THAT(
      store_.samples,
      Contains(Key(
          R"(a{exported_instance="y", exported_job="x", instance="here:9090", job="silverback"})")));
}

TEST_F(SelfScraping, LeavesSamplesWithTheirOwnTimeUnmarked) {
  ASSERT_TRUE(scrape("a 1 1600000000000\n"));
  EXPECT_THAT(series("a"), ElementsAre(Pair(1'600'000'000'000, 1)));
  ASSERT_TRUE(scrape(""));
  EXPECT_EQ(series("a").size(), 1U);
}

TEST_F(SelfScraping, KeepsTheFirstOfTwoEqualSeries) {
  ASSERT_TRUE(scrape("a 1\na{} 2\n"));
  EXPECT_THAT(series("a"), ElementsAre(Pair(t_, 1)));
  EXPECT_EQ(report("up"), 1);
  EXPECT_EQ(report("scrape_series_added"), 2);
}

TEST_F(SelfScraping, PrefersAReportSeriesOfThePage) {
  ASSERT_TRUE(scrape("up 42\n"));
  EXPECT_EQ(report("up"), 42);
}

TEST_F(SelfScraping, RegistersAgainWhatTheStoreForgot) {
  ASSERT_TRUE(scrape("a 1\n"));
  store_.forgotten.insert(SeriesRef{1});
  ASSERT_TRUE(scrape("a 2\n"));
  EXPECT_EQ(series("a").size(), 2U);
}

TEST_F(SelfScraping, ReportsWhatTheStoreCannotTake) {
  store_.fail_commit = true;
  const Status status = scrape("a 1\n");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace silverback::scrape
