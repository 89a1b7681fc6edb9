#include "ingest/exposition.h"

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/exposition_printer.h"
#include "tests/testing/seed.h"

namespace silverback::ingest {
namespace {

using Entry = Exposition::Entry;
constexpr ExpositionFormat kText = ExpositionFormat::kText;
constexpr ExpositionFormat kOpenMetrics = ExpositionFormat::kOpenMetrics;
using silverback::testing::PageEntry;
using silverback::testing::pairs;
using silverback::testing::print_page;
using silverback::testing::read_page;

TEST(Exposition, ReadsAPageOfText) {
  const std::string_view text =
      "# HELP http_requests_total Requests,\\nby \\\\code\\q.\n"
      "# TYPE http_requests_total counter\n"
      "http_requests_total{code=\"200\",path=\"/a\\\"b\\n\\\\c\\q\"} 1027 1395066363000\n"
      "\n"
      "# a comment\n"
      "metric_without_labels 1.5e3\n";
  Exposition page(text, kText);
  ASSERT_EQ(*page.next(), Entry::kHelp);
  EXPECT_EQ(page.family(), "http_requests_total");
  EXPECT_EQ(page.help(), "Requests,\nby \\code\\q.");
  EXPECT_EQ(page.line(), 1U);
  ASSERT_EQ(*page.next(), Entry::kType);
  EXPECT_EQ(page.type(), MetricType::kCounter);
  ASSERT_EQ(*page.next(), Entry::kSample);
  EXPECT_THAT(page.labels(),
              ::testing::ElementsAre(Label{"__name__", "http_requests_total"}, Label{"code", "200"},
                                     Label{"path", "/a\"b\n\\c\\q"}));
  EXPECT_EQ(page.series_text(), "http_requests_total{code=\"200\",path=\"/a\\\"b\\n\\\\c\\q\"}");
  EXPECT_EQ(page.value(), 1027);
  EXPECT_EQ(page.timestamp(), 1395066363000);
  ASSERT_EQ(*page.next(), Entry::kSample);
  EXPECT_EQ(page.series_text(), "metric_without_labels");
  EXPECT_EQ(page.value(), 1500);
  EXPECT_EQ(page.timestamp(), std::nullopt);
  EXPECT_EQ(page.line(), 6U);
  EXPECT_EQ(*page.next(), Entry::kEnd);
  EXPECT_EQ(*page.next(), Entry::kEnd);
}

// Each page alone; accepted ones as the entries they print as.
TEST(Exposition, TakesTheTextThatPrometheusTakes) {
  struct Case {
    std::string_view page, prints_as;
  };
  const Case cases[] = {
      {"", ""},
      {"\n\n \t\n", ""},
      {"x 1\n", "{\"x\"} 1\n"},
      {"x\t1\n", "{\"x\"} 1\n"},
      {" x 1\n", "{\"x\"} 1\n"},
      {"\t x \t 1 \t 5 \t\n", "{\"x\"} 1 5\n"},
      {"x{} 1\n", "{\"x\"} 1\n"},
      {"x {a=\"1\"}1\n", "{\"x\",\"a\"=\"1\"} 1\n"},
      {"x { a = \"1\" , b\t=\"2\" } 1\n", "{\"x\",\"a\"=\"1\",\"b\"=\"2\"} 1\n"},
      {"x{a=\"1\",} 1\n", "{\"x\",\"a\"=\"1\"} 1\n"},
      {"x{a=\"1\"b=\"2\"} 1\n", "{\"x\",\"a\"=\"1\",\"b\"=\"2\"} 1\n"},
      {"x{a=\"\"} 1\n", "{\"x\",\"a\"=\"\"} 1\n"},
      {"x{a=\"ü\"} 1\n", "{\"x\",\"a\"=\"ü\"} 1\n"},
      {"x{a=\"1\",a=\"2\"} 1\n", "{\"x\",\"a\"=\"1\",\"a\"=\"2\"} 1\n"},
      {":a:b 1\n", "{\":a:b\"} 1\n"},
      {"_x9 1\n", "{\"_x9\"} 1\n"},
      {"{\"my.metric\"} 1\n", "{\"my.metric\"} 1\n"},
      {"{\"my.metric\",} 1\n", "{\"my.metric\"} 1\n"},
      {"{\"my \\\"m\\\"\", \"größe\"=\"1\"} 1\n", "{\"my \\\"m\\\"\",\"größe\"=\"1\"} 1\n"},
      {"{a=\"1\",\"x\"} 1\n", "{\"x\",\"a\"=\"1\"} 1\n"},
      {"x{\"a b\"=\"1\"} 1\n", "{\"x\",\"a b\"=\"1\"} 1\n"},
      {"x +Inf\n", "{\"x\"} +Inf\n"},
      {"x inf\n", "{\"x\"} +Inf\n"},
      {"x -INFINITY\n", "{\"x\"} -Inf\n"},
      {"x NaN\n", "{\"x\"} NaN\n"},
      {"x nan\n", "{\"x\"} NaN\n"},
      {"x -0\n", "{\"x\"} -0\n"},
      {"x .5\n", "{\"x\"} 0.5\n"},
      {"x 5.\n", "{\"x\"} 5\n"},
      {"x +5E+2\n", "{\"x\"} 500\n"},
      {"x 1 9223372036854775807\n", "{\"x\"} 1 9223372036854775807\n"},
      {"#\n#x\n# x\n#\t\n#HELP x y\n#TYPE x bad\n# HELPx y\n# EOF\n", ""},
      {"# HELP\n# TYPE\n", ""},
      {"# a comment at the end", ""},
      {"x 1\n ", "{\"x\"} 1\n"},
      {"x 1", "{\"x\"} 1\n"},
      {"x 1 5", "{\"x\"} 1 5\n"},
      {"# HELP x y", "# HELP \"x\" y\n"},
      {"# TYPE x gauge", "# TYPE \"x\" gauge\n"},
      {"# HELP x\n", "# HELP \"x\" \n"},
      {"#\tHELP\tx\ty\n", "# HELP \"x\" y\n"},
      {"# HELP  x  two blanks\n", "# HELP \"x\"  two blanks\n"},
      {"# HELP x carriage return\r\n", "# HELP \"x\" carriage return\r\n"},
      {"# HELP \"my.metric\" text\n", "# HELP \"my.metric\" text\n"},
      {"# TYPE x gauge\n", "# TYPE \"x\" gauge\n"},
      {"# TYPE  x gauge\n", "# TYPE \"x\" gauge\n"},
      {"# TYPE x untyped\n", "# TYPE \"x\" untyped\n"},
      {"# TYPE x histogram\n# TYPE y summary\n", "# TYPE \"x\" histogram\n# TYPE \"y\" summary\n"},
  };
  for (const Case& c : cases) {
    const auto entries = read_page(c.page, kText);
    ASSERT_TRUE(entries) << c.page << ": " << entries.error().message;
    EXPECT_EQ(print_page(*entries, kText), c.prints_as) << c.page;
  }
  const std::string_view nul("x 1\n\0y broken", 13);
  const auto entries = read_page(nul, kText);
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->size(), 1U);
}

TEST(Exposition, SaysWhatIsWrongWithText) {
  struct Case {
    std::string_view page, error;
  };
  const Case cases[] = {
      {"x\n", "line 1: expected value after metric, got the end of the line"},
      {"x", "line 1: expected value after metric, got the end of the page"},
      {"x 1\ny", "line 2: expected value after metric, got the end of the page"},
      {"x 0x10\n", "line 1: expected value after metric, got \"0x10\""},
      {"x 1_000\n", "line 1: expected value after metric, got \"1_000\""},
      {"x 1e999\n", "line 1: expected value after metric, got \"1e999\""},
      {"x -NaN\n", "line 1: expected value after metric, got \"-NaN\""},
      {"x 1,5\n", "line 1: expected value after metric, got \"1,5\""},
      {"x 1\r\n", "line 1: expected value after metric, got \"1\\r\""},
      {"my.metric 1\n", "line 1: expected value after metric, got \".metric 1\""},
      {"größe 1\n", "line 1: expected value after metric, got \"öße 1\""},
      {"x 1 -5\n", "line 1: expected timestamp or new record, got \"-5\""},
      {"x 1 +5\n", "line 1: expected timestamp or new record, got \"+5\""},
      {"x 1{a=\"1\"}\n", "line 1: expected timestamp or new record, got \"{a=\\\"1\\\"}\""},
      {"x 1 # {id=\"2\"} 1\n",
       "line 1: expected timestamp or new record, got \"# {id=\\\"2\\\"} 1\""},
      {"x 1 5.5\n", "line 1: expected next entry after timestamp, got \".5\""},
      {"x 1 5e3\n", "line 1: expected next entry after timestamp, got \"e3\""},
      {"x 1 5 6\n", "line 1: expected next entry after timestamp, got \"6\""},
      {"x 1 9223372036854775808\n", "line 1: timestamp out of range"},
      {"\r\n", "line 1: expected a metric name or `{`, got \"\\r\""},
      {"\xef\xbb\xbfx 1\n", "line 1: expected a metric name or `{`, got \"\\ufeffx 1\""},
      {"\"x\" 1\n", "line 1: expected a metric name or `{`, got \"\\\"x\\\" 1\""},
      {"9x 1\n", "line 1: expected a metric name or `{`, got \"9x 1\""},
      {"# TYPE x gauge\r\n", "line 1: invalid metric type \"gauge\\r\""},
      {"# TYPE x gauge \n", "line 1: invalid metric type \"gauge \""},
      {"# TYPE x  gauge\n", "line 1: invalid metric type \" gauge\""},
      {"# TYPE x\n", "line 1: invalid metric type \"\""},
      {"# TYPE x unknown\n", "line 1: invalid metric type \"unknown\""},
      {"# TYPE x info\n", "line 1: invalid metric type \"info\""},
      {"# TYPE x Counter\n", "line 1: invalid metric type \"Counter\""},
      {"# TYPE 9x gauge\n", "line 1: expected metric name after TYPE, got \"9x gauge\""},
      {"# TYPE \n", "line 1: expected metric name after TYPE, got the end of the line"},
      {"# TYPE \"x gauge\n", "line 1: expected metric name after TYPE, got \"x gauge\""},
      {"# HELP ", "line 1: expected metric name after HELP, got the end of the page"},
      {"# HELP \"\" y\n", "line 1: expected metric name after HELP, got \" y\""},
      {"# HELP x \xff\n", "line 1: help text is not a valid utf8 string"},
      {"x{a=\"1\"\n", "line 1: expected label name, got the end of the line"},
      {"x{a=\"1\"", "line 1: expected label name, got the end of the page"},
      {"x{=\"1\"} 1\n", "line 1: expected label name, got \"=\\\"1\\\"} 1\""},
      {"x{,} 1\n", "line 1: expected label name, got \",} 1\""},
      {"x{a=\"1\",,b=\"2\"} 1\n", "line 1: expected label name, got \",b=\\\"2\\\"} 1\""},
      {"x{9a=\"1\"} 1\n", "line 1: expected label name, got \"9a=\\\"1\\\"} 1\""},
      {"x{\"\"=\"1\"} 1\n", "line 1: expected label name, got \"=\\\"1\\\"} 1\""},
      {"x{\"a", "line 1: expected a closed quote in valid UTF-8 as label name, got \"a\""},
      {"x{\"\xff\"=\"1\"} 1\n",
       "line 1: expected a closed quote in valid UTF-8 as label name, got \"\\xff\\\"=\\\"1\\\"} "
       "1\""},
      {"x{a} 1\n", "line 1: expected equal, got \"} 1\""},
      {"x{a:b=\"1\"} 1\n", "line 1: expected equal, got \":b=\\\"1\\\"} 1\""},
      {"x{a=1} 1\n", "line 1: expected label value, got \"1} 1\""},
      {"x{a=} 1\n", "line 1: expected label value, got \"} 1\""},
      {"x{a=\"1} 1\n",
       "line 1: expected a closed quote in valid UTF-8 as label value, got \"1} 1\""},
      {"x{a=\"\xff\"} 1\n",
       "line 1: expected a closed quote in valid UTF-8 as label value, got \"\\xff\\\"} 1\""},
      {"x{a=\"\\\xff\"} 1\n",
       "line 1: expected a closed quote in valid UTF-8 as label value, got \"\\\\\\xff\\\"} 1\""},
      {"x{a=\"\\\n\"} 1\n",
       "line 1: expected a closed quote in valid UTF-8 as label value, got \"\\\\\""},
      {"x{\"y\"} 1\n", "line 1: metric name already set, got \"y\""},
      {"{\"x\",\"y\"} 1\n", "line 1: metric name already set, got \"y\""},
      {"{\"\"} 1\n", "line 1: an empty metric name"},
      {"{} 1\n", "line 1: metric name not set"},
      {"{a=\"1\"} 1\n", "line 1: metric name not set"},
      {"{__name__=\"x\"} 1\n", "line 1: metric name not set"},
      {"# HELP x y\n\n# comment\nx{a=\"raw\nline feed\"} 1\nx one\n",
       "line 6: expected value after metric, got \"one\""},
  };
  for (const Case& c : cases) {
    const auto entries = read_page(c.page, kText);
    ASSERT_FALSE(entries) << c.page;
    EXPECT_EQ(entries.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(entries.error().message, c.error) << c.page;
  }
}

TEST(Exposition, ReadsAPageOfOpenMetrics) {
  const std::string_view text =
      "# HELP request_seconds Time \\\"spent\\\",\\nby \\\\code.\n"
      "# TYPE request_seconds histogram\n"
      "# UNIT request_seconds seconds\n"
      "request_seconds_bucket{le=\"1\"} 7 1395066363.5 # {id=\"a\\\"b\"} 0.25 1395066363.125\n"
      "request_seconds_created 1395066000\n"
      "# EOF\n";
  Exposition page(text, kOpenMetrics);
  ASSERT_EQ(*page.next(), Entry::kHelp);
  EXPECT_EQ(page.family(), "request_seconds");
  EXPECT_EQ(page.help(), "Time \"spent\",\nby \\code.");
  ASSERT_EQ(*page.next(), Entry::kType);
  EXPECT_EQ(page.type(), MetricType::kHistogram);
  ASSERT_EQ(*page.next(), Entry::kUnit);
  EXPECT_EQ(page.family(), "request_seconds");
  EXPECT_EQ(page.unit(), "seconds");
  ASSERT_EQ(*page.next(), Entry::kSample);
  EXPECT_EQ(page.series_text(), "request_seconds_bucket{le=\"1\"}");
  EXPECT_THAT(page.labels(), ::testing::ElementsAre(Label{"__name__", "request_seconds_bucket"},
                                                    Label{"le", "1.0"}));
  EXPECT_EQ(page.value(), 7);
  EXPECT_EQ(page.timestamp(), 1395066363500);
  ASSERT_NE(page.exemplar(), nullptr);
  EXPECT_THAT(page.exemplar()->labels, ::testing::ElementsAre(Label{"id", "a\\\"b"}));
  EXPECT_EQ(page.exemplar()->value, 0.25);
  EXPECT_EQ(page.exemplar()->timestamp, 1395066363125);
  ASSERT_EQ(*page.next(), Entry::kSample);
  EXPECT_EQ(page.series_text(), "request_seconds_created");
  EXPECT_EQ(page.timestamp(), std::nullopt);
  EXPECT_EQ(page.exemplar(), nullptr);
  EXPECT_EQ(*page.next(), Entry::kEnd);
  EXPECT_EQ(*page.next(), Entry::kEnd);
}

TEST(Exposition, TakesTheOpenMetricsThatPrometheusTakes) {
  struct Case {
    std::string_view page, prints_as;  // both without `# EOF`
  };
  const Case cases[] = {
      {"", ""},
      {"x 1\n", "{\"x\"} 1\n"},
      {"x{} 1\n", "{\"x\"} 1\n"},
      {"x{a=\"1\",b=\"2\",} 1\n", "{\"x\",\"a\"=\"1\",\"b\"=\"2\"} 1\n"},
      {"x{a=\"\\q\\\\\"} 1\n", "{\"x\",\"a\"=\"\\\\q\\\\\"} 1\n"},
      {"{\"my.metric\",\"größe\"=\"1\"} 1\n", "{\"my.metric\",\"größe\"=\"1\"} 1\n"},
      {"{a=\"1\",\"x\ny\"} 1\n", "{\"x\\ny\",\"a\"=\"1\"} 1\n"},
      {"x +inf\n", "{\"x\"} +Inf\n"},
      {"x nan\n", "{\"x\"} NaN\n"},
      {"x 1 5\n", "{\"x\"} 1 5\n"},
      {"x 1 -1.5e3\n", "{\"x\"} 1 -1500\n"},
      {"x 1 0.0019\n", "{\"x\"} 1 0.001\n"},  // cut, not rounded
      {"x 1 1e300\n", "{\"x\"} 1 9223372036854775.807\n"},
      {"x 1 -1e300\n", "{\"x\"} 1 -9223372036854775.808\n"},
      {"x 1 # {} 2\n", "{\"x\"} 1 # {} 2\n"},
      {"x 1 5 # {a=\"1\",} 2 3\n", "{\"x\"} 1 5 # {\"a\"=\"1\",} 2 3\n"},
      {"x 1 # {\"a b\"=\"\\n\"} NaN\n", "{\"x\"} 1 # {\"a b\"=\"\\n\",} NaN\n"},
      // What goes with what is not looked at.
      {"# TYPE a counter\na -1\nb_total 1\na 2\n",
       "# TYPE \"a\" counter\n{\"a\"} -1\n{\"b_total\"} 1\n{\"a\"} 2\n"},
      {"# TYPE a counter\n# TYPE a gauge\n# UNIT a_s s\n",
       "# TYPE \"a\" counter\n# TYPE \"a\" gauge\n# UNIT \"a_s\" s\n"},
      {"a_total 1 # {id=\"1\"} 1\na_created 1\n",
       "{\"a_total\"} 1 # {\"id\"=\"1\",} 1\n{\"a_created\"} 1\n"},
      {"# HELP x  y \n", "# HELP \"x\"  y \n"},
      {"# HELP x \n", "# HELP \"x\" \n"},
      {"# HELP \"a.b\" y\r\n", "# HELP \"a.b\" y\r\n"},
      {"# UNIT x \n", "# UNIT \"x\" \n"},
      {"# TYPE a unknown\n# TYPE a gauge\n# TYPE a histogram\n# TYPE a summary\n",
       "# TYPE \"a\" unknown\n# TYPE \"a\" gauge\n# TYPE \"a\" histogram\n# TYPE \"a\" summary\n"},
      {"# TYPE a gaugehistogram\n# TYPE a info\n# TYPE a stateset\n",
       "# TYPE \"a\" gaugehistogram\n# TYPE \"a\" info\n# TYPE \"a\" stateset\n"},
  };
  for (const Case& c : cases) {
    for (const std::string_view end : {"# EOF\n", "# EOF"}) {
      const auto entries = read_page(std::string(c.page).append(end), kOpenMetrics);
      ASSERT_TRUE(entries) << c.page << ": " << entries.error().message;
      EXPECT_EQ(print_page(*entries, kOpenMetrics), std::string(c.prints_as) + "# EOF\n");
    }
  }
  EXPECT_TRUE(read_page("", kOpenMetrics)) << "nothing at all is an empty page";
}

TEST(Exposition, SaysWhatIsWrongWithOpenMetrics) {
  struct Case {
    std::string_view page, error;
  };
  constexpr std::string_view kStart = "a sample or one of # HELP, # TYPE, # UNIT and # EOF";
  const std::string start = "line 1: expected " + std::string(kStart) + ", got ";
  const std::string comment = start + "\"# a comment\"";
  const std::string eof_tab = start + "\"#\\tEOF\"";
  const Case cases[] = {
      {"x 1\n", "line 2: data does not end with # EOF"},
      {"x 1", "line 1: data does not end with # EOF"},
      {"x 1 # {} 1", "line 1: data does not end with # EOF"},
      {"# EOF\n\n", "line 1: unexpected data after # EOF"},
      {"# EOF\nx 1\n", "line 1: unexpected data after # EOF"},
      {"# EOF ", "line 1: unexpected data after # EOF"},
      {"# a comment\n# EOF\n", comment},
      {"#\tEOF\n", eof_tab},
      {"\n# EOF\n", "line 1: expected a metric name or `{`, got the end of the line"},
      {" x 1\n# EOF\n", "line 1: expected a metric name or `{`, got \" x 1\""},
      {"x\n# EOF\n", "line 1: expected value after metric, got the end of the line"},
      {"x  1\n# EOF\n", "line 1: expected value after metric, got \" 1\""},
      {"x\t1\n# EOF\n", "line 1: expected value after metric, got \"\\t1\""},
      {"x {a=\"1\"} 1\n# EOF\n", "line 1: expected value after metric, got \"{a=\\\"1\\\"} 1\""},
      {"x{a=\"1\"}1\n# EOF\n", "line 1: expected value after metric, got \"1\""},
      {"x 1\r\n# EOF\n", "line 1: expected value after metric, got \"1\\r\""},
      {"x 0x1\n# EOF\n", "line 1: expected value after metric, got \"0x1\""},
      {"x 1 \n# EOF\n", "line 1: expected a valid timestamp, got \" \""},
      {"x 1 y\n# EOF\n", "line 1: expected a valid timestamp, got \" y\""},
      {"x 1 NaN\n# EOF\n", "line 1: expected a valid timestamp, got \" NaN\""},
      {"x 1 +Inf\n# EOF\n", "line 1: expected a valid timestamp, got \" +Inf\""},
      {"x 1 #{a=\"1\"} 1\n# EOF\n",
       "line 1: expected a valid timestamp, got \" #{a=\\\"1\\\"} 1\""},
      {"x 1 5 6\n# EOF\n", "line 1: expected next entry after timestamp, got \" 6\""},
      {"x 1 5", "line 1: expected next entry after timestamp, got the end of the page"},
      {"x 1 # {}\n# EOF\n",
       "line 1: expected value after exemplar labels, got the end of the line"},
      {"x 1 # {} y\n# EOF\n", "line 1: expected value after exemplar labels, got \"y\""},
      {"x 1 # {} 1 NaN\n# EOF\n", "line 1: expected a valid exemplar timestamp, got \" NaN\""},
      {"x 1 # {} 1 2 3\n# EOF\n",
       "line 1: expected next entry after exemplar timestamp, got \" 3\""},
      {"x 1 # {\"a\"} 1\n# EOF\n", "line 1: expected equal, got \"} 1\""},
      {"x 1 # {a=\"\xff\"} 1\n# EOF\n",
       "line 1: expected a closed quote in valid UTF-8 as label value, got \"\\xff\\\"} 1\""},
      {"x{ a=\"1\"} 1\n# EOF\n", "line 1: expected label name, got \" a=\\\"1\\\"} 1\""},
      {"x{a=\"1\", b=\"2\"} 1\n# EOF\n", "line 1: expected label name, got \" b=\\\"2\\\"} 1\""},
      {"x{a =\"1\"} 1\n# EOF\n", "line 1: expected equal, got \" =\\\"1\\\"} 1\""},
      {"x{a= \"1\"} 1\n# EOF\n", "line 1: expected label value, got \" \\\"1\\\"} 1\""},
      {"x{a=\"1\"b=\"2\"} 1\n# EOF\n",
       "line 1: expected comma or brace close, got \"b=\\\"2\\\"} 1\""},
      {"x{a=\"1\" } 1\n# EOF\n", "line 1: expected comma or brace close, got \" } 1\""},
      {"x{a=\"1\n\"} 1\n# EOF\n",
       "line 1: expected a closed quote in valid UTF-8 as label value, got \"1\""},
      {"x{\"y\"} 1\n# EOF\n", "line 1: metric name already set, got \"y\""},
      {"{a=\"1\"} 1\n# EOF\n", "line 1: metric name not set"},
      {"{\"\"} 1\n# EOF\n", "line 1: an empty metric name"},
      {"# TYPE x gauge \n# EOF\n", "line 1: invalid metric type \"gauge \""},
      {"# TYPE x untyped\n# EOF\n", "line 1: invalid metric type \"untyped\""},
      {"# TYPE  x gauge\n# EOF\n", "line 1: expected metric name after TYPE, got \" x gauge\""},
      {"# UNIT \n# EOF\n", "line 1: expected metric name after UNIT, got the end of the line"},
      {"# HELP x\n# EOF\n", "line 1: expected text in HELP, got the end of the line"},
      {"# HELP x y", "line 1: expected a line feed after HELP, got the end of the page"},
      {"# HELP x \xff\n# EOF\n", "line 1: help text is not a valid utf8 string"},
      {"# UNIT x_s m\n# EOF\n", "line 1: unit \"m\" not a suffix of metric \"x_s\""},
      {"# UNIT xs s\n# EOF\n", "line 1: unit \"s\" not a suffix of metric \"xs\""},
      {"# UNIT s s\n# EOF\n", "line 1: unit \"s\" not a suffix of metric \"s\""},
      {"# UNIT \"x_\\\\\xff\" \xff\n# EOF\n",
       "line 1: expected metric name after UNIT, got \"x_\\\\\\\\\\xff\\\" \\xff\""},
  };
  for (const Case& c : cases) {
    const auto entries = read_page(c.page, kOpenMetrics);
    ASSERT_FALSE(entries) << c.page;
    EXPECT_EQ(entries.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(entries.error().message, c.error) << c.page;
  }
}

TEST(Exposition, CutsLongLinesInErrors) {
  const auto entries = read_page("x{" + std::string(1'000'000, ' '), kText);
  ASSERT_FALSE(entries);
  const auto garbage = read_page("x{" + std::string(1'000'000, '='), kText);
  ASSERT_FALSE(garbage);
  EXPECT_LT(garbage.error().message.size(), 2000U);
}

// Below a TYPE of the kind that has them, whatever its name: OpenMetrics's spelling.
TEST(Exposition, GivesBoundsTheirOneSpelling) {
  const std::string_view bounds[][2] = {
      {"1", "1.0"},
      {"1.0", "1.0"},
      {"1.50", "1.5"},
      {"0", "0.0"},
      {"-0", "0.0"},
      {"-1", "-1.0"},
      {"5e-1", "0.5"},
      {"1e5", "100000.0"},
      {"999999", "999999.0"},
      {"1000000", "1e+06"},
      {"1234567.5", "1.2345675e+06"},
      {"0.0001", "0.0001"},
      {"0.00001", "1e-05"},
      {"1e21", "1e+21"},
      {"1e-300", "1e-300"},
      {"+Inf", "+Inf"},
      {"Inf", "+Inf"},
      {"-inf", "-Inf"},
      {"nan", "NaN"},
      {"high", "high"},
      {"0x10", "0x10"},
      {"1e999", "1e999"},
      {"", ""},
      {"0.1000000000000000055", "0.1"},
  };
  for (const auto& [written, normal] : bounds) {
    const std::string both =
        "x{le=\"" + std::string(written) + "\",quantile=\"" + std::string(written) + "\"} 1\n";
    const std::string page = both + "# TYPE h histogram\n" + both + "# TYPE s summary\n" + both +
                             "# TYPE g gauge\n" + both;
    const auto entries = read_page(page, kText);
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 7U);
    const auto spelling = [&](std::size_t entry, std::size_t label) {
      return entries->at(entry).labels.at(label).second;
    };
    EXPECT_EQ(spelling(0, 1), written);
    EXPECT_EQ(spelling(2, 1), normal) << "le below histogram";
    EXPECT_EQ(spelling(2, 2), written) << "quantile below histogram";
    EXPECT_EQ(spelling(4, 1), written) << "le below summary";
    EXPECT_EQ(spelling(4, 2), normal) << "quantile below summary";
    EXPECT_EQ(spelling(6, 1), written);
  }
}

TEST(Exposition, CountsTheRunesOfExemplarLabels) {
  Exposition page("x 1 # {a=\"1\",größe=\"üü\"} 1\n", kOpenMetrics);
  EXPECT_FALSE(page.next()) << "an unquoted name is ASCII";
  Exposition quoted("x 1 # {a=\"1\",\"größe\"=\"üü\"} 1\n# EOF\n", kOpenMetrics);
  ASSERT_TRUE(quoted.next());
  EXPECT_EQ(quoted.exemplar()->label_runes(), 9U);
  const std::string longest(kExemplarLabelRunesMax - 1, 'x');
  const std::string text =
      "x 1 # {a=\"" + longest + "\"} 1\nx 1 # {a=\"y" + longest + "\"} 1\n# EOF\n";
  Exposition long_ones(text, kOpenMetrics);
  ASSERT_TRUE(long_ones.next());
  EXPECT_EQ(long_ones.exemplar()->label_runes(), kExemplarLabelRunesMax);
  ASSERT_TRUE(long_ones.next()) << "too long a one does not fail the page";
  EXPECT_EQ(long_ones.exemplar()->label_runes(), kExemplarLabelRunesMax + 1);
}

// A guess that does not hold, or holds for a part of the line only, changes nothing.
TEST(Exposition, TakesAGuessAtTheNextSeries) {
  struct Case {
    std::string_view line, guess, series_text;
  };
  const Case cases[] = {
      {"x{a=\"1\"} 1\n", "x{a=\"1\"}", "x{a=\"1\"}"},
      {"x{a=\"1\"}1\n", "x{a=\"1\"}", "x{a=\"1\"}"},
      {"x 1\n", "x", "x"},
      {"x\t1\n", "x", "x"},
      {"x{a=\"1\"} 1\n", "x", "x{a=\"1\"}"},
      {"x {a=\"1\"} 1\n", "x", "x {a=\"1\"}"},
      {"x_total 1\n", "x", "x_total"},
      {"x{a=\"1\"} 1\n", "x{a=\"2\"}", "x{a=\"1\"}"},
      {"x 1\n", "x{a=\"1\"}", "x"},
      {"{\"a}\"} 1\n", "{\"a}\"}", "{\"a}\"}"},
      {"x{a=\"\\\"\",le=\"1\"} 1\n", "x{a=\"\\\"\",le=\"1\"}", "x{a=\"\\\"\",le=\"1\"}"},
  };
  for (const Case& c : cases) {
    const std::string text = "# TYPE x histogram\n" + std::string(c.line) + "y 2\n";
    Exposition plain(text, kText);
    Exposition guessing(text, kText);
    ASSERT_TRUE(plain.next());
    ASSERT_TRUE(guessing.next("x"));
    ASSERT_EQ(*plain.next(), Entry::kSample);
    ASSERT_EQ(*guessing.next(c.guess), Entry::kSample);
    EXPECT_EQ(guessing.series_text(), c.series_text);
    EXPECT_EQ(guessing.value(), 1);
    EXPECT_EQ(pairs(guessing.labels()), pairs(plain.labels()));
    ASSERT_EQ(*guessing.next(), Entry::kSample);
    EXPECT_EQ(guessing.series_text(), "y");
  }
  for (const std::string_view bad : {"x", "x\n", "x ", "x \n", "x{", "x 1{"}) {
    EXPECT_FALSE(Exposition(bad, kText).next("x")) << bad;
  }
}

TEST(Exposition, GivesNaNPrometheussBits) {
  Exposition page("x NaN\n", kText);
  ASSERT_TRUE(page.next());
  EXPECT_EQ(std::bit_cast<std::uint64_t>(page.value()), kNormalNanBits);
}

// OpenMetrics's corpus is the specification's; Prometheus, and so this, takes more.
TEST(Exposition, ReadsTheGoodPagesOfACorpus) {
  const char* folder = std::getenv("SILVERBACK_OPENMETRICS_CORPUS");
  if (folder == nullptr) GTEST_SKIP() << "SILVERBACK_OPENMETRICS_CORPUS is not set";
  std::size_t pages = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto content = [&](std::string_view file) {
      std::ifstream in(entry.path() / file, std::ios::binary);
      return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const bool good = content("test.json").find("\"shouldParse\": true") != std::string::npos;
    const auto entries = read_page(content("metrics"), kOpenMetrics);
    ++pages;
    if (good) {
      EXPECT_TRUE(entries) << entry.path() << ": " << entries.error().message;
    }
  }
  EXPECT_GT(pages, 0U);
}

std::string random_text(std::mt19937_64& random, bool may_be_empty) {
  static constexpr std::string_view kPieces[] = {"a",  "B",  "_", ":", "9", ".", " ",   "\t", "\\",
                                                 "\"", "\n", "{", "}", "=", "ü", "\\n", "#",  "😀"};
  std::string text;
  const std::size_t pieces = random() % 6 + (may_be_empty ? 0 : 1);
  for (std::size_t i = 0; i < pieces; ++i) text += kPieces[random() % std::size(kPieces)];
  return text;
}

std::string random_word(std::mt19937_64& random) {
  static constexpr std::string_view kWords[] = {"a", "trace_id", "größe", "with blank", "7"};
  return std::string(kWords[random() % std::size(kWords)]);
}

// Whole seconds and halves: what a float gives back as it was.
TimestampMs random_timestamp(std::mt19937_64& random, ExpositionFormat format) {
  if (format == kText) return static_cast<TimestampMs>(random() >> 1);
  return static_cast<TimestampMs>(random() >> 30) * 500;
}

PageEntry random_entry(std::mt19937_64& random, ExpositionFormat format) {
  PageEntry entry{};
  entry.kind = static_cast<Entry>(random() % (format == kOpenMetrics ? 4 : 3));
  const auto value = [&] { return format_float(std::bit_cast<double>(random())); };
  if (entry.kind == Entry::kSample) {
    entry.labels.emplace_back("__name__", random_text(random, false));
    for (std::size_t i = random() % 4; i > 0; --i) {
      entry.labels.emplace_back(random_text(random, false), random_text(random, true));
    }
    entry.value = value();
    if (random() % 2 == 0) entry.timestamp = random_timestamp(random, format);
    if (format == kOpenMetrics && random() % 2 == 0) {
      entry.exemplar.emplace();
      for (std::size_t i = random() % 3; i > 0; --i) {
        entry.exemplar->labels.emplace_back(random_word(random), random_word(random));
      }
      entry.exemplar->value = value();
      if (random() % 2 == 0) entry.exemplar->timestamp = random_timestamp(random, format);
    }
    return entry;
  }
  entry.family = random_text(random, false);
  if (entry.kind == Entry::kHelp) entry.help = random_text(random, true);
  if (entry.kind == Entry::kType) entry.type = MetricType::kSummary;
  if (entry.kind == Entry::kUnit) {
    entry.unit = random() % 2 == 0 ? "seconds" : "";
    if (!entry.unit.empty()) entry.family += "_seconds";
  }
  return entry;
}

TEST(Exposition, ReadsBackWhatIsPrinted) {
  const std::uint64_t seed = silverback::testing::seed();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 4000; ++round) {
    const ExpositionFormat format = round % 2 == 0 ? kText : kOpenMetrics;
    std::vector<PageEntry> entries;
    for (std::size_t i = random() % 5; i > 0; --i) entries.push_back(random_entry(random, format));
    const std::string text = print_page(entries, format);
    const auto read = read_page(text, format);
    ASSERT_TRUE(read) << "SILVERBACK_SEED=" << seed << "\n" << text << read.error().message;
    ASSERT_EQ(*read, entries) << "SILVERBACK_SEED=" << seed << "\n" << text;
  }
}

}  // namespace
}  // namespace silverback::ingest
