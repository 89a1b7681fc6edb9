// Functions of label sets: label_replace, label_join, and the sorts.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/regex.h"
#include "promql/eval.h"
#include "promql/functions.h"
#include "promql/functions_eval.h"
#include "promql/natural_order.h"

namespace silverback::promql {
namespace {

Status check_label_name(std::string_view function, std::string_view name) {
  if (!name.empty() && is_valid_utf8(name)) return {};
  std::string message = "invalid destination label name in ";
  return fail(ErrorCode::kExecution, message.append(function).append("(): ").append(name));
}

// Sets `destination` in row r. A metric name that is written is there to stay.
void set_label(SeriesSet& set, std::size_t r, std::string_view destination,
               std::string_view value) {
  LabelsBuilder builder(set.own_labels()[r]);
  builder.set(destination, value);
  set.own_labels()[r] = builder.build();
  if (destination == kMetricName) set.set_drops_name(r, false);
}

std::vector<std::uint32_t> all_rows(const SeriesSet& set) {
  std::vector<std::uint32_t> rows(set.rows());
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

// Lines of a graph are ordered by labels in the end.
void warn_of_range(QueryContext& context, PositionRange position) {
  if (context.steps.start == context.end) return;
  context.annotations.warn(
      "sort is ineffective for range queries since results are always ordered by labels", position);
}

}  // namespace

Result<Operand> eval_label_replace(Evaluator& evaluator, const Call& call,
                                   PositionRange /*position*/, const Steps& steps) {
  const std::string destination = Evaluator::eval_string(*call.args[1]);
  const std::string replacement = Evaluator::eval_string(*call.args[2]);
  const std::string source = Evaluator::eval_string(*call.args[3]);
  const std::string pattern = Evaluator::eval_string(*call.args[4]);
  Result<Regex> regex = Regex::anchored(pattern);
  if (!regex) {
    return fail(ErrorCode::kExecution, "invalid regular expression in label_replace(): " + pattern);
  }
  TRY(check_label_name("label_replace", destination));
  SeriesSet set = TRY(evaluator.eval_vector(*call.args[0], steps));
  set.build_labels();
  std::string value;
  for (std::size_t r = 0; r < set.rows(); ++r) {
    value.clear();
    if (!regex->expand(set.own_labels()[r].get(source), replacement, value)) continue;
    set_label(set, r, destination, value);
  }
  TRY(evaluator.merge_equal_labels(set));
  return set;
}

Result<Operand> eval_label_join(Evaluator& evaluator, const Call& call, PositionRange /*position*/,
                                const Steps& steps) {
  const std::string destination = Evaluator::eval_string(*call.args[1]);
  const std::string separator = Evaluator::eval_string(*call.args[2]);
  std::vector<std::string> sources;
  for (std::size_t i = 3; i < call.args.size(); ++i) {
    sources.push_back(Evaluator::eval_string(*call.args[i]));
    if (sources.back().empty() || !is_valid_utf8(sources.back())) {
      return fail(ErrorCode::kExecution,
                  "invalid source label name in label_join(): " + sources.back());
    }
  }
  TRY(check_label_name("label_join", destination));
  SeriesSet set = TRY(evaluator.eval_vector(*call.args[0], steps));
  set.build_labels();
  for (std::size_t r = 0; r < set.rows(); ++r) {
    std::string value;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (i > 0) value.append(separator);
      value.append(set.own_labels()[r].get(sources[i]));
    }
    set_label(set, r, destination, value);
  }
  TRY(evaluator.merge_equal_labels(set));
  return set;
}

// By value, NaN last either way.
Result<Operand> eval_sort(Evaluator& evaluator, const Call& call, PositionRange position,
                          const Steps& steps) {
  warn_of_range(evaluator.context(), position);
  SeriesSet set = TRY(evaluator.eval_vector(*call.args[0], steps));
  if (!evaluator.order_is_seen() || steps.count != 1) return set;
  const bool descending = call.function->name == "sort_desc";
  std::vector<std::uint32_t> order = all_rows(set);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const double x = set.row(a)[0];
    const double y = set.row(b)[0];
    if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
    return descending ? x > y : x < y;
  });
  return set.reordered(order);
}

Result<Operand> eval_sort_by_label(Evaluator& evaluator, const Call& call, PositionRange position,
                                   const Steps& steps) {
  warn_of_range(evaluator.context(), position);
  SeriesSet set = TRY(evaluator.eval_vector(*call.args[0], steps));
  if (!evaluator.order_is_seen()) return set;
  const bool descending = call.function->name == "sort_by_label_desc";
  std::vector<std::string> names;
  for (std::size_t i = 1; i < call.args.size(); ++i) {
    names.push_back(Evaluator::eval_string(*call.args[i]));
  }
  set.build_labels();
  std::vector<std::uint32_t> order = all_rows(set);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Labels& left = set.own_labels()[descending ? b : a];
    const Labels& right = set.own_labels()[descending ? a : b];
    for (const std::string& name : names) {
      const std::string_view x = left.get(name);
      const std::string_view y = right.get(name);
      if (x != y) return natural_less(x, y);
    }
    return left < right;
  });
  return set.reordered(order);
}

}  // namespace silverback::promql
