// Runs a parsed template.
// Threads: one run per call; the tree may be shared.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "rules/template/functions.h"
#include "rules/template/tree.h"
#include "rules/template/value.h"

namespace silverback::templates {

struct ExecutionLimits {
  std::size_t output_bytes_max = 1 << 20;  // also of any text that a function makes
  // Statements, operands and passes of loops; a text of 64 bytes that is made costs one, too.
  std::size_t steps_max = 1'000'000;
  std::size_t depth_max = 100;  // templates that call templates
};

// `data` is what `.` is at first. Errors: kExecution, in Go's form:
// `template: NAME:LINE:COLUMN: executing "NAME" at <.Foo>: can't evaluate field Foo in type
// string`.
Result<std::string> execute(const Tree& tree, const Value& data, const Environment& environment,
                            const ExecutionLimits& limits);

}  // namespace silverback::templates
