// Functions of one value: of numbers, and between scalars and vectors.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "promql/binary.h"
#include "promql/eval.h"
#include "promql/functions.h"
#include "promql/functions_absent.h"
#include "promql/functions_eval.h"

namespace silverback::promql {
namespace {

// f(step, value) in place of every value.
template <class F>
Result<Operand> map_values(Evaluator& evaluator, const Expr& argument, const Steps& steps, F f) {
  SeriesSet set = TRY(evaluator.eval_vector(argument, steps));
  for (std::size_t r = 0; r < set.rows(); ++r) {
    const auto row = set.row(r);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!is_absent(row[i])) row[i] = f(i, row[i]);
    }
  }
  TRY(evaluator.drop_names(set));
  return set;
}

}  // namespace

Result<Operand> eval_each_value(Evaluator& evaluator, const Call& call, const Steps& steps,
                                double (*function)(double)) {
  return map_values(evaluator, *call.args[0], steps,
                    [function](std::size_t, double v) { return function(v); });
}

double magnitude(double v) { return std::fabs(v); }
double to_degrees(double v) { return v * 180 / std::numbers::pi; }
double to_radians(double v) { return v * std::numbers::pi / 180; }
double sign(double v) { return v < 0 ? -1 : (v > 0 ? 1 : v); }
double math_acos(double v) { return std::acos(v); }
double math_acosh(double v) { return std::acosh(v); }
double math_asin(double v) { return std::asin(v); }
double math_asinh(double v) { return std::asinh(v); }
double math_atan(double v) { return std::atan(v); }
double math_atanh(double v) { return std::atanh(v); }
double math_ceil(double v) { return std::ceil(v); }
double math_cos(double v) { return std::cos(v); }
double math_cosh(double v) { return std::cosh(v); }
double math_exp(double v) { return std::exp(v); }
double math_floor(double v) { return std::floor(v); }
double math_ln(double v) { return std::log(v); }
double math_log10(double v) { return std::log10(v); }
double math_log2(double v) { return std::log2(v); }
double math_sin(double v) { return std::sin(v); }
double math_sinh(double v) { return std::sinh(v); }
double math_sqrt(double v) { return std::sqrt(v); }
double math_tan(double v) { return std::tan(v); }
double math_tanh(double v) { return std::tanh(v); }

Result<Operand> eval_clamp(Evaluator& evaluator, const Call& call, PositionRange /*position*/,
                           const Steps& steps) {
  const std::string_view name = call.function->name;
  constexpr double kInf = std::numeric_limits<double>::infinity();
  ScalarSteps lower(steps.count, -kInf);
  ScalarSteps upper(steps.count, kInf);
  if (name != "clamp_max") lower = TRY(evaluator.eval_scalar(*call.args[1], steps));
  if (name != "clamp_min") upper = TRY(evaluator.eval_scalar(*call.args.back(), steps));
  Operand result = TRY(map_values(evaluator, *call.args[0], steps, [&](std::size_t i, double v) {
    if (name == "clamp" && upper[i] < lower[i]) return absent();
    if (name == "clamp_min") return larger(lower[i], v);
    if (name == "clamp_max") return smaller(upper[i], v);
    return larger(lower[i], smaller(upper[i], v));
  }));
  std::get<SeriesSet>(result).remove_empty_rows();
  return result;
}

Result<Operand> eval_round(Evaluator& evaluator, const Call& call, PositionRange /*position*/,
                           const Steps& steps) {
  ScalarSteps to(steps.count, 1.0);
  if (call.args.size() > 1) to = TRY(evaluator.eval_scalar(*call.args[1], steps));
  return map_values(evaluator, *call.args[0], steps, [&](std::size_t i, double v) {
    // Divided by the inverse: exact for 0.1, which itself is not.
    const double inverse = 1.0 / to[i];
    return std::floor(v * inverse + 0.5) / inverse;
  });
}

Result<Operand> eval_absent(Evaluator& evaluator, const Call& call, PositionRange /*position*/,
                            const Steps& steps) {
  const SeriesSet set = TRY(evaluator.eval_vector(*call.args[0], steps));
  return absent_of(set, *call.args[0]);
}

Result<Operand> eval_scalar_function(Evaluator& evaluator, const Call& call,
                                     PositionRange /*position*/, const Steps& steps) {
  const SeriesSet set = TRY(evaluator.eval_vector(*call.args[0], steps));
  ScalarSteps scalar = TRY(evaluator.varying_scalar(steps));
  const std::span<double> out = scalar.values();
  std::fill(out.begin(), out.end(), normal_nan());
  std::vector<std::uint32_t> count(steps.count, 0);
  for (std::size_t r = 0; r < set.rows(); ++r) {
    const auto row = set.row(r);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (is_absent(row[i])) continue;
      out[i] = ++count[i] == 1 ? row[i] : normal_nan();
    }
  }
  return scalar;
}

Result<Operand> eval_vector_function(Evaluator& evaluator, const Call& call,
                                     PositionRange /*position*/, const Steps& steps) {
  const ScalarSteps scalar = TRY(evaluator.eval_scalar(*call.args[0], steps));
  SeriesSet set(steps.count);
  const auto row = set.add_row({}, false);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = scalar[i];
  TRY(evaluator.account(set));
  return set;
}

Result<Operand> eval_pi(Evaluator& /*evaluator*/, const Call& /*call*/, PositionRange /*position*/,
                        const Steps& steps) {
  return ScalarSteps(steps.count, std::numbers::pi);
}

Result<Operand> eval_extreme_of_two(Evaluator& evaluator, const Call& call,
                                    PositionRange /*position*/, const Steps& steps) {
  ScalarSteps left = TRY(evaluator.eval_scalar(*call.args[0], steps));
  ScalarSteps right = TRY(evaluator.eval_scalar(*call.args[1], steps));
  return combine(std::move(left), std::move(right),
                 call.function->name == "max_of" ? larger : smaller);
}

Result<Operand> eval_histograms_only(Evaluator& evaluator, const Call& call,
                                     PositionRange /*position*/, const Steps& steps) {
  TRY(evaluator.eval_vector(*call.args[0], steps));
  return SeriesSet(steps.count);
}

}  // namespace silverback::promql
