#include "cmd/check.h"

#include <gmock/gmock.h>

#include "tests/cmd/verb_run.h"

namespace silverback::cmd {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kRules = R"(
groups:
- name: a
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
  - alert: Down
    expr: up == 0
    labels: {severity: page}
    annotations: {summary: "{{ $labels.instance }} is {{ $value | humanize }}"}
)";

constexpr std::string_view kTwice = R"(
groups:
- name: a
  labels: {a: b}
  rules:
  - {record: "x:y", expr: sum(up)}
  - {record: "x:y", expr: min(up), labels: {c: d}}
- name: b
  rules:
  - {record: "x:y", expr: max(up), labels: {a: b}}
)";

constexpr std::string_view kWrong = R"(groups:
- name: a
  rules:
  - record: x:y
    expr: sum(up
  - alert: A
    expr: up
    labels: {severity: "{{ .x"}
    annotations: {foo: "{{ bar }}"}
)";

class Check : public testing::VerbTest {
 protected:
  static testing::VerbRun check_with(const std::vector<std::string>& arguments,
                                     const std::string& input = "") {
    return run(&check, arguments, input);
  }
  // `check config` over that text.
  static testing::VerbRun check_config(std::string_view yaml,
                                       std::vector<std::string> arguments = {}) {
    write("p.yml", yaml);
    arguments.insert(arguments.begin(), "config");
    arguments.emplace_back("p.yml");
    return run(&check, arguments);
  }
};

TEST_F(Check, RulesCountsWhatItFinds) {
  write("r.yml", kRules);
  write("empty.yml", "");
  const auto got = check_with({"rules", "r.yml", "empty.yml"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.out,
            "Checking r.yml\n  SUCCESS: 2 rules found\n\n"
            "Checking empty.yml\n  SUCCESS: 0 rules found\n\n");
  EXPECT_EQ(got.err, "");
}

TEST_F(Check, RulesReadsStandardInputWithoutFiles) {
  EXPECT_EQ(check_with({"rules"}, std::string(kRules)).out,
            "Checking standard input\n  SUCCESS: 2 rules found\n\n");
  const auto wrong = check_with({"rules"}, "group: []");
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_EQ(wrong.err, "  FAILED:\nstandard input:1:1: group: unknown key\n");
}

TEST_F(Check, RulesSaysAllThatIsWrongAndGoesOn) {
  write("wrong.yml", kWrong);
  write("r.yml", kRules);
  const auto got = check_with({"rules", "wrong.yml", "r.yml"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.out, "Checking wrong.yml\n\nChecking r.yml\n  SUCCESS: 2 rules found\n\n");
  EXPECT_EQ(got.err,
            "  FAILED:\n"
            "wrong.yml:5:11: group \"a\", rule 1, \"x:y\": could not parse expression: 1:7: parse "
            "error: unclosed left "
            "parenthesis\n"
            "wrong.yml:6:5: group \"a\", rule 2, \"A\": label \"severity\": template: __alert_A:1: "
            "unclosed "
            "action\n"
            "wrong.yml:6:5: group \"a\", rule 2, \"A\": annotation \"foo\": template: __alert_A:1: "
            "function "
            "\"bar\" not defined\n");
}

TEST_F(Check, RulesWarnsOfRulesThatWriteTheSame) {
  write("twice.yml", kTwice);
  const std::string lint =
      "  FAILED:\nlint error 1 duplicate rule(s) found.\nMetric: x:y\nLabel(s):\n\ta: b\n"
      "Might cause inconsistency while recording expressions\n";
  struct Case {
    std::vector<std::string> flags;
    int exit_code;
    std::string err;
  };
  const Case cases[] = {
      {{}, 0, lint},
      {{"--lint-fatal"}, 3, lint},
      {{"--lint=all", "--lint-fatal"}, 3, lint},
      {{"--lint", "duplicate-rules", "--lint-fatal"}, 3, lint},
      {{"--lint=none", "--lint-fatal"}, 0, ""},
      {{"--lint=", "--lint-fatal"}, 0, ""},
      {{"--lint=none,all", "--lint-fatal"}, 0, ""},
  };
  for (const Case& c : cases) {
    std::vector<std::string> arguments = {"rules", "twice.yml"};
    arguments.insert(arguments.end(), c.flags.begin(), c.flags.end());
    const auto got = check_with(arguments);
    EXPECT_EQ(got.exit_code, c.exit_code) << ::testing::PrintToString(c.flags);
    EXPECT_EQ(got.err, c.err) << ::testing::PrintToString(c.flags);
  }
  const auto unknown = check_with({"rules", "--lint=foo", "twice.yml"});
  EXPECT_THAT(unknown.out, StartsWith("WARNING: unknown lint option: \"foo\"\n"));
  EXPECT_EQ(unknown.exit_code, 0);
}

TEST_F(Check, RulesTakesUnknownKeysIfAsked) {
  write("r.yml", "groups: [{name: a, team: x, rules: [{record: b, expr: up, runbook: y}]}]");
  EXPECT_EQ(check_with({"rules", "r.yml"}).exit_code, 1);
  EXPECT_EQ(check_with({"rules", "--ignore-unknown-fields", "r.yml"}).exit_code, 0);
}

TEST_F(Check, RulesNeedTheirFeatures) {
  write("r.yml", "groups: [{name: a, rules: [{record: b, expr: 'sort_by_label(up, \"job\")'}]}]");
  EXPECT_EQ(check_with({"rules", "r.yml"}).exit_code, 1);
  EXPECT_EQ(
      check_with({"rules", "--enable-feature=promql-experimental-functions", "r.yml"}).exit_code,
      0);
  const auto unknown = check_with({"rules", "--enable-feature=foo", "r.yml"});
  EXPECT_THAT(unknown.err, HasSubstr("WARNING: Unknown option for --enable-feature: foo"));
}

TEST_F(Check, RefusesACommandLineBeforeItChecks) {
  write("r.yml", kRules);
  std::filesystem::create_directory("folder");
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, "subcommand"},
      {{"foo"}, "foo"},
      {{"config"}, "config-files"},
      {{"rules", "--foo", "r.yml"}, "--foo"},
      {{"rules", "--syntax-only", "r.yml"}, "--syntax-only"},
      {{"rules", "r.yml", "no.yml"}, "path 'no.yml' does not exist"},
      {{"config", "folder"}, "'folder' is a directory"},
      {{"config", "--query.lookback-delta=soon", "r.yml"}, "--query.lookback-delta"},
  };
  for (const auto& [arguments, named] : cases) {
    const auto got = check_with(arguments);
    EXPECT_EQ(got.exit_code, 1) << named;
    EXPECT_EQ(got.out, "") << named;
    EXPECT_THAT(got.err, StartsWith("silverback: error: "));
    EXPECT_THAT(got.err, HasSubstr(named));
  }
  const auto help = check_with({"rules", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("--lint-fatal"));
}

TEST_F(Check, ConfigChecksItsRuleFiles) {
  write("rules/a.yml", kRules);
  write("rules/b.yml", kTwice);
  const auto got = check_config("rule_files: ['rules/*.yml']", {"--lint-fatal"});
  EXPECT_EQ(got.exit_code, 3);
  EXPECT_EQ(got.out,
            "Checking p.yml\n  SUCCESS: 2 rule files found\n"
            " SUCCESS: p.yml is valid prometheus config file syntax\n\n"
            "Checking rules/a.yml\n  SUCCESS: 2 rules found\n\n"
            "Checking rules/b.yml\n\n");
  EXPECT_THAT(got.err, HasSubstr("1 duplicate rule(s) found"));

  write("rules/b.yml", kWrong);
  EXPECT_EQ(check_config("rule_files: ['rules/*.yml']", {"--lint-fatal"}).exit_code, 1);
  EXPECT_EQ(check_config("rule_files: ['rules/*.yml']", {"--syntax-only"}).exit_code, 0);
}

TEST_F(Check, ConfigSaysWhatIsWrong) {
  const auto got = check_config("global: {scrape_interval: 20}\nfoo: 1");
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.out, "Checking p.yml\n\n");
  EXPECT_EQ(got.err,
            "  FAILED: p.yml:1:27: global.scrape_interval: expected a duration such as 30s or "
            "1h30m, not \"20\"\np.yml:2:1: foo: unknown key\n");
  EXPECT_EQ(check_config("").exit_code, 0);
}

TEST_F(Check, ConfigWantsTheFilesThatAreNamed) {
  write("cert.pem", "x");
  write("ok.json", R"([{"targets": ["a:1"], "labels": {"x": "y"}}])");
  write("ok.yml", "- targets: [a, b]");
  write("unknown.json", R"([{"targetz": ["a:1"]}])");
  write("cut.json", R"([{"targets": )");
  write("url.yml", "- targets: ['http://a']");
  struct Case {
    const char* yaml;
    int exit_code;
    const char* out;
    const char* err;
  };
  const Case cases[] = {
      {"rule_files: [no.yml]", 1, "", "FAILED: \"no.yml\" does not point to an existing file"},
      {"rule_files: ['no*.yml']", 0, "WARNING: rule_files: there is no file \"no*.yml\"", ""},
      {"scrape_configs: [{job_name: a, tls_config: {cert_file: cert.pem, key_file: no}}]", 1, "",
       "FAILED: scrape job \"a\": tls_config.key_file: open no: No such file or directory"},
      {"scrape_configs: [{job_name: a, bearer_token_file: no}]", 1, "",
       "FAILED: scrape job \"a\": authorization.credentials_file: open no: No such file"},
      {"scrape_configs: [{job_name: a, tls_config: {ca_file: no}}]", 0,
       "WARNING: scrape job \"a\": tls_config.ca_file: open no: No such file", ""},
      {"scrape_configs: [{job_name: a, basic_auth: {password_file: no}}]", 0,
       "WARNING: scrape job \"a\": basic_auth.password_file: open no: No such file", ""},
      {"alerting: {alertmanagers: [{tls_config: {ca_file: no}}]}", 0,
       "WARNING: alertmanager config: tls_config.ca_file: open no: No such file", ""},
      {"scrape_configs: [{job_name: a, file_sd_configs: [{files: ['ok*.json', ok.yml]}]}]", 0,
       " SUCCESS", ""},
      {"scrape_configs: [{job_name: a, file_sd_configs: [{files: [no.yml]}]}]", 0,
       "WARNING: file \"no.yml\" for file_sd in scrape job \"a\" does not exist", ""},
      {"scrape_configs: [{job_name: a, file_sd_configs: [{files: [unknown.json]}]}]", 1, "",
       "FAILED: checking SD file \"unknown.json\": group 1: unknown key \"targetz\""},
      {"scrape_configs: [{job_name: a, file_sd_configs: [{files: [cut.json]}]}]", 1, "",
       "FAILED: checking SD file \"cut.json\": not JSON: "},
      {"alerting: {alertmanagers: [{file_sd_configs: [{files: [url.yml]}]}]}", 1, "",
       "FAILED: checking SD file \"url.yml\": instance 0 in group 0: \"http://a\" is not a valid "
       "hostname"},
  };
  for (const Case& c : cases) {
    const auto got = check_config(c.yaml);
    EXPECT_EQ(got.exit_code, c.exit_code) << c.yaml << got.err;
    EXPECT_THAT(got.out, HasSubstr(c.out)) << c.yaml;
    EXPECT_THAT(got.err, HasSubstr(c.err)) << c.yaml;
    EXPECT_EQ(check_config(c.yaml, {"--syntax-only"}).exit_code, 0) << c.yaml;
  }
}

TEST_F(Check, ConfigLooksAtTargetsAsRelabellingMakesThem) {
  write("url.yml", "- targets: ['http://a/b']");
  const std::string to_param = "{source_labels: [__address__], target_label: __param_target}";
  const std::string to_exporter = "{target_label: __address__, replacement: 'exporter:9115'}";
  const auto job = [](const std::string& rules) {
    return "scrape_configs: [{job_name: a, relabel_configs: [" + rules +
           "], static_configs: [{targets: ['c:1', 'http://a/b']}], file_sd_configs: [{files: "
           "[url.yml]}]}]";
  };
  for (const bool syntax_only : {false, true}) {
    const std::vector<std::string> flags = {syntax_only ? "--syntax-only" : "--lint=none"};
    EXPECT_EQ(check_config(job(to_param + ", " + to_exporter), flags).exit_code, 0);
    EXPECT_EQ(
        check_config(job("{source_labels: [__address__], regex: 'http.*', action: drop}"), flags)
            .exit_code,
        0);
    const auto wrong = check_config(job(to_param), flags);
    EXPECT_EQ(wrong.exit_code, 1);
    EXPECT_THAT(wrong.err, HasSubstr("FAILED: scrape job \"a\": instance 1 in group 0: "
                                     "\"http://a/b\" is not a valid hostname\n"));
    const auto named = HasSubstr("FAILED: checking SD file \"url.yml\": instance 0 in group 0");
    if (!syntax_only) {
      EXPECT_THAT(wrong.err, named);
    }
  }
  EXPECT_THAT(check_config(job("{target_label: __address__, replacement: ''}")).err,
              HasSubstr("instance 0 in group 0: no address"));
}

TEST_F(Check, ConfigIncludesScrapeConfigFiles) {
  write("jobs/a.yml", "scrape_configs: [{job_name: a, foo: 1}]");
  const auto got = check_config("scrape_config_files: ['jobs/*.yml']");
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.err, "  FAILED: jobs/a.yml:1:32: scrape_configs[0].foo: unknown key\n");
  EXPECT_EQ(check_config("scrape_config_files: ['jobs/*.yml']", {"--syntax-only"}).exit_code, 0);
}

TEST_F(Check, ConfigWarnsOfWhatTheServerDoesNotRun) {
  const auto got = check_config("remote_read: [{url: 'http://h/'}]\ntracing: {endpoint: 'h:1'}");
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.err,
            "  WARNING: tracing: this server exports no traces (ignored)\n"
            "  WARNING: remote_read: reading from another server is not built (the server does "
            "not start with it)\n");
  EXPECT_THAT(got.out, HasSubstr(" SUCCESS: p.yml is valid"));
}

TEST_F(Check, ConfigWarnsOfScrapesThatLookbackMisses) {
  constexpr std::string_view kSlow = "scrape_configs: [{job_name: a, scrape_interval: 5m}]";
  struct Case {
    std::vector<std::string> flags;
    int exit_code;
  };
  const Case cases[] = {
      {{"--lint-fatal"}, 0},
      {{"--lint-fatal", "--lint=all"}, 3},
      {{"--lint-fatal", "--lint=too-long-scrape-interval"}, 3},
      {{"--lint=too-long-scrape-interval"}, 0},
      {{"--lint-fatal", "--lint=all", "--query.lookback-delta=6m"}, 0},
      {{"--lint-fatal", "--lint=all", "--syntax-only"}, 0},
  };
  for (const Case& c : cases) {
    const auto got = check_config(kSlow, c.flags);
    EXPECT_EQ(got.exit_code, c.exit_code) << ::testing::PrintToString(c.flags);
    const auto named = HasSubstr("too long scrape interval found");
    if (c.exit_code == 3) {
      EXPECT_THAT(got.err, named);
    }
  }
}

}  // namespace
}  // namespace silverback::cmd
