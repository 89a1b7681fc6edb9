#include "config/yaml.h"

#include <cmath>

#include <gtest/gtest.h>

namespace silverback::config {
namespace {

// The tree as one line: scalars as they are ("quoted" ones in quotes), [a, b], {k: v}.
std::string text_of(const YamlNode& node) {
  std::string text;
  switch (node.kind) {
    case YamlNode::Kind::kScalar:
      return node.quoted ? "\"" + node.text + "\"" : node.text;
    case YamlNode::Kind::kSequence:
      for (const YamlNode& item : node.items) text += (text.empty() ? "" : ", ") + text_of(item);
      return "[" + text + "]";
    case YamlNode::Kind::kMapping:
      for (const YamlNode::Entry& entry : node.entries)
        text += (text.empty() ? "" : ", ") + entry.key + ": " + text_of(entry.value);
      return "{" + text + "}";
  }
  return text;
}

std::string parsed(std::string_view yaml) {
  const Result<YamlNode> node = parse_yaml(yaml);
  return node ? text_of(*node) : "error " + node.error().message;
}

TEST(ParseYaml, TakesATextWithoutAnAddress) {
  const Result<YamlNode> node = parse_yaml(std::string_view());
  ASSERT_TRUE(node);
  EXPECT_TRUE(node->is_null());
}

TEST(Yaml, GivesTheTreeOfADocument) {
  struct Case {
    std::string_view yaml, want;
  };
  constexpr Case cases[] = {
      {"", ""},
      {"# nothing", ""},
      {"a", "a"},
      {"a: 1\nb: [x, 'y', \"z\\n\"]", "{a: 1, b: [x, \"y\", \"z\n\"]}"},
      {"- a\n- b: c\n  d: e\n-", "[a, {b: c, d: e}, ]"},
      {"a: |\n  x\n  y\nb: >-\n  x\n  y", "{a: \"x\ny\n\", b: \"x y\"}"},
      {"{a: {b: {}}, c: []}", "{a: {b: {}}, c: []}"},
      {"a: !!str 1\nb: !!int \"2\"", "{a: \"1\", b: 2}"},
      {"---\na: ü\n...\n", "{a: ü}"},
      {"\xef\xbb\xbf"
       "a: 1",
       "{a: 1}"},
      {"'<<': {a: 1}", "{<<: {a: 1}}"},
  };
  for (const auto& [yaml, want] : cases) EXPECT_EQ(parsed(yaml), want) << yaml;
}

TEST(Yaml, ResolvesAnchorsAndMergeKeys) {
  EXPECT_EQ(parsed("a: &x {k: 1, l: 2}\nb: *x\nc:\n  <<: *x\n  l: 3"),
            "{a: {k: 1, l: 2}, b: {k: 1, l: 2}, c: {l: 3, k: 1}}");
  EXPECT_EQ(parsed("- &x {k: 1}\n- &y {k: 2, m: 3}\n- {<<: [*x, *y], n: 4}"),
            "[{k: 1}, {k: 2, m: 3}, {n: 4, k: 1, m: 3}]");
  EXPECT_EQ(parsed("- &a 1\n- &a 2\n- *a"), "[1, 2, 2]") << "the newest before it";
}

TEST(Yaml, SaysWhatIsWrongAndWhere) {
  struct Case {
    std::string_view yaml, want;
  };
  constexpr Case cases[] = {
      {"a: 1\nb: 2\na: 3", "3:1: duplicate key \"a\", first at 1:1"},
      {"a:\n  b: 1\n  \"b\": 2", "3:3: duplicate key \"b\", first at 2:3"},
      {"a: 1\n---\nb: 2", "2:1: a second document is not read"},
      {"a: *b", "1:4: unknown anchor 'b' referenced"},
      {"&a [*a]", "1:5: unknown anchor 'a' referenced"},
      {"[a]: b", "1:1: a key must be a plain value"},
      {"<<: 1", "1:5: map merge requires map or sequence of maps as the value"},
      {"<<: [1]", "1:6: map merge requires map or sequence of maps as the value"},
      {"a: !!binary aGk=", "1:4: !!binary is not taken here"},
      {"a: b: c", "1:5: mapping values are not allowed in this context"},
      {"a: [1", "2:1: while parsing a flow sequence, did not find expected ',' or ']'"},
      {"a: \"x", "1:6: while scanning a quoted scalar, found unexpected end of stream"},
      {"\tb: 1",
       "1:1: while scanning for the next token, found character that cannot start any token"},
      {"a: \xff", "1:1: invalid leading UTF-8 octet"},
  };
  for (const auto& [yaml, want] : cases)
    EXPECT_EQ(parsed(yaml), "error " + std::string(want)) << yaml;
}

TEST(Yaml, BoundsWhatASmallFileCanBecome) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string of = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) bomb += (k == 0 ? "" : ",") + of;
    bomb += "]\n";
  }
  EXPECT_NE(parsed(bomb).find("more than 2097152 values, aliases resolved"), std::string::npos);
  EXPECT_NE(parsed(std::string(5000, '[')).find("nested more than 100 deep"), std::string::npos);
  EXPECT_EQ(parsed(std::string(100, '[') + std::string(100, ']')).size(), 200U);
}

TEST(Yaml, ReadsScalarsAsGoDoes) {
  const auto scalar = [](std::string_view yaml) { return *parse_yaml(yaml); };
  for (const char* yes : {"true", "True", "TRUE", "yes", "y", "on", "ON"})
    EXPECT_EQ(yaml_bool(scalar(yes)), true) << yes;
  for (const char* no : {"false", "no", "N", "off"}) EXPECT_EQ(yaml_bool(scalar(no)), false) << no;
  for (const char* other : {"tRue", "1", "'true'", "", "[true]"})
    EXPECT_EQ(yaml_bool(scalar(other)), std::nullopt) << other;

  struct Int {
    std::string_view yaml;
    std::optional<std::int64_t> want;
  };
  constexpr Int ints[] = {{"0", 0},
                          {"-12", -12},
                          {"+3", 3},
                          {"1_000", 1000},
                          {"0x1F", 31},
                          {"0b101", 5},
                          {"017", 15},
                          {"0o17", 15},
                          {"1.0", {}},
                          {"", {}},
                          {"'1'", {}},
                          {"1a", {}},
                          {"08", {}},
                          {"-", {}},
                          {"9223372036854775807", INT64_MAX},
                          {"-9223372036854775808", INT64_MIN},
                          {"9223372036854775808", {}}};
  for (const auto& [yaml, want] : ints) EXPECT_EQ(yaml_int(scalar(yaml)), want) << yaml;

  EXPECT_EQ(yaml_float(scalar("1.5e3")), 1500);
  EXPECT_EQ(yaml_float(scalar("-2")), -2);
  EXPECT_EQ(yaml_float(scalar("-.inf")), -INFINITY);
  EXPECT_TRUE(std::isnan(*yaml_float(scalar(".nan"))));
  for (const char* other : {"inf", "nan", "NaN", "1.5x", "", "'1.5'", "--1"})
    EXPECT_EQ(yaml_float(scalar(other)), std::nullopt) << other;
}

TEST(Yaml, KnowsWhatIsNull) {
  for (const char* yaml : {"", "~", "null", "Null", "NULL"})
    EXPECT_TRUE(parse_yaml(yaml)->is_null()) << yaml;
  for (const char* yaml : {"''", "'null'", "0", "[]", "{}", "nil"})
    EXPECT_FALSE(parse_yaml(yaml)->is_null()) << yaml;
}

TEST(Yaml, KnowsThePlaceOfEveryNode) {
  const YamlNode root = *parse_yaml("a:\n  - b: 1\n    ü: [2, 3]\n");
  const YamlNode& item = root.find("a")->items[0];
  EXPECT_EQ(to_string(root.place), "1:1");
  EXPECT_EQ(to_string(item.place), "2:5");
  EXPECT_EQ(to_string(item.entries[1].place), "3:5");
  EXPECT_EQ(to_string(item.entries[1].value.items[1].place), "3:12");
  EXPECT_EQ(root.find("b"), nullptr);
}

}  // namespace
}  // namespace silverback::config
