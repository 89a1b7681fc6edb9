#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "promql/parser.h"
#include "tests/promql/random_expression.h"
#include "tests/promql/tree_dump.h"
#include "tests/testing/seed.h"

namespace silverback::promql {
namespace {

using silverback::testing::ExpressionVocabulary;
using silverback::testing::RandomExpression;
using silverback::testing::TreeDump;

constexpr Features kAll{.experimental_functions = true,
                        .extended_range_selectors = true,
                        .binop_fill_modifiers = true,
                        .delayed_name_removal = true,
                        .type_and_unit_labels = true};

TEST(Print, WritesTheCanonicalForm) {
  struct Case {
    std::string_view query, printed;
  };
  constexpr Case kCases[] = {
      {"1", "1"},
      {"-0", "-0"},
      {"1e10", "10000000000"},
      {"0x10", "16"},
      {".5", "0.5"},
      {"inf", "+Inf"},
      {"-NAN", "NaN"},
      {"90m", "1h30m"},
      {"-90s", "-1m30s"},
      {"'it\"s\\n'", "\"it\\\"s\\n\""},
      {"up", "up"},
      {"up{}", "up"},
      {"up{b='2', a!=\"1\"}", "up{a!=\"1\",b=\"2\"}"},
      {"{\"my.metric\", \"my label\"=~\"x\"}", "{\"my label\"=~\"x\",__name__=\"my.metric\"}"},
      {"{__name__=\"up\"}", "{__name__=\"up\"}"},
      {"up{a=\"\"}", "up{a=\"\"}"},
      {"up offset 60", "up offset 1m"},
      {"up offset -1h @ 1.2345", "up @ 1.235 offset -1h"},
      {"up @ -0.5", "up @ -0.500"},
      {"up @ 1603774568", "up @ 1603774568.000"},
      {"up @ START()", "up @ start()"},
      {"up [ 300 ] offset 5m @ end()", "up[5m] @ end() offset 5m"},
      {"up[8d] anchored", "up[8d] anchored"},
      {"up[5m] offset 1m smoothed", "up[5m] smoothed offset 1m"},
      {"up[1h:300] @ 1", "up[1h:5m] @ 1.000"},
      {"up[1h:]", "up[1h:]"},
      {"up[ 5m*2+STEP() ]", "up[5m * 2 + step()]"},
      {"up[-(10s-5s)+20s]", "up[-(10s - 5s) + 20s]"},
      {"up[max_of( range(),1 )] offset -(5+2)", "up[max_of(range(), 1)] offset -(5 + 2)"},
      {"up[((5m))]", "up[5m]"},
      {"rate(up[5m] offset 1m)", "rate(up[5m] offset 1m)"},
      {"label_join(up,'a',',','b')", "label_join(up, \"a\", \",\", \"b\")"},
      {"time( )", "time()"},
      {"SUM(up) BY (job,\"my.label\")", "sum by (job, \"my.label\") (up)"},
      {"sum by (\"inf\", 'NaN', \"in\") (up)", "sum by (\"inf\", \"NaN\", in) (up)"},
      {"sum by () (up)", "sum(up)"},
      {"sum without () (up)", "sum without () (up)"},
      {"topk(5,up)without(a)", "topk without (a) (5, up)"},
      {"count_values('v', up)", "count_values(\"v\", up)"},
      {"- - a", "--a"},
      {"-1^2", "-1 ^ 2"},
      {"Inf^Inf", "Inf ^ +Inf"},
      {"+Inf^2", "+Inf ^ 2"},
      {"(a)+-b", "(a) + -b"},
      {"a+on(b)group_left(c)d", "a + on (b) group_left (c) d"},
      {"a + on(b) group_left d", "a + on (b) group_left () d"},
      {"a + ignoring() d", "a + d"},
      {"a + ignoring() group_right(x) d", "a + ignoring () group_right (x) d"},
      {"a + on() d", "a + on () d"},
      {"1 + on() d", "1 + d"},
      {"a <= BOOL ignoring(x) b", "a <= bool ignoring (x) b"},
      {"a unless on(x) b", "a unless on (x) b"},
      {"a </ 2", "a </ 2"},
      {"a + on(x) fill_left(1) fill_right(1) b", "a + on (x) fill (1) b"},
      {"a + fill_right(-Inf) b", "a + fill_right (-Inf) b"},
      {"a + fill_left(0) fill_right(-0) b", "a + fill_left (0) fill_right (-0) b"},
      {"a # comment\n or b", "a or b"},
  };
  for (const auto& [query, printed] : kCases) {
    const auto expr = parse(query, kAll);
    ASSERT_TRUE(expr) << query << "\n" << expr.error().message;
    EXPECT_EQ(print(**expr), printed) << query;
  }
}

TEST(Print, IsReadBackAsTheSameTree) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("SILVERBACK_SEED=" + std::to_string(seed));
  const ExpressionVocabulary vocabulary{
      .metrics = {"up", "job:up:sum", "sum", "by", "offset", "start", "x_total"},
      .labels = {"job", "a", "on", "bool", "inf", "my.label", "é"},
      .label_values = {"", "a", "x\"y", "\xff", "\n", "é"},
      .ranges = {"5m", "300", "0.5", "1h30m", "1e3", "1y"},
      .steps = {"1m", "15", "0x10"},
      .offsets = {"5m", "-5m", "0", "+10", "-1w", "(-3)", "step()", "-range()"},
      .timestamps = {"0", "-1.5", "1603774568.1234", "+1e3", "5m"},
      .excluded_functions = {},
      .excluded_aggregators = {},
      .odd_spelling = true,
      .extended_ranges = true,
      .fills = true,
      .trims = true,
      .duration_expressions = true,
      .quoted_names = true};
  RandomExpression random(vocabulary, seed);
  int parsed = 0;
  constexpr int kRounds = 3000;
  for (int i = 0; i < kRounds; ++i) {
    const std::string query = random.vector(1 + i % 5);
    const auto expr = parse(query, kAll);
    if (!expr) continue;  // e.g. `{b!~"a.*"}`, which selects everything
    ++parsed;
    const std::string printed = print(**expr);
    const auto again = parse(printed, kAll);
    ASSERT_TRUE(again) << query << "\n" << printed << "\n" << again.error().message;
    ASSERT_EQ(TreeDump::of(**again), TreeDump::of(**expr)) << query << "\n" << printed;
    ASSERT_EQ(print(**again), printed) << query;
  }
  EXPECT_GT(parsed, kRounds * 3 / 4);
}

}  // namespace
}  // namespace silverback::promql
