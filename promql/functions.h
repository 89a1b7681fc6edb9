// Every PromQL function, in one table: the parser takes names, arities and types from here, the
// evaluator the rest.
// Source: https://prometheus.io/docs/prometheus/latest/querying/functions/
// Threads: constant data.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "base/result.h"
#include "promql/ast.h"
#include "promql/eval_types.h"

namespace silverback::promql {

class Evaluator;

struct FunctionSpec {
  static constexpr std::uint8_t kArgsUnlimited = std::numeric_limits<std::uint8_t>::max();

  std::string_view name;
  // Of the arguments in order, padded with kNone; the last one repeats where more are allowed.
  std::array<ValueType, 5> arg_types;
  std::uint8_t args_min;
  std::uint8_t args_max;  // may be kArgsUnlimited
  ValueType result;
  // Refused unless --enable-feature=promql-experimental-functions.
  bool experimental;
  // Its value depends on when it is asked, even if its arguments do not.
  bool reads_clock;
  // The value of a call at all steps. `position` is the call's in the query.
  using Evaluate = Result<Operand> (*)(Evaluator& evaluator, const Call& call,
                                       PositionRange position, const Steps& steps);
  Evaluate evaluate;

  ValueType arg_type(std::size_t index) const;
};

// nullptr if there is none. Function names, unlike keywords, heed case.
const FunctionSpec* find_function(std::string_view name);

// Sorted by name.
std::span<const FunctionSpec> all_functions();

}  // namespace silverback::promql
