#include "discovery/target_document.h"

#include <gtest/gtest.h>

namespace silverback::discovery {
namespace {

// `source{labels} target target …` for each group, or the error.
std::string parsed(std::string_view document, DocumentFormat format) {
  const auto groups = parse_targets(document, format, "there", "__meta_filepath");
  if (!groups) return groups.error().message;
  std::string text;
  for (const TargetGroup& group : *groups) {
    text += group.source + group.labels.to_string();
    for (const Labels& target : group.targets) text += " " + target.to_string();
    text += "\n";
  }
  return text;
}
std::string json(std::string_view document) { return parsed(document, DocumentFormat::kJson); }
std::string yaml(std::string_view document) { return parsed(document, DocumentFormat::kYaml); }

constexpr std::string_view kTwoGroups =
    R"(there:0{__meta_filepath="there", job="node"} {__address__="a:1"} {__address__="b:2"}
there:1{__meta_filepath="there"}
)";

TEST(TargetDocument, IsReadFromJson) {
  EXPECT_EQ(json(R"([{"targets": ["a:1", "b:2"], "labels": {"job": "node"}}, {}])"), kTwoGroups);
}

TEST(TargetDocument, IsReadFromYaml) {
  EXPECT_EQ(yaml("- targets: [a:1, b:2]\n  labels:\n    job: node\n- targets: []\n"), kTwoGroups);
  EXPECT_EQ(yaml("- labels: {port: 80}\n"), "there:0{__meta_filepath=\"there\", port=\"80\"}\n");
}

TEST(TargetDocument, MayBeEmptyOrHaveNothingInIt) {
  EXPECT_EQ(json("[]"), "");
  EXPECT_EQ(json("null"), "");
  EXPECT_EQ(yaml(""), "");
  EXPECT_EQ(json(R"([{"targets": null, "labels": null}])"), "there:0{__meta_filepath=\"there\"}\n");
}

TEST(TargetDocument, TakesJsonKeysInAnyCase) {
  EXPECT_EQ(json(R"([{"Targets": ["a:1"], "LABELS": {"Job": "x"}}])"),
            "there:0{Job=\"x\", __meta_filepath=\"there\"} {__address__=\"a:1\"}\n");
  EXPECT_EQ(yaml("- Targets: []\n"), R"(group 1: unknown key "Targets")");
}

TEST(TargetDocument, CannotSayWhereItComesFrom) {
  EXPECT_EQ(json(R"([{"labels": {"__meta_filepath": "elsewhere"}}])"),
            "there:0{__meta_filepath=\"there\"}\n");
}

TEST(TargetDocument, LeavesOutLabelsWithoutValue) {
  EXPECT_EQ(json(R"([{"labels": {"a": ""}}])"), "there:0{__meta_filepath=\"there\"}\n");
}

TEST(TargetDocument, SaysWhatIsWrong) {
  struct Case {
    std::string_view document, want;
  };
  constexpr Case kJsonCases[] = {
      {"[", "not JSON: incomplete JSON"},
      {"", "not JSON: incomplete JSON"},
      {"[] x", "not JSON: extra data"},
      {"{}", "expected a list of groups"},
      {"\"a:1\"", "expected a list of groups"},
      {"[null]", "group 1: expected a mapping"},
      {R"([{}, "a:1"])", "group 2: expected a mapping"},
      {R"([{}, {"target": []}])", R"(group 2: unknown key "target")"},
      {R"([{"targets": "a:1"}])", "group 1: targets: expected a list"},
      {R"([{"targets": ["a:1", null]}])", "group 1: targets: item 2: expected a text"},
      {R"([{"targets": [["a:1"]]}])", "group 1: targets: item 1: expected a text"},
      {R"([{"targets": [9100]}])", "expected a text, not 9100"},
      {R"([{"labels": []}])", "group 1: labels: expected a mapping"},
      {R"([{"labels": {"a": null}}])", "group 1: labels: a: expected a text"},
      {R"([{"labels": {"a": true}}])", "expected a text, not true"},
      {R"([{"labels": {"": "a"}}])", R"(group 1: labels: "" is not a label name)"},
  };
  for (const auto& [document, want] : kJsonCases) EXPECT_EQ(json(document), want) << document;
  EXPECT_EQ(yaml("- targets: [a:1\n"),
            "2:1: while parsing a flow sequence, did not find expected ',' or ']'");
  EXPECT_EQ(yaml("- targets: []\n  targets: []\n"),
            R"(2:3: duplicate key "targets", first at 1:3)");
}

TEST(TargetDocument, IsUtf8) {
  EXPECT_EQ(json("[{\"targets\": [\"a\xff:1\"]}]"), "not JSON: syntax error");
  EXPECT_EQ(yaml("- targets: [\"a\xff:1\"]\n").substr(0, 2), "1:");
}

TEST(TargetDocument, HasABoundedDepth) {
  EXPECT_EQ(json(std::string(1000, '[')), "not JSON: too deep");
}

TEST(TargetDocument, HasABoundedSize) {
  EXPECT_EQ(json(std::string(kDocumentBytesMax + 1, ' ')), "more than 33554432 bytes");
}

}  // namespace
}  // namespace silverback::discovery
