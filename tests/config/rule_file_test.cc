#include "config/rule_file.h"

#include <gtest/gtest.h>

namespace silverback::config {
namespace {

std::string verdict(std::string_view yaml) {
  const Result<RuleFile> file = parse_rule_file(yaml, "r.yml");
  return file ? "ok" : file.error().message;
}

TEST(RuleFile, SaysWhatIsWrongAndWhere) {
  struct Case {
    const char *yaml, *want;
  };
  // clang-format off
  constexpr Case cases[] = {
      {"", "ok"},
      {"groups:\n", "ok"},
      {"groups: [{name: a}]", "ok"},
      {"groups: [{name: a, rules: [{alert: x, expr: 1, labels: {a: }, annotations: {runbook_url: }}]}]", "ok"},
      {"groups: [{name: a, limit: 5, rules: [{record: a:b, expr: 1, labels: {x: y}}]}]", "ok"},
      {"group: []", "r.yml:1:1: group: unknown key"},
      {"groups: [{}]", "r.yml:1:10: groups[0].name: expected the group's name"},
      {"groups: [{name: a}, {name: a}]", "r.yml:1:28: groups[1].name: a second group of the name \"a\""},
      {"groups: [{name: a, interval: x}]", "r.yml:1:30: groups[0].interval: expected a duration such as 30s or 1h30m, not \"x\""},
      {"groups: [{name: a, rules: [{expr: 1}]}]", "r.yml:1:28: groups[0].rules[0]: expected a record or an alert"},
      {"groups: [{name: a, rules: [{alert: x}]}]", "r.yml:1:28: groups[0].rules[0].expr: expected an expression"},
      {"groups: [{name: a, rules: [{alert: x, record: y, expr: 1}]}]", "r.yml:1:36: groups[0].rules[0].alert: cannot stand next to record"},
      {"groups: [{name: a, rules: [{record: x, expr: 1, for: 5m}]}]", "r.yml:1:54: groups[0].rules[0].for: is for alerting rules"},
      {"groups: [{name: a, rules: [{record: 'x{}', expr: 1}]}]", "r.yml:1:37: groups[0].rules[0].record: expected the name of a metric, not \"x{}\""},
      {"groups: [{name: a, rules: [{alert: x, expr: 1, labels: {__name__: y}}]}]", "r.yml:1:56: groups[0].rules[0].labels: expected a label name, not \"__name__\""},
      {"groups: [{name: a, rules: [{alert: x, expr: 1, annotations: {'': y}}]}]", "r.yml:1:61: groups[0].rules[0].annotations: expected a name, not \"\""},
      {"groups: [{name: a, rules: [{alert: x, expr: 1, labels: {'': y}}]}]", "r.yml:1:56: groups[0].rules[0].labels: expected a label name, not \"\""},
      {"groups: [{name: a, labels: {__name__: y}}]", "r.yml:1:28: groups[0].labels: expected a label name, not \"__name__\""},
      {"groups: [{name: a, rules: [{record: x, expr: 1, keep_firing_for: 5m}]}]", "r.yml:1:66: groups[0].rules[0].keep_firing_for: is for alerting rules"},
      {"groups: [{name: a, rules: [{record: x, expr: 1, annotations: {a: b}}]}]", "r.yml:1:62: groups[0].rules[0].annotations: is for alerting rules"},
      {"groups: [{name: a, rules: [{record: x, expr: 1, for: 0s, annotations: {}}]}]", "ok"},
      {"groups: [{name: a, labels: {a.b: y}, rules: [{record: a.b, expr: 1, labels: {é: x}}, {alert: x, expr: 1, annotations: {a-b: y}}]}]", "ok"},
  };
  // clang-format on
  for (const auto& [yaml, want] : cases) EXPECT_EQ(verdict(yaml), want) << yaml;
}

TEST(RuleFile, HoldsNamesToTheLegacyScheme) {
  const std::string_view yaml =
      "groups:\n"
      "- name: a\n"
      "  labels: {g.h: x}\n"
      "  rules:\n"
      "  - {record: a.b, expr: 1, labels: {c.d: x}}\n"
      "  - {record: 'a:b', expr: 1, labels: {c_d: x}}\n"
      "  - {alert: a.b, expr: 1, annotations: {e-f: x}}\n";
  EXPECT_TRUE(parse_rule_file(yaml, "r.yml", {.names = NameScheme::kUtf8}));
  const Result<RuleFile> file = parse_rule_file(yaml, "r.yml", {.names = NameScheme::kLegacy});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message,
            "r.yml:3:11: groups[0].labels: expected a label name, not \"g.h\"\n"
            "r.yml:5:14: groups[0].rules[0].record: expected the name of a metric, not \"a.b\"\n"
            "r.yml:5:36: groups[0].rules[0].labels: expected a label name, not \"c.d\"\n"
            "r.yml:7:40: groups[0].rules[2].annotations: expected a name, not \"e-f\"");
}

TEST(RuleFile, GivesRulesWithTheirPlaces) {
  const std::string_view yaml =
      "groups:\n"
      "- name: node\n"
      "  interval: 30s\n"
      "  rules:\n"
      "  - alert: Down\n"
      "    expr: up == 0\n"
      "    for: 5m\n"
      "    keep_firing_for: 1m\n"
      "    labels:\n"
      "      severity: page\n"
      "    annotations:\n"
      "      summary: '{{ $labels.job }} is down'\n";
  const Result<RuleFile> file = parse_rule_file(yaml, "r.yml");
  ASSERT_TRUE(file) << file.error().message;
  const RuleGroup& group = file->groups[0];
  const Rule& rule = group.rules[0];
  EXPECT_EQ(group.interval, 30'000);
  EXPECT_EQ(group.query_offset, std::nullopt);
  EXPECT_TRUE(rule.is_alert());
  EXPECT_EQ(rule.name(), "Down");
  EXPECT_EQ(rule.expr, "up == 0");
  EXPECT_EQ(rule.hold, 300'000);
  EXPECT_EQ(rule.keep_firing_for, 60'000);
  EXPECT_EQ(rule.labels.at("severity"), "page");
  EXPECT_EQ(to_string(rule.place), "5:5");
  EXPECT_EQ(to_string(rule.expr_place), "6:11");
  EXPECT_EQ(print_rule_file(*file), yaml);
}

}  // namespace
}  // namespace silverback::config
