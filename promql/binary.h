// Binary operators: between scalars, between a vector and a scalar, and between vectors
// (binary_match.h). Source: https://prometheus.io/docs/prometheus/latest/querying/operators/
#pragma once

#include <string>

#include "base/result.h"
#include "promql/ast.h"
#include "promql/eval_types.h"

namespace silverback::promql {

class Evaluator;

// Requires an arithmetic operator.
double arithmetic(BinaryOp op, double left, double right);
// Requires a comparison.
bool compare(BinaryOp op, double left, double right);

// max_of() and min_of(), of scalars and of durations, and what clamp does: NaN wins, except over
// the infinity that wins over all numbers; -0 is below 0.
double larger(double a, double b);
double smaller(double a, double b);

// The histogram operators `</` and `>/`, which give nothing for floats but this info.
bool is_trim(BinaryOp op);
std::string incompatible_floats_text(BinaryOp op);

Result<Operand> eval_binary(Evaluator& evaluator, const Binary& binary, PositionRange position,
                            const Steps& steps);

}  // namespace silverback::promql
