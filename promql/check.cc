#include "promql/check.h"

#include <algorithm>
#include <string>

#include "promql/functions.h"
#include "promql/parse_error.h"

namespace silverback::promql {
namespace {

bool is_value(ValueType type) { return type == ValueType::kScalar || type == ValueType::kVector; }

// The type names of Prometheus's older messages.
std::string_view short_name(ValueType type) {
  switch (type) {
    case ValueType::kVector:
      return "vector";
    case ValueType::kMatrix:
      return "matrix";
    default:
      return to_string(type);
  }
}

bool contains(const std::vector<std::string>& labels, const std::string& label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

bool is_grouped(const VectorMatching& matching) {
  return matching.card == VectorMatching::Card::kManyToOne ||
         matching.card == VectorMatching::Card::kOneToMany;
}

bool fills(const VectorMatching& matching) { return matching.fill_left || matching.fill_right; }

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

class Checker {
 public:
  Checker(std::string_view text, const Features& features) : text_(text), features_(features) {}

  Status visit(Expr& expr) {
    expr.type = TRY(std::visit([&](auto& node) { return type_of(expr, node); }, expr.node));
    return {};
  }

 private:
  // Checks what is below `node`, then `node` itself. `expr` is the expression that holds it.
  Result<ValueType> type_of(const Expr& expr, NumberLiteral& node);
  Result<ValueType> type_of(const Expr& expr, StringLiteral& node);
  Result<ValueType> type_of(const Expr& expr, VectorSelector& node);
  Result<ValueType> type_of(const Expr& expr, MatrixSelector& node);
  Result<ValueType> type_of(const Expr& expr, Subquery& node);
  Result<ValueType> type_of(const Expr& expr, Paren& node);
  Result<ValueType> type_of(const Expr& expr, Unary& node);
  Result<ValueType> type_of(const Expr& expr, Binary& node);
  Result<ValueType> type_of(const Expr& expr, Aggregate& node);
  Result<ValueType> type_of(const Expr& expr, Call& node);

  Status expect(Expr& expr, ValueType wanted, const std::string& context);
  Status check_duration(const DurationValue& duration);
  Status check_operator(const Binary& node);
  Status check_matching(const Expr& expr, Binary& node);
  Status check_argument_count(const Expr& expr, const Call& node);
  Status check_info(Call& node);
  Status check_names(const Expr& expr, const VectorSelector& node);

  tl::unexpected<Error> error_at(const Expr& expr, std::string_view message) const {
    return parse_error(text_, expr.position.start, message);
  }

  const std::string_view text_;
  const Features& features_;
  // The second argument of info() only narrows: it need not select anything by itself.
  const Expr* may_match_empty_ = nullptr;
};

Status Checker::expect(Expr& expr, ValueType wanted, const std::string& context) {
  TRY(visit(expr));
  if (expr.type == wanted) return {};
  return error_at(expr, "expected type " + std::string(to_string(wanted)) + " in " + context +
                            ", got " + std::string(to_string(expr.type)));
}

Status Checker::check_duration(const DurationValue& duration) {
  if (duration.expr == nullptr) return {};
  return visit(*duration.expr);
}

Result<ValueType> Checker::type_of(const Expr&, NumberLiteral&) { return ValueType::kScalar; }

Result<ValueType> Checker::type_of(const Expr&, StringLiteral&) { return ValueType::kString; }

Result<ValueType> Checker::type_of(const Expr& expr, VectorSelector& node) {
  TRY(check_duration(node.offset));
  TRY(check_names(expr, node));
  return ValueType::kVector;
}

Status Checker::check_names(const Expr& expr, const VectorSelector& node) {
  const Matcher* name = nullptr;
  const auto set_twice = [&](const Matcher& again) {
    const std::string& first = node.name.empty() ? name->value() : node.name;
    return error_at(
        expr, "metric name must not be set twice: " + quote(first) + " or " + quote(again.value()));
  };
  for (std::size_t i = 0; i < node.matchers.size(); ++i) {
    const Matcher& matcher = node.matchers[i];
    if (matcher.name() != kMetricName) continue;
    if (!node.name.empty()) {
      if (i + 1 < node.matchers.size()) return set_twice(matcher);
    } else if (matcher.type() == Matcher::Type::kEqual && &expr != may_match_empty_) {
      if (name != nullptr) return set_twice(matcher);
      name = &matcher;
    }
  }
  const bool selects = std::any_of(node.matchers.begin(), node.matchers.end(),
                                   [](const Matcher& m) { return !m.matches_empty(); });
  if (!selects && &expr != may_match_empty_) {
    return error_at(expr, "vector selector must contain at least one non-empty matcher");
  }
  return {};
}

Result<ValueType> Checker::type_of(const Expr&, MatrixSelector& node) {
  TRY(visit(*node.selector));
  TRY(check_duration(node.range));
  return ValueType::kMatrix;
}

Result<ValueType> Checker::type_of(const Expr& expr, Subquery& node) {
  TRY(visit(*node.expr));
  TRY(check_duration(node.range));
  TRY(check_duration(node.step));
  TRY(check_duration(node.offset));
  if (node.expr->type != ValueType::kVector) {
    return error_at(expr, "subquery is only allowed on instant vector, got " +
                              std::string(short_name(node.expr->type)) + " instead");
  }
  return ValueType::kMatrix;
}

Result<ValueType> Checker::type_of(const Expr&, Paren& node) {
  TRY(visit(*node.expr));
  return node.expr->type;
}

Result<ValueType> Checker::type_of(const Expr& expr, Unary& node) {
  TRY(visit(*node.expr));
  if (!is_value(node.expr->type)) {
    return error_at(expr,
                    "unary expression only allowed on expressions of type scalar or instant "
                    "vector, got " +
                        in_quotes(to_string(node.expr->type)));
  }
  return node.expr->type;
}

Result<ValueType> Checker::type_of(const Expr& expr, Binary& node) {
  TRY(visit(*node.lhs));
  TRY(visit(*node.rhs));
  TRY(check_operator(node));
  TRY(check_matching(expr, node));
  const bool scalar = node.lhs->type == ValueType::kScalar && node.rhs->type == ValueType::kScalar;
  return scalar ? ValueType::kScalar : ValueType::kVector;
}

Status Checker::check_operator(const Binary& node) {
  // The operator itself has no position of its own: it is what follows the left side.
  const std::size_t op = text_.find_first_not_of(" \t\r\n", node.lhs->position.end);
  const ValueType lhs = node.lhs->type;
  const ValueType rhs = node.rhs->type;
  if (node.return_bool && !is_comparison(node.op)) {
    return parse_error(text_, op, "bool modifier can only be used on comparison operators");
  }
  if (is_comparison(node.op) && !node.return_bool && lhs == ValueType::kScalar &&
      rhs == ValueType::kScalar) {
    return parse_error(text_, op, "comparisons between scalars must use BOOL modifier");
  }
  for (const std::string& label : node.matching.labels) {
    if (node.matching.on && contains(node.matching.include, label)) {
      return parse_error(
          text_, op, "label " + quote(label) + " must not occur in ON and GROUP clause at once");
    }
  }
  for (const Expr* side : {node.lhs.get(), node.rhs.get()}) {
    if (!is_value(side->type)) {
      return error_at(*side, "binary expression must contain only scalar and instant vector types");
    }
  }
  return {};
}

Status Checker::check_matching(const Expr& expr, Binary& node) {
  VectorMatching& matching = node.matching;
  const bool vectors = node.lhs->type == ValueType::kVector && node.rhs->type == ValueType::kVector;
  if (fills(matching) && !features_.binop_fill_modifiers) {
    return error_at(expr, "binop fill modifiers are experimental and not enabled");
  }
  if (!vectors && !matching.labels.empty()) {
    return error_at(expr, "vector matching only allowed between instant vectors");
  }
  if (!vectors && fills(matching)) {
    return error_at(expr, "filling in missing series only allowed between instant vectors");
  }
  if (!is_set_operator(node.op)) {
    if (!vectors) matching = {};
    return {};
  }
  const std::string op(to_string(node.op));
  if (!vectors) {
    return error_at(expr,
                    "set operator " + in_quotes(op) + " not allowed in binary scalar expression");
  }
  if (is_grouped(matching)) {
    return error_at(expr, "no grouping allowed for " + in_quotes(op) + " operation");
  }
  if (fills(matching)) {
    return error_at(expr, "filling in missing series not allowed for set operators");
  }
  matching.card = VectorMatching::Card::kManyToMany;
  return {};
}

Result<ValueType> Checker::type_of(const Expr&, Aggregate& node) {
  TRY(expect(*node.expr, ValueType::kVector, "aggregation expression"));
  if (node.param != nullptr) {
    const ValueType wanted =
        node.op == AggregateOp::kCountValues ? ValueType::kString : ValueType::kScalar;
    TRY(expect(*node.param, wanted, "aggregation parameter"));
  }
  return ValueType::kVector;
}

Result<ValueType> Checker::type_of(const Expr& expr, Call& node) {
  TRY(check_argument_count(expr, node));
  if (node.function->name == "info" && node.args.size() > 1) TRY(check_info(node));
  const std::string context = "call to function " + in_quotes(node.function->name);
  for (std::size_t i = 0; i < node.args.size(); ++i) {
    TRY(expect(*node.args[i], node.function->arg_type(i), context));
  }
  return node.function->result;
}

Status Checker::check_argument_count(const Expr& expr, const Call& node) {
  const FunctionSpec& function = *node.function;
  const auto wrong_count = [&](std::string_view how_many, std::size_t wanted) {
    return error_at(expr, "expected " + std::string(how_many) + std::to_string(wanted) +
                              " argument(s) in call to " + in_quotes(function.name) + ", got " +
                              std::to_string(node.args.size()));
  };
  const std::size_t count = node.args.size();
  if (count >= function.args_min && count <= function.args_max) return {};
  if (function.args_min == function.args_max) return wrong_count("", function.args_min);
  if (count < function.args_min) return wrong_count("at least ", function.args_min);
  return wrong_count("at most ", function.args_max);
}

Status Checker::check_info(Call& node) {
  Expr& labels = *node.args[1];
  const auto* selector = std::get_if<VectorSelector>(&labels.node);
  if (selector == nullptr || !selector->name.empty()) {
    TRY(expect(labels, ValueType::kVector, "call to function \"info\""));
    return error_at(labels, "expected label selectors only, got vector selector instead");
  }
  may_match_empty_ = &labels;
  return {};
}

}  // namespace

Status check(Expr& expr, std::string_view text, const Features& features) {
  return Checker(text, features).visit(expr);
}

}  // namespace silverback::promql
