#include "scrape/target_series.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/recording_store.h"

namespace silverback::scrape {
namespace {

using config::RelabelAction;
using config::RelabelRule;
using ingest::ExpositionFormat;
using silverback::testing::RecordingStore;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

constexpr TimestampMs kT0 = 1'700'000'000'000;
constexpr DurationMs kInterval = 15'000;

config::Relabeling relabeling(std::vector<RelabelRule> rules) {
  return *config::Relabeling::make(std::move(rules));
}

class SeriesOfATarget : public ::testing::Test {
 protected:
  // As the scraper does it. Empty if the page was taken, else its error.
  std::string scrape(std::string_view page, ExpositionFormat format = ExpositionFormat::kText) {
    begin();
    const Status read =
        series_.append(*batch_, page, format, t_, {t_ - 3'600'000, t_ + 600'000}, report_);
    if (!read) {
      batch_->rollback();
      series_.append_nothing(*batch_, t_);
    }
    report_.up = read.has_value();
    finish();
    return read ? "" : read.error().message;
  }
  void fail_scrape() {
    begin();
    series_.append_nothing(*batch_, t_);
    finish();
  }
  void set_rules(SampleRules rules) {
    series_.set_rules(std::make_shared<const SampleRules>(std::move(rules)));
  }
  void set_relabeling(std::vector<RelabelRule> rules) {
    SampleRules all;
    all.relabeling = relabeling(std::move(rules));
    set_rules(std::move(all));
  }

  // Of the series `name` without labels but the target's.
  std::map<TimestampMs, double>& samples(const std::string& name) {
    return store_.samples[name + R"({instance="i", job="j"})"];
  }
  bool is_marked(const std::string& name) {
    const auto found = samples(name).find(t_);
    return found != samples(name).end() && is_stale(found->second);
  }
  double reported(const std::string& name) { return samples(name).at(t_); }
  SeriesRef ref(const std::string& name) {
    return store_.ref_of(name + R"({instance="i", job="j"})");
  }

  void begin() {
    t_ += kInterval;
    report_ = {};
    batch_ = store_.appender();
  }
  void finish() {
    series_.append_report(*batch_, t_, report_);
    const Result<CommitResult> result = batch_->commit();
    ASSERT_EQ(result.has_value(), !store_.fail_commit);
    if (result) log_ = series_.committed(*result);
  }

  RecordingStore store_;
  Registry metrics_;
  MetadataPool pool_;
  ScrapeCounters counters_{metrics_};
  TargetSeries series_{std::make_shared<const SampleRules>(),
                       Labels{{"instance", "i"}, {"job", "j"}}, pool_, counters_};
  TimestampMs t_ = kT0;
  std::unique_ptr<Appender> batch_;
  ScrapeReport report_;
  std::vector<std::string> log_;
};

TEST_F(SeriesOfATarget, MakesSeriesOfLinesAndReports) {
  EXPECT_EQ(scrape("a 1\nb{x=\"y\"} 2\n"), "");
  EXPECT_EQ(samples("a").at(t_), 1);
  EXPECT_THAT(store_.samples,
              Contains(Pair(R"(b{instance="i", job="j", x="y"})", ElementsAre(Pair(t_, 2)))));
  EXPECT_EQ(reported("up"), 1);
  EXPECT_EQ(reported("scrape_samples_scraped"), 2);
  EXPECT_EQ(reported("scrape_samples_post_metric_relabeling"), 2);
  EXPECT_EQ(reported("scrape_series_added"), 2);
  EXPECT_EQ(ref("scrape_sample_limit"), SeriesRef::kNone);
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(SeriesOfATarget, AsksTheStoreForKnownLinesNoMore) {
  scrape("a 1\nb 2\nc 3\n");
  const int asked = store_.labels_seen;
  scrape("a 4\nb 5\nc 6\n");
  scrape("c 7\na 8\nb 9\n");
  EXPECT_EQ(store_.labels_seen, asked);
  EXPECT_EQ(report_.added, 0U);
  EXPECT_EQ(samples("a").at(t_), 8);
  EXPECT_EQ(samples("c").at(t_), 7);
  EXPECT_EQ(series_.lines(), 3U);
}

TEST_F(SeriesOfATarget, ReportsMoreIfAsked) {
  SampleRules rules;
  rules.extra_report = true;
  rules.limits.sample_limit = 17;
  set_rules(rules);
  begin();
  report_.seconds = 0.25;
  report_.timeout = 2'500;
  report_.body_bytes = -1;
  finish();
  EXPECT_EQ(reported("up"), 0);
  EXPECT_EQ(reported("scrape_duration_seconds"), 0.25);
  EXPECT_EQ(reported("scrape_timeout_seconds"), 2.5);
  EXPECT_EQ(reported("scrape_sample_limit"), 17);
  EXPECT_EQ(reported("scrape_body_size_bytes"), -1);
}

TEST_F(SeriesOfATarget, MarksWhatItReportsNoMore) {
  SampleRules rules;
  rules.extra_report = true;
  set_rules(rules);
  scrape("a 1\n");
  EXPECT_FALSE(is_marked("scrape_timeout_seconds"));
  set_rules({});
  scrape("a 1\n");
  EXPECT_TRUE(is_marked("scrape_timeout_seconds"));
  EXPECT_FALSE(is_marked("up"));
  scrape("a 1\n");
  EXPECT_FALSE(is_marked("scrape_timeout_seconds"));
}

TEST_F(SeriesOfATarget, KeepsAReportSeriesOfThePage) {
  scrape("up 42\n");
  EXPECT_EQ(reported("up"), 42);
  scrape("");
  EXPECT_EQ(reported("up"), 1);  // no marker in its place
  scrape("up 42\n");
  fail_scrape();
  EXPECT_EQ(reported("up"), 0);
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(SeriesOfATarget, MovesExposedLabelsThatAreTheTargets) {
  scrape("a{job=\"x\",exported_job=\"z\",instance=\"y\"} 1\n");
  EXPECT_THAT(store_.samples, Contains(Key(R"(a{exported_exported_job="x", exported_instance="y", )"
                                           R"(exported_job="z", instance="i", job="j"})")));
}

TEST_F(SeriesOfATarget, HonorsExposedLabelsAlsoEmptyOnes) {
  SampleRules rules;
  rules.honor_labels = true;
  set_rules(rules);
  scrape("a{job=\"x\"} 1\nb{job=\"\"} 1\nc 1\n");
  EXPECT_THAT(store_.samples, Contains(Key(R"(a{instance="i", job="x"})")));
  EXPECT_THAT(store_.samples, Contains(Key(R"(b{instance="i"})")));
  EXPECT_THAT(store_.samples, Contains(Key(R"(c{instance="i", job="j"})")));
}

TEST(SeriesLabels, MovesShorterNamesFirst) {
  LabelsBuilder builder;
  const Labels target{{"exported_a", "2"}, {"a", "1"}};
  const Result<Labels> labels =
      series_labels({}, target, {{"__name__", "m"}, {"a", "x"}, {"exported_a", "y"}}, builder);
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->to_string(), R"(m{a="1", exported_a="2", exported_exported_a="x", )"
                                 R"(exported_exported_exported_a="y"})");
}

TEST_F(SeriesOfATarget, DropsLinesSilentlyAndRemembersThem) {
  set_relabeling({{.source_labels = {"__name__"}, .regex = "b", .action = RelabelAction::kDrop}});
  EXPECT_EQ(scrape("a 1\nb 2\nb 2\n"), "");
  EXPECT_EQ(report_.scraped, 3U);
  EXPECT_EQ(report_.post_relabeling, 1U);
  EXPECT_EQ(report_.added, 1U);
  EXPECT_EQ(series_.lines(), 2U);
  EXPECT_EQ(ref("b"), SeriesRef::kNone);
  scrape("b 2\na 1\n");
  EXPECT_EQ(report_.post_relabeling, 1U);
  EXPECT_THAT(log_, IsEmpty());
  scrape("a 1\n");
  EXPECT_EQ(series_.lines(), 1U);
}

TEST_F(SeriesOfATarget, DropsWhatRelabellingLeavesNoLabels) {
  set_relabeling({{.regex = ".*", .action = RelabelAction::kLabelDrop}});
  EXPECT_EQ(scrape("a 1\n"), "");
  EXPECT_EQ(report_.post_relabeling, 0U);
}

TEST_F(SeriesOfATarget, FailsWithoutAMetricName) {
  set_relabeling({{.regex = "__name__", .action = RelabelAction::kLabelDrop}});
  EXPECT_EQ(scrape("a 1\n"), "missing metric name (__name__ label)");
  EXPECT_EQ(reported("up"), 0);
}

TEST_F(SeriesOfATarget, FailsWithNamesThatTheSchemeDoesNotAllow) {
  EXPECT_EQ(scrape("{\"a.b\"} 1\n"), "");
  SampleRules rules;
  rules.names = config::NameScheme::kLegacy;
  set_rules(rules);
  EXPECT_EQ(scrape("{\"a.b\"} 1\n"),
            R"(invalid metric name or label names: {"a.b", instance="i", job="j"})");
  EXPECT_EQ(scrape("a{\"x.y\"=\"1\"} 1\n"),
            R"(invalid metric name or label names: a{instance="i", job="j", "x.y"="1"})");
  EXPECT_EQ(scrape("a:b 1\n"), "");
}

TEST_F(SeriesOfATarget, FailsWithALabelTwice) {
  EXPECT_THAT(scrape("a 1\nb{x=\"1\",x=\"2\"} 1\n"), ::testing::HasSubstr("duplicated label x"));
  EXPECT_THAT(scrape("b{x=\"\",x=\"2\"} 1\n"), ::testing::HasSubstr("duplicated label x"));
}

TEST_F(SeriesOfATarget, FailsBeyondTheLimitsOfLabels) {
  SampleRules rules;
  rules.limits.label_limit = 4;
  rules.limits.label_name_length_limit = 10;
  rules.limits.label_value_length_limit = 60;
  set_rules(rules);
  EXPECT_EQ(scrape("a{x=\"1\"} 1\n"), "");
  EXPECT_EQ(scrape("a{x=\"1\",y=\"2\"} 1\n"),
            "label_limit exceeded (metric: a, number of labels: 5, limit: 4)");
  EXPECT_EQ(scrape("a{abcdefghijk=\"1\"} 1\n"),
            "label_name_length_limit exceeded (metric: a, label name: abcdefghijk, length: 11, "
            "limit: 10)");
  EXPECT_EQ(scrape("a{x=\"" + std::string(61, 'v') + "\"} 1\n"),
            "label_value_length_limit exceeded (metric: a, label name: x, value: \"" +
                std::string(50, 'v') + "\", length: 61, limit: 60)");
  EXPECT_EQ(counters_.exceeded_label_limits.value(), 3U);
}

TEST(CheckLabelLimits, CutsWhatItQuotesAtFiftyRunes) {
  std::string umlauts;
  for (int i = 0; i < 60; ++i) umlauts += "ü";
  const Status status =
      check_label_limits(Labels{{"__name__", umlauts}, {"x", "1"}}, {.label_limit = 1});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "label_limit exceeded (metric: " + umlauts.substr(0, 100) +
                                        ", number of labels: 2, limit: 1)");
}

TEST_F(SeriesOfATarget, FailsBeyondTheSampleLimitAndLeavesNothingButItsReport) {
  scrape("a 1\n");
  SampleRules rules;
  rules.limits.sample_limit = 2;
  rules.relabeling =
      relabeling({{.source_labels = {"__name__"}, .regex = "d", .action = RelabelAction::kDrop}});
  set_rules(rules);
  EXPECT_EQ(scrape("a 1\nb 2\nd 1\nd 1\n"), "");  // what is dropped does not count
  const int asked = store_.labels_seen;
  EXPECT_EQ(scrape("a 1\nnew 2\nc 3\ne 4\nd 1\n"), "sample limit exceeded");
  EXPECT_EQ(store_.labels_seen, asked);
  EXPECT_EQ(report_.scraped, 5U);
  EXPECT_EQ(report_.post_relabeling, 4U);
  EXPECT_EQ(report_.added, 1U);
  EXPECT_TRUE(is_marked("a"));
  EXPECT_TRUE(is_marked("b"));
  EXPECT_EQ(counters_.exceeded_sample_limit.value(), 1U);
  EXPECT_EQ(series_.lines(), 5U);
  EXPECT_EQ(scrape("a 1\na 1\nb 1\n"), "");  // nor does what comes twice
}

TEST_F(SeriesOfATarget, TellsOfTheParserFirst) {
  SampleRules rules;
  rules.limits.sample_limit = 1;
  set_rules(rules);
  EXPECT_THAT(scrape("a 1\nb 2\nc x\n"), ::testing::StartsWith("line 3: "));
  EXPECT_EQ(counters_.exceeded_sample_limit.value(), 1U);
}

TEST_F(SeriesOfATarget, RefusesAPageLargerThanItCanRemember) {
  // Not touched, so that it costs no memory.
  const std::unique_ptr<char[]> large(new char[PageLines::kPageBytesMax + 1]);
  EXPECT_EQ(scrape({large.get(), PageLines::kPageBytesMax + 1}),
            "a page of 268435457 bytes, the limit is 268435456");
}

TEST_F(SeriesOfATarget, CountsWhatIsNewOnPagesThatFailOnce) {
  scrape("a 1\nb 2\n");
  scrape("a 1\nnew 1\nbroken\n");
  EXPECT_EQ(report_.added, 1U);
  scrape("a 1\nnew 1\nbroken\n");
  EXPECT_EQ(report_.added, 0U);
  EXPECT_EQ(ref("new"), SeriesRef::kNone);
  scrape("a 1\nb 2\nnew 1\n");
  EXPECT_EQ(report_.added, 0U);
  EXPECT_EQ(samples("new").at(t_), 1);
}

TEST_F(SeriesOfATarget, RemembersNotAllThatIsNewOnPagesThatFail) {
  scrape("a 1\nb 2\n");
  for (int i = 0; i < 2'000; ++i) scrape("a 1\nnew" + std::to_string(i) + " 1\nbroken\n");
  EXPECT_EQ(series_.lines(), 1'004U);
  scrape("a 1\nb 2\n");
  EXPECT_EQ(series_.lines(), 2U);
}

TEST_F(SeriesOfATarget, RemembersNoLongLinesOfPagesThatFail) {
  scrape("a 1\n");
  for (int i = 0; i < 20; ++i)
    scrape("x{l=\"" + std::string(500'000, 'x') + std::to_string(i) + "\"} 1\nbroken\n");
  EXPECT_LT(series_.memory_bytes(), 6'000'000U);
}

TEST_F(SeriesOfATarget, WritesMarkersThatTheStoreDidNotTakeTheNextTime) {
  scrape("a 1\nb 1\n");
  store_.fail_commit = true;
  scrape("b 1\n");
  store_.fail_commit = false;
  scrape("b 1\n");
  EXPECT_TRUE(is_marked("a"));
  scrape("b 1\n");
  EXPECT_FALSE(is_marked("a"));
}

TEST_F(SeriesOfATarget, KeepsItsLinesWhenOnlyTheSampleLimitChanges) {
  scrape("a 1\n");
  SampleRules rules;
  rules.limits.sample_limit = 1;
  set_rules(rules);
  scrape("a 1\n");
  EXPECT_EQ(report_.added, 0U);
  EXPECT_EQ(scrape("a 1\nb 1\n"), "sample limit exceeded");
}

TEST_F(SeriesOfATarget, FailsWithTheStoresError) {
  scrape("a 1\n");
  store_.refused = R"(b{instance="i", job="j"})";
  EXPECT_EQ(scrape("a 1\nb 2\nc 3\n"), "not this one");
  EXPECT_TRUE(is_marked("a"));
  store_.refused = "";
  EXPECT_EQ(scrape("a 1\nb 2\nc 3\n"), "");
  EXPECT_EQ(samples("c").at(t_), 3);
}

TEST_F(SeriesOfATarget, TakesALineOncePerPage) {
  EXPECT_EQ(scrape("a 1\na 2\nb 3\na 1\n"), "");
  EXPECT_THAT(samples("a"), ElementsAre(Pair(t_, 1)));
  EXPECT_EQ(report_.post_relabeling, 4U);
  EXPECT_EQ(report_.added, 2U);
  EXPECT_EQ(counters_.duplicate_timestamp.value(), 2U);
  EXPECT_THAT(log_, ElementsAre("Error on ingesting samples with different value but same "
                                "timestamp, num_dropped=2"));
  scrape("a 1 " + std::to_string(t_ + 1) + "\na 2 " + std::to_string(t_ + 2) + "\n");
  EXPECT_EQ(samples("a").size(), 3U);
  EXPECT_EQ(counters_.duplicate_timestamp.value(), 2U);
}

TEST_F(SeriesOfATarget, KeepsTheFirstOfLinesThatBecomeOneSeries) {
  set_relabeling({{.regex = "x", .action = RelabelAction::kLabelDrop}});
  EXPECT_EQ(scrape("a{x=\"1\"} 1\na{x=\"2\"} 2\n"), "");
  EXPECT_THAT(samples("a"), ElementsAre(Pair(t_, 1)));
  EXPECT_EQ(report_.added, 2U);
  EXPECT_EQ(counters_.duplicate_timestamp.value(), 1U);
  // A new line before a known one is still the first.
  scrape("a{x=\"3\"} 3\na{x=\"1\"} 1\na{x=\"2\"} 2\n");
  EXPECT_EQ(samples("a").at(t_), 3);
  // One of them is enough to keep the series from being marked.
  scrape("a{x=\"2\"} 2\n");
  EXPECT_EQ(samples("a").at(t_), 2);
  scrape("");
  EXPECT_TRUE(is_marked("a"));
}

TEST_F(SeriesOfATarget, HonorsTimestamps) {
  const std::string time = std::to_string(t_ + 10);
  scrape("a 1 " + time + "\n");
  EXPECT_THAT(samples("a"), ElementsAre(Pair(kT0 + 10, 1)));
  scrape("");
  EXPECT_EQ(samples("a").size(), 1U);  // no marker
  SampleRules rules;
  rules.honor_timestamps = false;
  set_rules(rules);
  scrape("a 1 " + time + "\n");
  EXPECT_EQ(samples("a").at(t_), 1);
  scrape("");
  EXPECT_TRUE(is_marked("a"));
}

TEST_F(SeriesOfATarget, TracksTimestampsIfAsked) {
  SampleRules rules;
  rules.track_timestamps_staleness = true;
  set_rules(rules);
  scrape("a 1 " + std::to_string(t_ + 10) + "\n");
  scrape("");
  EXPECT_TRUE(is_marked("a"));
}

TEST_F(SeriesOfATarget, MarksNoSeriesThatIsOnThePage) {
  scrape("a 1\n");
  scrape("a 2 " + std::to_string(t_ + kInterval - 1) + "\n");
  EXPECT_FALSE(is_marked("a"));
  scrape("");
  EXPECT_FALSE(is_marked("a"));  // its last sample had a time of its own
}

TEST_F(SeriesOfATarget, LeavesOutWhatIsOutOfBounds) {
  const std::string old = " " + std::to_string(kT0 - 3'600'000);
  const std::string future = " " + std::to_string(kT0 + 700'000);
  EXPECT_EQ(scrape("a 1" + old + "\nb 1\nc 1" + future + "\n"), "");
  EXPECT_EQ(report_.post_relabeling, 3U);
  EXPECT_EQ(report_.added, 1U);
  EXPECT_EQ(ref("a"), SeriesRef::kNone);
  EXPECT_EQ(counters_.out_of_bounds.value(), 2U);
  EXPECT_THAT(log_, ElementsAre("Error on ingesting samples that are too old or are too far into "
                                "the future, num_dropped=2"));
  scrape("a 1" + old + "\nb 1\nc 1\n");
  EXPECT_EQ(report_.added, 1U);
  EXPECT_EQ(samples("c").at(t_), 1);
  EXPECT_EQ(counters_.out_of_bounds.value(), 3U);
}

TEST_F(SeriesOfATarget, MarksSeriesThatVanishOnce) {
  scrape("a 1\nb 2\nc 3\n");
  scrape("a 1\n");
  EXPECT_FALSE(is_marked("a"));
  EXPECT_TRUE(is_marked("b"));
  EXPECT_TRUE(is_marked("c"));
  scrape("a 1\n");
  EXPECT_FALSE(is_marked("b"));
  scrape("b 2\n");
  EXPECT_TRUE(is_marked("a"));
  EXPECT_EQ(report_.added, 1U);
}

TEST_F(SeriesOfATarget, MarksAllSeriesOfAFailedScrape) {
  scrape("a 1\nb 2\n");
  fail_scrape();
  EXPECT_TRUE(is_marked("a"));
  EXPECT_TRUE(is_marked("b"));
  EXPECT_EQ(reported("up"), 0);
  fail_scrape();
  EXPECT_FALSE(is_marked("a"));
  scrape("a 1\n");
  EXPECT_EQ(report_.added, 0U);  // Prometheus compatibility: it is remembered
  EXPECT_FALSE(is_marked("b"));
}

TEST_F(SeriesOfATarget, RemembersLinesOverAnEmptyPage) {
  scrape("a 1\n");
  EXPECT_EQ(scrape("", ExpositionFormat::kOpenMetrics), "");
  EXPECT_EQ(reported("up"), 1);
  EXPECT_TRUE(is_marked("a"));
  scrape("a 1\n");
  EXPECT_EQ(report_.added, 0U);
  scrape("\n");
  scrape("a 1\n");
  EXPECT_EQ(report_.added, 1U);
}

TEST_F(SeriesOfATarget, NeverPutsAMarkerBehindNewerSamples) {
  scrape("a 1\n");
  samples("a")[t_ + 10 * kInterval] = 7;
  scrape("");
  EXPECT_THAT(samples("a"), Not(Contains(Key(t_))));
  EXPECT_EQ(counters_.out_of_order.value(), 0U);
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(SeriesOfATarget, EndsWithMarkersForSeriesAndReport) {
  scrape("a 1\n");
  t_ += kInterval;
  batch_ = store_.appender();
  series_.append_end(*batch_, t_);
  ASSERT_TRUE(batch_->commit());
  for (const char* name : {"a", "up", "scrape_duration_seconds", "scrape_samples_scraped",
                           "scrape_samples_post_metric_relabeling", "scrape_series_added"}) {
    EXPECT_TRUE(is_marked(name)) << name;
  }
}

TEST_F(SeriesOfATarget, ResolvesAnewUnderNewRules) {
  scrape("a 1\nb 2\n");
  set_relabeling({{.source_labels = {"__name__"}, .regex = "a", .action = RelabelAction::kDrop},
                  {.target_label = "x", .replacement = "y"}});
  set_relabeling({{.source_labels = {"__name__"}, .regex = "a", .action = RelabelAction::kDrop}});
  scrape("a 1\nb 2\n");
  EXPECT_TRUE(is_marked("a"));
  EXPECT_EQ(samples("b").at(t_), 2);
  scrape("a 1\nb 2\n");
  EXPECT_FALSE(is_marked("a"));
  set_rules({});
  fail_scrape();
  EXPECT_TRUE(is_marked("b"));
}

TEST_F(SeriesOfATarget, ResolvesAgainWhatTheStoreForgot) {
  scrape("a 1\nb 2\n");
  store_.forgotten = {ref("a"), ref("up")};
  scrape("a 3\nb 4\n");
  EXPECT_EQ(samples("a").at(t_), 3);
  EXPECT_EQ(samples("b").at(t_), 4);
  EXPECT_EQ(reported("up"), 1);
  EXPECT_EQ(report_.added, 0U);
  store_.forgotten = {ref("b")};
  scrape("a 3\n");
  EXPECT_FALSE(is_marked("b"));
}

TEST_F(SeriesOfATarget, CountsWhatTheCommitRejectsOfThePageOnly) {
  scrape("a 1\n");
  CommitResult result;
  result.rejections = {{0, SampleVerdict::kOutOfOrder}, {1, SampleVerdict::kDuplicateValue}};
  series_.committed(result);
  EXPECT_EQ(counters_.out_of_order.value(), 1U);
  EXPECT_EQ(counters_.duplicate_timestamp.value(), 0U);  // the second append is `up`
  scrape("a 1\nb 1\n");
  result.rejections = {{0, SampleVerdict::kOutOfBounds}, {1, SampleVerdict::kOutOfOrder}};
  EXPECT_THAT(series_.committed(result),
              ElementsAre("Error on ingesting out-of-order samples, num_dropped=1",
                          "Error on ingesting samples that are too old or are too far into the "
                          "future, num_dropped=1"));
}

TEST_F(SeriesOfATarget, HandsExemplarsOn) {
  const std::string page = "a_total 1 # {id=\"1\"} 0.5 1700000001.5\nb_total 2 # {id=\"2\"} 3\n";
  for (int i = 0; i < 2; ++i) {
    store_.exemplars.clear();
    EXPECT_EQ(scrape(page + "# EOF\n", ExpositionFormat::kOpenMetrics), "");
    ASSERT_EQ(store_.exemplars.size(), 2U);
    EXPECT_EQ(store_.exemplars[0].first, R"(a_total{instance="i", job="j"})");
    EXPECT_EQ(store_.exemplars[0].second.labels, (Labels{{"id", "1"}}));
    EXPECT_EQ(store_.exemplars[0].second.value, 0.5);
    EXPECT_EQ(store_.exemplars[0].second.t, 1'700'000'001'500);
    EXPECT_EQ(store_.exemplars[1].second.t, t_);
  }
}

TEST_F(SeriesOfATarget, RefusesExemplarsByTheirLabels) {
  const std::string fits(126, 'v');
  EXPECT_EQ(scrape("a 1 # {id=\"" + fits + "\"} 1\nb 1 # {id=\"" + fits + "v\"} 1\n" +
                       "c 1 # {id=\"1\",id=\"2\"} 1\n# EOF\n",
                   ExpositionFormat::kOpenMetrics),
            "");
  EXPECT_EQ(store_.exemplars.size(), 1U);
  EXPECT_EQ(counters_.exemplars_refused.value(), 2U);
  EXPECT_EQ(samples("b").at(t_), 1);
}

TEST_F(SeriesOfATarget, GivesTheStoreMetadataThatIsNewOrChanged) {
  const std::string page = "# HELP a Help.\n# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n";
  scrape(page);
  scrape(page);
  EXPECT_THAT(store_.metadata, ElementsAre(Pair("a", Metadata{MetricType::kCounter, "Help.", ""}),
                                           Pair("b", Metadata{MetricType::kGauge, "", ""})));
  EXPECT_EQ(store_.metadata_seen, 2);
  scrape("# HELP a Other.\n# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n");
  EXPECT_EQ(store_.metadata_seen, 3);
  EXPECT_EQ(store_.metadata["a"].help, "Other.");
  scrape("# HELP a Third.\nbroken\n");
  EXPECT_EQ(store_.metadata["a"].help, "Other.");
  ASSERT_EQ(series_.metadata().size(), 2U);
  EXPECT_EQ(series_.metadata()[0]->family, "a");
  EXPECT_EQ(series_.metadata()[0]->metadata.help, "Third.");
}

}  // namespace
}  // namespace silverback::scrape
