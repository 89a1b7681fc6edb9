// The aggregations that pick series instead of computing new ones: topk, bottomk, limitk,
// limit_ratio.
#pragma once

#include "base/result.h"
#include "promql/ast.h"
#include "promql/eval_types.h"
#include "promql/groups.h"

namespace silverback::promql {

class Evaluator;

// The rows of `set` that `op` picks per group and step, with their own labels; where the order
// of rows is seen, in that of their rank. Errors: kExecution for a parameter that is NaN or out of
// range.
Result<SeriesSet> select_rows(Evaluator& evaluator, AggregateOp op, const SeriesSet& set,
                              const RowGroups& groups, const ScalarSteps& param,
                              PositionRange param_position);

}  // namespace silverback::promql
