#include "base/matcher.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "base/regex_literals.h"
#include "tests/testing/seed.h"

namespace silverback {
namespace {

using Type = Matcher::Type;

Matcher make(Type type, std::string value) {
  return Matcher::make(type, "l", std::move(value)).value();
}

TEST(Matcher, ComparesOrMatchesTheWholeValue) {
  struct Case {
    Type type;
    std::string pattern, value;
    bool want;
  };
  const Case cases[] = {
      {Type::kEqual, "a", "a", true},         {Type::kEqual, "a", "ab", false},
      {Type::kEqual, "", "", true},           {Type::kNotEqual, "a", "b", true},
      {Type::kNotEqual, "a", "a", false},     {Type::kNotEqual, "a", "", true},
      {Type::kRegex, "a|b", "b", true},       {Type::kRegex, "a|b", "ab", false},
      {Type::kRegex, "a.*", "a\nb", true},    {Type::kRegex, "a.*", "ba", false},
      {Type::kRegex, ".*", "", true},         {Type::kRegex, ".+", "", false},
      {Type::kRegex, ".+", "\n", true},       {Type::kRegex, ".+", "é", true},
      {Type::kRegex, "a.+a", "aa", false},    {Type::kRegex, "a.+a", "aba", true},
      {Type::kRegex, "ab.*ba", "aba", false}, {Type::kRegex, "ab.*ba", "abba", true},
      {Type::kRegex, "(?i)a|b", "A", true},   {Type::kRegex, "(?i)a.*", "Ab", true},
      {Type::kRegex, "", "", true},           {Type::kRegex, "", "a", false},
      {Type::kNotRegex, "a|b", "c", true},    {Type::kNotRegex, "a|b", "a", false},
      {Type::kNotRegex, "a|b", "", true},     {Type::kNotRegex, ".+", "", true},
      {Type::kNotRegex, ".*", "x", false},    {Type::kRegex, "^(a|b)$", "a", true},
      {Type::kRegex, "a$b", "ab", false},     {Type::kRegex, "a\\.b", "a.b", true},
      {Type::kRegex, "a\\.b", "axb", false},  {Type::kRegex, "a.*\\$", "ab$", true},
  };
  for (const auto& [type, pattern, value, want] : cases) {
    EXPECT_EQ(make(type, pattern).matches(value), want) << pattern << " " << value;
  }
}

TEST(Matcher, KnowsWhetherTheLabelMayBeAbsent) {
  struct Case {
    Type type;
    std::string pattern;
    bool want;
  };
  const Case cases[] = {{Type::kEqual, "", true},     {Type::kEqual, "a", false},
                        {Type::kNotEqual, "a", true}, {Type::kNotEqual, "", false},
                        {Type::kRegex, ".*", true},   {Type::kRegex, ".+", false},
                        {Type::kRegex, "a|", true},   {Type::kRegex, "a?", true},
                        {Type::kNotRegex, "a", true}, {Type::kNotRegex, "a?", false},
                        {Type::kRegex, "(?i)", true}, {Type::kNotRegex, "(?i)a", true}};
  for (const auto& [type, pattern, want] : cases) {
    EXPECT_EQ(make(type, pattern).matches_empty(), want) << pattern;
    EXPECT_EQ(make(type, pattern).matches(Labels{{"other", "x"}}), want) << pattern;
  }
}

TEST(Matcher, TakesLiteralsOutOfTheExpression) {
  using Set = std::vector<std::string>;
  struct Case {
    std::string pattern;
    Set set;
    std::string prefix;
  };
  const Case cases[] = {
      // a set
      {"abc", {"abc"}, "abc"},
      {"c|a|b|a", {"a", "b", "c"}, ""},
      {"foo(a|b)", {"fooa", "foob"}, "foo"},
      {"x[12]", {"x1", "x2"}, "x"},
      {"x[a-cz]y", {"xay", "xby", "xcy", "xzy"}, "x"},
      {"(a|b)(c|d)", {"ac", "ad", "bc", "bd"}, ""},
      {"(?:a|b)c?", {"a", "ac", "b", "bc"}, ""},
      {"api\\.v1|api\\.v2", {"api.v1", "api.v2"}, "api.v"},
      {"^(a|b)$", {"a", "b"}, ""},
      {"^a$|^b$", {"a", "b"}, ""},
      {"a|", {"", "a"}, ""},
      {"", {""}, ""},
      {"[é-ë]", {"é", "ê", "ë"}, "\xc3"},
      {"a-b]", {"a-b]"}, "a-b]"},
      {"[-a]", {"-", "a"}, ""},
      {"[a-]", {"-", "a"}, ""},
      {"[]]", {"]"}, "]"},
      {"\\[\\]\\*", {"[]*"}, "[]*"},
      {"ab??", {"a", "ab"}, "a"},
      // only a prefix
      {"abc.*", {}, "abc"},
      {"abc.+d", {}, "abc"},
      {"abc+", {}, "abc"},
      {"abc*", {}, "ab"},
      {"ab\\d+", {}, "ab"},
      {"ab[^c]", {}, "ab"},
      {"(abc.*|abd.*)", {}, "ab"},
      {"é+", {}, "é"},
      {"x{2}y", {}, "x"},
      {"x{0,2}y", {}, ""},
      {"ab[a-\xf4\x8f\xbf\xbf]", {}, "ab"},
      // nothing
      {".*", {}, ""},
      {".+", {}, ""},
      {"(?i)abc", {}, ""},
      {"(?i:a)|b", {}, ""},
      {"a\\b", {}, ""},
      {"\\pL", {}, ""},
      {"\\Qab\\E", {}, ""},
  };
  for (const auto& [pattern, set, prefix] : cases) {
    const Matcher matcher = make(Type::kRegex, pattern);
    EXPECT_EQ(matcher.set(), set) << pattern;
    EXPECT_EQ(matcher.prefix(), prefix) << pattern;
  }
}

TEST(Matcher, LiteralPathsAgreeWithTheAutomatonOnRandomExpressions) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto pick = [&](std::initializer_list<std::string_view> parts) {
    return std::string(parts.begin()[random() % parts.size()]);
  };
  int sets = 0;
  int prefixes = 0;
  int errors = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string pattern;
    for (std::size_t i = random() % 9; i > 0; --i) {
      pattern += pick(
          {"a",   "b",   "ab",   "a",    "b",     "é", "(", ")",  "(?:", "|",       "|",     ".",
           ".*",  ".+",  "[ab]", "[^a]", "[a-c]", "*", "+", "?",  "{2}", "{1,2}",   "^",     "$",
           "\\.", "\\d", "(?i)", "[",    "]",     "-", "{", "\\", "\\_", "[a\\]-]", "(a|b)", ")"});
    }
    const auto reference = Regex::anchored(pattern);
    const auto matcher = Matcher::make(Type::kRegex, "l", pattern);
    ASSERT_EQ(reference.has_value(), matcher.has_value()) << pattern;
    if (!reference) {
      ++errors;
      continue;
    }
    sets += matcher->set().empty() ? 0 : 1;
    prefixes += matcher->prefix().empty() ? 0 : 1;
    for (const std::string& value : matcher->set()) {
      ASSERT_TRUE(reference->matches(value)) << pattern << " " << value;
    }
    ASSERT_EQ(matcher->matches_empty(), reference->matches("")) << pattern;
    for (int i = 0; i < 30; ++i) {
      std::string value;
      for (std::size_t n = random() % 5; n > 0; --n) {
        value += pick({"a", "b", "c", "é", "]", "-", ".", "1", "\n", "A", "_"});
      }
      const bool want = reference->matches(value);
      ASSERT_EQ(matcher->matches(value), want) << pattern << " " << value;
      if (want) {
        ASSERT_TRUE(value.starts_with(matcher->prefix())) << pattern << " " << value;
      }
      if (want && !matcher->set().empty()) {
        ASSERT_TRUE(std::binary_search(matcher->set().begin(), matcher->set().end(), value))
            << pattern << " " << value;
      }
    }
  }
  EXPECT_GT(sets, 1'000);
  EXPECT_GT(prefixes, 1'000);
  EXPECT_GT(errors, 1'000);
}

TEST(Matcher, KeepsLongAlternationsAsASet) {
  std::string pattern = "node-(";
  for (int i = 0; i < 10'000; ++i) pattern += "instance" + std::to_string(i) + "|";
  const Matcher matcher = make(Type::kRegex, pattern + "last)");
  EXPECT_EQ(matcher.set().size(), 10'001u);
  EXPECT_TRUE(matcher.matches("node-instance9999"));
  EXPECT_FALSE(matcher.matches("node-instance10000"));
}

TEST(RegexLiterals, StayBoundedWhenAProductExplodes) {
  std::string digits = "x";
  for (int i = 0; i < 100; ++i) digits += "[0-9]";
  const auto exploding = find_regex_literals(digits);
  ASSERT_TRUE(exploding);
  EXPECT_TRUE(exploding->set.empty());
  EXPECT_EQ(exploding->prefix, "x");

  std::string wide = std::string(100'000, 'p') + "(";
  for (int i = 0; i < 1'000; ++i) wide += std::to_string(i) + "|";
  const auto long_prefix = find_regex_literals(wide + "x)");
  ASSERT_TRUE(long_prefix);
  EXPECT_TRUE(long_prefix->set.empty());
  EXPECT_EQ(long_prefix->prefix.size(), 100'000u);

  EXPECT_FALSE(find_regex_literals(std::string(100'000, '(')));
}

TEST(Matcher, RefusesABadExpression) {
  const auto made = Matcher::make(Type::kNotRegex, "l", "a(");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "error parsing regexp: missing closing ): `a(`");
}

TEST(Matcher, PrintsAsInASelector) {
  EXPECT_EQ(make(Type::kEqual, "a\"b").to_string(), R"(l="a\"b")");
  EXPECT_EQ(make(Type::kNotEqual, "a").to_string(), R"(l!="a")");
  EXPECT_EQ(make(Type::kRegex, "a|b").to_string(), R"(l=~"a|b")");
  EXPECT_EQ(make(Type::kNotRegex, "\\d").to_string(), R"(l!~"\\d")");
  EXPECT_EQ(Matcher::equal("my.label", "v").to_string(), R"("my.label"="v")");
}

TEST(AllMatch, WantsEveryMatcherToMatch) {
  const Labels labels = {{"a", "1"}, {"b", "2"}};
  EXPECT_TRUE(all_match({}, labels));
  EXPECT_TRUE(all_match({Matcher::equal("a", "1"), Matcher::equal("c", "")}, labels));
  EXPECT_FALSE(all_match({Matcher::equal("a", "1"), Matcher::equal("b", "1")}, labels));
}

}  // namespace
}  // namespace silverback
