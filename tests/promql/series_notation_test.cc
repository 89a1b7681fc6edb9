#include "promql/series_notation.h"

#include <string>

#include <gmock/gmock.h>

#include "base/number_text.h"
#include "base/sample.h"

namespace silverback::promql {
namespace {

// The values with blanks between them, `_` for a gap, `h` for a histogram; or the error.
std::string values_of(std::string_view text) {
  const auto values = parse_series_values(text);
  if (!values) return values.error().message;
  std::string printed;
  for (const NotedValue& value : *values) {
    if (!printed.empty()) printed += ' ';
    if (value.kind == NotedValue::Kind::kGap) {
      printed += '_';
    } else if (value.kind == NotedValue::Kind::kHistogram) {
      printed += 'h';
    } else {
      printed += is_stale(value.v) ? "stale" : format_float(value.v);
    }
  }
  return printed;
}

TEST(SeriesNotation, GivesOneValueForEachStep) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"1 2 3", "1 2 3"},
      {"  1\t2\n3 ", "1 2 3"},
      {"1+2x3", "1 3 5 7"},
      {"1-2x3", "1 -1 -3 -5"},
      {"-2+4x3", "-2 2 6 10"},
      {"1x3", "1 1 1 1"},
      {"0x3", "0 0 0 0"},
      {"1+1x0", "1"},
      {"+1.5 -.5 1e3 1E-1 2e+1", "1.5 -0.5 1000 0.1 20"},
      {"1e-1+1e1x1", "0.1 10.1"},
      {"Inf -Inf +Inf NaN inf nan", "+Inf -Inf +Inf NaN +Inf NaN"},
      {"1 _x3 stale", "1 _ _ _ stale"},
      {"_ _x0 1", "_ 1"},
      {"{{}} {{count:1 sum:2}}x1 {{count:1}}+{{count:2}}x2", "h h h h h h"},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(values_of(text), want) << text;
}

TEST(SeriesNotation, AddsStepsUp) {
  const auto values = parse_series_values("0+0.1x10");
  ASSERT_TRUE(values);
  EXPECT_EQ(values->back().v, 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1);
}

TEST(SeriesNotation, SaysWhereItIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"1+", "series values: expected a number at \"+\""},
      {"1+2", "series values: expected x and how often the step is taken at the end"},
      {"1x", "series values: expected a number up to 10000000 at the end"},
      {"1x-1", "series values: expected a number up to 10000000 at \"-1\""},
      {"1,2", "series values: expected a blank at \",2\""},
      {"1 a", "series values: expected a number at \"a\""},
      {"stalex3", "series values: expected a blank at \"x3\""},
      {"__", "series values: expected a blank at \"_\""},
      {"{{count:1", "series values: no }} of the native histogram at \"{{count:1\""},
      {"1x99999999999999999999",
       "series values: expected a number up to 10000000 at "
       "\"99999999999999999999\""},
      {"1x9999999 1x9999999", "series values: more than 10000000 values at the end"},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(values_of(text), want) << text;
}

}  // namespace
}  // namespace silverback::promql
