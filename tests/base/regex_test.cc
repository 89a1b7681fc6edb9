#include "base/regex.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace silverback {
namespace {

Regex regex(std::string_view pattern) { return Regex::anchored(pattern).value(); }

TEST(Regex, MustMatchTheWholeText) {
  struct Case {
    std::string_view pattern, text;
    bool want;
  };
  constexpr Case cases[] = {
      {"abc", "abc", true},
      {"abc", "xabc", false},
      {"abc", "abcx", false},
      {"abc", "abc\n", false},
      {"a|bc", "bc", true},
      {"a|bc", "abc", false},
      {"", "", true},
      {"", "x", false},
      {".*", "a\nb", true},
      {"a.b", "a\nb", true},
      {"(?-s)a.b", "a\nb", false},
      {"(?i)abc", "aBC", true},
      {"^abc$", "abc", true},
      {"(?i:a)bc", "Abc", true},
      {"(?i:a)bc", "ABC", false},
      {"\\d+", "123", true},
      {"\\pL+", "é", true},
      {".", "é", true},
      {"[^a]", "\n", true},
      {"a.b",
       "a\xff"
       "b",
       true},
      {"a..b",
       "a\xff"
       "b",
       false},
      {".*", "\xc3\x28", true},
      {"a{3}", "aaa", true},
      {"a{,3}", "a{,3}", true},
      {"\\Qa.b\\E", "a.b", true},
      {"\\Qa(?<b", "a(?<b", true},
      {"[(?<n>]+", "(?<n>", true},
      {"[]a]+", "]a", true},
      {"(?<n>a)", "a", true},
      {"(?P<n>a)", "a", true},
      {"\\(?<n>", "(<n>", true},
      {"[[:alpha:](?<]+", "a(?<", true},
  };
  for (const auto& [pattern, text, want] : cases) {
    EXPECT_EQ(regex(pattern).matches(text), want) << pattern << " " << text;
  }
}

TEST(Regex, TellsErrorsInGosWords) {
  struct Case {
    std::string_view pattern, want;
  };
  // Each is what regexp.Compile says.
  constexpr Case cases[] = {
      {"(", "missing closing ): `(`"},
      {"a(b", "missing closing ): `a(b`"},
      {")", "unexpected ): `)`"},
      {"a)", "unexpected ): `a)`"},
      {"[", "missing closing ]: `[`"},
      {"[a", "missing closing ]: `[a`"},
      {"[]a", "missing closing ]: `[]a`"},
      {"[b-a]", "invalid character class range: `b-a`"},
      {"*", "missing argument to repetition operator: `*`"},
      {"+a", "missing argument to repetition operator: `+`"},
      {"a|*", "missing argument to repetition operator: `*`"},
      {"(*)", "missing argument to repetition operator: `*`"},
      {"a**", "invalid nested repetition operator: `**`"},
      {"a{1001}", "invalid repeat count: `{1001}`"},
      {"x{2,1}", "invalid repeat count: `{2,1}`"},
      {"\\", "trailing backslash at end of expression: ``"},
      {"a\\", "trailing backslash at end of expression: ``"},
      {"\\8", "invalid escape sequence: `\\8`"},
      {"\\y", "invalid escape sequence: `\\y`"},
      {"\\Z", "invalid escape sequence: `\\Z`"},
      {"\\C", "invalid escape sequence: `\\C`"},
      {"[\\8]", "invalid escape sequence: `\\8`"},
      {"(?<n>a", "missing closing ): `(?<n>a`"},
      {"(?P<n>a)(?<m>b", "missing closing ): `(?P<n>a)(?<m>b`"},
      {"(?<n", "invalid named capture: `(?<n`"},
      {"(?<=a)", "invalid named capture: `(?<=a)`"},
      {"(?<a-b>x)", "invalid named capture: `(?<a-b>`"},
      {"(?P<a-b>x)", "invalid named capture: `(?P<a-b>`"},
      {"(?!a)", "invalid or unsupported Perl syntax: `(?!`"},
      {"(?=a)", "invalid or unsupported Perl syntax: `(?=`"},
      {"(?z)", "invalid or unsupported Perl syntax: `(?z`"},
      {"[[:foo:]]", "invalid character class range: `[:foo:]`"},
      {"\\p{Foo}", "invalid character class range: `\\p{Foo}`"},
  };
  for (const auto& [pattern, want] : cases) {
    const auto made = Regex::anchored(pattern);
    ASSERT_FALSE(made) << pattern;
    EXPECT_EQ(made.error().message, "error parsing regexp: " + std::string(want));
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(Regex::anchored("a\xff"));
}

TEST(Regex, TakesTheLongAlternationsOfDashboards) {
  std::string pattern = "(?i)(";
  for (int i = 0; i < 5'000; ++i)
    pattern += "some-quite-long-instance-name-" + std::to_string(i) + "|";
  const Regex re = regex(pattern + "x)");
  EXPECT_TRUE(re.matches("SOME-quite-long-instance-name-4999"));
  EXPECT_FALSE(re.matches("some-quite-long-instance-name-5000"));
}

TEST(RegexExpand, FollowsGosTemplates) {
  struct Case {
    std::string_view replacement, want;
  };
  // From regexp.ExpandString.
  constexpr Case cases[] = {
      {"$1", "abc"},       {"${1}", "abc"},     {"$1x", ""},      {"${1}x", "abcx"},
      {"$2-$1", "12-abc"}, {"$$1", "$1"},       {"$", "$"},       {"a$", "a$"},
      {"$first", "abc"},   {"${first}", "abc"}, {"$firstx", ""},  {"${first", "${first"},
      {"$3", ""},          {"$4", ""},          {"$0", "abc-12"}, {"$01", ""},
      {"${}", "${}"},      {"$-", "$-"},        {"$1é", ""},      {"$1→", "abc→"},
      {"${1é}", ""},       {"$999999999", ""},  {"", ""},         {"x", "x"},
      {"$$$1$$", "$abc$"},
  };
  const Regex re = regex("(?<first>[a-z]+)-([0-9]+)(x)?");
  for (const auto& [replacement, want] : cases) {
    std::string out = ">";
    ASSERT_TRUE(re.expand("abc-12", replacement, out));
    EXPECT_EQ(out, ">" + std::string(want)) << replacement;
  }
}

TEST(RegexExpand, LeavesTheOutputAloneWithoutAMatch) {
  std::string out = "before";
  EXPECT_FALSE(regex("a(b)").expand("xab", "$1", out));
  EXPECT_EQ(out, "before");
}

TEST(Regex, UnanchoredMatchesSomewhere) {
  struct Case {
    std::string_view pattern, text;
    bool want;
  };
  constexpr Case cases[] = {
      {"a+", "baa", true}, {"^a", "ba", false},   {"a$", "ba", true},   {"", "", true},
      {".", "\n", false},  {"(?s).", "\n", true}, {"x", "\xff", false},
  };
  for (const auto& [pattern, text, want] : cases) {
    EXPECT_EQ(Regex::unanchored(pattern).value().is_in(text), want) << pattern << ' ' << text;
  }
  EXPECT_FALSE(Regex::unanchored("a("));
}

TEST(Regex, ReplacesEveryMatchAsGoDoes) {
  struct Case {
    std::string_view pattern, replacement, text, want;
  };
  constexpr Case cases[] = {
      {"", "-", "abc", "-a-b-c-"},
      {"a*", "-", "baac", "-b-c-"},
      {"(\\w+)@(\\w+)", "$2.$1", "x@y z@w", "y.x w.z"},
      {"^a", "b", "aaa", "baa"},
      {"\\b", "|", "ab cd", "|ab| |cd|"},
      {".", "x", "a\nb", "x\nx"},
      {"b*", "ż", "żó", "żżżóż"},
      {"(?<n>a)", "<${n}>", "banana", "b<a>n<a>n<a>"},
      {"x", "$1x$$", "axa", "a$a"},
      {"z", "y", "abc", "abc"},
      {"", "-", "", "-"},
  };
  for (const auto& [pattern, replacement, text, want] : cases) {
    EXPECT_EQ(Regex::unanchored(pattern).value().replace_all(text, replacement, 1000), want)
        << pattern << ' ' << text;
  }
  const std::string text(1000, 'a');
  EXPECT_LE(Regex::unanchored("a").value().replace_all(text, text, 5000).size(), 7000u);
}

}  // namespace
}  // namespace silverback
