#include "cmd/test_rules.h"

#include <gmock/gmock.h>

#include "cmd/junit.h"
#include "tests/cmd/verb_run.h"

namespace silverback::cmd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class TestRules : public testing::VerbTest {
 protected:
  static testing::VerbRun test_with(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "rules");
    return run(&test, arguments);
  }
  // One file of that text, besides rules.yml.
  static testing::VerbRun test_file(std::string_view yaml) {
    write("t.yml", yaml);
    return test_with({"t.yml"});
  }
  std::string kept(const std::string& name) const {
    return before_ / "tests/testdata/rules" / name;
  }
};

TEST_F(TestRules, PassWhatHolds) {
  for (const char* file : {"passing_test.yml", "order_test.yml", "since_3_test.yml"}) {
    const auto got = test_with({kept(file)});
    EXPECT_EQ(got.exit_code, 0) << file;
    EXPECT_EQ(got.out, "Unit Testing:  " + kept(file) + "\n  SUCCESS\n\n");
    EXPECT_EQ(got.err, "") << file;
  }
}

TEST_F(TestRules, SayWhatDoesNotHold) {
  const auto got = test_with({kept("failing_test.yml"), kept("passing_test.yml")});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.out, "Unit Testing:  " + kept("failing_test.yml") +
                         "\n\nUnit Testing:  " + kept("passing_test.yml") + "\n  SUCCESS\n\n");
  EXPECT_THAT(got.err, StartsWith(R"(  FAILED:
    name: wrong label,
    alertname: InstanceDown, time: 10m,
        exp:[
            0:
              Labels:{alertname="InstanceDown", instance="a", job="db", severity="ticket"}
              Annotations:{summary="a of db is down", value="0"}
            ],
        got:[
            0:
              Labels:{alertname="InstanceDown", instance="a", job="db", severity="page"}
              Annotations:{summary="a of db is down", value="0"}
            ]
    name: missing alert,
    alertname: InstanceDown, time: 10m,
        exp:[
            0:
              Labels:{alertname="InstanceDown", job="db"}
              Annotations:{}
            ],
        got:[]
)"));
  for (const char* part : {
           "expr: \"vector(1)\", time: 0s,\n        exp: {} 2\n        got: {} 1\n",
           "expr: \"nothing\", time: 0s,\n        exp: nothing 2\n        got: nil\n",
           "expr: \"\\\"text\\\"\", time: 0s, err: rule result is not a vector or scalar\n",
           "expr: \"sum(\", time: 0s, err: 1:5: parse error: unclosed left parenthesis\n",
           "err: labels \"{\": 1:2: parse error: unexpected end of input inside braces\n",
           "name: not a series, err: ",
           "failing_test.yml:57:27: 1:4: parse error: unexpected end of input inside braces\n",
           "failing_test.yml:60:39: series values: expected a number at \"+\"\n",
       }) {
    EXPECT_THAT(got.err, HasSubstr(part));
  }
  EXPECT_THAT(test_with({kept("failing_rule_test.yml")}).err,
              HasSubstr("rule: merged, time: 2m, err: vector cannot contain metrics with the same "
                        "labelset\n"));
}

TEST_F(TestRules, EveryTestOfTheFailingFileFails) {
  test_with({"--junit=j.xml", kept("failing_test.yml")});
  std::ifstream file("j.xml");
  const std::string xml{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(xml, HasSubstr("tests=\"12\" failures=\"12\" errors=\"0\" skipped=\"0\""));
}

TEST_F(TestRules, RunOnlyWhatIsAskedFor) {
  const auto got = test_with({"--run=^wrong", "--run", "missing s", kept("failing_test.yml")});
  EXPECT_EQ(got.exit_code, 1);
  const auto count = [&](std::string_view text) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = got.err.find(text, at)) != std::string::npos; ++at) ++n;
    return n;
  };
  EXPECT_EQ(count("name: wrong label"), 1U);
  EXPECT_EQ(count("name: wrong value"), 1U);
  EXPECT_EQ(count("name: missing sample"), 1U);
  EXPECT_EQ(count("    name: "), 3U);
  EXPECT_EQ(test_with({"--run=nothing of that name", kept("failing_test.yml")}).exit_code, 0);
}

TEST_F(TestRules, ShowDifferencesInColors) {
  const auto got = test_with({"--diff", "--run=unexpected|value", kept("failing_test.yml")});
  EXPECT_THAT(got.err, HasSubstr("        diff:\n            \x1b[31m- {} 2\x1b[0m\n"
                                 "            \x1b[32m+ {} 1\x1b[0m\n"));
  EXPECT_THAT(got.err, HasSubstr("        diff:\n            \x1b[32m+ Labels:{"));
  EXPECT_THAT(got.err, Not(HasSubstr("exp:")));
}

TEST_F(TestRules, RefuseFilesThatAreNotTests) {
  write("bad.yml", "groups: [{name: a, rules: [{record: a, expr: 'sum('}]}]");
  struct Case {
    const char* yaml;
    const char* err;
  };
  const Case cases[] = {
      {"foo: 1", "t.yml:1:1: foo: unknown key"},
      {"tests: [{foo: 1}]", "t.yml:1:10: tests[0].foo: unknown key"},
      {"evaluation_interval: 7", "t.yml:1:22: evaluation_interval: expected a duration"},
      {"group_eval_order: [a, a]", "t.yml:1:19: group_eval_order: the group \"a\" twice"},
      {"tests: [{alert_rule_test: [{eval_time: 1m}]}]",
       "t.yml:1:28: tests[0].alert_rule_test[0].alertname: expected the name of an alert"},
      {"tests: [{promql_expr_test: [{exp_samples: [{value: x}]}]}]", "expected a number"},
      {"tests: [{start_timestamp: soon}]",
       "t.yml:1:27: tests[0].start_timestamp: expected seconds since 1970"},
      {"tests: [{input_series: [{series: 'a', values: '{{count:1}}'}]}]",
       "native histograms are not stored"},
      {"tests: [{input_series: [{values: '1'}]}]", "t.yml:1:25: 1:1: parse error"},
      {"tests: [{input_series: [{series: '{}', values: '1'}]}]", "t.yml:1:34: expected a series"},
      {"tests: [{promql_expr_test: [{expr: x, exp_samples: [{histogram: '{{}}'}]}]}]",
       "native histograms are not stored"},
      {"rule_files: [bad.yml]", "bad.yml:1:46: group \"a\", rule 1, \"a\": could not parse"},
      {"rule_files: ['[']", "["},
      {"tests: [{start_timestamp: 1e15}]", "times from 1678 to 2262 can be tested"},
      {"evaluation_interval: 1ms\ntests: [{promql_expr_test: [{expr: x, eval_time: 10y}]}]",
       "more than 10000000 evaluations"},
  };
  for (const Case& c : cases) {
    const auto got = test_file(c.yaml);
    EXPECT_EQ(got.exit_code, 1) << c.yaml;
    EXPECT_THAT(got.err, StartsWith("  FAILED:\n")) << c.yaml;
    EXPECT_THAT(got.err, HasSubstr(c.err)) << c.yaml;
  }
}

TEST_F(TestRules, WarnOfRuleFilesThatAreNotThere) {
  const auto got = test_file("rule_files: ['no*.yml', no.yml]");
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.err,
            "  WARNING: no file match pattern no*.yml\n  WARNING: no file match pattern no.yml\n");
}

TEST_F(TestRules, TakeNanForNan) {
  EXPECT_EQ(test_file("tests: [{promql_expr_test: [{expr: 'vector(0/0)', exp_samples: [{value: "
                      ".nan}]}]}]")
                .exit_code,
            0);
}

TEST_F(TestRules, GiveSubqueriesTheEvaluationInterval) {
  EXPECT_EQ(test_file("evaluation_interval: 10s\ntests: [{promql_expr_test: [{expr: "
                      "'count_over_time(vector(1)[1m:])', eval_time: 1m, exp_samples: [{value: "
                      "6}]}]}]")
                .exit_code,
            0);
}

TEST_F(TestRules, IgnoreUnknownKeysOfRulesIfAsked) {
  write("r.yml", "groups: [{name: a, team: x, rules: [{record: b, expr: vector(7)}]}]");
  write("t.yml",
        "rule_files: [r.yml]\n"
        "tests: [{promql_expr_test: [{expr: b, exp_samples: [{labels: b, value: 7}]}]}]");
  EXPECT_EQ(test_with({"t.yml"}).exit_code, 1);
  EXPECT_EQ(test_with({"--ignore-unknown-fields", "t.yml"}).exit_code, 0);
}

TEST_F(TestRules, RefuseACommandLine) {
  write("t.yml", "");
  std::filesystem::create_directory("folder");
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, "test-rule-file"},
      {{"no.yml"}, "path 'no.yml' does not exist"},
      {{"folder"}, "'folder' is a directory"},
      {{"--run=(", "t.yml"}, "--run"},
      {{"--junit=no/j.xml", "t.yml"}, "--junit: cannot write no/j.xml"},
  };
  for (const auto& [arguments, named] : cases) {
    const auto got = test_with(arguments);
    EXPECT_EQ(got.exit_code, 1) << named;
    EXPECT_EQ(got.out, "") << named;
    EXPECT_THAT(got.err, HasSubstr(named));
  }
  EXPECT_EQ(test_with({"t.yml"}).exit_code, 0);
}

TEST(Junit, EscapesWhatXmlCannotHold) {
  EXPECT_EQ(junit_xml({{"a<b>", "2015-07-01T20:10:30", {{"x", {"1 & 2\n\"3\"\x01"}, {}}}},
                       {"c", "", {{"unknown", {}, "why"}}}}),
            "<testsuites><testsuite name=\"a&lt;b&gt;\" tests=\"1\" failures=\"1\" errors=\"0\" "
            "skipped=\"0\" timestamp=\"2015-07-01T20:10:30\"><testcase name=\"x\"><failure>1 "
            "&amp; 2&#xA;&#34;3&#34;\xEF\xBF\xBD</failure></testcase></testsuite><testsuite "
            "name=\"c\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" timestamp=\"\">"
            "<testcase name=\"unknown\"><error>why</error></testcase></testsuite></testsuites>");
}

}  // namespace
}  // namespace silverback::cmd
