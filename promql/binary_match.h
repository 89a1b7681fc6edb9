// Binary operators between vectors. Which rows can meet is decided once for all steps: the rows of
// both sides are put into match groups by their labels, and within a group every pair of rows meets
// at the steps where both have a sample.
//
//   a + on (job) b       group {job="x"}:  left rows 0 3   right rows 1
//                        group {job="y"}:  left rows 1     right rows -   (nothing, unless filled)
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching
#pragma once

#include "base/result.h"
#include "promql/ast.h"
#include "promql/eval_types.h"

namespace silverback::promql {

class Evaluator;

// and, or, unless.
Result<SeriesSet> eval_set_operator(Evaluator& evaluator, const Binary& binary, SeriesSet left,
                                    SeriesSet right);

// Arithmetic and comparison. Errors: kExecution where a match group has several candidates and the
// operator does not say how to pair them.
Result<SeriesSet> eval_matched(Evaluator& evaluator, const Binary& binary, PositionRange position,
                               SeriesSet left, SeriesSet right);

}  // namespace silverback::promql
