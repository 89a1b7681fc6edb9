#include "promql/binary.h"

#include <cmath>
#include <limits>
#include <utility>

#include "promql/binary_match.h"
#include "promql/eval.h"

namespace silverback::promql {
namespace {

// Go's math.Mod and math.Pow are the C library's.
ScalarSteps between_scalars(const Binary& binary, ScalarSteps left, ScalarSteps right) {
  const BinaryOp op = binary.op;
  if (is_comparison(op)) {
    return combine(std::move(left), std::move(right),
                   [op](double l, double r) { return compare(op, l, r) ? 1.0 : 0.0; });
  }
  return combine(std::move(left), std::move(right),
                 [op](double l, double r) { return arithmetic(op, l, r); });
}

// `scalar_left`: the scalar is the left operand.
Result<Operand> with_scalar(Evaluator& evaluator, const Binary& binary, PositionRange position,
                            SeriesSet set, const ScalarSteps& scalar, bool scalar_left) {
  const BinaryOp op = binary.op;
  if (is_trim(op)) {
    if (set.rows() > 0) {
      evaluator.context().annotations.info(incompatible_floats_text(op), position);
    }
    return SeriesSet(set.steps());
  }
  const bool filter = is_comparison(op) && !binary.return_bool;
  for (std::size_t r = 0; r < set.rows(); ++r) {
    const auto row = set.row(r);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (is_absent(row[i])) continue;
      const double left = scalar_left ? scalar[i] : row[i];
      const double right = scalar_left ? row[i] : scalar[i];
      if (filter) {
        if (!compare(op, left, right)) row[i] = absent();
      } else if (is_comparison(op)) {
        row[i] = compare(op, left, right) ? 1 : 0;
      } else {
        row[i] = arithmetic(op, left, right);
      }
    }
  }
  if (filter) {
    set.remove_empty_rows();
  } else {
    TRY(evaluator.drop_names(set));
  }
  return set;
}

}  // namespace

bool is_trim(BinaryOp op) { return op == BinaryOp::kTrimLower || op == BinaryOp::kTrimUpper; }

std::string incompatible_floats_text(BinaryOp op) {
  const std::string name(to_string(op));
  return "incompatible sample types encountered for binary operator \"" + name + "\": float " +
         name + " float";
}

double arithmetic(BinaryOp op, double left, double right) {
  switch (op) {
    case BinaryOp::kAdd:
      return left + right;
    case BinaryOp::kSub:
      return left - right;
    case BinaryOp::kMul:
      return left * right;
    case BinaryOp::kDiv:
      return left / right;
    case BinaryOp::kMod:
      return std::fmod(left, right);
    case BinaryOp::kPow:
      return std::pow(left, right);
    case BinaryOp::kAtan2:
      return std::atan2(left, right);
    default:
      return normal_nan();
  }
}

double larger(double a, double b) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (a == kInf || b == kInf) return kInf;
  if (std::isnan(a) || std::isnan(b)) return normal_nan();
  if (a == b) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

double smaller(double a, double b) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (a == -kInf || b == -kInf) return -kInf;
  if (std::isnan(a) || std::isnan(b)) return normal_nan();
  if (a == b) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

bool compare(BinaryOp op, double left, double right) {
  switch (op) {
    case BinaryOp::kEqual:
      return left == right;
    case BinaryOp::kNotEqual:
      return left != right;
    case BinaryOp::kGreater:
      return left > right;
    case BinaryOp::kLess:
      return left < right;
    case BinaryOp::kGreaterEqual:
      return left >= right;
    case BinaryOp::kLessEqual:
      return left <= right;
    default:
      return false;
  }
}

Result<Operand> eval_binary(Evaluator& evaluator, const Binary& binary, PositionRange position,
                            const Steps& steps) {
  Operand left = TRY(evaluator.eval(*binary.lhs, steps));
  Operand right = TRY(evaluator.eval(*binary.rhs, steps));
  auto* left_scalar = std::get_if<ScalarSteps>(&left);
  auto* right_scalar = std::get_if<ScalarSteps>(&right);
  if (left_scalar != nullptr && right_scalar != nullptr) {
    return between_scalars(binary, std::move(*left_scalar), std::move(*right_scalar));
  }
  if (left_scalar != nullptr) {
    return with_scalar(evaluator, binary, position, std::get<SeriesSet>(std::move(right)),
                       *left_scalar, true);
  }
  if (right_scalar != nullptr) {
    return with_scalar(evaluator, binary, position, std::get<SeriesSet>(std::move(left)),
                       *right_scalar, false);
  }
  auto& left_set = std::get<SeriesSet>(left);
  auto& right_set = std::get<SeriesSet>(right);
  SeriesSet result =
      is_set_operator(binary.op)
          ? TRY(eval_set_operator(evaluator, binary, std::move(left_set), std::move(right_set)))
          : TRY(eval_matched(evaluator, binary, position, std::move(left_set),
                             std::move(right_set)));
  if (binary.op != BinaryOp::kAnd && binary.op != BinaryOp::kUnless) result.sort_by_labels();
  TRY(evaluator.account(result));
  return result;
}

}  // namespace silverback::promql
