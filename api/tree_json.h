// The tree of an expression as /api/v1/parse_query answers it: what editors draw and check.
#pragma once

#include "api/json_writer.h"
#include "promql/ast.h"

namespace silverback::api {

// One object: `{"type":"aggregation","op":"sum",…,"expr":{…}}`.
void write_tree(JsonWriter& json, const promql::Expr& expr);

}  // namespace silverback::api
