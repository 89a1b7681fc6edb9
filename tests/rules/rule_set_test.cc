#include "rules/rule_set.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/testing/memory_file_system.h"

namespace silverback::rules {
namespace {

Result<std::vector<GroupSpec>> groups(const std::string& text, const GroupDefaults& defaults = {}) {
  const Result<config::RuleFile> file = config::parse_rule_file(text, "r.yml");
  if (!file) return fail(file.error());
  return make_groups(*file, "r.yml", defaults, {});
}

TEST(MakeGroups, FillsInWhatTheGroupAndTheServerSay) {
  const auto made = groups(R"yaml(
groups:
- name: a
  labels: {team: x, severity: low}
  rules:
  - record: r:a
    expr: sum   by(job) (up)
    labels: {severity: high}
- name: b
  interval: 10s
  query_offset: 5s
  limit: 7
  rules:
  - alert: B
    expr: up==0
    for: 1m
    keep_firing_for: 2m
    labels: {l: "{{ $value }}"}
    annotations: {s: plain}
)yaml",
                           {.interval = 30'000, .query_offset = 1'000});
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->size(), 2U);
  const GroupSpec& a = (*made)[0];
  EXPECT_EQ(a.file + a.name, "r.ymla");
  EXPECT_EQ(a.interval, 30'000);
  EXPECT_EQ(a.query_offset, 1'000);
  EXPECT_EQ(a.rules.at(0).query, "sum by (job) (up)");
  EXPECT_EQ(a.rules.at(0).text.labels.at("severity"), "high");
  EXPECT_EQ(a.rules.at(0).text.labels.at("team"), "x");
  EXPECT_TRUE(a.rules.at(0).labels.empty()) << "labels of recording rules are no templates";
  const GroupSpec& b = (*made)[1];
  EXPECT_EQ(b.interval, 10'000);
  EXPECT_EQ(b.query_offset, 5'000);
  EXPECT_EQ(b.limit, 7U);
  EXPECT_EQ(b.rules.at(0).labels.size(), 1U);
  EXPECT_EQ(b.rules.at(0).annotations.size(), 1U);
}

TEST(MakeGroups, SaysWhereAnExpressionOrTemplateIsWrong) {
  const auto made = groups(R"yaml(groups:
- name: g
  rules:
  - record: r:a
    expr: sum(
  - alert: A
    expr: up
    labels: {l: "{{ end }}"}
    annotations: {s: "{{ nope }}"}
)yaml");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(made.error().message,
            "r.yml:5:11: group \"g\", rule 1, \"r:a\": could not parse expression: 1:5: parse "
            "error: unclosed left parenthesis\n"
            "r.yml:6:5: group \"g\", rule 2, \"A\": label \"l\": template: __alert_A:1: unexpected "
            "{{end}}\n"
            "r.yml:6:5: group \"g\", rule 2, \"A\": annotation \"s\": template: __alert_A:1: "
            "function \"nope\" not defined");
}

TEST(LoadGroups, TellsTheProblemsOfAllFiles) {
  testing::MemoryFileSystem files;
  ASSERT_TRUE(files.create_directories("/r"));
  const auto write = [&](const std::string& path, std::string_view text) {
    ASSERT_TRUE((*files.create(path))->append(std::as_bytes(std::span(text))));
  };
  write("/r/good.yml", "groups:\n- name: g\n  rules:\n  - {record: a, expr: b}\n");
  write("/r/form.yml", "groups:\n- nome: g\n");
  write("/r/expr.yml", "groups:\n- name: g\n  rules:\n  - {record: a, expr: b b}\n");
  const auto good = load_groups(files, {"/r/good.yml"}, {}, {});
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->size(), 1U);
  const auto bad = load_groups(files, {"/r/form.yml", "/r/good.yml", "/r/expr.yml"}, {}, {});
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("/r/form.yml:2:3"), std::string::npos) << bad.error().message;
  EXPECT_NE(bad.error().message.find("/r/expr.yml:4:"), std::string::npos) << bad.error().message;
  const auto missing = load_groups(files, {"/r/none.yml"}, {}, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

TEST(SameGroup, IsAboutWhatIsWritten) {
  const std::string base = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up}\n";
  const auto same = [&](const std::string& other) {
    return same_group(groups(base)->at(0), groups(other)->at(0));
  };
  EXPECT_TRUE(same(base));
  EXPECT_TRUE(same("groups:\n- name: g\n  rules:\n\n  - alert: A\n    expr: ' up '\n"));
  for (const char* other :
       {"groups:\n- name: h\n  rules:\n  - {alert: A, expr: up}\n",
        "groups:\n- name: g\n  limit: 1\n  rules:\n  - {alert: A, expr: up}\n",
        "groups:\n- name: g\n  interval: 1s\n  rules:\n  - {alert: A, expr: up}\n",
        "groups:\n- name: g\n  query_offset: 1s\n  rules:\n  - {alert: A, expr: up}\n",
        "groups:\n- name: g\n  labels: {a: b}\n  rules:\n  - {alert: A, expr: up}\n",
        "groups:\n- name: g\n  rules:\n  - {alert: B, expr: up}\n",
        "groups:\n- name: g\n  rules:\n  - {record: A, expr: up}\n",
        "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up > 0}\n",
        "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up, for: 1m}\n",
        "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up, keep_firing_for: 1m}\n",
        "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up, annotations: {a: b}}\n",
        "groups:\n- name: g\n  rules: []\n"}) {
    EXPECT_FALSE(same(other)) << other;
  }
}

}  // namespace
}  // namespace silverback::rules
