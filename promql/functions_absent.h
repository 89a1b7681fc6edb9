// absent() and absent_over_time(): 1 at every step where no series has a value.
#pragma once

#include "promql/ast.h"
#include "promql/eval_types.h"

namespace silverback::promql {

// The one series, labelled by what `argument` asks for by equality, exactly once per label, if it
// is a selector.
SeriesSet absent_of(const SeriesSet& set, const Expr& argument);

}  // namespace silverback::promql
