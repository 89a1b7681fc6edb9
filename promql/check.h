// Are the types right? `rate(up)` parses but wants a range vector.
#pragma once

#include <string_view>

#include "base/result.h"
#include "promql/ast.h"
#include "promql/parser.h"

namespace silverback::promql {

// Sets the type of every node, and in binary operators what follows from it: set operators match
// many to many, and matching is dropped where a side is a scalar. `text` is what `expr` was parsed
// from, for the positions of errors. Errors: kInvalidArgument, the first in the order of
// evaluation, operands before operators.
Status check(Expr& expr, std::string_view text, const Features& features);

}  // namespace silverback::promql
