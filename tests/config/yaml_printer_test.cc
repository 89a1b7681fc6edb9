#include "config/yaml_printer.h"

#include <gtest/gtest.h>

namespace silverback::config {
namespace {

YamlNode text(std::string_view content) {
  YamlNode node;
  node.text = content;
  node.quoted = true;
  return node;
}

TEST(YamlPrinter, WritesTheFormOfGosLibrary) {
  // The sequence [a, b] below a flow sequence is block style: only readers of fields ask for flow.
  const std::string_view yaml =
      "a: 1\n"
      "b:\n"
      "- x\n"
      "- k: v\n"
      "  l:\n"
      "  - - 1\n"
      "    - 2\n"
      "  - {}\n"
      "c:\n"
      "  d: {}\n"
      "  e: []\n";
  const Result<YamlNode> node = parse_yaml(yaml);
  ASSERT_TRUE(node) << node.error().message;
  EXPECT_EQ(print_yaml(*node), yaml);
}

TEST(YamlPrinter, QuotesOnlyWhatWouldBeReadAsSomethingElse) {
  struct Case {
    std::string_view content, want;
  };
  constexpr Case cases[] = {
      {"plain text", "plain text"},
      {"localhost:9090", "localhost:9090"},
      {"<secret>", "<secret>"},
      {"$1", "$1"},
      {";", ";"},
      {"(.*)", "(.*)"},
      {"-x", "-x"},
      {"a#b", "a#b"},
      {"ü", "ü"},
      {"", "\"\""},
      {"true", "\"true\""},
      {"y", "\"y\""},
      {"1", "\"1\""},
      {"0x1", "\"0x1\""},
      {"1.5", "\"1.5\""},
      {"null", "\"null\""},
      {"2001-12-14", "\"2001-12-14\""},
      {"190:20:30", "\"190:20:30\""},
      {",", "','"},
      {"*.yml", "'*.yml'"},
      {"[a]", "'[a]'"},
      {"a: b", "'a: b'"},
      {"a #b", "'a #b'"},
      {"a:", "'a:'"},
      {" a", "' a'"},
      {"it's", "it's"},
      {"'it'", "'''it'''"},
      {"@x", "'@x'"},
      {"a\tb", "\"a\\tb\""},
      {"\n", "\"\\n\""},
      {"\x01", "\"\\x01\""},
      {"x\ny", "|-\n  x\n  y"},
      {"x\n\ny\n", "|\n  x\n\n  y"},
      {"x\n\n", "|+\n  x\n"},
      {" x\ny", "\" x\\ny\""},
  };
  for (const auto& [content, want] : cases) {
    EXPECT_EQ(print_yaml(text(content)), std::string(want) + "\n");
    const Result<YamlNode> again = parse_yaml(print_yaml(text(content)));
    EXPECT_EQ(again ? again->text : again.error().message, content);
  }
}

TEST(YamlPrinter, WritesFlowSequencesWhereAskedFor) {
  YamlNode list;
  list.kind = YamlNode::Kind::kSequence;
  list.flow = true;
  list.items = {text("__address__"), text("a,b"), text("c:d")};
  EXPECT_EQ(print_yaml(list), "[__address__, 'a,b', 'c:d']\n");
  EXPECT_EQ(parse_yaml(print_yaml(list))->items.size(), 3U);
}

}  // namespace
}  // namespace silverback::config
