// How each function of the table in functions.cc is evaluated, by kind of function.
#pragma once

#include "base/result.h"
#include "promql/ast.h"
#include "promql/eval_types.h"
#include "promql/functions_window.h"

namespace silverback::promql {

class Evaluator;

// functions_range.cc: over the windows of a range vector.
enum class NameRule : bool { kDrop, kKeep };
Result<Operand> eval_window_function(Evaluator& evaluator, const Call& call, const Steps& steps,
                                     WindowFunction function, NameRule name_rule);
template <WindowFunction kFunction, NameRule kName = NameRule::kDrop>
Result<Operand> eval_window(Evaluator& evaluator, const Call& call, PositionRange /*position*/,
                            const Steps& steps) {
  return eval_window_function(evaluator, call, steps, kFunction, kName);
}
Result<Operand> eval_quantile_over_time(Evaluator& evaluator, const Call& call,
                                        PositionRange position, const Steps& steps);
Result<Operand> eval_double_exponential_smoothing(Evaluator& evaluator, const Call& call,
                                                  PositionRange position, const Steps& steps);
Result<Operand> eval_absent_over_time(Evaluator& evaluator, const Call& call,
                                      PositionRange position, const Steps& steps);

// functions_math.cc: value by value.
Result<Operand> eval_each_value(Evaluator& evaluator, const Call& call, const Steps& steps,
                                double (*function)(double));
template <double (*kFunction)(double)>
Result<Operand> eval_each(Evaluator& evaluator, const Call& call, PositionRange /*position*/,
                          const Steps& steps) {
  return eval_each_value(evaluator, call, steps, kFunction);
}
// abs, deg, rad, sgn.
double magnitude(double v);
double to_degrees(double v);
double to_radians(double v);
double sign(double v);
// The others by the C library's name.
double math_acos(double v);
double math_acosh(double v);
double math_asin(double v);
double math_asinh(double v);
double math_atan(double v);
double math_atanh(double v);
double math_ceil(double v);
double math_cos(double v);
double math_cosh(double v);
double math_exp(double v);
double math_floor(double v);
double math_ln(double v);
double math_log10(double v);
double math_log2(double v);
double math_sin(double v);
double math_sinh(double v);
double math_sqrt(double v);
double math_tan(double v);
double math_tanh(double v);
Result<Operand> eval_clamp(Evaluator& evaluator, const Call& call, PositionRange position,
                           const Steps& steps);
Result<Operand> eval_round(Evaluator& evaluator, const Call& call, PositionRange position,
                           const Steps& steps);
Result<Operand> eval_absent(Evaluator& evaluator, const Call& call, PositionRange position,
                            const Steps& steps);
Result<Operand> eval_scalar_function(Evaluator& evaluator, const Call& call, PositionRange position,
                                     const Steps& steps);
Result<Operand> eval_vector_function(Evaluator& evaluator, const Call& call, PositionRange position,
                                     const Steps& steps);
Result<Operand> eval_pi(Evaluator& evaluator, const Call& call, PositionRange position,
                        const Steps& steps);
Result<Operand> eval_extreme_of_two(Evaluator& evaluator, const Call& call, PositionRange position,
                                    const Steps& steps);
// histogram_avg, _count, …: nothing for floats.
Result<Operand> eval_histograms_only(Evaluator& evaluator, const Call& call, PositionRange position,
                                     const Steps& steps);

// functions_time.cc
Result<Operand> eval_query_time(Evaluator& evaluator, const Call& call, PositionRange position,
                                const Steps& steps);  // time, start, end, step, range
Result<Operand> eval_timestamp(Evaluator& evaluator, const Call& call, PositionRange position,
                               const Steps& steps);
Result<Operand> eval_date(Evaluator& evaluator, const Call& call, PositionRange position,
                          const Steps& steps);

// functions_label.cc
Result<Operand> eval_label_replace(Evaluator& evaluator, const Call& call, PositionRange position,
                                   const Steps& steps);
Result<Operand> eval_label_join(Evaluator& evaluator, const Call& call, PositionRange position,
                                const Steps& steps);
Result<Operand> eval_sort(Evaluator& evaluator, const Call& call, PositionRange position,
                          const Steps& steps);
Result<Operand> eval_sort_by_label(Evaluator& evaluator, const Call& call, PositionRange position,
                                   const Steps& steps);

// functions_histogram.cc
Result<Operand> eval_histogram_quantile(Evaluator& evaluator, const Call& call,
                                        PositionRange position, const Steps& steps);
Result<Operand> eval_histogram_quantiles(Evaluator& evaluator, const Call& call,
                                         PositionRange position, const Steps& steps);
Result<Operand> eval_histogram_fraction(Evaluator& evaluator, const Call& call,
                                        PositionRange position, const Steps& steps);

// functions_info.cc
Result<Operand> eval_info(Evaluator& evaluator, const Call& call, PositionRange position,
                          const Steps& steps);

}  // namespace silverback::promql
