#include "rules/template/parser.h"

#include <cstddef>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/rules/template/expansion.h"

namespace silverback::templates {
namespace {

using silverback::testing::Expansion;

TEST(ParseTemplate, RefusesWhatIsNone) {
  // clang-format off
  constexpr Expansion cases[] = {
    {"{{ if }}", "!1: missing value for if"},
    {"{{ $x }}", R"(!1: undefined variable "$x")"},
    {"{{ foo }}", R"(!1: function "foo" not defined)"},
    {R"({{ "a" | 1 }})", "!1: non executable command in pipeline stage 2"},
    {R"({{ 1 | "a" }})", "!1: non executable command in pipeline stage 2"},
    {R"({{ "abc }})", "!1: unterminated quoted string"},
    {"{{ `abc }}", "!1: unterminated raw quoted string"},
    {"{{ 'a }}", "!1: unterminated character constant"},
    {"{{ 'ab' }}", "!1: malformed character constant: 'ab'"},
    {"{{ ( 1 }}", "!1: unclosed left paren"},
    {"{{ 1 ) }}", "!1: unexpected right paren"},
    {"{{ 1x }}", R"(!1: bad number syntax: "1x")"},
    {R"({{ 0x1f }} {{ 0b11 }} {{ 0o17 }} {{ 017 }} {{ 1_000 }} {{ 1e3 }} {{ 1.5 }} {{ .5 }} {{ 0x1p4 }} {{ 'a' }} {{ '\n' }} {{ -3 }} {{ +3 }} {{ 1e400 }})", R"(!1: illegal number syntax: "1e400")"},
    {"{{ 99999999999999999999 }}", R"(!1: integer overflow: "99999999999999999999")"},
    {"{{ # }}", R"(!1: unexpected "#" in command)"},
    {"{{ a# }}", "!1: bad character U+0023 '#'"},
    {"{{/* c }}", "!1: unclosed comment"},
    {"{{/* c */ x}}", "!1: comment ends before closing delimiter"},
    {"{{ end }}", "!1: unexpected {{end}}"},
    {"{{ else }}", "!1: unexpected {{else}}"},
    {"{{ if true }}a", "!1: unexpected EOF"},
    {"{{ if true }}a{{ else }}b{{ else }}c{{ end }}", "!1: expected end; found {{else}}"},
    {"{{ break }}", "!1: {{break}} outside {{range}}"},
    {"{{ range }}", "!1: missing value for range"},
    {"{{ range $a, $b, $c := . }}{{end}}", "!1: too many declarations in range"},
    {"{{ range $a, := . }}{{end}}", "!1: range can only initialize variables"},
    {"{{ with $a, $b := . }}{{end}}", "!1: too many declarations in with"},
    {"{{ define x }}{{ end }}", R"(!1: unexpected "x" in define clause)"},
    {R"({{ if 1 }}{{ define "x" }}{{ . }}{{ end }}{{ end }})", "!1: unexpected <define> in command"},
    {"{{ template x }}", R"(!1: unexpected "x" in template clause)"},
    {R"({{ block "b" }}[{{ .Value }}]{{ end }})", "!1: missing value for block clause"},
    {R"({{ "a".b }})", R"(!1: unexpected . after term "\"a\"")"},
    {"{{ 1.b }}", R"(!1: bad number syntax: "1.b")"},
    {"{{ nil.x }}", R"(!1: unexpected . after term "nil")"},
    {"{{ true.x }}", R"(!1: unexpected . after term "true")"},
    {"{{ .. }}", "!1: unexpected <.> in operand"},
    {"{{ .a..b }}", "!1: unexpected <.> in operand"},
    {"{{ $x := 1 }}{{ $x := }}", "!1: missing value for command"},
    {"{{ -}}x{{- }}", "!1: missing value for command"},
    {R"({{ define "a" }}1{{ end }}{{ define "a" }}2{{ end }}{{ template "a" }})", R"(!1: template: multiple definition of template "a")"},
    {"{{ 3 | 4 }}", "!1: non executable command in pipeline stage 2"},
    {"{{ . | . }}", "!1: non executable command in pipeline stage 2"},
    {"{{ | }}", R"(!1: unexpected "|" in command)"},
    {"{{ () }}", "!1: missing value for parenthesized pipeline"},
    {"{{ 1 || 2 }}", R"(!1: unexpected "|" in command)"},
    {"{{ a := 1 }}", R"(!1: function "a" not defined)"},
    {"{{ $a , $b := 1 }}", "!1: too many declarations in command"},
    {"{{ $a, }}", "!1: too many declarations in command"},
    {"{{ print (1) 2 }} {{ print(1)2 }}", R"(!1: unexpected "(" in operand)"},
    {R"({{ print "a"1 }})", R"(!1: unexpected "1" in operand)"},
    {"{{ if true }}{{ else foo }}{{ end }}", R"(!1: unexpected "foo" in else)"},
    {"{{ end x }}", R"(!1: unexpected "x" in end)"},
    {"{{ if true }}{{ end x }}", R"(!1: unexpected "x" in end)"},
    {"{{ else x }}", R"(!1: unexpected "x" in else)"},
    {"{{ break x }}", R"(!1: unexpected "x" in {{break}})"},
    {"{{ range . }}{{ break x }}{{ end }}", R"(!1: unexpected "x" in {{break}})"},
    {"text {{", "!1: unclosed action"},
    {R"({{ "a)", "!1: unterminated quoted string"},
    {"{{ `a", "!1: unterminated raw quoted string"},
    {R"({{ define "x" }})", "!1: unexpected EOF"},
    {"{{ template }}", R"(!1: unexpected "}}" in template clause)"},
    {R"({{ template "x" | }})", R"(!1: unexpected "|" in template clause)"},
    {R"({{ block "x" 1 }})", "!1: unexpected EOF"},
    {"{{ ..x }}", R"(!1: unexpected . after term ".")"},
    {"{{ range . }}{{ else if true }}{{ end }}{{ end }}", "!1: unexpected <if> in input"},
    {"{{ range . }}{{ else with true }}{{ end }}{{ end }}", "!1: unexpected <with> in input"},
    {"{{ if true }}{{ else with true }}{{ end }}{{ end }}", "!1: unexpected <with> in input"},
    {"{{ with 0 }}{{ else if true }}{{ end }}{{ end }}", "!1: unexpected <if> in input"},
    {"{{ with $x := 3 }}{{ $x }}{{ . }}{{ end }}{{ $x }}", R"(!1: undefined variable "$x")"},
    {R"({{ define "a" }}{{ $labels }}{{ end }})", R"(!1: undefined variable "$labels")"},
    {R"({{ range query "x" }}{{ block "a" . }}{{ break }}{{ end }}{{ end }})", "!1: {{break}} outside {{range}}"},
    {R"({{ define "a" }}{{ break }}{{ end }})", "!1: {{break}} outside {{range}}"},
    {R"({{ template "x" | print }})", R"(!1: unexpected "|" in template clause)"},
    {R"({{ define "x" 1 }}{{ end }})", R"(!1: unexpected "1" in define clause)"},
    {R"({{ define "x" }}{{ else }}{{ end }})", "!1: unexpected {{else}} in define clause"},
    {R"({{ block "x" . }}{{ else }}{{ end }})", "!1: unexpected {{else}} in block clause"},
    {"{{ break }}{{ end }}", "!1: {{break}} outside {{range}}"},
    {"{{ continue }}", "!1: {{continue}} outside {{range}}"},
    {"{{ if }}{{ end }}", "!1: missing value for if"},
    {"{{ with }}{{ end }}", "!1: missing value for with"},
    {"{{ with $x }}{{ end }}", R"(!1: undefined variable "$x")"},
    {"{{ if 1 | 2 }}{{ end }}", "!1: non executable command in pipeline stage 2"},
    {"{{ else if }}", "!1: unexpected {{else}}"},
    {"{{ if 1 }}{{ else if }}{{ end }}", "!1: missing value for if"},
    {"{{ $ }}{{ $. }}", "!1: unexpected <.> in operand"},
    {"{{ $x.y }}", R"(!1: undefined variable "$x")"},
    {"{{ $$ }}", "!1: bad character U+0024 '$'"},
    {"{{ $1 }}", R"(!1: undefined variable "$1")"},
    {"{{ .a# }}", "!1: bad character U+0023 '#'"},
    {"{{ a.b }}", R"(!1: function "a" not defined)"},
    {"{{ 08 }}", R"(!1: integer overflow: "08")"},
    {"{{ 0x }}", R"(!1: illegal number syntax: "0x")"},
    {"{{ 0b12 }}", R"(!1: bad number syntax: "0b12")"},
    {"{{ 1__0 }}", R"(!1: illegal number syntax: "1__0")"},
    {"{{ _x }}", R"(!1: function "_x" not defined)"},
    {"{{ 1_ }}", R"(!1: illegal number syntax: "1_")"},
    {"{{ + }}", R"(!1: illegal number syntax: "+")"},
    {"{{ -x }}", R"(!1: bad number syntax: "-x")"},
    {"{{ 1-2 }}", R"(!1: bad number syntax: "1-2")"},
    {"{{ 1+2 }}", R"(!1: bad number syntax: "1+2")"},
    {"{{ 1 - 2 }}", R"(!1: illegal number syntax: "-")"},
    {"{{ 1.2.3 }}", R"(!1: unexpected ".3" in operand)"},
    {"{{ 1e }}", R"(!1: illegal number syntax: "1e")"},
    {"{{ 0x1.8 }}", R"(!1: illegal number syntax: "0x1.8")"},
    {"{{ -9223372036854775809 }}", R"(!1: integer overflow: "-9223372036854775809")"},
    {"{{ 1e309 }}", R"(!1: illegal number syntax: "1e309")"},
    {"{{ '' }}", "!1: invalid syntax"},
    {R"({{ '\q' }})", "!1: invalid syntax"},
    {R"({{ "\q" }})", "!1: invalid syntax"},
    {R"({{ "\x4" }})", "!1: invalid syntax"},
    {R"({{ "\'" }})", "!1: invalid syntax"},
    {R"({{ "a\)", "!1: unterminated quoted string"},
    {"{{ ((1) }}", "!1: unclosed left paren"},
    {"{{ (1)) }}", "!1: unexpected right paren"},
    {"{{ (1 }}", "!1: unclosed left paren"},
    {"{{ print ( ) }}", "!1: missing value for parenthesized pipeline"},
    {"{{ print || print }}", R"(!1: unexpected "|" in command)"},
    {"{{ print ; }}", R"(!1: unexpected ";" in operand)"},
    {"{{ print , }}", R"(!1: unexpected "," in operand)"},
    {"{{ 1, 2 }}", R"(!1: unexpected "," in operand)"},
    {"{{ = 1 }}", R"(!1: unexpected "=" in command)"},
    {"{{ := 1 }}", R"(!1: unexpected ":=" in command)"},
    {"{{ $x : 1 }}", R"(!1: undefined variable "$x")"},
    {"{{ $x =: 1 }}", "!1: expected :="},
    {"{{ é }}", R"(!1: function "é" not defined)"},
    {"{{ a}b }}", "!1: bad character U+007D '}'"},
    {"{{ a b }}", R"(!1: function "a" not defined)"},
    {"{{ € }}", "!1: unrecognized character in action: U+20AC '€'"},
    {"{{ @ }}", R"(!1: unexpected "@" in command)"},
    {"{{{ 1 }}}", R"(!1: unexpected "{" in command)"},
    {"{{ /* x */ }}", R"(!1: unexpected "/" in command)"},
    {"{{/* x */}", "!1: comment ends before closing delimiter"},
    {R"({{-"a"}})", R"(!1: illegal number syntax: "-")"},
    {"{{- -}}", R"(!1: illegal number syntax: "-")"},
    {"{{--1}}", R"(!1: bad number syntax: "--1")"},
    {"{{3-}}  x", R"(!1: bad number syntax: "3-")"},
    {"{{end}}", "!1: unexpected {{end}}"},
    {"{{ end", "!1: unclosed action"},
    {R"({{ if 1 }}{{ template "x" })", R"(!1: unexpected "}" in template clause)"},
    {"{{ if 1 }}", "!1: unexpected EOF"},
    {R"({{ $x := 1 }}{{ define "d" }}{{ $x }}{{ end }})", R"(!1: undefined variable "$x")"},
  };
  // clang-format on
  for (const auto& [text, want] : cases) {
    EXPECT_EQ(silverback::testing::expand(text), want) << text;
  }
}

TEST(ParseTemplate, TellsTheLine) {
  struct Case {
    std::string_view text, want;
  };
  constexpr Case cases[] = {
      {"a\nb {{ foo }}", "template: t:2: function \"foo\" not defined"},
      {"{{ 1\n\n| 2 }}", "template: t:3: non executable command in pipeline stage 2"},
      {"a\n\n{{ if 1 }}\n", "template: t:4: unexpected EOF"},
      {"{{ 1i }}", "template: t:1: imaginary numbers are not supported: \"1i\""},
  };
  for (const auto& [text, want] : cases) {
    const auto tree = parse("t", text, [](std::string_view) { return false; });
    ASSERT_FALSE(tree) << text;
    EXPECT_EQ(tree.error().message, want);
  }
}

TEST(ParseTemplate, RefusesToNestWithoutEnd) {
  const auto nested = [](int depth) {
    const auto times = static_cast<std::size_t>(depth);
    std::string text = "{{ ";
    for (std::size_t i = 0; i < times; ++i) text += '(';
    text += '1';
    for (std::size_t i = 0; i < times; ++i) text += ')';
    return text + " }}";
  };
  std::string branches, chain = "{{ if 0 }}";
  for (int i = 0; i < 10'000; ++i) {
    branches += "{{ if 1 }}";
    chain += "{{ else if 0 }}";
  }
  EXPECT_EQ(silverback::testing::expand(nested(kNestingMax)), "1");
  EXPECT_EQ(silverback::testing::expand(nested(100'000)), "!1: nested too deeply");
  EXPECT_EQ(silverback::testing::expand(branches), "!1: nested too deeply");
  EXPECT_EQ(silverback::testing::expand(chain + "{{ end }}"), "!1: nested too deeply");
}

TEST(ParseTemplate, PrintsOperandsAsTheyAreShownInErrors) {
  const std::string_view text =
      "{{ $x := (printf \"%d\" 1 | len).A.B | print .C $ nil 'a' `r` true }}{{ template \"t\" 1 }}";
  const auto tree = parse("t", text, [](std::string_view) { return true; });
  ASSERT_TRUE(tree) << tree.error().message;
  std::string printed;
  for (const auto& statement : tree->templates.at("t")) printed += statement->to_string();
  EXPECT_EQ(printed,
            "{{$x := (printf \"%d\" 1 | len).A.B | print .C $ nil 'a' `r` true}}"
            "{{template \"t\" 1}}");
}

}  // namespace
}  // namespace silverback::templates
