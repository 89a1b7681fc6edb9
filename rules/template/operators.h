// The builtins that look into values: comparison, index, slice, len.
// Errors are kExecution with Go's words, to stand behind `error calling eq: `.
// Threads: free functions.
#pragma once

#include <span>

#include "base/result.h"
#include "rules/template/value.h"

namespace silverback::templates {

// Whether `value` equals any of `others`. Errors: no others, or one of another kind (a float and an
// integer are two kinds).
Result<bool> equals_any(const Value& value, std::span<const Value> others);
// Errors: kinds without an order (bool, maps), or two kinds.
Result<bool> is_less(const Value& a, const Value& b);

// value[i][j]…; a missing map key gives the zero value.
Result<Value> index_into(Value value, std::span<const Value> indexes);
// value[i:j] of strings and lists.
Result<Value> slice_of(const Value& value, std::span<const Value> bounds);
Result<std::int64_t> length_of(const Value& value);

}  // namespace silverback::templates
