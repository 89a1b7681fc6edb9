#include "promql/lexer.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promql/literals.h"

namespace silverback::promql {
namespace {

using testing::ElementsAre;

struct Lexed {
  TokenKind kind;
  std::string text;
  bool operator==(const Lexed&) const = default;
};
void PrintTo(const Lexed& lexed, std::ostream* out) {
  *out << static_cast<int>(lexed.kind) << " '" << lexed.text << "'";
}

// All tokens up to the end; an error's text is its message.
std::vector<Lexed> lex(std::string_view text) {
  Lexer lexer(text);
  std::vector<Lexed> tokens;
  while (true) {
    const Token token = lexer.next();
    if (token.is(TokenKind::kEnd)) return tokens;
    if (token.is(TokenKind::kError)) {
      tokens.push_back({token.kind, lexer.error()});
      return tokens;
    }
    tokens.push_back({token.kind, std::string(lexer.text(token))});
  }
}

Lexed identifier(std::string text) { return {TokenKind::kIdentifier, std::move(text)}; }
Lexed op(std::string text) { return {TokenKind::kOperator, std::move(text)}; }
Lexed error(std::string text) { return {TokenKind::kError, std::move(text)}; }

TEST(Lexer, SkipsBlanksAndComments) {
  EXPECT_THAT(lex(""), ElementsAre());
  EXPECT_THAT(lex(" \t\r\n# all of it"), ElementsAre());
  EXPECT_THAT(lex("a#b\n  c # d"), ElementsAre(identifier("a"), identifier("c")));
  EXPECT_THAT(lex("{a # }\n}"), ElementsAre(Lexed{TokenKind::kLeftBrace, "{"}, identifier("a"),
                                            Lexed{TokenKind::kRightBrace, "}"}));
}

TEST(Lexer, KnowsKeywordsInAnyCaseButNotInsideBraces) {
  EXPECT_THAT(lex("sUm By OFFSET"),
              ElementsAre(Lexed{TokenKind::kAggregator, "sUm"}, Lexed{TokenKind::kBy, "By"},
                          Lexed{TokenKind::kOffset, "OFFSET"}));
  EXPECT_THAT(lex("{sum"), ElementsAre(Lexed{TokenKind::kLeftBrace, "{"}, identifier("sum"),
                                       error("unexpected end of input inside braces")));
  EXPECT_THAT(lex("summed sum:x"),
              ElementsAre(identifier("summed"), Lexed{TokenKind::kMetricIdentifier, "sum:x"}));
}

TEST(Lexer, TakesFillAsAKeywordOnlyBeforeAParenthesis) {
  EXPECT_THAT(lex("fill"), ElementsAre(identifier("fill")));
  EXPECT_THAT(lex("Fill_Left \n()"),
              ElementsAre(Lexed{TokenKind::kFillLeft, "Fill_Left"},
                          Lexed{TokenKind::kLeftParen, "("}, Lexed{TokenKind::kRightParen, ")"}));
}

TEST(Lexer, ReadsTheLongestOperator) {
  EXPECT_THAT(lex("< <= </ > >= >/ == != + atan2"),
              ElementsAre(op("<"), op("<="), op("</"), op(">"), op(">="), op(">/"), op("=="),
                          op("!="), op("+"), op("atan2")));
}

TEST(Lexer, TellsNumbersFromDurations) {
  for (const std::string_view number : {"0", "12", ".5", "5.", "1e6", "1E-6", "1e+6", "0x1F", "0Xe",
                                        "1_000", "0x_f", "Inf", "nAn", "1e", "1e5.5"}) {
    EXPECT_THAT(lex(number), ElementsAre(Lexed{TokenKind::kNumber, std::string(number)}));
  }
  for (const std::string_view duration : {"5m", "1h30m", "100ms", "1y2w3d4h5m6s7ms", "5m1h"}) {
    EXPECT_THAT(lex(duration), ElementsAre(Lexed{TokenKind::kDuration, std::string(duration)}));
  }
  struct Case {
    std::string_view text, shown;
  };
  constexpr Case kBad[] = {{"1a", "1"},      {"0deadbeef", "0de"}, {"100..4", "100.."},
                           {"2.5.", "2.5."}, {"1__0", "1__"},      {"5mm", "5mm"},
                           {"5m1", "5m1"},   {"1e5e5", "1e5e"},    {"0x1.5", "0x1."},
                           {"0b1", "0"},     {"1_e5", "1_e"},      {"1e_5", "1e_"}};
  for (const auto& [text, shown] : kBad) {
    EXPECT_THAT(lex(text), ElementsAre(error("bad number or duration syntax: \"" +
                                             std::string(shown) + "\"")));
  }
}

TEST(Lexer, TakesOnlyDurationExpressionsInsideBrackets) {
  EXPECT_THAT(lex("[5m : STEP()]"),
              ElementsAre(Lexed{TokenKind::kLeftBracket, "["}, Lexed{TokenKind::kDuration, "5m"},
                          Lexed{TokenKind::kColon, ":"}, Lexed{TokenKind::kStep, "STEP"},
                          Lexed{TokenKind::kLeftParen, "("}, Lexed{TokenKind::kRightParen, ")"},
                          Lexed{TokenKind::kRightBracket, "]"}));
  EXPECT_EQ(lex("[foo").back(), error("unexpected character in duration expression: 'f'"));
  EXPECT_EQ(lex("[\"5m\"").back(), error("unexpected character in duration expression: '\"'"));
  EXPECT_EQ(lex("[5m").back(), error("unexpected end of input in duration expression"));
  EXPECT_EQ(lex("[5m:1m:").back(), error("unexpected colon ':'"));
}

TEST(Lexer, ReportsCharactersThatStandWhereTheyMustNot) {
  struct Case {
    std::string_view text, message;
  };
  constexpr Case kCases[] = {
      {"$", "unexpected character: '$'"},
      {"é", "unexpected character: 'é'"},
      {"\xc2\xa0", "unexpected character: '\\u00a0'"},
      {"\xff", "unexpected character: '\xef\xbf\xbd'"},
      {"'", "unterminated quoted string"},
      {"a]", "unexpected right bracket ']'"},
      {"a)", "unexpected right parenthesis ')'"},
      {"(a", "unclosed left parenthesis"},
      {"=~", "unexpected character after '=': '~'"},
      {"!x", "unexpected character after '!': 'x'"},
      {"{!x", "unexpected character after '!' inside braces: 'x'"},
      {"{{", "unexpected left brace '{'"},
      {"{1", "unexpected character inside braces: '1'"},
      {"{'", "unterminated quoted string"},
      {"`a", "unterminated raw string"},
      {"'a\n'", "unterminated quoted string"},
      {"'\xff'", "invalid UTF-8 rune"},
      {R"("\q")", "unknown escape sequence U+0071 'q'"},
      {R"("\é")", "unknown escape sequence U+00E9 'é'"},
      {R"("\')", "unknown escape sequence U+0027 '''"},
      {R"('\"')", "unknown escape sequence U+0022 '\"'"},
      {R"("\x0")", "illegal character U+0022 '\"' in escape sequence"},
      {R"("\400")", "escape sequence is an invalid Unicode code point"},
      {R"("\ud800")", "escape sequence is an invalid Unicode code point"},
      {R"("\U00110000")", "escape sequence is an invalid Unicode code point"},
      {R"("\)", "escape sequence not terminated"},
      {R"("\u12)", "escape sequence not terminated"},
  };
  for (const auto& [text, message] : kCases) {
    EXPECT_EQ(lex(text).back(), error(std::string(message))) << text;
  }
}

TEST(Lexer, RepeatsItsLastToken) {
  Lexer lexer("$ a");
  EXPECT_TRUE(lexer.next().is(TokenKind::kError));
  EXPECT_TRUE(lexer.next().is(TokenKind::kError));
}

TEST(Unquote, ReadsGosEscapes) {
  struct Case {
    std::string_view token;
    std::string want;
  };
  const Case cases[] = {
      {R"("")", ""},
      {R"('it"s')", "it\"s"},
      {R"("\a\b\f\n\r\t\v\\\"")", "\a\b\f\n\r\t\v\\\""},
      {R"('\'')", "'"},
      {R"("\x41\101\u00e9\U0001F600")", "AA\xc3\xa9\xf0\x9f\x98\x80"},
      {R"("\xff\377")", "\xff\xff"},
      {R"(`raw\n"'`)", "raw\\n\"'"},
  };
  for (const auto& [token, want] : cases) EXPECT_EQ(unquote(token), want) << token;
}

TEST(ReadNumber, ReadsWhatGoReads) {
  struct Case {
    std::string_view token;
    double want;
  };
  constexpr Case kCases[] = {{"0", 0},
                             {"010", 8},
                             {"08", 8},
                             {"010.5", 10.5},
                             {"0x1F", 31},
                             {"1_000", 1000},
                             {"0x_ff", 255},
                             {"0_10", 8},
                             {"1_0.5_0", 10.5},
                             {".5", 0.5},
                             {"5.", 5},
                             {"1e3", 1000},
                             {"99999999999999999999", 1e20}};
  for (const auto& [token, want] : kCases) EXPECT_EQ(read_number(token).value(), want) << token;
  EXPECT_EQ(read_number("iNf").value(), std::numeric_limits<double>::infinity());
  EXPECT_NE(read_number("NaN").value(), read_number("NaN").value());

  struct Bad {
    std::string_view token, why;
  };
  constexpr Bad kBad[] = {
      {"0x", "invalid syntax"},        {"1e", "invalid syntax"},
      {"1e+", "invalid syntax"},       {"1_", "invalid syntax"},
      {"1_.5", "invalid syntax"},      {"1e5.5", "invalid syntax"},
      {"1e999", "value out of range"}, {"0xffffffffffffffffffff", "invalid syntax"}};
  for (const auto& [token, why] : kBad) {
    const auto value = read_number(token);
    ASSERT_FALSE(value) << token;
    EXPECT_EQ(value.error().message, "error parsing number: strconv.ParseFloat: parsing \"" +
                                         std::string(token) + "\": " + std::string(why));
  }
}

}  // namespace
}  // namespace silverback::promql
