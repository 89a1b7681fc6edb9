#include "promql/functions_absent.h"

#include <algorithm>
#include <set>
#include <string>

namespace silverback::promql {
namespace {

Labels asked_labels(const Expr& argument) {
  const Expr* expr = &without_parens(argument);
  if (const auto* matrix = std::get_if<MatrixSelector>(&expr->node)) expr = matrix->selector.get();
  const auto* selector = std::get_if<VectorSelector>(&expr->node);
  if (selector == nullptr) return {};
  LabelsBuilder builder;
  std::set<std::string_view> seen;
  for (const Matcher& matcher : selector->matchers) {
    if (matcher.name() == kMetricName) continue;
    if (matcher.type() == Matcher::Type::kEqual && seen.insert(matcher.name()).second) {
      builder.set(matcher.name(), matcher.value());
    } else {
      builder.remove(matcher.name());
    }
  }
  return builder.build();
}

}  // namespace

SeriesSet absent_of(const SeriesSet& set, const Expr& argument) {
  SeriesSet result(set.steps());
  const auto out = result.add_row(asked_labels(argument), false);
  std::fill(out.begin(), out.end(), 1.0);
  for (std::size_t r = 0; r < set.rows(); ++r) {
    const auto row = set.row(r);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!is_absent(row[i])) out[i] = absent();
    }
  }
  result.remove_empty_rows();
  return result;
}

}  // namespace silverback::promql
