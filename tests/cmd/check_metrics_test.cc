#include "cmd/check_metrics.h"

#include <gmock/gmock.h>

#include "cmd/check.h"
#include "tests/cmd/verb_run.h"

namespace silverback::cmd {
namespace {

using ::testing::HasSubstr;

class CheckMetrics : public testing::VerbTest {
 protected:
  static testing::VerbRun check_page(const std::string& page,
                                     std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), "metrics");
    return run(&check, arguments, page);
  }
  // A family with a help text, so that only what is looked for is wrong.
  static std::string helped(const std::string& name, const std::string& rest) {
    return "# HELP " + name + " Text.\n" + rest;
  }
};

TEST_F(CheckMetrics, IsSilentAboutAGoodPage) {
  constexpr const char* kGood =
      "# HELP http_requests_total Requests.\n"
      "# TYPE http_requests_total counter\n"
      "http_requests_total{code=\"200\"} 1027 1395066363000\n"
      "http_requests_total{code=\"500\"} 3\n"
      "# HELP request_seconds Time.\n"
      "# TYPE request_seconds histogram\n"
      "request_seconds_bucket{le=\"1\"} 1\n"
      "request_seconds_bucket{le=\"+Inf\"} 2\n"
      "request_seconds_sum 1\n"
      "request_seconds_count 2\n"
      "# HELP wait_seconds Time.\n"
      "# TYPE wait_seconds summary\n"
      "wait_seconds{quantile=\"0.5\"} 1\n"
      "wait_seconds_sum 1\n"
      "wait_seconds_count 1\n";
  for (const char* page : {kGood, "", "# HELP nothing\n# TYPE nothing counter\n"}) {
    const auto got = check_page(page);
    EXPECT_EQ(got.exit_code, 0) << got.err;
    EXPECT_EQ(got.out, "");
    EXPECT_EQ(got.err, "");
  }
}

TEST_F(CheckMetrics, TellsWhatIsAgainstConventions) {
  struct Case {
    std::string page, want;
  };
  // clang-format off
  const Case cases[] = {
      {"a 1\n", "a no help text\n"},
      {"# HELP a \na 1\n", "a no help text\n"},
      {helped("a", "# TYPE a counter\na 1\n"), "a counter metrics should have \"_total\" suffix\n"},
      {helped("a_total", "# TYPE a_total gauge\na_total 1\n"),
       "a_total non-counter metrics should not have \"_total\" suffix\n"},
      {helped("a_total", "a_total 1\n"), ""},
      {helped("a_bucket", "# TYPE a_bucket gauge\na_bucket 1\n"),
       "a_bucket non-histogram metrics should not have \"_bucket\" suffix\n"},
      {helped("a_count", "# TYPE a_count gauge\na_count 1\n"),
       "a_count non-histogram and non-summary metrics should not have \"_count\" suffix\n"},
      {helped("a_sum", "# TYPE a_sum gauge\na_sum 1\n"),
       "a_sum non-histogram and non-summary metrics should not have \"_sum\" suffix\n"},
      {helped("a_sum", "a_sum{le=\"1\",quantile=\"1\"} 1\n"), ""},
      {helped("a", "# TYPE a summary\na_sum{le=\"1\"} 1\n"),
       "a non-histogram metrics should not have \"le\" label\n"},
      {helped("a", "# TYPE a histogram\na_sum{quantile=\"1\"} 1\n"),
       "a non-summary metrics should not have \"quantile\" label\n"},
      // A summary has no buckets.
      {helped("a", "# TYPE a summary\na_sum 1\n# HELP a_bucket x\na_bucket 1\n"), ""},
      {helped("a:b", "a:b 1\n"), "a:b metric names should not contain ':'\n"},
      {helped("aB", "aB 1\n"), "aB metric names should be written in 'snake_case' not 'camelCase'\n"},
      {helped("AB_C", "AB_C{A=\"1\"} 1\n"), ""},
      {helped("a", "a{bC=\"1\"} 1\na{bC=\"2\",dE=\"3\"} 1\n"),
       "a label names should be written in 'snake_case' not 'camelCase'\n"},
      {helped("a_ms", "a_ms 1\n"), "a_ms metric names should not contain abbreviated units\n"},
      {helped("a_KB_x", "a_KB_x 1\n"), "a_KB_x metric names should not contain abbreviated units\n"},
      {helped("ms_a", "ms_a 1\n"), ""},
      {helped("a_minutes", "a_minutes 1\n"), "a_minutes use base unit \"seconds\" instead of \"minutes\"\n"},
      {helped("kilobits_a", "kilobits_a 1\n"), "kilobits_a use base unit \"bytes\" instead of \"kilobits\"\n"},
      {helped("a_megabytes_total", "a_megabytes_total 1\n"),
       "a_megabytes_total use base unit \"bytes\" instead of \"megabytes\"\n"},
      {helped("a_kelvins", "a_kelvins 1\n"), "a_kelvins use base unit \"kelvin\" instead of \"kelvins\"\n"},
      {helped("a_seconds_minutes", "a_seconds_minutes 1\n"), ""},  // the first is what counts
      {helped("a_gauge", "# TYPE a_gauge gauge\na_gauge 1\n"),
       "a_gauge metric name should not include type 'gauge'\n"},
      {helped("a_Gauge_b", "# TYPE a_Gauge_b gauge\na_Gauge_b 1\n"),
       "a_Gauge_b metric name should not include type 'gauge'\n"},
      {helped("gauge", "# TYPE gauge gauge\ngauge 1\n"), ""},
      {helped("a", "a{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 2\na{b=\"1\"} 1\n"), "a metric not unique\n"},
      {"b 1\na 1\n", "a no help text\nb no help text\n"},
      {"{\"a.b\"} 1\n", "a.b no help text\n"},
      {"# TYPE a gauge\n# UNIT a s\na 1\n# EOF\n", "a no help text\n"},
  };
  // clang-format on
  for (const Case& c : cases) {
    const auto got = check_page(c.page);
    EXPECT_EQ(got.err, c.want) << c.page;
    EXPECT_EQ(got.exit_code, c.want.empty() ? 0 : 3) << c.page;
    const auto silent = check_page(c.page, {"--lint=none", "--extended"});
    EXPECT_EQ(silent.err, "") << c.page;
    EXPECT_EQ(silent.exit_code, 0) << c.page;
  }
}

TEST_F(CheckMetrics, SaysWhyAPageCannotBeRead) {
  constexpr std::pair<const char*, const char*> kCases[] = {
      {"a 1\nb\n", "line 2: expected value after metric, got the end of the line"},
      {"a 1\nb 2", "line 2: the page ends within a line"},
      {"# TYPE a foo\n", "line 1: invalid metric type \"foo\""},
      {"# TYPE a gauge\n# TYPE a gauge\n",
       "line 2: second TYPE of metric \"a\", or one after its samples"},
      {"a 1\n# TYPE a gauge\n", "line 2: second TYPE of metric \"a\", or one after its samples"},
      {"# HELP a b\n# HELP a b\n", "line 2: second HELP of metric \"a\""},
      {"# TYPE a histogram\n# HELP a b\n# HELP a_sum c\n", "line 3: second HELP of metric \"a\""},
      {"a{b=\"1\",b=\"1\"} 1\n", "line 1: duplicate label \"b\" of metric \"a\""},
      {"a{__name__=\"b\"} 1\n", "line 1: duplicate label \"__name__\" of metric \"a\""},
      {"# TYPE a histogram\na_bucket{le=\"x\"} 1\n",
       "line 2: expected a number as value of label \"le\", not \"x\""},
      {"# TYPE a summary\na{quantile=\"\"} 1\n",
       "line 2: expected a number as value of label \"quantile\", not \"\""},
  };
  for (const auto& [page, problem] : kCases) {
    const auto got = check_page(page, {"--extended"});
    EXPECT_EQ(got.exit_code, 1) << page;
    EXPECT_EQ(got.out, "") << page;
    EXPECT_EQ(got.err, "error while linting: " + std::string(problem) + "\n");
    EXPECT_EQ(check_page(page, {"--extended", "--lint=none"}).err,
              "error while parsing: " + std::string(problem) + "\n");
  }
}

TEST_F(CheckMetrics, CountsSeriesIfAsked) {
  constexpr const char* kPage =
      "# TYPE h histogram\n"
      "h_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"
      "h_bucket{a=\"b\",le=\"+Inf\"} 1\nh_sum{a=\"b\"} 1\nh_count{a=\"b\"} 1\n"
      "# TYPE s summary\n"
      "s{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n"
      "g{a=\"1\"} 1\ng{a=\"2\"} 1\n"
      "c 1\nb 1\n"
      "{\"ä\"} 1\n"
      "# HELP nothing x\n";
  const auto got = check_page(kPage, {"--extended", "--lint=none"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.err, "");
  EXPECT_EQ(got.out,
            "Metric    Cardinality    Percentage    \n"
            "h         10             55.56%        \n"
            "s         3              16.67%        \n"
            "g         2              11.11%        \n"
            "b         1              5.56%         \n"
            "c         1              5.56%         \n"
            "ä         1              5.56%         \n"
            "Total     18             100%          \n");
  EXPECT_EQ(check_page("", {"--extended"}).out,
            "Metric    Cardinality    Percentage    \n"
            "Total     0              100%          \n");
  const auto both = check_page("a 1\n", {"--extended"});
  EXPECT_EQ(both.exit_code, 3);
  EXPECT_EQ(both.err, "a no help text\n");
  EXPECT_THAT(both.out, HasSubstr("a         1              100.00%"));
}

TEST_F(CheckMetrics, RefusesToDoNothing) {
  const auto got = check_page("a 1\n", {"--lint=none"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_THAT(got.err, HasSubstr("--lint=none without --extended"));
  EXPECT_EQ(check_page("a 1\n", {"--lint=foo"}).exit_code, 3);  // promtool knows none, and others
  EXPECT_EQ(check_page("a 1\n", {"a.prom"}).exit_code, 1);
}

}  // namespace
}  // namespace silverback::cmd
