#include "promql/parser.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promql/functions.h"
#include "tests/promql/tree_dump.h"

namespace silverback::promql {
namespace {

using silverback::testing::TreeDump;

constexpr Features kAll{.experimental_functions = true,
                        .extended_range_selectors = true,
                        .binop_fill_modifiers = true,
                        .delayed_name_removal = true,
                        .type_and_unit_labels = true};

std::string tree_of(std::string_view query) {
  const auto expr = parse(query, kAll);
  return expr ? TreeDump::of(**expr) : expr.error().message;
}

std::string error_of(std::string_view query, const Features& features = kAll) {
  const auto expr = parse(query, features);
  if (expr) return "no error";
  EXPECT_EQ(expr.error().code, ErrorCode::kInvalidArgument);
  return expr.error().message;
}

struct TreeCase {
  std::string_view query, tree;
};
struct ErrorCase {
  std::string_view query, error;
};

TEST(Parse, ReadsNumbersAndStrings) {
  constexpr TreeCase kCases[] = {
      {"1", "(number 1)"},
      {"-1", "(number -1)"},
      {"--1", "(number 1)"},
      {"+Inf", "(number +Inf)"},
      {"-nAN", "(number NaN)"},
      {"010", "(number 8)"},
      {"0x1F", "(number 31)"},
      {"1_000", "(number 1000)"},
      {"5m", "(duration 300)"},
      {"-1h30m", "(duration -5400)"},
      {"100ms", "(duration 0.1)"},
      {R"("a\n")", R"((string "a\n"))"},
      {"'it\"s'", R"((string "it\"s"))"},
      {"`a\\n`", R"((string "a\\n"))"},
  };
  for (const auto& [query, tree] : kCases) EXPECT_EQ(tree_of(query), tree) << query;
}

TEST(Parse, BindsOperatorsByPrecedence) {
  constexpr TreeCase kCases[] = {
      {"1 + 2 * 3", "(+ (number 1) (* (number 2) (number 3)))"},
      {"1 - 2 - 3", "(- (- (number 1) (number 2)) (number 3))"},
      {"2 ^ 3 ^ 4", "(^ (number 2) (^ (number 3) (number 4)))"},
      {"-1 ^ 2", "(- (^ (number 1) (number 2)))"},
      {"2 ^ -1 * 3", "(* (^ (number 2) (number -1)) (number 3))"},
      {"1--1", "(- (number 1) (number -1))"},
      {"1 < bool 2 + 3", "(< bool (number 1) (+ (number 2) (number 3)))"},
      {"1 atan2 2 % 3", "(% (atan2 (number 1) (number 2)) (number 3))"},
      {"a or b and c unless d",
       R"((or ignoring [] many (vector a __name__="a") (unless ignoring [] many )"
       R"((and ignoring [] many (vector b __name__="b") (vector c __name__="c")) )"
       R"((vector d __name__="d"))))"},
      {"-a * b", R"((* (- (vector a __name__="a")) (vector b __name__="b")))"},
      {"(1)", "(paren (number 1))"},
  };
  for (const auto& [query, tree] : kCases) EXPECT_EQ(tree_of(query), tree) << query;
}

TEST(Parse, ReadsSelectors) {
  constexpr TreeCase kCases[] = {
      {"up", R"((vector up __name__="up"))"},
      {"job:up:sum", R"((vector job:up:sum __name__="job:up:sum"))"},
      {":a", R"((vector :a __name__=":a"))"},
      {"up{}", R"((vector up __name__="up"))"},
      {"up{a=\"b\", c!='d', e=~`f`, g!~\"h\",}",
       R"((vector up __name__="up" a="b" c!="d" e=~"f" g!~"h"))"},
      {"{a=\"b\"}", R"((vector  a="b"))"},
      {R"({"my.metric", "my label"="x"})", R"((vector  "my label"="x" __name__="my.metric"))"},
      {"{sum=\"1\", by=\"2\", on=\"3\", bool=\"4\", inf=\"5\"}",
       R"((vector  bool="4" by="2" inf="5" on="3" sum="1"))"},
      {"x offset 5m", R"((vector x __name__="x" offset 300000))"},
      {"x offset -5", R"((vector x __name__="x" offset -5000))"},
      {"x offset 0.5", R"((vector x __name__="x" offset 500))"},
      {"x @ 1.2345", R"((vector x __name__="x" @ 1235))"},
      {"x @ -10", R"((vector x __name__="x" @ -10000))"},
      {"x @ 1m", R"((vector x __name__="x" @ 60000))"},
      {"x @ START()", R"((vector x __name__="x" @ start))"},
      {"x offset 1m @ end()", R"((vector x __name__="x" @ end offset 60000))"},
      {"x[5m]", R"((matrix (vector x __name__="x") range 300000))"},
      {"x[300]", R"((matrix (vector x __name__="x") range 300000))"},
      {"x [ 5m ] @ 1 offset 1w", R"((matrix (vector x __name__="x" @ 1000 offset 604800000) )"
                                 R"(range 300000))"},
      {"x[5m] anchored", R"((matrix (vector x __name__="x" anchored) range 300000))"},
      {"x smoothed offset 1s", R"((vector x __name__="x" smoothed offset 1000))"},
      {"x[1h:5m]", R"((subquery (vector x __name__="x") range 3600000 step 300000))"},
      {"x[1h:] offset 1s @ 2",
       R"((subquery (vector x __name__="x") range 3600000 default step @ 2000 offset 1000))"},
  };
  for (const auto& [query, tree] : kCases) EXPECT_EQ(tree_of(query), tree) << query;
}

TEST(Parse, TakesKeywordsAsMetricNamesWhereAnOperandIsWanted) {
  for (const std::string_view word :
       {"sum", "by", "without", "offset", "and", "or", "unless", "start", "end", "step", "range",
        "min_of", "max_of", "fill", "fill_left", "anchored", "smoothed", "SUM", "limitk"}) {
    EXPECT_EQ(tree_of(word),
              "(vector " + std::string(word) + " __name__=\"" + std::string(word) + "\")");
  }
  for (const std::string_view word : {"bool", "on", "ignoring", "group_left", "group_right"}) {
    EXPECT_EQ(error_of(word), "1:1: parse error: unexpected <" + std::string(word) + ">");
  }
  EXPECT_EQ(error_of("atan2"), "1:1: parse error: unexpected <op:atan2>");
  EXPECT_EQ(tree_of("sum(by) by (sum, on, atan2, start, bool)"),
            R"((sum by ["sum","on","atan2","start","bool"] (vector by __name__="by")))");
  EXPECT_EQ(tree_of("offset offset 1s"), R"((vector offset __name__="offset" offset 1000))");
}

TEST(Parse, ReadsDurationExpressions) {
  constexpr std::string_view kX = R"((vector x __name__="x"))";
  constexpr TreeCase kInBrackets[] = {
      {"5m * 2", "(* (duration 300) (number 2))"},
      {"-5m + 35m", "(+ (duration -300) (duration 2100))"},
      {"1 + 2 * 3 ^ 4", "(+ (number 1) (* (number 2) (^ (number 3) (number 4))))"},
      {"STEP() + range()", "(+ (step) (range))"},
      {"max_of(min_of(step(), 1h), 1ms)",
       "(max_of (min_of (step) (duration 3600)) (duration 0.001))"},
      {"((step()))", "(paren (step))"},
      {"(-2) ^ 2", "(^ (paren (number -2)) (number 2))"},
      {"2 * (3 + 4)", "(* (number 2) (paren (+ (number 3) (number 4))))"},
      {"-(2 + 3)", "(- (paren (+ (number 2) (number 3))))"},
  };
  for (const auto& [query, tree] : kInBrackets) {
    EXPECT_EQ(tree_of("x[" + std::string(query) + "]"),
              "(matrix " + std::string(kX) + " range " + std::string(tree) + ")");
  }
  EXPECT_EQ(tree_of("x[((5m))]"), tree_of("x[5m]"));
  EXPECT_EQ(tree_of("x[1+1:2*step()]"),
            "(subquery " + std::string(kX) +
                " range (+ (number 1) (number 1)) step (* (number 2) (step)))");
}

TEST(Parse, EndsAnOffsetBeforeAnOperator) {
  constexpr TreeCase kCases[] = {
      {"x offset 100 + 2", R"((+ (vector x __name__="x" offset 100000) (number 2)))"},
      {"x offset -2 ^ 2", R"((^ (vector x __name__="x" offset -2000) (number 2)))"},
      {"x offset (100 + 2)",
       R"((vector x __name__="x" offset (paren (+ (number 100) (number 2)))))"},
      {"x offset -(1 + 2) * 3", R"((* (vector x __name__="x" offset (- (paren (+ (number 1) )"
                                R"((number 2))))) (number 3)))"},
      {"x offset (-2)", R"((vector x __name__="x" offset -2000))"},
      {"x offset -(-2)", R"((vector x __name__="x" offset 2000))"},
      {"x offset -step() * 2", R"((* (vector x __name__="x" offset (- (step))) (number 2)))"},
      {"x offset min_of(step(), 1s) + 1",
       R"((+ (vector x __name__="x" offset (min_of (step) (duration 1))) (number 1)))"},
  };
  for (const auto& [query, tree] : kCases) EXPECT_EQ(tree_of(query), tree) << query;
}

TEST(Parse, ReadsAggregationsWithTheirModifierOnEitherSide) {
  const std::string want = R"((sum by ["a","b"] (vector x __name__="x")))";
  for (const std::string_view query :
       {"sum by (a, b) (x)", "sum(x) by (a, b)", "SUM BY (a,b,)(x)", "sum(x) by (\"a\", 'b')"}) {
    EXPECT_EQ(tree_of(query), want) << query;
  }
  EXPECT_EQ(tree_of("sum(x)"), tree_of("sum by () (x)"));
  EXPECT_EQ(tree_of("sum without () (x)"), R"((sum without [] (vector x __name__="x")))");
  EXPECT_EQ(tree_of("topk(5, x) by (\"my.label\")"),
            R"((topk by ["my.label"] (number 5) (vector x __name__="x")))");
  EXPECT_EQ(tree_of("count_values(\"v\", x)"),
            R"((count_values by [] (string "v") (vector x __name__="x")))");
}

TEST(Parse, ReadsVectorMatching) {
  constexpr std::string_view kSides = R"( (vector a __name__="a") (vector b __name__="b")))";
  constexpr TreeCase kCases[] = {
      {"a + on(x) b", R"((+ on ["x"])"},
      {"a + on() b", "(+ on []"},
      {"a + ignoring(x, y) b", R"((+ ignoring ["x","y"])"},
      {"a == bool on(x) b", R"((== bool on ["x"])"},
      {"a + on(x) group_left b", R"((+ on ["x"] group_left )"},
      {"a + on(x) group_left() b", R"((+ on ["x"] group_left )"},
      {"a + ignoring(x) group_right(y) b", R"((+ ignoring ["x"] group_right ["y"])"},
      {"a + fill(1) b", "(+ ignoring [] left 1 right 1"},
      {"a + fill_left(-Inf) b", "(+ ignoring [] left -Inf"},
      {"a + on(x) fill_right(1m) fill_left(2) b", R"((+ on ["x"] left 2 right 60)"},
      {"a and on(x) b", R"((and on ["x"] many)"},
      {"a unless b", "(unless ignoring [] many"},
      {"a + ignoring() b", "(+"},
  };
  for (const auto& [query, start] : kCases) {
    EXPECT_EQ(tree_of(query), std::string(start) + std::string(kSides)) << query;
  }
  EXPECT_EQ(tree_of("1 + on() b"), R"((+ (number 1) (vector b __name__="b")))");
}

TEST(Parse, RefusesWhatIsNoSyntax) {
  constexpr ErrorCase kCases[] = {
      {"", "1:1: parse error: no expression found in input"},
      {"# comment", "1:1: parse error: no expression found in input"},
      {"1+", "1:3: parse error: unexpected end of input"},
      {"*1", "1:1: parse error: unexpected <op:*>"},
      {"()", "1:2: parse error: unexpected \")\""},
      {"((1)", "1:5: parse error: unclosed left parenthesis"},
      {"(1))", "1:5: parse error: unexpected right parenthesis ')'"},
      {"foo bar", "1:5: parse error: unexpected identifier \"bar\""},
      {"foo a:b", "1:5: parse error: unexpected metric identifier \"a:b\""},
      {"foo 12345678901234", "1:5: parse error: unexpected number \"1234567890\"..."},
      {"foo 5m", "1:5: parse error: unexpected duration \"5m\""},
      {"foo \"abcdefghijk\"", "1:5: parse error: unexpected string \"\\\"abcdefghi\"..."},
      {"foo START", "1:5: parse error: unexpected \"START\""},
      {"foo sum", "1:5: parse error: unexpected <aggr:sum>"},
      {"foo by (a)", "1:5: parse error: unexpected <by>"},
      {"foo = bar", "1:5: parse error: unexpected \"=\""},
      {"foo\n  + $", "2:5: parse error: unexpected character: '$'"},
      {"1e999",
       "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"1e999\": value out "
       "of range"},
      {"5m1h", "1:1: parse error: not a valid duration string: \"5m1h\""},
      // Braces.
      {"foo{", "1:5: parse error: unexpected end of input inside braces"},
      {"foo}", "1:4: parse error: unexpected character: '}'"},
      {"foo{gibberish}",
       "1:14: parse error: unexpected \"}\" in label matching, expected label matching operator"},
      {"foo{a=b}",
       "1:7: parse error: unexpected identifier \"b\" in label matching, expected "
       "string"},
      {"foo{a=\"b\" c=\"d\"}",
       "1:11: parse error: unexpected identifier \"c\" in label matching, expected \",\" or "
       "\"}\""},
      {"foo{,}",
       "1:5: parse error: unexpected \",\" in label matching, expected identifier or \"}\""},
      {"foo{a!=!=\"b\"}",
       "1:8: parse error: unexpected <op:!=> in label matching, expected string"},
      {"foo{a=~\"(\"}", "1:5: parse error: error parsing regexp: missing closing ): `(`"},
      // Calls.
      {"bar(foo)", "1:1: parse error: unknown function with name \"bar\""},
      {"RATE(foo[5m])", "1:1: parse error: unknown function with name \"RATE\""},
      {"START()", "1:1: parse error: unknown function with name \"START\""},
      {"holt_winters(foo[5m], 1, 1)",
       "1:1: parse error: unknown function with name "
       "\"holt_winters\""},
      {"a:b(foo)", "1:4: parse error: unexpected \"(\""},
      {"abs(foo,)", "1:8: parse error: trailing commas not allowed in function call args"},
      {"abs(,)", "1:5: parse error: unexpected \",\""},
      {"abs(foo bar)", "1:9: parse error: unexpected identifier \"bar\""},
      // Aggregations.
      {"sum()", "1:1: parse error: no arguments for aggregate expression provided"},
      {"sum(a, b)",
       "1:1: parse error: wrong number of arguments for aggregate expression "
       "provided, expected 1, got 2"},
      {"topk(a)",
       "1:1: parse error: wrong number of arguments for aggregate expression "
       "provided, expected 2, got 1"},
      {"sum(rate(1+))", "1:12: parse error: unexpected \")\" in aggregation"},
      {"sum by (a) foo", "1:12: parse error: unexpected identifier \"foo\" in aggregation"},
      {"sum foo", "1:5: parse error: unexpected identifier \"foo\""},
      {"sum(foo) bar", "1:10: parse error: unexpected identifier \"bar\""},
      {"sum(foo) by bar",
       "1:13: parse error: unexpected identifier \"bar\" in grouping opts, expected \"(\""},
      {"sum(foo) by (a b)",
       "1:16: parse error: unexpected identifier \"b\" in grouping opts, expected \",\" or \")\""},
      {"sum(foo) by (a:b)",
       "1:14: parse error: unexpected metric identifier \"a:b\" in grouping opts, expected label"},
      {"sum(foo) by (,)", "1:14: parse error: unexpected \",\" in grouping opts, expected label"},
      {"sum(foo) by (inf)",
       "1:14: parse error: unexpected number \"inf\" in grouping opts, expected label"},
      {"sum(foo) by (\"\")", "1:14: parse error: invalid label name in grouping: \"\""},
      {"sum by (a)(foo) by (b)", "1:17: parse error: unexpected <by>"},
      // Modifiers.
      {"foo + on bar",
       "1:10: parse error: unexpected identifier \"bar\" in grouping opts, expected \"(\""},
      {"foo == on(a) bool bar", "1:14: parse error: unexpected <bool>"},
      {"foo - on(b) ignoring(c) d", "1:13: parse error: unexpected <ignoring>"},
      {"foo + group_left bar", "1:7: parse error: unexpected <group_left>"},
      {"foo + fill(x) bar", "1:12: parse error: unexpected identifier \"x\""},
      {"foo + fill_left(1) fill_left(2) bar", "1:20: parse error: unexpected <fill_left>"},
      {"foo offset",
       "1:11: parse error: unexpected end of input in offset, expected number, duration, step(), "
       "or range()"},
      {"foo offset bar",
       "1:12: parse error: unexpected identifier \"bar\" in offset, expected number, duration, "
       "step(), or range()"},
      {"foo offset Inf", "1:12: parse error: duration out of range"},
      {"foo offset 300y", "1:12: parse error: duration out of range"},
      {"foo offset 1m offset 2m", "1:1: parse error: offset may not be set multiple times"},
      {"sum(foo) offset 1m",
       "1:1: parse error: offset modifier must be preceded by an instant vector selector or range "
       "vector selector or a subquery"},
      {"foo @", "1:6: parse error: unexpected end of input in @, expected timestamp"},
      {"foo @ start", "1:12: parse error: unexpected end of input in @, expected timestamp"},
      {"foo @ bar", "1:7: parse error: unexpected identifier \"bar\" in @, expected timestamp"},
      {"foo @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"},
      {"foo @ 1e30",
       "1:1: parse error: timestamp out of bounds for @ modifier: "
       "1000000000000000019884624838656.000000"},
      {"foo @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"},
      {"foo @ start() @ end()", "1:1: parse error: @ <timestamp> may not be set multiple times"},
      {"1 @ 5",
       "1:1: parse error: @ modifier must be preceded by an instant vector selector or range "
       "vector selector or a subquery"},
      {"foo[5m:] anchored", "1:1: parse error: anchored modifier is not supported for subqueries"},
      {"foo[5m] anchored smoothed",
       "1:1: parse error: anchored and smoothed modifiers cannot be used together"},
      {"1 smoothed", "1:1: parse error: smoothed modifier not implemented"},
      // Brackets.
      {"foo[]",
       "1:5: parse error: unexpected \"]\" in subquery or range selector, expected number, "
       "duration, step(), or range()"},
      {"foo[5m", "1:7: parse error: unexpected end of input in duration expression"},
      {"foo[5m 5]",
       "1:8: parse error: unexpected number \"5\" in subquery or range, expected \":\" or \"]\""},
      {"foo[5m*]",
       "1:8: parse error: unexpected \"]\" in subquery or range selector, expected number, "
       "duration, step(), or range()"},
      {"foo[5m:1m 1]",
       "1:11: parse error: unexpected number \"1\" in subquery selector, expected \"]\""},
      {"foo[5m:*]",
       "1:8: parse error: unexpected <op:*> in subquery selector, expected number, duration, "
       "step(), range(), or \"]\""},
      {"foo[0]", "1:5: parse error: duration must be greater than 0"},
      {"foo[-5m]", "1:5: parse error: duration must be greater than 0"},
      {"foo[5m:0s]", "1:8: parse error: duration must be greater than 0"},
      {"foo[300y]", "1:5: parse error: duration out of range"},
      {"foo[5mm]", "1:5: parse error: bad number or duration syntax: \"5mm\""},
      {"(foo)[5m]", "1:6: parse error: ranges only allowed for vector selectors"},
      {"foo[5m][5m]", "1:8: parse error: ranges only allowed for vector selectors"},
      {"foo offset 5m[5m]", "1:14: parse error: no offset modifiers allowed before range"},
      {"foo @ 10 [5m]", "1:10: parse error: no @ modifiers allowed before range"},
  };
  for (const auto& [query, error] : kCases) EXPECT_EQ(error_of(query), error) << query;
}

TEST(Parse, RefusesWhatHasTheWrongType) {
  constexpr ErrorCase kCases[] = {
      {"rate(foo)",
       "1:6: parse error: expected type range vector in call to function \"rate\", "
       "got instant vector"},
      {"abs(\"a\")",
       "1:5: parse error: expected type instant vector in call to function \"abs\", got string"},
      {"vector(foo)",
       "1:8: parse error: expected type scalar in call to function \"vector\", got instant "
       "vector"},
      {"label_join(foo, 1, 2)",
       "1:17: parse error: expected type string in call to function \"label_join\", got scalar"},
      {"label_join(foo, \"a\", \"b\", \"c\", 1)",
       "1:32: parse error: expected type string in call to function \"label_join\", got scalar"},
      {"rate()", "1:1: parse error: expected 1 argument(s) in call to \"rate\", got 0"},
      {"time(1)", "1:1: parse error: expected 0 argument(s) in call to \"time\", got 1"},
      {"round()", "1:1: parse error: expected at least 1 argument(s) in call to \"round\", got 0"},
      {"round(a, 1, 2)",
       "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3"},
      {"label_join(foo)",
       "1:1: parse error: expected at least 3 argument(s) in call to \"label_join\", got 1"},
      {"sum(1)",
       "1:5: parse error: expected type instant vector in aggregation expression, got "
       "scalar"},
      {"sum(foo[5m])",
       "1:5: parse error: expected type instant vector in aggregation "
       "expression, got range vector"},
      {"topk(foo, bar)",
       "1:6: parse error: expected type scalar in aggregation parameter, got "
       "instant vector"},
      {"count_values(1, foo)",
       "1:14: parse error: expected type string in aggregation "
       "parameter, got scalar"},
      {"1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"},
      {"1  ==1", "1:4: parse error: comparisons between scalars must use BOOL modifier"},
      {"foo + bool bar",
       "1:5: parse error: bool modifier can only be used on comparison operators"},
      {"foo and 1",
       "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"},
      {"1 or 1", "1:1: parse error: set operator \"or\" not allowed in binary scalar expression"},
      {"foo and on(a) group_left bar",
       "1:1: parse error: no grouping allowed for \"and\" operation"},
      {"foo or fill(1) bar",
       "1:1: parse error: filling in missing series not allowed for set operators"},
      {"foo + on(a) group_left(b, a) bar",
       "1:5: parse error: label \"a\" must not occur in ON and GROUP clause at once"},
      {"1 + on(a) bar", "1:1: parse error: vector matching only allowed between instant vectors"},
      {"1 + fill(1) bar",
       "1:1: parse error: filling in missing series only allowed between instant vectors"},
      {"1 + foo[5m]",
       "1:5: parse error: binary expression must contain only scalar and instant "
       "vector types"},
      {"\"a\" + 1",
       "1:1: parse error: binary expression must contain only scalar and instant "
       "vector types"},
      {"-\"a\"",
       "1:1: parse error: unary expression only allowed on expressions of type scalar or "
       "instant vector, got \"string\""},
      {"1 + -foo[5m]",
       "1:5: parse error: unary expression only allowed on expressions of type "
       "scalar or instant vector, got \"range vector\""},
      {"1[5m:]",
       "1:1: parse error: subquery is only allowed on instant vector, got scalar instead"},
      {"foo[5m][5m:]",
       "1:1: parse error: subquery is only allowed on instant vector, got matrix instead"},
      {"{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"{a=~\".*\", b=\"\"}",
       "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"foo{__name__=\"bar\"}",
       "1:1: parse error: metric name must not be set twice: \"foo\" or \"bar\""},
      {"foo{\"bar\"}", "1:1: parse error: metric name must not be set twice: \"foo\" or \"bar\""},
      {"{\"foo\", \"bar\"}",
       "1:1: parse error: metric name must not be set twice: \"foo\" or \"bar\""},
      {"info(foo, bar)",
       "1:11: parse error: expected label selectors only, got vector selector instead"},
      {"info(foo, 1)",
       "1:11: parse error: expected type instant vector in call to function \"info\", got scalar"},
      // The first error counts, and what is wrong in the text comes before what is wrong in types.
      {"rate(foo) + sum(1)",
       "1:6: parse error: expected type range vector in call to function "
       "\"rate\", got instant vector"},
      {"1 == 1 + bar(1)", "1:10: parse error: unknown function with name \"bar\""},
  };
  for (const auto& [query, error] : kCases) EXPECT_EQ(error_of(query), error) << query;
  EXPECT_EQ(tree_of("info(foo, {a=~\".*\"})"),
            R"((info (vector foo __name__="foo") (vector  a=~".*")))");
}

TEST(Parse, WantsTheFeatureOfWhatIsExperimental) {
  constexpr ErrorCase kCases[] = {
      {"mad_over_time(x[1m])",
       "1:1: parse error: mad_over_time() is experimental and must be enabled with "
       "--enable-feature=promql-experimental-functions"},
      {"1 + step()",
       "1:5: parse error: step() is experimental and must be enabled with "
       "--enable-feature=promql-experimental-functions"},
      {"limitk(1, x)",
       "1:1: parse error: limitk() is experimental and must be enabled with "
       "--enable-feature=promql-experimental-functions"},
      {"x[5m] anchored", "1:1: parse error: anchored modifier is experimental and not enabled"},
      {"1 + x smoothed", "1:5: parse error: smoothed modifier is experimental and not enabled"},
      {"x + fill(0) y", "1:1: parse error: binop fill modifiers are experimental and not enabled"},
  };
  for (const auto& [query, error] : kCases) {
    EXPECT_EQ(error_of(query, Features{}), error) << query;
    EXPECT_EQ(error_of(query, kAll), "no error") << query;
  }
  // Duration expressions are none.
  EXPECT_EQ(error_of("x[step() * 2] offset max_of(step(), 1m)", Features{}), "no error");
}

TEST(Parse, SetsTypes) {
  struct Case {
    std::string_view query;
    ValueType type;
  };
  constexpr Case kCases[] = {{"1", ValueType::kScalar},          {"time()", ValueType::kScalar},
                             {"1 + 2", ValueType::kScalar},      {"-(1)", ValueType::kScalar},
                             {"\"a\"", ValueType::kString},      {"x", ValueType::kVector},
                             {"1 + x", ValueType::kVector},      {"sum(x)", ValueType::kVector},
                             {"vector(1)", ValueType::kVector},  {"x[5m]", ValueType::kMatrix},
                             {"(x[5m:])", ValueType::kMatrix},   {"scalar(x)", ValueType::kScalar},
                             {"1 == bool 1", ValueType::kScalar}};
  for (const auto& [query, type] : kCases) EXPECT_EQ((*parse(query, kAll))->type, type) << query;
  const ExprPtr expr = parse("x[step()]", kAll).value();
  EXPECT_EQ(std::get<MatrixSelector>(expr->node).range.expr->type, ValueType::kScalar);
}

// The text that each node of a query covers, from the outside in.
void collect_texts(std::string_view query, const Expr& expr, std::vector<std::string>& texts) {
  texts.emplace_back(query.substr(expr.position.start, expr.position.end - expr.position.start));
  const auto collect = [&](const ExprPtr& child) {
    if (child != nullptr) collect_texts(query, *child, texts);
  };
  if (const auto* paren = std::get_if<Paren>(&expr.node)) collect(paren->expr);
  if (const auto* unary = std::get_if<Unary>(&expr.node)) collect(unary->expr);
  if (const auto* matrix = std::get_if<MatrixSelector>(&expr.node)) {
    collect(matrix->selector);
    collect(matrix->range.expr);
  }
  if (const auto* subquery = std::get_if<Subquery>(&expr.node)) collect(subquery->expr);
  if (const auto* aggregate = std::get_if<Aggregate>(&expr.node)) {
    collect(aggregate->param);
    collect(aggregate->expr);
  }
  if (const auto* call = std::get_if<Call>(&expr.node)) {
    for (const ExprPtr& arg : call->args) collect(arg);
  }
  if (const auto* binary = std::get_if<Binary>(&expr.node)) {
    collect(binary->lhs);
    collect(binary->rhs);
  }
}

TEST(Parse, KnowsWhereEachNodeStands) {
  struct Case {
    std::string_view query;
    std::vector<std::string> texts;
  };
  const Case cases[] = {
      {" a  + b ", {"a  + b", "a", "b"}},
      {"- 1", {"- 1"}},
      {"-(x)", {"-(x)", "(x)", "x"}},
      {"x{a=\"b\"} offset 5m @ 1 ", {"x{a=\"b\"} offset 5m @ 1"}},
      {"rate( x [ 5m ] offset 1m )", {"rate( x [ 5m ] offset 1m )", "x [ 5m ] offset 1m", "x"}},
      {"sum(x) by (a) + 1", {"sum(x) by (a) + 1", "sum(x) by (a)", "x", "1"}},
      {"topk by (a) (1, x)", {"topk by (a) (1, x)", "1", "x"}},
      {"(x + y)[5m:] @ end()", {"(x + y)[5m:] @ end()", "(x + y)", "x + y", "x", "y"}},
      {"x[step() * 2]", {"x[step() * 2]", "x", "step() * 2", "step()", "2"}},
      {"\"é\" ", {"\"é\""}},
  };
  for (const auto& [query, texts] : cases) {
    const ExprPtr expr = parse(query, kAll).value();
    std::vector<std::string> got;
    collect_texts(query, *expr, got);
    EXPECT_EQ(got, texts);
  }
}

std::string repeat(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Parse, BoundsTheDepthOfATree) {
  const auto parens = [](int n) { return repeat("(", n) + "1" + repeat(")", n); };
  EXPECT_EQ(error_of(parens(240)), "no error");
  EXPECT_EQ(error_of(parens(100'000)),
            "1:251: parse error: expression is nested more than 250 "
            "deep");
  EXPECT_EQ(error_of("1" + repeat("+1", 990)), "no error");
  EXPECT_EQ(error_of("1" + repeat("+1", 100'000)),
            "1:1: parse error: expression has more than 1000 operations one around the other");
  EXPECT_THAT(error_of(repeat("-", 100'000) + "x"), ::testing::HasSubstr("nested more than 250"));
  EXPECT_THAT(error_of("1" + repeat("^1", 100'000)), ::testing::HasSubstr("nested more than 250"));
  EXPECT_THAT(error_of("x" + repeat("[1s:]", 100'000)), ::testing::HasSubstr("more than 1000"));
  EXPECT_THAT(error_of("x[" + repeat("(", 100'000)), ::testing::HasSubstr("nested more than 250"));
  EXPECT_THAT(error_of("x[1" + repeat("+1", 100'000) + "]"),
              ::testing::HasSubstr("more than 1000 operations"));
}

// Every text cut off anywhere, and with any one byte replaced, is read without harm.
TEST(Parse, SurvivesDamagedTexts) {
  constexpr std::string_view kQuery =
      "sum by (a, \"b.c\") (rate(x{y=~\"z.*\", 'q'!=`\\n`}[5m*2:step()] offset -1h @ 1e3)) "
      "/ on (a) group_left (b) fill (-0x1F) topk(5, -{__name__=\"\\u00e9\"} </ 1_0.5) # end";
  ASSERT_EQ(error_of(kQuery), "no error");
  for (std::size_t i = 0; i < kQuery.size(); ++i) {
    static_cast<void>(parse(kQuery.substr(0, i), kAll));
    for (const char c : {'\0', '(', ')', '[', '"', '\\', '\xff', '0', 'x'}) {
      std::string damaged(kQuery);
      damaged[i] = c;
      static_cast<void>(parse(damaged, kAll));
    }
  }
}

TEST(ParseMetricSelector, TakesOneSelector) {
  const auto texts = [](std::string_view text) -> std::vector<std::string> {
    const auto matchers = parse_metric_selector(text);
    if (!matchers) return {matchers.error().message};
    std::vector<std::string> out;
    for (const Matcher& matcher : *matchers) out.push_back(matcher.to_string());
    return out;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(texts("up"), ElementsAre("__name__=\"up\""));
  EXPECT_THAT(texts("up{job='a'}"), ElementsAre("job=\"a\"", "__name__=\"up\""));
  EXPECT_THAT(texts("{\"my.metric\"}"), ElementsAre("__name__=\"my.metric\""));
  EXPECT_THAT(texts(" sum "), ElementsAre("__name__=\"sum\""));
  EXPECT_THAT(texts("{}"), ElementsAre("match[] must contain at least one non-empty matcher"));
  EXPECT_THAT(texts("{a=~\".*\"}"),
              ElementsAre("match[] must contain at least one non-empty matcher"));
  EXPECT_THAT(texts(""), ElementsAre("1:1: parse error: unexpected end of input"));
  EXPECT_THAT(texts("1"), ElementsAre("1:1: parse error: unexpected number \"1\""));
  EXPECT_THAT(texts("up offset 5m"), ElementsAre("1:4: parse error: unexpected <offset>"));
  EXPECT_THAT(texts("up[5m]"), ElementsAre("1:3: parse error: unexpected \"[\""));
  EXPECT_THAT(texts("up + up"), ElementsAre("1:4: parse error: unexpected <op:+>"));
}

TEST(ParseMetric, TakesOneSeries) {
  const auto text_of = [](std::string_view text) {
    const auto labels = parse_metric(text);
    return labels ? labels->to_string() : labels.error().message;
  };
  EXPECT_EQ(text_of("up"), "up");
  EXPECT_EQ(text_of("{}"), "{}");
  EXPECT_EQ(text_of("up{b='2', a=\"1\",}"), "up{a=\"1\", b=\"2\"}");
  EXPECT_EQ(text_of("{__name__=\"up\"}"), "up");
  EXPECT_EQ(text_of("{\"my.metric\", \"my.label\"=\"x\"}"), "{\"my.metric\", \"my.label\"=\"x\"}");
  EXPECT_EQ(text_of("a{b=\"\"}"), "a");
  EXPECT_EQ(text_of("a{b}"), "1:4: parse error: unexpected \"}\" in label set, expected \"=\"");
  EXPECT_EQ(text_of("a{b=c}"),
            "1:5: parse error: unexpected identifier \"c\" in label set, expected string");
  EXPECT_EQ(text_of("a{b=~\"c\"}"),
            "1:4: parse error: unexpected <op:=~> in label set, expected \"=\"");
  EXPECT_EQ(text_of("a 1"), "1:3: parse error: unexpected number \"1\"");
  EXPECT_EQ(text_of("1"), "1:1: parse error: unexpected number \"1\"");
}

TEST(Functions, AreFoundByTheirExactName) {
  for (const FunctionSpec& function : all_functions()) {
    EXPECT_EQ(find_function(function.name), &function);
    EXPECT_LE(function.args_min, function.args_max) << function.name;
  }
  EXPECT_EQ(find_function(""), nullptr);
  EXPECT_EQ(find_function("Rate"), nullptr);
  EXPECT_EQ(find_function("zzz"), nullptr);
  EXPECT_EQ(find_function("label_join")->arg_type(17), ValueType::kString);
}

// SILVERBACK_EXPRS names a file of expressions that Prometheus accepts, one a line, with `#`
// comments.
TEST(Parse, AcceptsRealExpressions) {
  const char* path = std::getenv("SILVERBACK_EXPRS");
  if (path == nullptr) GTEST_SKIP() << "SILVERBACK_EXPRS is not set";
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  int parsed = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto expr = parse(line, Features{});
    ASSERT_TRUE(expr) << line << "\n" << expr.error().message;
    const auto again = parse(print(**expr), Features{});
    ASSERT_TRUE(again) << print(**expr) << "\n" << again.error().message;
    EXPECT_EQ(TreeDump::of(**again), TreeDump::of(**expr)) << line;
    ++parsed;
  }
  EXPECT_GT(parsed, 0);
}

}  // namespace
}  // namespace silverback::promql
