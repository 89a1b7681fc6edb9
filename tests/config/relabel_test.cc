#include "config/relabel.h"

#include <gtest/gtest.h>

namespace silverback::config {
namespace {

// The labels after all rules, or "dropped".
std::string relabeled(const Labels& labels, std::vector<RelabelRule> rules) {
  const Result<Relabeling> relabeling = Relabeling::make(std::move(rules));
  if (!relabeling) return "error " + relabeling.error().message;
  LabelsBuilder builder(labels);
  return relabeling->apply(builder) ? builder.build().to_string() : "dropped";
}

RelabelRule rule(RelabelAction action) {
  RelabelRule made;
  made.action = action;
  return made;
}

using A = RelabelAction;

TEST(Relabel, ReplacesWhereTheRegexMatches) {
  const Labels labels = {{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};
  struct Case {
    RelabelRule rule;
    std::string_view want;
  };
  const Case cases[] = {
      {{.source_labels = {"a"},
        .regex = "f(.*)",
        .target_label = "d",
        .replacement = "ch${1}-ch${1}"},
       R"({a="foo", b="bar", c="baz", d="choo-choo"})"},
      {{.source_labels = {"a", "b"},
        .regex = "f(.*);(.*)r",
        .target_label = "a",
        .replacement = "b${1}${2}m"},
       R"({a="boobam", b="bar", c="baz"})"},
      {{.source_labels = {"a"}, .regex = "x.*", .target_label = "a", .replacement = "n"},
       R"({a="foo", b="bar", c="baz"})"},
      {{.source_labels = {"a"}, .regex = "foo", .target_label = "a", .replacement = ""},
       R"({b="bar", c="baz"})"},
      {{.source_labels = {"a"}, .regex = "oo", .target_label = "d"},
       R"({a="foo", b="bar", c="baz"})"},
      {{.target_label = "d", .replacement = "const"}, R"({a="foo", b="bar", c="baz", d="const"})"},
      {{.source_labels = {"missing"}, .target_label = "a"}, R"({b="bar", c="baz"})"},
      {{.source_labels = {"a", "b", "c"}, .separator = "-", .target_label = "d"},
       R"({a="foo", b="bar", c="baz", d="foo-bar-baz"})"},
      {{.source_labels = {"a"},
        .regex = "(?P<first>.)(.*)",
        .target_label = "${first}_x",
        .replacement = "$2"},
       R"({a="foo", b="bar", c="baz", f_x="oo"})"},
      {{.source_labels = {"missing"}, .regex = "(.*)", .target_label = "${1}", .replacement = "x"},
       R"({a="foo", b="bar", c="baz"})"},
      {{.source_labels = {"a"}, .target_label = "d", .replacement = "$$1 ${2} $1x"},
       R"({a="foo", b="bar", c="baz", d="$1  "})"},
  };
  for (const auto& [rule, want] : cases)
    EXPECT_EQ(relabeled(labels, {rule}), want) << rule.regex << " " << rule.target_label;
}

TEST(Relabel, KeepsAndDropsSets) {
  const Labels labels = {{"a", "foo"}, {"b", "foo"}, {"c", "x\ny"}};
  const auto with = [](A action, const char* source, const char* regex, const char* target) {
    RelabelRule made = rule(action);
    made.source_labels = {source};
    made.regex = regex;
    made.target_label = target;
    return made;
  };
  struct Case {
    A action;
    const char *source, *regex, *target;
    bool kept;
  };
  constexpr Case cases[] = {
      {A::kKeep, "a", "fo+", "", true},
      {A::kKeep, "a", "o+", "", false},
      {A::kDrop, "a", "foo|bar", "", false},
      {A::kDrop, "a", "bar", "", true},
      {A::kKeep, "missing", "", "", true},
      {A::kKeep, "c", "x.y", "", true},
      {A::kKeepEqual, "a", "(.*)", "b", true},
      {A::kKeepEqual, "a", "(.*)", "c", false},
      {A::kDropEqual, "a", "(.*)", "b", false},
      {A::kDropEqual, "a", "(.*)", "c", true},
      {A::kDropEqual, "missing", "(.*)", "absent", false},
  };
  for (const Case& c : cases)
    EXPECT_EQ(relabeled(labels, {with(c.action, c.source, c.regex, c.target)}) != "dropped", c.kept)
        << to_string(c.action) << " " << c.source << " " << c.regex;
}

TEST(Relabel, HashesLowersAndRaises) {
  const Labels labels = {{"a", "foo"}, {"b", "Bär"}, {"c", "baz"}};
  EXPECT_EQ(
      relabeled(
          labels,
          {{.source_labels = {"c"}, .modulus = 1000, .target_label = "d", .action = A::kHashMod}}),
      R"({a="foo", b="Bär", c="baz", d="976"})");
  EXPECT_EQ(relabeled(labels, {{.source_labels = {"a", "missing"},
                                .modulus = UINT64_MAX,
                                .target_label = "a",
                                .action = A::kHashMod}}),
            R"({a="6955495298519800092", b="Bär", c="baz"})");
  EXPECT_EQ(
      relabeled(labels,
                {{.source_labels = {"b", "a"}, .target_label = "b", .action = A::kUppercase}}),
      R"({a="foo", b="BÄR;FOO", c="baz"})");
  EXPECT_EQ(
      relabeled(labels, {{.source_labels = {"b"}, .target_label = "c", .action = A::kLowercase}}),
      R"({a="foo", b="Bär", c="bär"})");
}

TEST(Relabel, RenamesLabels) {
  const Labels labels = {
      {"__meta_my_bar", "aaa"}, {"__meta_my_baz", "bbb"}, {"__meta_other", "ccc"}, {"a", "foo"}};
  EXPECT_EQ(
      relabeled(labels, {{.regex = "__meta_(my.*)", .replacement = "${1}", .action = A::kLabelMap},
                         {.regex = "__meta_.*", .action = A::kLabelDrop}}),
      R"({a="foo", my_bar="aaa", my_baz="bbb"})");
  EXPECT_EQ(relabeled(labels, {{.regex = "a|__meta_other", .action = A::kLabelKeep}}),
            R"({__meta_other="ccc", a="foo"})");
  EXPECT_EQ(relabeled(labels, {{.regex = "a(.*)", .action = A::kLabelMap}}), labels.to_string())
      << "a label without a name is none";
}

TEST(Relabel, StopsAtTheRuleThatDrops) {
  const Labels labels = {{"a", "foo"}};
  LabelsBuilder builder(labels);
  const Relabeling relabeling =
      *Relabeling::make({{.target_label = "b", .replacement = "1"},
                         {.source_labels = {"a"}, .regex = "foo", .action = A::kDrop},
                         {.target_label = "c", .replacement = "2"}});
  EXPECT_FALSE(relabeling.apply(builder));
  EXPECT_EQ(builder.build().to_string(), R"({a="foo", b="1"})");
}

TEST(Relabel, RefusesRulesThatMakeNoSense) {
  struct Case {
    RelabelRule rule;
    std::string_view want;
  };
  const Case cases[] = {
      {{.action = A::kReplace}, "replace needs a target_label"},
      {{.target_label = "a", .action = A::kHashMod}, "hashmod needs a modulus above 0"},
      {{.modulus = 2, .action = A::kHashMod}, "hashmod needs a target_label"},
      {{.modulus = 2, .target_label = "\xff", .action = A::kHashMod},
       R"("\xff" is no label name, so no target_label of hashmod)"},
      {{.replacement = "", .action = A::kLabelMap},
       R"("" is no label name, so no replacement of labelmap)"},
      {{.target_label = "a", .replacement = "x", .action = A::kLowercase},
       "lowercase takes no replacement"},
      {{.regex = "x", .target_label = "a", .action = A::kKeepEqual},
       "keepequal takes source_labels and target_label and nothing else"},
      {{.source_labels = {"a"}, .regex = "x", .action = A::kLabelDrop},
       "labeldrop takes a regex and nothing else"},
      {{.regex = "x", .target_label = "a", .action = A::kLabelKeep},
       "labelkeep takes a regex and nothing else"},
      {{.regex = "(", .target_label = "a"}, "error parsing regexp: missing closing ): `(`"},
  };
  for (const auto& [rule, want] : cases)
    EXPECT_EQ(relabeled({}, {{.target_label = "ok"}, rule}),
              "error relabel rule 2: " + std::string(want));
}

TEST(Relabel, KnowsItsActionsByName) {
  for (const char* name : {"replace", "keep", "drop", "keepequal", "dropequal", "hashmod",
                           "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase"})
    EXPECT_EQ(to_string(*parse_relabel_action(name)), name);
  EXPECT_EQ(*parse_relabel_action("KEEP"), A::kKeep);
  EXPECT_EQ(parse_relabel_action("keeep").error().message, "unknown relabel action \"keeep\"");
}

TEST(Relabel, MakesNoNamesThatTheLegacySchemeDoesNotHave) {
  const Labels labels = {{"a", "x.y"}, {"m.b", "1"}, {"m_b", "2"}};
  const RelabelRule named = {
      .source_labels = {"a"}, .target_label = "${1}", .replacement = "v", .action = A::kReplace};
  RelabelRule mapped = rule(A::kLabelMap);
  mapped.regex = "m(.*)";
  EXPECT_EQ(relabeled(labels, {named}), R"({a="x.y", "m.b"="1", m_b="2", "x.y"="v"})");
  EXPECT_EQ(relabeled(labels, {mapped}), R"({".b"="1", _b="2", a="x.y", "m.b"="1", m_b="2"})");
  RelabelRule legacy_named = named, legacy_mapped = mapped;
  legacy_named.names = legacy_mapped.names = NameScheme::kLegacy;
  EXPECT_EQ(relabeled(labels, {legacy_named}), labels.to_string());
  EXPECT_EQ(relabeled(labels, {legacy_mapped}), R"({_b="2", a="x.y", "m.b"="1", m_b="2"})");
  legacy_named.target_label = "a.$1";
  EXPECT_EQ(relabeled(labels, {legacy_named}),
            "error relabel rule 1: \"a.$1\" is no label name, so no target_label of replace");
}

}  // namespace
}  // namespace silverback::config
