// Selectors and label sets: `up{job="a"}`, `{"my.metric", "my.label"=~"b"}`.
#include "promql/expression_parser.h"
#include "promql/literals.h"
#include "promql/parse_error.h"

namespace silverback::promql {
namespace {

constexpr std::string_view kContext = "label matching";
constexpr std::string_view kLabelSet = "label set";

std::optional<Matcher::Type> match_type(const Token& token) {
  switch (token.kind) {
    case TokenKind::kAssign:
      return Matcher::Type::kEqual;
    case TokenKind::kMatchRegex:
      return Matcher::Type::kRegex;
    case TokenKind::kMatchNotRegex:
      return Matcher::Type::kNotRegex;
    case TokenKind::kOperator:
      return Matcher::Type::kNotEqual;  // the only operator that the lexer makes inside braces
    default:
      return std::nullopt;
  }
}

}  // namespace

// `name` is the word before the braces, already consumed; null if there is none.
Result<ExpressionParser::Parsed> ExpressionParser::parse_selector(const Token* name) {
  VectorSelector selector;
  const std::uint32_t start = name != nullptr ? name->position.start : token_.position.start;
  if (token_.is(TokenKind::kLeftBrace)) selector.matchers = TRY(parse_matchers());
  if (name != nullptr) {
    selector.name = lexer_.text(*name);
    selector.matchers.push_back(Matcher::equal(std::string(kMetricName), selector.name));
  }
  return make(std::move(selector), {start, last_end_}, 1);
}

Result<std::vector<Matcher>> ExpressionParser::parse_matchers() {
  advance();
  std::vector<Matcher> matchers;
  while (!skip(TokenKind::kRightBrace)) {
    matchers.push_back(TRY(parse_matcher()));
    if (!skip(TokenKind::kComma) && !token_.is(TokenKind::kRightBrace)) {
      return unexpected({.context = kContext, .expected = R"("," or "}")"});
    }
  }
  return matchers;
}

Result<Matcher> ExpressionParser::parse_matcher() {
  const Token name = token_;
  if (!name.is(TokenKind::kIdentifier) && !name.is(TokenKind::kString)) {
    return unexpected({.context = kContext, .expected = R"(identifier or "}")"});
  }
  advance();
  const bool quoted = name.is(TokenKind::kString);
  std::string name_text = quoted ? unquote(lexer_.text(name)) : std::string(lexer_.text(name));
  const std::optional<Matcher::Type> type = match_type(token_);
  if (!type) {
    if (quoted) return Matcher::equal(std::string(kMetricName), std::move(name_text));
    return unexpected({.context = kContext, .expected = "label matching operator"});
  }
  advance();
  const Token value = token_;
  if (!skip(TokenKind::kString)) return unexpected({.context = kContext, .expected = "string"});
  Result<Matcher> matcher = Matcher::make(*type, std::move(name_text), unquote(lexer_.text(value)));
  if (!matcher) return error_at(name.position.start, matcher.error().message);
  return matcher;
}

Result<std::vector<Matcher>> ExpressionParser::metric_selector() {
  const Token name = token_;
  const bool named = can_be_metric_name(name);
  if (!named && !name.is(TokenKind::kLeftBrace)) return unexpected({});
  if (named) advance();
  Parsed parsed = TRY(parse_selector(named ? &name : nullptr));
  TRY(end_of_input());
  return std::move(std::get<VectorSelector>(parsed.expr->node).matchers);
}

Result<Labels> ExpressionParser::metric() {
  LabelsBuilder labels;
  if (can_be_metric_name(token_)) {
    labels.set(kMetricName, lexer_.text(token_));
    advance();
  } else if (!token_.is(TokenKind::kLeftBrace)) {
    return unexpected({});
  }
  if (skip(TokenKind::kLeftBrace)) {
    while (!skip(TokenKind::kRightBrace)) {
      TRY(parse_label(labels));
      if (!skip(TokenKind::kComma) && !token_.is(TokenKind::kRightBrace)) {
        return unexpected({.context = kLabelSet, .expected = R"("," or "}")"});
      }
    }
  }
  TRY(end_of_input());
  return labels.build();
}

Status ExpressionParser::parse_label(LabelsBuilder& labels) {
  const Token name = token_;
  if (!name.is(TokenKind::kIdentifier) && !name.is(TokenKind::kString)) {
    return unexpected({.context = kLabelSet, .expected = R"(identifier or "}")"});
  }
  advance();
  const bool quoted = name.is(TokenKind::kString);
  const std::string name_text =
      quoted ? unquote(lexer_.text(name)) : std::string(lexer_.text(name));
  if (!skip(TokenKind::kAssign)) {
    if (!quoted) return unexpected({.context = kLabelSet, .expected = R"("=")"});
    labels.set(kMetricName, name_text);
    return {};
  }
  const Token value = token_;
  if (!skip(TokenKind::kString)) return unexpected({.context = kLabelSet, .expected = "string"});
  labels.set(name_text, unquote(lexer_.text(value)));
  return {};
}

}  // namespace silverback::promql
