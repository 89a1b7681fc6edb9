// Template text → tree.
// Threads: free functions.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rules/template/tree.h"

namespace silverback::templates {

// Pipelines in parentheses and statements in statements (an `else if` is one) beyond this are
// refused, because they are walked by recursion.
inline constexpr int kNestingMax = 200;

// `is_function` knows the names that may be called. Errors: kInvalidArgument, in Go's form:
// `template: NAME:LINE: unexpected "}" in operand`.
Result<Tree> parse(std::string_view name, std::string_view text,
                   const std::function<bool(std::string_view)>& is_function);

}  // namespace silverback::templates
