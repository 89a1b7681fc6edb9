// PromQL text → tokens, one at a time. What a character means depends on where it stands: inside
// braces words are label names, inside brackets there are only duration expressions.
// Source: https://prometheus.io/docs/prometheus/latest/querying/basics/
// Threads: one Lexer per parse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "promql/ast.h"

namespace silverback::promql {

enum class TokenKind : std::uint8_t {
  kEnd,
  kError,             // Lexer::error() says what
  kIdentifier,        // up
  kMetricIdentifier,  // job:up:sum, with a colon
  kNumber,            // 1, .5, 0x1f, 1e6, Inf
  kDuration,          // 1h30m
  kString,            // with its quotes
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kAt,
  kAssign,         // =
  kMatchRegex,     // =~
  kMatchNotRegex,  // !~
  kOperator,       // binary operators, named ones included; Token::op says which
  kAggregator,     // sum, topk, …; Token::aggregate says which
  // Keywords, whatever their case.
  kBool,
  kBy,
  kGroupLeft,
  kGroupRight,
  kIgnoring,
  kOffset,
  kOn,
  kWithout,
  kAnchored,
  kSmoothed,
  kFill,  // these three only before `(`
  kFillLeft,
  kFillRight,
  kStart,
  kEndWord,
  kStep,
  kRange,
  kMinOf,
  kMaxOf,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  BinaryOp op = BinaryOp::kAdd;               // for kOperator
  AggregateOp aggregate = AggregateOp::kSum;  // for kAggregator
  PositionRange position;

  bool is(TokenKind wanted) const { return kind == wanted; }
  bool is_operator(BinaryOp wanted) const { return kind == TokenKind::kOperator && op == wanted; }
  bool is_sign() const { return is_operator(BinaryOp::kAdd) || is_operator(BinaryOp::kSub); }
};

class Lexer {
 public:
  // Requires input.size() < 4 GiB.
  explicit Lexer(std::string_view input) : input_(input) {}

  // The next token; after kEnd and kError the same again.
  Token next();

  std::string_view text(const Token& token) const {
    return input_.substr(token.position.start, token.position.end - token.position.start);
  }
  // Of a token that is kError.
  const std::string& error() const { return error_; }

 private:
  // -1 at the end of the input.
  int peek(std::size_t ahead = 0) const {
    return pos_ + ahead < input_.size() ? static_cast<unsigned char>(input_[pos_ + ahead]) : -1;
  }
  bool accept(std::string_view any_of);
  std::size_t accept_run(std::string_view any_of);
  void skip_blanks_and_comments();

  Token make(TokenKind kind);
  Token make_operator(BinaryOp op, std::size_t bytes);
  Token fail(std::string message);
  // `message` and the character at `position`, quoted.
  Token fail_at_character(std::string_view message, std::size_t position);

  Token next_in_statement();
  Token next_in_braces();
  Token next_in_brackets();
  Token end_of_statement();
  Token punctuation(TokenKind kind);
  Token left_bracket();
  Token right_bracket();
  Token left_paren();
  Token right_paren();
  Token comparison();
  Token word();
  Token label_name();
  Token number_or_duration();
  bool scan_number();
  bool scan_rest_of_duration();
  Token string();
  Token raw_string();
  bool scan_escape(char quote);
  bool scan_rune();
  bool is_before_paren() const;

  const std::string_view input_;
  std::size_t pos_ = 0;
  std::size_t start_ = 0;  // of the token being read
  std::size_t paren_depth_ = 0;
  bool in_braces_ = false;
  bool in_brackets_ = false;
  bool colon_seen_ = false;  // in these brackets
  bool done_ = false;
  Token last_;
  std::string error_;
};

}  // namespace silverback::promql
