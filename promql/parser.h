// PromQL text → tree. The grammar of Prometheus 3.x, in full.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "promql/ast.h"

namespace silverback::promql {

// What --enable-feature turns on. Off means: parse error, with Prometheus's text.
struct Features {
  bool experimental_functions = false;    // promql-experimental-functions
  bool extended_range_selectors = false;  // promql-extended-range-selectors
  bool binop_fill_modifiers = false;      // promql-binop-fill-modifiers
  bool delayed_name_removal = false;      // promql-delayed-name-removal
  bool type_and_unit_labels = false;      // type-and-unit-labels
};

// Parses and type-checks. Errors: kInvalidArgument, `1:5: parse error: …` (line:column, from 1;
// only the first error). Depth is bounded.
Result<ExprPtr> parse(std::string_view query, const Features& features);

// One selector as in match[]: `up`, `{job="a"}`. Errors: kInvalidArgument, also if every matcher
// matches the empty string.
Result<std::vector<Matcher>> parse_metric_selector(std::string_view text);

// A series as written in .test files and rule tests: `name{a="b"}`. Errors: kInvalidArgument.
Result<Labels> parse_metric(std::string_view text);

// The canonical form on one line, as Prometheus prints expressions in /api/v1/rules.
// parse(print(e)) is the same tree.
std::string print(const Expr& expr);

}  // namespace silverback::promql
