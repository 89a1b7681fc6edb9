#include "ingest/exposition_text.h"

#include <bit>
#include <cstdlib>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/exposition_printer.h"
#include "tests/testing/seed.h"

namespace silverback::ingest {
namespace {

using Entry = ExpositionText::Entry;
using silverback::testing::PageEntry;
using silverback::testing::print_page;
using silverback::testing::read_page;
using ::testing::HasSubstr;

TEST(ExpositionText, ReadsAPage) {
  const std::string_view text =
      "# HELP http_requests_total Requests,\\nby \\\\code\\q.\n"
      "# TYPE http_requests_total counter\n"
      "http_requests_total{code=\"200\",path=\"/a\\\"b\\n\\\\c\\q\"} 1027 1395066363000\n"
      "\n"
      "# a comment\n"
      "metric_without_labels 1.5e3\n";
  ExpositionText page(text);
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
TEST(ExpositionText, TakesWhatPrometheusTakes) {
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
      {"x 1 -5\n", "{\"x\"} 1 -5\n"},
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
    const auto entries = read_page(c.page);
    ASSERT_TRUE(entries) << c.page << ": " << entries.error().message;
    EXPECT_EQ(print_page(*entries), c.prints_as) << c.page;
  }
  const std::string_view nul("x 1\n\0y broken", 13);
  const auto entries = read_page(nul);
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->size(), 1U);
}

TEST(ExpositionText, RefusesWhatPrometheusRefuses) {
  constexpr std::string_view pages[] = {
      "x\n",
      "x",
      "x 1\r\n",
      "\r\n",
      "# TYPE x gauge\r\n",
      "# TYPE x gauge \n",
      "# TYPE x  gauge\n",
      "# TYPE x\n",
      "# TYPE x unknown\n",
      "# TYPE x Counter\n",
      "# TYPE 9x gauge\n",
      "# TYPE \n",
      "# HELP \n",
      "# HELP x \xff\n",
      "\xef\xbb\xbfx 1\n",  // byte order mark
      "x 0x10\n",
      "x 1_000\n",
      "x 1e999\n",
      "x -NaN\n",
      "x 1,5\n",
      "x one\n",
      "x 1 5.5\n",
      "x 1 +5\n",
      "x 1 5e3\n",
      "x 1 -\n",
      "x 1 9223372036854775808\n",
      "x 1 5 6\n",
      "x 1{a=\"1\"}\n",
      "x{a=\"1\"\n",
      "x{a=\"1\"",
      "x 1\ny",
      "# HELP ",
      "x{a=\"1} 1\n",
      "x{a=1} 1\n",
      "x{a} 1\n",
      "x{a=} 1\n",
      "x{=\"1\"} 1\n",
      "x{,} 1\n",
      "x{a=\"1\",,b=\"2\"} 1\n",
      "x{a:b=\"1\"} 1\n",
      "x{9a=\"1\"} 1\n",
      "x{a=\"\xff\"} 1\n",
      "x{\"y\"} 1\n",
      "x{\"\"=\"1\"} 1\n",
      "{\"x\",\"y\"} 1\n",
      "{\"\"} 1\n",
      "{} 1\n",
      "{a=\"1\"} 1\n",
      "\"x\" 1\n",
      "9x 1\n",
      "my.metric 1\n",
      "größe 1\n",
      "x{a=\"1\"} # {id=\"2\"} 1\n",
  };
  for (const std::string_view page : pages) {
    const auto entries = read_page(page);
    EXPECT_FALSE(entries) << page;
    if (!entries) {
      EXPECT_EQ(entries.error().code, ErrorCode::kInvalidArgument);
    }
  }
}

TEST(ExpositionText, NamesTheLineOfAnError) {
  const auto entries = read_page("# HELP x y\n\n# comment\nx{a=\"raw\nline feed\"} 1\nx one\n");
  ASSERT_FALSE(entries);
  EXPECT_THAT(entries.error().message, HasSubstr("line 6: "));
}

TEST(ExpositionText, GivesNaNPrometheussBits) {
  ExpositionText page("x NaN\n");
  ASSERT_TRUE(page.next());
  EXPECT_EQ(std::bit_cast<std::uint64_t>(page.value()), kNormalNanBits);
}

std::string random_text(std::mt19937_64& random, bool may_be_empty) {
  static constexpr std::string_view kPieces[] = {"a",  "B",  "_", ":", "9", ".", " ",   "\t", "\\",
                                                 "\"", "\n", "{", "}", "=", "ü", "\\n", "#",  "😀"};
  std::string text;
  const std::size_t pieces = random() % 6 + (may_be_empty ? 0 : 1);
  for (std::size_t i = 0; i < pieces; ++i) text += kPieces[random() % std::size(kPieces)];
  return text;
}

PageEntry random_entry(std::mt19937_64& random) {
  PageEntry entry{};
  entry.kind = static_cast<Entry>(random() % 3);
  if (entry.kind == Entry::kSample) {
    entry.labels.emplace_back("__name__", random_text(random, false));
    for (std::size_t i = random() % 4; i > 0; --i) {
      entry.labels.emplace_back(random_text(random, false), random_text(random, true));
    }
    const double value = std::bit_cast<double>(random());
    entry.value = format_float(value);
    if (random() % 2 == 0) entry.timestamp = static_cast<TimestampMs>(random());
  } else {
    entry.family = random_text(random, false);
    if (entry.kind == Entry::kHelp) entry.help = random_text(random, true);
    if (entry.kind == Entry::kType) entry.type = MetricType::kSummary;
  }
  return entry;
}

TEST(ExpositionText, ReadsBackWhatIsPrinted) {
  const std::uint64_t seed = silverback::testing::seed();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::vector<PageEntry> entries;
    for (std::size_t i = random() % 5; i > 0; --i) entries.push_back(random_entry(random));
    const std::string text = print_page(entries);
    const auto read = read_page(text);
    ASSERT_TRUE(read) << "SILVERBACK_SEED=" << seed << "\n" << text << read.error().message;
    ASSERT_EQ(*read, entries) << "SILVERBACK_SEED=" << seed << "\n" << text;
  }
}

}  // namespace
}  // namespace silverback::ingest
