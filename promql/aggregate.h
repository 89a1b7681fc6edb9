// Aggregations: `sum by (job) (x)`. Groups are numbered once; values are added in the order of
// sorted series at every step, so that a result does not depend on threads or on the query's range.
// Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#aggregation-operators
#pragma once

#include "base/result.h"
#include "promql/ast.h"
#include "promql/eval_types.h"

namespace silverback::promql {

class Evaluator;

Result<SeriesSet> eval_aggregate(Evaluator& evaluator, const Aggregate& aggregate,
                                 PositionRange position, const Steps& steps);

// A label set's place in [0, 1), by the hash that Prometheus uses for limit_ratio.
double ratio_offset(const Labels& labels);

}  // namespace silverback::promql
