#include "promql/lexer.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/labels.h"
#include "promql/literals.h"

namespace silverback::promql {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

struct Keyword {
  std::string_view word;  // in lower case
  TokenKind kind;
  BinaryOp op = BinaryOp::kAdd;
  AggregateOp aggregate = AggregateOp::kSum;
};

constexpr Keyword operator_word(std::string_view word, BinaryOp op) {
  return {word, TokenKind::kOperator, op, AggregateOp::kSum};
}
constexpr Keyword aggregator(std::string_view word, AggregateOp op) {
  return {word, TokenKind::kAggregator, BinaryOp::kAdd, op};
}

// Alphabetical.
constexpr Keyword kKeywords[] = {
    {"anchored", TokenKind::kAnchored},
    operator_word("and", BinaryOp::kAnd),
    operator_word("atan2", BinaryOp::kAtan2),
    aggregator("avg", AggregateOp::kAvg),
    {"bool", TokenKind::kBool},
    aggregator("bottomk", AggregateOp::kBottomk),
    {"by", TokenKind::kBy},
    aggregator("count", AggregateOp::kCount),
    aggregator("count_values", AggregateOp::kCountValues),
    {"end", TokenKind::kEndWord},
    {"fill", TokenKind::kFill},
    {"fill_left", TokenKind::kFillLeft},
    {"fill_right", TokenKind::kFillRight},
    aggregator("group", AggregateOp::kGroup),
    {"group_left", TokenKind::kGroupLeft},
    {"group_right", TokenKind::kGroupRight},
    {"ignoring", TokenKind::kIgnoring},
    {"inf", TokenKind::kNumber},
    aggregator("limit_ratio", AggregateOp::kLimitRatio),
    aggregator("limitk", AggregateOp::kLimitk),
    aggregator("max", AggregateOp::kMax),
    {"max_of", TokenKind::kMaxOf},
    aggregator("min", AggregateOp::kMin),
    {"min_of", TokenKind::kMinOf},
    {"nan", TokenKind::kNumber},
    {"offset", TokenKind::kOffset},
    {"on", TokenKind::kOn},
    operator_word("or", BinaryOp::kOr),
    aggregator("quantile", AggregateOp::kQuantile),
    {"range", TokenKind::kRange},
    {"smoothed", TokenKind::kSmoothed},
    {"start", TokenKind::kStart},
    aggregator("stddev", AggregateOp::kStddev),
    aggregator("stdvar", AggregateOp::kStdvar),
    {"step", TokenKind::kStep},
    aggregator("sum", AggregateOp::kSum),
    aggregator("topk", AggregateOp::kTopk),
    operator_word("unless", BinaryOp::kUnless),
    {"without", TokenKind::kWithout},
};
constexpr std::size_t kKeywordBytesMax = 12;
static_assert(std::is_sorted(std::begin(kKeywords), std::end(kKeywords),
                             [](const Keyword& a, const Keyword& b) { return a.word < b.word; }));
static_assert(std::all_of(std::begin(kKeywords), std::end(kKeywords),
                          [](const Keyword& k) { return k.word.size() <= kKeywordBytesMax; }));

const Keyword* find_keyword(std::string_view word) {
  if (word.size() > kKeywordBytesMax) return nullptr;
  std::array<char, kKeywordBytesMax> lower;
  std::transform(word.begin(), word.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const std::string_view wanted(lower.data(), word.size());
  const auto* found =
      std::lower_bound(std::begin(kKeywords), std::end(kKeywords), wanted,
                       [](const Keyword& k, std::string_view text) { return k.word < text; });
  return found != std::end(kKeywords) && found->word == wanted ? found : nullptr;
}

bool is_fill(TokenKind kind) {
  return kind == TokenKind::kFill || kind == TokenKind::kFillLeft || kind == TokenKind::kFillRight;
}

bool is_blank(int c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(int c) { return c >= '0' && c <= '9'; }
bool is_alpha(int c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(int c) { return is_alpha(c) || is_digit(c); }

bool contains(std::string_view set, int c) {
  return c >= 0 && set.find(static_cast<char>(c)) != std::string_view::npos;
}

}  // namespace

bool Lexer::accept(std::string_view any_of) {
  if (!contains(any_of, peek())) return false;
  ++pos_;
  return true;
}

std::size_t Lexer::accept_run(std::string_view any_of) {
  const std::size_t before = pos_;
  while (contains(any_of, peek())) ++pos_;
  return pos_ - before;
}

void Lexer::skip_blanks_and_comments() {
  for (;; ++pos_) {
    if (peek() == '#') pos_ = std::min(input_.find('\n', pos_), input_.size());
    if (!is_blank(peek())) return;
  }
}

Token Lexer::make(TokenKind kind) {
  Token token;
  token.kind = kind;
  token.position = {static_cast<std::uint32_t>(start_), static_cast<std::uint32_t>(pos_)};
  return token;
}

Token Lexer::make_operator(BinaryOp op, std::size_t bytes) {
  pos_ += bytes;
  Token token = make(TokenKind::kOperator);
  token.op = op;
  return token;
}

Token Lexer::fail(std::string message) {
  error_ = std::move(message);
  return make(TokenKind::kError);
}

Token Lexer::fail_at_character(std::string_view message, std::size_t position) {
  const Rune rune = rune_at(input_, position);
  pos_ = std::min(position + std::max<std::size_t>(rune.bytes, 1), input_.size());
  return fail(std::string(message) + quote_rune(rune));
}

Token Lexer::next() {
  if (done_) return last_;
  skip_blanks_and_comments();
  start_ = pos_;
  last_ = in_braces_ ? next_in_braces() : in_brackets_ ? next_in_brackets() : next_in_statement();
  done_ = last_.is(TokenKind::kEnd) || last_.is(TokenKind::kError);
  return last_;
}

Token Lexer::punctuation(TokenKind kind) {
  ++pos_;
  return make(kind);
}

Token Lexer::end_of_statement() {
  if (paren_depth_ > 0) return fail("unclosed left parenthesis");
  return make(TokenKind::kEnd);
}

Token Lexer::next_in_statement() {
  const int c = peek();
  switch (c) {
    case -1:
      return end_of_statement();
    case ',':
      return punctuation(TokenKind::kComma);
    case '@':
      return punctuation(TokenKind::kAt);
    case '(':
      return left_paren();
    case ')':
      return right_paren();
    case '{':
      in_braces_ = true;
      return punctuation(TokenKind::kLeftBrace);
    case '[':
      return left_bracket();
    case ']':
      return fail_at_character("unexpected right bracket ", pos_);
    case '*':
      return make_operator(BinaryOp::kMul, 1);
    case '/':
      return make_operator(BinaryOp::kDiv, 1);
    case '%':
      return make_operator(BinaryOp::kMod, 1);
    case '+':
      return make_operator(BinaryOp::kAdd, 1);
    case '-':
      return make_operator(BinaryOp::kSub, 1);
    case '^':
      return make_operator(BinaryOp::kPow, 1);
    case '=':
    case '!':
    case '<':
    case '>':
      return comparison();
    case '"':
    case '\'':
      return string();
    case '`':
      return raw_string();
    default:
      break;
  }
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number_or_duration();
  if (is_alpha(c) || c == ':') return word();
  return fail_at_character("unexpected character: ", pos_);
}

Token Lexer::comparison() {
  const int second = peek(1);
  switch (peek()) {
    case '=':
      if (second == '=') return make_operator(BinaryOp::kEqual, 2);
      if (second == '~') return fail_at_character("unexpected character after '=': ", pos_ + 1);
      return punctuation(TokenKind::kAssign);
    case '!':
      if (second == '=') return make_operator(BinaryOp::kNotEqual, 2);
      return fail_at_character("unexpected character after '!': ", pos_ + 1);
    case '<':
      if (second == '=') return make_operator(BinaryOp::kLessEqual, 2);
      if (second == '/') return make_operator(BinaryOp::kTrimUpper, 2);
      return make_operator(BinaryOp::kLess, 1);
    default:
      if (second == '=') return make_operator(BinaryOp::kGreaterEqual, 2);
      if (second == '/') return make_operator(BinaryOp::kTrimLower, 2);
      return make_operator(BinaryOp::kGreater, 1);
  }
}

Token Lexer::left_paren() {
  ++paren_depth_;
  return punctuation(TokenKind::kLeftParen);
}

Token Lexer::right_paren() {
  if (paren_depth_ > 0) {
    --paren_depth_;
    return punctuation(TokenKind::kRightParen);
  }
  // Prometheus compatibility: the error stands behind this parenthesis, not at it.
  start_ = ++pos_;
  return fail("unexpected right parenthesis ')'");
}

Token Lexer::left_bracket() {
  if (in_brackets_) return fail_at_character("unexpected left bracket ", pos_);
  in_brackets_ = true;
  colon_seen_ = false;
  return punctuation(TokenKind::kLeftBracket);
}

Token Lexer::right_bracket() {
  in_brackets_ = false;
  return punctuation(TokenKind::kRightBracket);
}

Token Lexer::next_in_brackets() {
  const int c = peek();
  switch (c) {
    case -1:
      return fail("unexpected end of input in duration expression");
    case ']':
      return right_bracket();
    case ':':
      if (colon_seen_) return fail_at_character("unexpected colon ", pos_);
      colon_seen_ = true;
      return punctuation(TokenKind::kColon);
    case ',':
      return punctuation(TokenKind::kComma);
    case '(':
      return left_paren();
    case ')':
      return right_paren();
    case '+':
      return make_operator(BinaryOp::kAdd, 1);
    case '-':
      return make_operator(BinaryOp::kSub, 1);
    case '*':
      return make_operator(BinaryOp::kMul, 1);
    case '/':
      return make_operator(BinaryOp::kDiv, 1);
    case '%':
      return make_operator(BinaryOp::kMod, 1);
    case '^':
      return make_operator(BinaryOp::kPow, 1);
    default:
      break;
  }
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number_or_duration();
  const std::size_t begin = pos_;
  while (is_alphanumeric(peek())) ++pos_;
  if (const Keyword* keyword = find_keyword(input_.substr(begin, pos_ - begin))) {
    if (keyword->kind == TokenKind::kStep || keyword->kind == TokenKind::kRange ||
        keyword->kind == TokenKind::kMinOf || keyword->kind == TokenKind::kMaxOf) {
      return make(keyword->kind);
    }
  }
  return fail_at_character("unexpected character in duration expression: ", begin);
}

Token Lexer::next_in_braces() {
  const int c = peek();
  switch (c) {
    case -1:
      return fail("unexpected end of input inside braces");
    case '{':
      return fail_at_character("unexpected left brace ", pos_);
    case '}':
      in_braces_ = false;
      return punctuation(TokenKind::kRightBrace);
    case ',':
      return punctuation(TokenKind::kComma);
    case '"':
    case '\'':
      return string();
    case '`':
      return raw_string();
    case '=':
      if (peek(1) != '~') return punctuation(TokenKind::kAssign);
      pos_ += 2;
      return make(TokenKind::kMatchRegex);
    case '!':
      if (peek(1) == '=') return make_operator(BinaryOp::kNotEqual, 2);
      if (peek(1) != '~') {
        return fail_at_character("unexpected character after '!' inside braces: ", pos_ + 1);
      }
      pos_ += 2;
      return make(TokenKind::kMatchNotRegex);
    default:
      break;
  }
  if (is_alpha(c)) return label_name();
  return fail_at_character("unexpected character inside braces: ", pos_);
}

Token Lexer::label_name() {
  while (is_alphanumeric(peek())) ++pos_;
  return make(TokenKind::kIdentifier);
}

Token Lexer::word() {
  bool has_colon = false;
  for (int c = peek(); is_alphanumeric(c) || c == ':'; c = peek()) {
    has_colon = has_colon || c == ':';
    ++pos_;
  }
  if (has_colon) return make(TokenKind::kMetricIdentifier);
  const Keyword* keyword = find_keyword(input_.substr(start_, pos_ - start_));
  if (keyword == nullptr || (is_fill(keyword->kind) && !is_before_paren())) {
    return make(TokenKind::kIdentifier);
  }
  Token token = make(keyword->kind);
  token.op = keyword->op;
  token.aggregate = keyword->aggregate;
  return token;
}

bool Lexer::is_before_paren() const {
  std::size_t ahead = 0;
  while (is_blank(peek(ahead))) ++ahead;
  return peek(ahead) == '(';
}

Token Lexer::number_or_duration() {
  if (scan_number()) return make(TokenKind::kNumber);
  if (scan_rest_of_duration()) return make(TokenKind::kDuration);
  return fail("bad number or duration syntax: " + quote(input_.substr(start_, pos_ - start_)));
}

// [digits][.digits][e[+-]digits] with single underscores, or 0x and hexadecimal digits. Whether it
// is a number at all (`1e` is not) is found when it is read.
bool Lexer::scan_number() {
  const bool hex = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
  if (hex) pos_ += 2;
  bool dot_seen = hex;  // there are no hexadecimal fractions
  bool exponent_seen = false;
  while (true) {
    if (accept_run(hex ? kHexDigits : kDigits) > 0) continue;
    if (accept("_")) {
      if (accept("._eE")) return false;
    } else if (accept(".")) {
      if (dot_seen || accept("_.")) return false;
      dot_seen = true;
    } else if (accept("eE")) {
      if (exponent_seen) return false;
      exponent_seen = true;
      accept("+-");
      if (accept("._eE")) return false;
    } else {
      break;
    }
  }
  return !is_alphanumeric(peek());
}

// What follows the first number of `1h30m`. Their order is checked when it is read.
bool Lexer::scan_rest_of_duration() {
  if (!accept("smhdwy")) return false;
  accept("s");
  while (accept_run(kDigits) > 0) {
    if (!accept("smhdw")) return false;
    accept("s");
  }
  if (!is_alphanumeric(peek())) return true;
  ++pos_;  // Prometheus compatibility: the message shows one character more
  return false;
}

Token Lexer::string() {
  const auto quote_mark = input_[pos_++];
  while (true) {
    const int c = peek();
    if (c < 0 || c == '\n') return fail("unterminated quoted string");
    if (c == quote_mark) return punctuation(TokenKind::kString);
    if (c == '\\') {
      if (!scan_escape(quote_mark)) return make(TokenKind::kError);
    } else if (!scan_rune()) {
      return fail("invalid UTF-8 rune");
    }
  }
}

Token Lexer::raw_string() {
  ++pos_;
  while (true) {
    const int c = peek();
    if (c < 0) return fail("unterminated raw string");
    if (c == '`') return punctuation(TokenKind::kString);
    if (!scan_rune()) return fail("invalid UTF-8 rune");
  }
}

bool Lexer::scan_rune() {
  const std::size_t bytes = rune_at(input_, pos_).bytes;
  pos_ += bytes;
  return bytes > 0;
}

bool Lexer::scan_escape(char quote_mark) {
  const Escape escape = read_escape(input_, pos_, quote_mark);
  if (!escape.error.empty()) {
    error_ = escape.error;
    return false;
  }
  pos_ += escape.bytes;
  return true;
}

}  // namespace silverback::promql
