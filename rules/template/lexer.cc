#include "rules/template/lexer.h"

#include <algorithm>
#include <utility>

#include "base/labels.h"
#include "rules/template/rune.h"

namespace silverback::templates {
namespace {

constexpr std::string_view kLeft = "{{";
constexpr std::string_view kRight = "}}";
constexpr std::string_view kCommentOpen = "/*";
constexpr std::string_view kCommentClose = "*/";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kTrimBytes = 2;  // the minus and the blank beside it

bool is_blank(char c) { return kBlanks.find(c) != kBlanks.npos; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Of text that follows a left delimiter.
bool starts_with_left_trim(std::string_view text) {
  return text.size() >= kTrimBytes && text[0] == '-' && is_blank(text[1]);
}
// Of text that may be the end of an action.
bool starts_with_right_trim(std::string_view text) {
  return text.size() >= kTrimBytes && is_blank(text[0]) && text[1] == '-' &&
         text.substr(kTrimBytes).starts_with(kRight);
}

std::size_t skip_any(std::string_view text, std::size_t from, std::string_view any_of) {
  return std::min(text.find_first_not_of(any_of, from), text.size());
}

// The end of the number that starts at `from`, however wrong it may be.
std::size_t number_end(std::string_view text, std::size_t from) {
  const auto at = [&](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
  std::size_t i = from;
  if (at(i) == '+' || at(i) == '-') ++i;
  std::string_view digits = "0123456789_";
  bool hexadecimal = false;
  if (at(i) == '0') {
    ++i;
    if (at(i) == 'x' || at(i) == 'X') {
      digits = "0123456789abcdefABCDEF_";
      hexadecimal = true;
      ++i;
    } else if (at(i) == 'o' || at(i) == 'O') {
      digits = "01234567_";
      ++i;
    } else if (at(i) == 'b' || at(i) == 'B') {
      digits = "01_";
      ++i;
    }
  }
  i = skip_any(text, i, digits);
  if (at(i) == '.') i = skip_any(text, i + 1, digits);
  const bool has_exponent = hexadecimal ? at(i) == 'p' || at(i) == 'P'
                                        : digits.size() == 11 && (at(i) == 'e' || at(i) == 'E');
  if (has_exponent) {
    ++i;
    if (at(i) == '+' || at(i) == '-') ++i;
    i = skip_any(text, i, "0123456789_");
  }
  return at(i) == 'i' ? i + 1 : i;
}

struct Keyword {
  std::string_view word;
  TokenKind kind;
};
constexpr Keyword kKeywords[] = {
    {"block", TokenKind::kBlock},       {"break", TokenKind::kBreak},
    {"continue", TokenKind::kContinue}, {"define", TokenKind::kDefine},
    {"else", TokenKind::kElse},         {"end", TokenKind::kEndWord},
    {"false", TokenKind::kBool},        {"if", TokenKind::kIf},
    {"nil", TokenKind::kNil},           {"range", TokenKind::kRange},
    {"true", TokenKind::kBool},         {"with", TokenKind::kWith},
    {"template", TokenKind::kTemplate},
};

}  // namespace

Token Lexer::next() {
  if (done_) return last_;
  last_ = in_action_ ? in_action() : text();
  done_ = last_.is(TokenKind::kEnd) || last_.is(TokenKind::kError);
  return last_;
}

// Moves on without making a token.
void Lexer::skip_to(std::size_t position) {
  line_ += static_cast<std::size_t>(
      std::count(input_.begin() + start_, input_.begin() + position, '\n'));
  start_ = position_ = position;
}

Token Lexer::make(TokenKind kind) {
  Token token{kind, start_, line_, std::string(input_.substr(start_, position_ - start_))};
  skip_to(position_);
  return token;
}

Token Lexer::error(std::string message) {
  return {TokenKind::kError, start_, line_, std::move(message)};
}

Token Lexer::text() {
  if (std::exchange(trim_next_text_, false)) skip_to(skip_any(input_, position_, kBlanks));
  while (true) {
    const std::size_t open = input_.find(kLeft, position_);
    std::size_t end = std::min(open, input_.size());
    if (open != input_.npos && starts_with_left_trim(input_.substr(open + kLeft.size()))) {
      while (end > start_ && is_blank(input_[end - 1])) --end;
    }
    position_ = end;
    if (position_ > start_) return make(TokenKind::kText);
    if (open == input_.npos) return make(TokenKind::kEnd);
    skip_to(open);
    Token failure;
    if (skip_comment(failure)) continue;
    return failure.is(TokenKind::kError) ? failure : left_delim();
  }
}

// Takes a comment with its delimiters if one starts here. False with `failure` set to an error if
// the comment is not one.
bool Lexer::skip_comment(Token& failure) {
  const std::size_t inside = position_ + kLeft.size();
  const bool trims = starts_with_left_trim(input_.substr(inside));
  const std::size_t open = inside + (trims ? kTrimBytes : 0);
  if (!input_.substr(open).starts_with(kCommentOpen)) return false;
  skip_to(open);
  const std::size_t close = input_.find(kCommentClose, open);
  if (close == input_.npos) {
    failure = error("unclosed comment");
    return false;
  }
  std::size_t end = close + kCommentClose.size();
  const bool trims_after = starts_with_right_trim(input_.substr(end));
  if (trims_after) end += kTrimBytes;
  if (!input_.substr(end).starts_with(kRight)) {
    failure = error("comment ends before closing delimiter");
    return false;
  }
  end += kRight.size();
  skip_to(trims_after ? skip_any(input_, end, kBlanks) : end);
  return true;
}

Token Lexer::left_delim() {
  const bool trims = starts_with_left_trim(input_.substr(position_ + kLeft.size()));
  position_ += kLeft.size();
  Token token = make(TokenKind::kLeftDelim);
  if (trims) skip_to(position_ + kTrimBytes);
  in_action_ = true;
  paren_depth_ = 0;
  return token;
}

Token Lexer::right_delim(std::size_t bytes_before, bool trims) {
  if (paren_depth_ > 0) return error("unclosed left paren");
  skip_to(position_ + bytes_before);
  position_ += kRight.size();
  in_action_ = false;
  trim_next_text_ = trims;
  return make(TokenKind::kRightDelim);
}

Token Lexer::in_action() {
  if (starts_with_right_trim(rest())) return right_delim(kTrimBytes, true);
  if (rest().starts_with(kRight)) return right_delim(0, false);
  if (rest().empty()) return error("unclosed action");
  const char c = rest()[0];
  if (is_blank(c)) return space();
  switch (c) {
    case '"':
      return quoted('"', TokenKind::kString, "unterminated quoted string");
    case '\'':
      return quoted('\'', TokenKind::kCharConstant, "unterminated character constant");
    case '`':
      return raw_string();
    case '$':
      return field_or_variable(TokenKind::kVariable);
    case '.': {
      const bool starts_number = rest().size() > 1 && is_digit(rest()[1]);
      return starts_number ? number() : field_or_variable(TokenKind::kField);
    }
    default:
      break;
  }
  if (is_digit(c) || c == '+' || c == '-') return number();
  if (is_letter_or_digit(rune_at(input_, position_).value)) return word();
  return punctuation(c);
}

Token Lexer::space() {
  position_ = skip_any(input_, position_, kBlanks);
  // The blank before a minus belongs to the delimiter.
  if (starts_with_right_trim(input_.substr(position_ - 1))) {
    --position_;
    if (position_ == start_) return right_delim(kTrimBytes, true);
  }
  return make(TokenKind::kSpace);
}

Token Lexer::punctuation(char c) {
  if (c == ':') {
    if (!rest().starts_with(":=")) return error("expected :=");
    position_ += 2;
    return make(TokenKind::kDeclare);
  }
  if (c == ')') {
    if (paren_depth_ == 0) return error("unexpected right paren");
    --paren_depth_;
  }
  if (c == '(') ++paren_depth_;
  const Rune rune = rune_at(input_, position_);
  if (!is_printable(rune.value) || rune.value >= 0x80) {
    return error("unrecognized character in action: " + describe_rune(rune.value));
  }
  ++position_;
  switch (c) {
    case '(':
      return make(TokenKind::kLeftParen);
    case ')':
      return make(TokenKind::kRightParen);
    case '|':
      return make(TokenKind::kPipe);
    case '=':
      return make(TokenKind::kAssign);
    default:
      return make(TokenKind::kChar);
  }
}

Token Lexer::number() {
  position_ = number_end(input_, position_);
  // A sign goes on with an imaginary part, and with nothing else.
  const bool has_second = rest().starts_with('+') || rest().starts_with('-');
  if (has_second) position_ = number_end(input_, position_);
  const Rune after = rune_at(input_, position_);
  const bool goes_on = after.bytes > 0 && is_letter_or_digit(after.value);
  if (goes_on || (has_second && input_[position_ - 1] != 'i')) {
    if (goes_on) position_ += after.bytes;
    return error("bad number syntax: " + quote(input_.substr(start_, position_ - start_)));
  }
  return make(TokenKind::kNumber);
}

Token Lexer::quoted(char mark, TokenKind kind, std::string_view unterminated) {
  for (++position_; position_ < input_.size(); ++position_) {
    const char c = input_[position_];
    if (c == '\n') break;
    if (c == mark) {
      ++position_;
      return make(kind);
    }
    if (c != '\\') continue;
    ++position_;
    if (position_ < input_.size() && input_[position_] == '\n') break;
  }
  return error(std::string(unterminated));
}

Token Lexer::raw_string() {
  const std::size_t close = input_.find('`', position_ + 1);
  if (close == input_.npos) return error("unterminated raw quoted string");
  position_ = close + 1;
  return make(TokenKind::kRawString);
}

std::size_t Lexer::word_end(std::size_t from) const {
  while (true) {
    const Rune rune = rune_at(input_, from);
    if (rune.bytes == 0 || !is_letter_or_digit(rune.value)) return from;
    from += rune.bytes;
  }
}

// Whether a word may end here.
bool Lexer::is_at_terminator(std::size_t position) const {
  const std::string_view after = input_.substr(position);
  constexpr std::string_view kTerminators = ".,|:)(";
  return after.empty() || is_blank(after[0]) || kTerminators.find(after[0]) != kTerminators.npos ||
         after.starts_with(kRight);
}

Token Lexer::bad_character(std::size_t position) {
  return error("bad character " + describe_rune(rune_at(input_, position).value));
}

Token Lexer::field_or_variable(TokenKind kind) {
  ++position_;
  if (is_at_terminator(position_)) {
    return make(kind == TokenKind::kVariable ? TokenKind::kVariable : TokenKind::kDot);
  }
  const std::size_t end = word_end(position_);
  if (!is_at_terminator(end)) return bad_character(end);
  position_ = end;
  return make(kind);
}

Token Lexer::word() {
  const std::size_t end = word_end(position_);
  if (!is_at_terminator(end)) return bad_character(end);
  position_ = end;
  const std::string_view text = input_.substr(start_, end - start_);
  const auto* const keyword = std::find_if(std::begin(kKeywords), std::end(kKeywords),
                                           [&](const Keyword& k) { return k.word == text; });
  return make(keyword == std::end(kKeywords) ? TokenKind::kIdentifier : keyword->kind);
}

}  // namespace silverback::templates
