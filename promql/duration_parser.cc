// What follows an operand: `[5m]`, `[1h:5m]`, `offset 5m`, `@ 1234`, `anchored`; and the duration
// expressions in them.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "promql/expression_parser.h"
#include "promql/functions.h"
#include "promql/parse_error.h"

namespace silverback::promql {
namespace {

constexpr int kLowestDurationPrecedence = 4;  // of + and -
constexpr int kOperandOnly = 7;               // above all operators
constexpr std::string_view kDurationForms = "number, duration, step(), or range()";
// Prometheus compatibility: its durations are 64-bit nanoseconds.
constexpr double kDurationSecondsMax = 9'223'372'036.0;

bool is_duration_operator(const Token& token) {
  return token.is(TokenKind::kOperator) && token.op != BinaryOp::kAtan2 &&
         precedence_of(token.op) >= kLowestDurationPrecedence;
}

bool is_set(const DurationValue& duration) { return duration.ms != 0 || duration.expr != nullptr; }

VectorSelector* selector_of(Expr& expr) {
  if (auto* matrix = std::get_if<MatrixSelector>(&expr.node)) return selector_of(*matrix->selector);
  return std::get_if<VectorSelector>(&expr.node);
}

// The offset of a selector or subquery; null for anything else.
DurationValue* offset_of(Expr& expr) {
  if (auto* subquery = std::get_if<Subquery>(&expr.node)) return &subquery->offset;
  VectorSelector* selector = selector_of(expr);
  return selector == nullptr ? nullptr : &selector->offset;
}

AtModifier* at_of(Expr& expr) {
  if (auto* subquery = std::get_if<Subquery>(&expr.node)) return &subquery->at;
  VectorSelector* selector = selector_of(expr);
  return selector == nullptr ? nullptr : &selector->at;
}

std::string format_fixed(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, std::numeric_limits<double>::max_exponent10 + 20> buffer;
  const int bytes = std::snprintf(buffer.data(), buffer.size(), "%f", value);
  return {buffer.data(), static_cast<std::size_t>(bytes)};
}

const NumberLiteral* as_number(const Expr& expr) {
  return std::get_if<NumberLiteral>(&without_parens(expr).node);
}

}  // namespace

// `[range]` makes a range vector of a selector, `[range:step]` a subquery of anything.
Result<ExpressionParser::Parsed> ExpressionParser::parse_brackets(Parsed operand) {
  const std::uint32_t bracket = token_.position.start;
  advance();
  auto [range, height] = TRY(parse_positive_duration(
      {.context = "subquery or range selector", .expected = kDurationForms}));
  if (skip(TokenKind::kRightBracket)) {
    return make_matrix(std::move(operand), bracket, std::move(range), height);
  }
  if (skip(TokenKind::kColon)) return parse_subquery(std::move(operand), std::move(range), height);
  return unexpected({.context = "subquery or range", .expected = R"(":" or "]")"});
}

Result<ExpressionParser::Parsed> ExpressionParser::make_matrix(Parsed operand,
                                                               std::uint32_t bracket,
                                                               DurationValue range,
                                                               std::uint32_t height) {
  const auto* selector = std::get_if<VectorSelector>(&operand.expr->node);
  if (selector == nullptr) return error_at(bracket, "ranges only allowed for vector selectors");
  if (is_set(selector->offset)) {
    return error_at(bracket, "no offset modifiers allowed before range");
  }
  if (selector->at.kind != AtModifier::Kind::kNone) {
    return error_at(bracket, "no @ modifiers allowed before range");
  }
  if (selector->anchored || selector->smoothed) {
    return error_at(bracket, "no anchored or smoothed modifiers allowed before range");
  }
  const PositionRange position{operand.expr->position.start, last_end_};
  return make(MatrixSelector{std::move(operand.expr), std::move(range)}, position,
              std::max(operand.height, height) + 1);
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_subquery(Parsed operand,
                                                                  DurationValue range,
                                                                  std::uint32_t height) {
  Subquery subquery{.expr = std::move(operand.expr),
                    .range = std::move(range),
                    .step = {},
                    .default_step = token_.is(TokenKind::kRightBracket),
                    .offset = {},
                    .at = {}};
  if (!subquery.default_step) {
    auto [step, step_height] =
        TRY(parse_positive_duration({.context = "subquery selector",
                                     .expected = R"(number, duration, step(), range(), or "]")"}));
    subquery.step = std::move(step);
    height = std::max(height, step_height);
  }
  if (!skip(TokenKind::kRightBracket)) {
    return unexpected({.context = "subquery selector", .expected = R"("]")"});
  }
  const PositionRange position{subquery.expr->position.start, last_end_};
  return make(std::move(subquery), position, std::max(operand.height, height) + 1);
}

Status ExpressionParser::parse_offset(Parsed& operand) {
  advance();
  // No operators outside parentheses: `x offset 5m + 1` is a sum.
  Parsed parsed =
      TRY(parse_duration(kOperandOnly, {.context = "offset", .expected = kDurationForms}));
  const std::uint32_t height = parsed.height;
  DurationValue duration = TRY(to_duration(std::move(parsed)));
  Expr& expr = *operand.expr;
  DurationValue* offset = offset_of(expr);
  if (offset == nullptr) {
    return error_at(expr.position.start,
                    "offset modifier must be preceded by an instant vector selector or range "
                    "vector selector or a subquery");
  }
  if (is_set(*offset)) return error_at(expr.position.start, "offset may not be set multiple times");
  *offset = std::move(duration);
  expr.position.end = last_end_;
  operand.height = std::max(operand.height, height + 1);
  return {};
}

Status ExpressionParser::parse_at(Expr& operand) {
  advance();
  const AtModifier parsed = TRY(parse_at_modifier(operand));
  AtModifier* at = at_of(operand);
  if (at == nullptr) {
    return error_at(operand.position.start,
                    "@ modifier must be preceded by an instant vector selector or range vector "
                    "selector or a subquery");
  }
  if (at->kind != AtModifier::Kind::kNone) {
    return error_at(operand.position.start, "@ <timestamp> may not be set multiple times");
  }
  *at = parsed;
  operand.position.end = last_end_;
  return {};
}

Result<AtModifier> ExpressionParser::parse_at_modifier(const Expr& operand) {
  constexpr Expectation kTimestamp{.context = "@", .expected = "timestamp"};
  if (token_.is(TokenKind::kStart) || token_.is(TokenKind::kEndWord)) {
    const auto kind =
        token_.is(TokenKind::kStart) ? AtModifier::Kind::kStart : AtModifier::Kind::kEnd;
    advance();
    if (!skip(TokenKind::kLeftParen)) return unexpected(kTimestamp);
    if (!skip(TokenKind::kRightParen)) return unexpected(kTimestamp);
    return AtModifier{.kind = kind};
  }
  const bool negative = token_.is_operator(BinaryOp::kSub);
  if (token_.is_sign()) advance();
  if (!token_.is(TokenKind::kNumber) && !token_.is(TokenKind::kDuration)) {
    return unexpected(kTimestamp);
  }
  const double magnitude = TRY(number_value(token_));
  advance();
  const double seconds = negative ? -magnitude : magnitude;
  const double ms = std::round(seconds * 1000);
  constexpr auto kLimit = static_cast<double>(std::numeric_limits<std::int64_t>::max());
  if (std::isnan(ms) || ms >= kLimit || ms <= -kLimit) {
    return error_at(operand.position.start,
                    "timestamp out of bounds for @ modifier: " + format_fixed(seconds));
  }
  return AtModifier{.kind = AtModifier::Kind::kTimestamp, .t = static_cast<TimestampMs>(ms)};
}

Status ExpressionParser::parse_extended_range(Expr& operand) {
  const std::string word = token_.is(TokenKind::kAnchored) ? "anchored" : "smoothed";
  advance();
  const std::uint32_t start = operand.position.start;
  if (!features_.extended_range_selectors) {
    return error_at(start, word + " modifier is experimental and not enabled");
  }
  if (std::holds_alternative<Subquery>(operand.node)) {
    return error_at(start, word + " modifier is not supported for subqueries");
  }
  VectorSelector* selector = selector_of(operand);
  if (selector == nullptr) return error_at(start, word + " modifier not implemented");
  (word == "anchored" ? selector->anchored : selector->smoothed) = true;
  if (selector->anchored && selector->smoothed) {
    return error_at(start, "anchored and smoothed modifiers cannot be used together");
  }
  operand.position.end = last_end_;
  return {};
}

Result<std::pair<DurationValue, std::uint32_t>> ExpressionParser::parse_positive_duration(
    const Expectation& expectation) {
  Parsed parsed = TRY(parse_duration(kLowestDurationPrecedence, expectation));
  const std::uint32_t start = parsed.expr->position.start;
  const std::uint32_t height = parsed.height;
  DurationValue duration = TRY(to_duration(std::move(parsed)));
  if (duration.expr == nullptr && duration.ms <= 0) {
    return error_at(start, "duration must be greater than 0");
  }
  return std::pair(std::move(duration), height);
}

Result<DurationValue> ExpressionParser::to_duration(Parsed parsed) const {
  const NumberLiteral* number = as_number(*parsed.expr);
  if (number == nullptr) return DurationValue{.expr = std::move(parsed.expr)};
  if (!(std::abs(number->value) < kDurationSecondsMax)) {
    return error_at(parsed.expr->position.start, "duration out of range");
  }
  return DurationValue{.ms = static_cast<DurationMs>(std::round(number->value * 1000)),
                       .expr = nullptr};
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_duration(int precedence_min,
                                                                  const Expectation& expectation) {
  TRY(descend());
  Parsed lhs = TRY(parse_signed_duration(precedence_min, expectation));
  while (is_duration_operator(token_) && precedence_of(token_.op) >= precedence_min) {
    Binary binary{.op = token_.op, .lhs = {}, .rhs = {}, .matching = {}};
    advance();
    const int precedence = precedence_of(binary.op);
    Parsed rhs =
        TRY(parse_duration(binary.op == BinaryOp::kPow ? precedence : precedence + 1, expectation));
    const PositionRange position{lhs.expr->position.start, rhs.expr->position.end};
    const std::uint32_t height = std::max(lhs.height, rhs.height) + 1;
    binary.lhs = std::move(lhs.expr);
    binary.rhs = std::move(rhs.expr);
    lhs = TRY(make(std::move(binary), position, height));
  }
  ascend();
  return lhs;
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_signed_duration(
    int precedence_min, const Expectation& expectation) {
  if (!token_.is_sign()) return parse_duration_primary(expectation);
  const std::uint32_t start = token_.position.start;
  const bool negative = token_.is_operator(BinaryOp::kSub);
  advance();
  Parsed operand = TRY(parse_duration(std::max(precedence_min, kSignPrecedence + 1), expectation));
  const PositionRange position{start, operand.expr->position.end};
  if (const NumberLiteral* number = as_number(*operand.expr)) {
    NumberLiteral signed_number = *number;
    if (negative) signed_number.value = -signed_number.value;
    return make(signed_number, position, 1);
  }
  return make(Unary{negative, std::move(operand.expr)}, position, operand.height + 1);
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_duration_primary(
    const Expectation& expectation) {
  switch (token_.kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
      return parse_number();
    case TokenKind::kLeftParen: {
      const std::uint32_t start = token_.position.start;
      advance();
      Parsed inner = TRY(parse_duration(kLowestDurationPrecedence, expectation));
      if (!skip(TokenKind::kRightParen)) return unexpected(expectation);
      // Parentheses are kept once, and only where they can matter, as Prometheus prints them.
      const auto* number = std::get_if<NumberLiteral>(&inner.expr->node);
      const bool needless = (number != nullptr && !std::signbit(number->value)) ||
                            std::holds_alternative<Paren>(inner.expr->node);
      if (needless) return inner;
      return make(Paren{std::move(inner.expr)}, {start, last_end_}, inner.height + 1);
    }
    case TokenKind::kStep:
    case TokenKind::kRange:
    case TokenKind::kMinOf:
    case TokenKind::kMaxOf:
      return parse_duration_call(expectation);
    default:
      return unexpected(expectation);
  }
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_duration_call(
    const Expectation& expectation) {
  const std::uint32_t start = token_.position.start;
  Call call{.function = nullptr, .args = {}};
  switch (token_.kind) {
    case TokenKind::kStep:
      call.function = find_function("step");
      break;
    case TokenKind::kRange:
      call.function = find_function("range");
      break;
    case TokenKind::kMinOf:
      call.function = find_function("min_of");
      break;
    default:
      call.function = find_function("max_of");
      break;
  }
  advance();
  if (!skip(TokenKind::kLeftParen)) return unexpected(expectation);
  std::uint32_t height = 0;
  for (std::size_t i = 0; i < call.function->args_max; ++i) {
    if (i > 0 && !skip(TokenKind::kComma)) return unexpected(expectation);
    Parsed arg = TRY(parse_duration(kLowestDurationPrecedence, expectation));
    height = std::max(height, arg.height);
    call.args.push_back(std::move(arg.expr));
  }
  if (!skip(TokenKind::kRightParen)) return unexpected(expectation);
  return make(std::move(call), {start, last_end_}, height + 1);
}

}  // namespace silverback::promql
