// Template text → tokens: plain text, and what stands between `{{` and `}}`.
// Source: https://pkg.go.dev/text/template
// Threads: one Lexer per parse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace silverback::templates {

enum class TokenKind : std::uint8_t {
  kError,  // Token::text says what
  kEnd,
  kText,        // outside of actions, trimmed
  kLeftDelim,   // {{ or {{-
  kRightDelim,  // }} or -}}
  kSpace,
  kLeftParen,
  kRightParen,
  kPipe,
  kAssign,   // =
  kDeclare,  // :=
  kChar,     // any other character, such as the comma
  kBool,
  kNumber,
  kCharConstant,  // 'a'
  kString,        // with its quotation marks
  kRawString,     // with its backquotes
  kIdentifier,
  kVariable,  // $x or $
  kField,     // .x
  // Keywords from here on.
  kDot,
  kNil,
  kBlock,
  kBreak,
  kContinue,
  kDefine,
  kElse,
  kEndWord,
  kIf,
  kRange,
  kTemplate,
  kWith,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::size_t position = 0;  // of its first byte
  std::size_t line = 1;      // where it starts
  std::string text = {};

  bool is(TokenKind wanted) const { return kind == wanted; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view input) : input_(input) {}

  // The next token; after kEnd and kError the same again.
  Token next();

 private:
  std::string_view rest() const { return input_.substr(position_); }
  Token make(TokenKind kind);
  Token error(std::string message);
  void skip_to(std::size_t position);

  Token text();
  Token left_delim();
  bool skip_comment(Token& failure);
  Token in_action();
  Token space();
  Token punctuation(char c);
  Token right_delim(std::size_t bytes_before, bool trims);
  Token number();
  Token quoted(char mark, TokenKind kind, std::string_view unterminated);
  Token raw_string();
  Token field_or_variable(TokenKind kind);
  Token word();
  std::size_t word_end(std::size_t from) const;
  bool is_at_terminator(std::size_t position) const;
  Token bad_character(std::size_t position);

  const std::string_view input_;
  std::size_t position_ = 0;
  std::size_t start_ = 0;  // of the token being read
  std::size_t line_ = 1;   // at start_
  std::size_t paren_depth_ = 0;
  bool in_action_ = false;
  bool trim_next_text_ = false;
  bool done_ = false;
  Token last_;
};

}  // namespace silverback::templates
