#include "promql/expression_parser.h"

#include <algorithm>
#include <cmath>

#include "promql/functions.h"
#include "promql/literals.h"
#include "promql/parse_error.h"

namespace silverback::promql {
namespace {

// Of brackets, calls and signs in each other: bounds the stack of this parser.
constexpr std::uint32_t kNestingMax = 250;
// Also of chains such as `a or b or c …`: bounds the stack of whoever walks the tree.
constexpr std::uint32_t kHeightMax = 1000;

constexpr std::string_view kExperimental =
    "() is experimental and must be enabled with "
    "--enable-feature=promql-experimental-functions";

bool takes_parameter(AggregateOp op) {
  switch (op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
    case AggregateOp::kCountValues:
    case AggregateOp::kQuantile:
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio:
      return true;
    default:
      return false;
  }
}

bool is_experimental(AggregateOp op) {
  return op == AggregateOp::kLimitk || op == AggregateOp::kLimitRatio;
}

// start, end, step, range, min_of and max_of are keywords in some places and functions in others.
bool is_function_word(TokenKind kind) {
  switch (kind) {
    case TokenKind::kStart:
    case TokenKind::kEndWord:
    case TokenKind::kStep:
    case TokenKind::kRange:
    case TokenKind::kMinOf:
    case TokenKind::kMaxOf:
      return true;
    default:
      return false;
  }
}

bool is_word_operator(BinaryOp op) { return is_set_operator(op) || op == BinaryOp::kAtan2; }

bool is_keyword(TokenKind kind) {
  return kind >= TokenKind::kBool && kind <= TokenKind::kFillRight;
}

bool starts_operand(const Token& token) {
  switch (token.kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
    case TokenKind::kString:
    case TokenKind::kLeftParen:
    case TokenKind::kLeftBrace:
      return true;
    default:
      return token.is_sign() || can_be_metric_name(token);
  }
}

// At most ten characters: queries can be long.
std::string quote_start(std::string_view text) {
  constexpr std::size_t kCharactersMax = 10;
  if (text.size() <= kCharactersMax) return quote(text);
  std::size_t end = 0;
  for (std::size_t i = 0; i < kCharactersMax && end < text.size(); ++i) {
    end += std::max<std::size_t>(rune_at(text, end).bytes, 1);
  }
  return quote(text.substr(0, end)) + "...";
}

}  // namespace

int precedence_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::kOr:
      return kLowestPrecedence;
    case BinaryOp::kAnd:
    case BinaryOp::kUnless:
      return 2;
    case BinaryOp::kEqual:
    case BinaryOp::kNotEqual:
    case BinaryOp::kGreater:
    case BinaryOp::kLess:
    case BinaryOp::kGreaterEqual:
    case BinaryOp::kLessEqual:
    case BinaryOp::kTrimLower:
    case BinaryOp::kTrimUpper:
      return 3;
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
      return 4;
    case BinaryOp::kMul:
    case BinaryOp::kDiv:
    case BinaryOp::kMod:
    case BinaryOp::kAtan2:
      return kSignPrecedence;
    case BinaryOp::kPow:
      return 6;
  }
  __builtin_unreachable();
}

bool can_be_metric_name(const Token& token) {
  switch (token.kind) {
    case TokenKind::kIdentifier:
    case TokenKind::kMetricIdentifier:
    case TokenKind::kAggregator:
    case TokenKind::kBy:
    case TokenKind::kWithout:
    case TokenKind::kOffset:
    case TokenKind::kAnchored:
    case TokenKind::kSmoothed:
      return true;
    case TokenKind::kOperator:
      return is_set_operator(token.op);
    default:
      return is_function_word(token.kind);
  }
}

ExpressionParser::ExpressionParser(std::string_view text, const Features& features)
    : text_(text), features_(features), lexer_(text), token_(lexer_.next()) {}

void ExpressionParser::advance() {
  last_end_ = token_.position.end;
  token_ = lexer_.next();
}

bool ExpressionParser::skip(TokenKind kind) {
  if (!token_.is(kind)) return false;
  advance();
  return true;
}

tl::unexpected<Error> ExpressionParser::error_at(std::size_t position,
                                                 std::string_view message) const {
  return parse_error(text_, position, message);
}

std::string ExpressionParser::describe(const Token& token) const {
  const std::string text(lexer_.text(token));
  switch (token.kind) {
    case TokenKind::kEnd:
      return "end of input";
    case TokenKind::kIdentifier:
      return "identifier " + quote(text);
    case TokenKind::kMetricIdentifier:
      return "metric identifier " + quote(text);
    case TokenKind::kNumber:
      return "number " + quote_start(text);
    case TokenKind::kDuration:
      return "duration " + quote_start(text);
    case TokenKind::kString:
      return "string " + quote_start(text);
    case TokenKind::kAggregator:
      return "<aggr:" + text + ">";
    case TokenKind::kOperator:
    case TokenKind::kAt:
    case TokenKind::kMatchRegex:
    case TokenKind::kMatchNotRegex:
      return "<op:" + text + ">";
    default:
      return is_keyword(token.kind) ? "<" + text + ">" : quote(text);
  }
}

tl::unexpected<Error> ExpressionParser::unexpected(const Expectation& expectation) const {
  if (token_.is(TokenKind::kError)) return error_at(token_.position.start, lexer_.error());
  std::string message = "unexpected " + describe(token_);
  if (!expectation.context.empty()) message.append(" in ").append(expectation.context);
  if (!expectation.expected.empty()) message.append(", expected ").append(expectation.expected);
  return error_at(token_.position.start, message);
}

tl::unexpected<Error> ExpressionParser::unexpected_in_expression() const {
  return unexpected({.context = aggregations_ > 0 ? "aggregation" : "", .expected = ""});
}

Result<ExpressionParser::Parsed> ExpressionParser::make(Expr::Node node, PositionRange position,
                                                        std::uint32_t height) const {
  if (height > kHeightMax) {
    return error_at(position.start, "expression has more than " + std::to_string(kHeightMax) +
                                        " operations one around the other");
  }
  return Parsed{std::make_unique<Expr>(Expr{std::move(node), position, ValueType::kNone}), height};
}

Status ExpressionParser::end_of_input() const {
  if (!token_.is(TokenKind::kEnd)) return unexpected_in_expression();
  return {};
}

Status ExpressionParser::descend() {
  if (++nesting_ <= kNestingMax) return {};
  return error_at(token_.position.start,
                  "expression is nested more than " + std::to_string(kNestingMax) + " deep");
}

Result<ExprPtr> ExpressionParser::query() {
  if (token_.is(TokenKind::kEnd)) return error_at(0, "no expression found in input");
  Parsed parsed = TRY(parse_binary(kLowestPrecedence));
  TRY(end_of_input());
  return std::move(parsed.expr);
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_binary(int precedence_min) {
  TRY(descend());
  Parsed lhs = TRY(parse_unary());
  while (token_.is(TokenKind::kOperator) && precedence_of(token_.op) >= precedence_min) {
    Binary binary{.op = token_.op, .lhs = {}, .rhs = {}, .matching = {}};
    advance();
    TRY(parse_matching(binary));
    // Only ^ groups from the right.
    const int precedence = precedence_of(binary.op);
    Parsed rhs = TRY(parse_binary(binary.op == BinaryOp::kPow ? precedence : precedence + 1));
    const PositionRange position{lhs.expr->position.start, rhs.expr->position.end};
    const std::uint32_t height = std::max(lhs.height, rhs.height) + 1;
    binary.lhs = std::move(lhs.expr);
    binary.rhs = std::move(rhs.expr);
    lhs = TRY(make(std::move(binary), position, height));
  }
  ascend();
  return lhs;
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_unary() {
  if (!token_.is_sign()) return parse_with_modifiers();
  const std::uint32_t start = token_.position.start;
  const bool negative = token_.is_operator(BinaryOp::kSub);
  advance();
  Parsed operand = TRY(parse_binary(kSignPrecedence + 1));
  if (auto* number = std::get_if<NumberLiteral>(&operand.expr->node)) {
    // NaN keeps its bits.
    if (negative && !std::isnan(number->value)) number->value = -number->value;
    operand.expr->position.start = start;
    return operand;
  }
  const PositionRange position{start, operand.expr->position.end};
  return make(Unary{negative, std::move(operand.expr)}, position, operand.height + 1);
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_with_modifiers() {
  Parsed operand = TRY(parse_primary());
  while (true) {
    switch (token_.kind) {
      case TokenKind::kLeftBracket:
        operand = TRY(parse_brackets(std::move(operand)));
        break;
      case TokenKind::kOffset:
        TRY(parse_offset(operand));
        break;
      case TokenKind::kAt:
        TRY(parse_at(*operand.expr));
        break;
      case TokenKind::kAnchored:
      case TokenKind::kSmoothed:
        TRY(parse_extended_range(*operand.expr));
        break;
      default:
        return operand;
    }
  }
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_primary() {
  switch (token_.kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
      return parse_number();
    case TokenKind::kString: {
      const Token token = token_;
      advance();
      return make(StringLiteral{unquote(lexer_.text(token))}, token.position, 1);
    }
    case TokenKind::kLeftParen:
      return parse_parens();
    case TokenKind::kLeftBrace:
      return parse_selector(nullptr);
    default:
      if (!can_be_metric_name(token_)) return unexpected_in_expression();
      return parse_word();
  }
}

Result<double> ExpressionParser::number_value(const Token& token) const {
  const std::string_view text = lexer_.text(token);
  if (token.is(TokenKind::kNumber)) {
    const Result<double> value = read_number(text);
    if (!value) return error_at(token.position.start, value.error().message);
    return *value;
  }
  const Result<DurationMs> duration = silverback::parse_duration(text);
  if (!duration) return error_at(token.position.start, duration.error().message);
  return static_cast<double>(*duration) / 1000;
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_number() {
  const Token token = token_;
  const double value = TRY(number_value(token));
  advance();
  return make(NumberLiteral{value, token.is(TokenKind::kDuration)}, token.position, 1);
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_parens() {
  const std::uint32_t start = token_.position.start;
  advance();
  Parsed inner = TRY(parse_binary(kLowestPrecedence));
  if (!skip(TokenKind::kRightParen)) return unexpected_in_expression();
  return make(Paren{std::move(inner.expr)}, {start, last_end_}, inner.height + 1);
}

// A metric name, a call or an aggregation: the next token tells.
Result<ExpressionParser::Parsed> ExpressionParser::parse_word() {
  const Token word = token_;
  advance();
  const bool called = token_.is(TokenKind::kLeftParen);
  if (word.is(TokenKind::kAggregator) &&
      (called || token_.is(TokenKind::kBy) || token_.is(TokenKind::kWithout))) {
    return parse_aggregate(word);
  }
  if (called && (word.is(TokenKind::kIdentifier) || is_function_word(word.kind))) {
    return parse_call(word);
  }
  return parse_selector(&word);
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_call(const Token& name) {
  auto [args, height] = TRY(parse_arguments());
  const std::string name_text(lexer_.text(name));
  const FunctionSpec* function = find_function(name_text);
  if (function == nullptr) {
    return error_at(name.position.start, "unknown function with name " + quote(name_text));
  }
  if (function->experimental && !features_.experimental_functions) {
    return error_at(name.position.start, std::string(name_text).append(kExperimental));
  }
  return make(Call{function, std::move(args)}, {name.position.start, last_end_}, height + 1);
}

Result<ExpressionParser::Parsed> ExpressionParser::parse_aggregate(const Token& op) {
  Aggregate aggregate{.op = op.aggregate, .expr = {}, .param = {}, .grouping = {}};
  bool grouped = false;
  const auto parse_modifier = [&]() -> Status {
    if (grouped || !(token_.is(TokenKind::kBy) || token_.is(TokenKind::kWithout))) return {};
    grouped = true;
    aggregate.without = token_.is(TokenKind::kWithout);
    advance();
    aggregate.grouping = TRY(parse_grouping());
    return {};
  };
  TRY(parse_modifier());
  ++aggregations_;
  if (!token_.is(TokenKind::kLeftParen)) return unexpected_in_expression();
  auto [args, height] = TRY(parse_arguments());
  --aggregations_;
  TRY(parse_modifier());

  const std::uint32_t start = op.position.start;
  if (args.empty()) return error_at(start, "no arguments for aggregate expression provided");
  if (is_experimental(op.aggregate) && !features_.experimental_functions) {
    return error_at(start, std::string(to_string(op.aggregate)).append(kExperimental));
  }
  const std::size_t wanted = takes_parameter(op.aggregate) ? 2 : 1;
  if (args.size() != wanted) {
    return error_at(start,
                    "wrong number of arguments for aggregate expression provided, expected " +
                        std::to_string(wanted) + ", got " + std::to_string(args.size()));
  }
  aggregate.expr = std::move(args.back());
  if (wanted == 2) aggregate.param = std::move(args.front());
  return make(std::move(aggregate), {start, last_end_}, height + 1);
}

// The arguments, and the height of the highest.
Result<std::pair<std::vector<ExprPtr>, std::uint32_t>> ExpressionParser::parse_arguments() {
  advance();
  std::vector<ExprPtr> args;
  std::uint32_t height = 0;
  if (skip(TokenKind::kRightParen)) return std::pair(std::move(args), height);
  while (true) {
    Parsed arg = TRY(parse_binary(kLowestPrecedence));
    height = std::max(height, arg.height);
    args.push_back(std::move(arg.expr));
    if (skip(TokenKind::kRightParen)) return std::pair(std::move(args), height);
    const std::uint32_t comma = token_.position.start;
    if (!skip(TokenKind::kComma)) return unexpected_in_expression();
    if (!starts_operand(token_) && !token_.is(TokenKind::kError)) {
      return error_at(comma, "trailing commas not allowed in function call args");
    }
  }
}

Result<std::vector<std::string>> ExpressionParser::parse_grouping() {
  if (!skip(TokenKind::kLeftParen)) {
    return unexpected({.context = "grouping opts", .expected = R"("(")"});
  }
  std::vector<std::string> labels;
  while (!skip(TokenKind::kRightParen)) {
    labels.push_back(TRY(parse_grouping_label()));
    if (!skip(TokenKind::kComma) && !token_.is(TokenKind::kRightParen)) {
      return unexpected({.context = "grouping opts", .expected = "\",\" or \")\""});
    }
  }
  return labels;
}

Result<std::string> ExpressionParser::parse_grouping_label() {
  const Token token = token_;
  const std::string_view text = lexer_.text(token);
  const bool is_word = token.is(TokenKind::kIdentifier) || token.is(TokenKind::kAggregator) ||
                       is_keyword(token.kind) || is_function_word(token.kind) ||
                       (token.is(TokenKind::kOperator) && is_word_operator(token.op));
  if (!is_word && !token.is(TokenKind::kString)) {
    return unexpected({.context = "grouping opts", .expected = "label"});
  }
  advance();
  if (is_word) return std::string(text);
  std::string name = unquote(text);
  if (name.empty() || !is_valid_utf8(name)) {
    return error_at(token.position.start, "invalid label name in grouping: " + quote(name));
  }
  return name;
}

// What stands between a binary operator and its right side: bool, on, group_left, fill, …
Status ExpressionParser::parse_matching(Binary& binary) {
  VectorMatching& matching = binary.matching;
  binary.return_bool = skip(TokenKind::kBool);
  if (token_.is(TokenKind::kOn) || token_.is(TokenKind::kIgnoring)) {
    matching.on = token_.is(TokenKind::kOn);
    advance();
    matching.labels = TRY(parse_grouping());
    if (token_.is(TokenKind::kGroupLeft) || token_.is(TokenKind::kGroupRight)) {
      matching.card = token_.is(TokenKind::kGroupLeft) ? VectorMatching::Card::kManyToOne
                                                       : VectorMatching::Card::kOneToMany;
      advance();
      if (token_.is(TokenKind::kLeftParen)) matching.include = TRY(parse_grouping());
    }
  }
  return parse_fills(matching);
}

Status ExpressionParser::parse_fills(VectorMatching& matching) {
  if (skip(TokenKind::kFill)) {
    matching.fill_left = matching.fill_right = TRY(parse_fill_value());
    return {};
  }
  while (true) {
    if (!matching.fill_left && skip(TokenKind::kFillLeft)) {
      matching.fill_left = TRY(parse_fill_value());
    } else if (!matching.fill_right && skip(TokenKind::kFillRight)) {
      matching.fill_right = TRY(parse_fill_value());
    } else {
      return {};
    }
  }
}

Result<double> ExpressionParser::parse_fill_value() {
  if (!skip(TokenKind::kLeftParen)) return unexpected_in_expression();
  const bool negative = token_.is_operator(BinaryOp::kSub);
  if (token_.is_sign()) advance();
  if (!token_.is(TokenKind::kNumber) && !token_.is(TokenKind::kDuration)) {
    return unexpected_in_expression();
  }
  const double value = TRY(number_value(token_));
  advance();
  if (!skip(TokenKind::kRightParen)) return unexpected_in_expression();
  return negative && !std::isnan(value) ? -value : value;
}

}  // namespace silverback::promql
