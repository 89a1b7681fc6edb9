#include "tests/promql/naive_engine.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "promql/functions.h"

namespace silverback::testing {

using promql::AtModifier;
using promql::BinaryOp;
using promql::Expr;

Labels without_name(const Labels& labels) {
  return LabelsBuilder(labels).remove(kMetricName).build();
}

Status check_unique(const NaiveVector& vector) {
  std::set<Labels> seen;
  for (const NaiveSample& sample : vector) {
    if (!seen.insert(sample.labels).second) {
      return fail(ErrorCode::kExecution, "vector cannot contain metrics with the same labelset");
    }
  }
  return {};
}

Result<NaiveValue> NaiveEngine::eval(const Expr& expr, TimestampMs t) const {
  if (const auto* node = std::get_if<promql::NumberLiteral>(&expr.node)) return node->value;
  if (const auto* node = std::get_if<promql::StringLiteral>(&expr.node)) return node->value;
  if (const auto* node = std::get_if<promql::VectorSelector>(&expr.node)) return select(*node, t);
  if (const auto* node = std::get_if<promql::MatrixSelector>(&expr.node)) {
    return select_range(*node, t);
  }
  if (const auto* node = std::get_if<promql::Subquery>(&expr.node)) return subquery(*node, t);
  if (const auto* node = std::get_if<promql::Paren>(&expr.node)) return eval(*node->expr, t);
  if (const auto* node = std::get_if<promql::Unary>(&expr.node)) return unary(*node, t);
  if (const auto* node = std::get_if<promql::Binary>(&expr.node)) return binary(*node, t);
  if (const auto* node = std::get_if<promql::Aggregate>(&expr.node)) return aggregate(*node, t);
  return call(std::get<promql::Call>(expr.node), t);
}

// Series with samples in (after, until], staleness markers included.
Result<std::vector<NaiveSeries>> NaiveEngine::read(const promql::VectorSelector& selector,
                                                   TimestampMs after, TimestampMs until) const {
  SelectHints hints;
  hints.range = {after + 1, until};
  const auto selection = TRY(storage_.select(selector.matchers, hints));
  std::vector<NaiveSeries> found;
  for (std::size_t i = 0; i < selection->size(); ++i) {
    SampleColumns columns;
    TRY(selection->read(i, columns));
    NaiveSeries series{selection->labels(i), {}};
    for (std::size_t k = 0; k < columns.t.size(); ++k) {
      if (columns.t[k] > after && columns.t[k] <= until) {
        series.samples.push_back({columns.t[k], columns.v[k]});
      }
    }
    if (!series.samples.empty()) found.push_back(std::move(series));
  }
  return found;
}

Result<TimestampMs> NaiveEngine::shifted(const AtModifier& at, const promql::DurationValue& offset,
                                         TimestampMs t) const {
  if (at.kind == AtModifier::Kind::kTimestamp) t = at.t;
  if (at.kind == AtModifier::Kind::kStart) t = start_;
  if (at.kind == AtModifier::Kind::kEnd) t = end_;
  return t - TRY(duration(offset, false));
}

Result<NaiveVector> NaiveEngine::select(const promql::VectorSelector& selector,
                                        TimestampMs t) const {
  const TimestampMs at = TRY(shifted(selector.at, selector.offset, t));
  NaiveVector vector;
  for (const NaiveSeries& series : TRY(read(selector, at - options_.lookback_delta, at))) {
    const Sample newest = series.samples.back();
    if (!is_stale(newest.v)) vector.push_back({series.labels, newest.t, newest.v});
  }
  return vector;
}

Result<NaiveMatrix> NaiveEngine::select_range(const promql::MatrixSelector& matrix,
                                              TimestampMs t) const {
  const auto& selector = std::get<promql::VectorSelector>(matrix.selector->node);
  const TimestampMs end = TRY(shifted(selector.at, selector.offset, t));
  const TimestampMs start = end - TRY(duration(matrix.range, true));
  NaiveMatrix result{{}, start, end};
  for (NaiveSeries& series : TRY(read(selector, start, end))) {
    std::erase_if(series.samples, [](const Sample& sample) { return is_stale(sample.v); });
    if (!series.samples.empty()) result.series.push_back(std::move(series));
  }
  return result;
}

Result<NaiveMatrix> NaiveEngine::subquery(const promql::Subquery& subquery, TimestampMs t) const {
  const TimestampMs end = TRY(shifted(subquery.at, subquery.offset, t));
  const TimestampMs start = end - TRY(duration(subquery.range, true));
  const DurationMs step =
      subquery.default_step ? options_.default_subquery_step : TRY(duration(subquery.step, true));
  std::map<Labels, std::vector<Sample>> by_labels;
  // Instants that are multiples of the step, in (start, end].
  TimestampMs first = (start / step) * step;
  while (first > start) first -= step;
  while (first <= start) first += step;
  for (TimestampMs at = first; at <= end; at += step) {
    const NaiveValue value = TRY(eval(*subquery.expr, at));
    for (const NaiveSample& sample : std::get<NaiveVector>(value)) {
      by_labels[sample.labels].push_back({at, sample.v});
    }
  }
  NaiveMatrix result{{}, start, end};
  for (auto& [labels, samples] : by_labels) result.series.push_back({labels, std::move(samples)});
  return result;
}

Result<DurationMs> NaiveEngine::duration(const promql::DurationValue& duration,
                                         bool positive) const {
  if (duration.expr == nullptr) return duration.ms;
  const double value = TRY(seconds(*duration.expr));
  // Cut off to whole milliseconds, as Go converts.
  if (positive && !(value * 1000 >= 1)) {
    return fail(ErrorCode::kExecution, "duration must be above 0");
  }
  return static_cast<DurationMs>(value * 1000);
}

Result<double> NaiveEngine::seconds(const Expr& expr) const {
  if (const auto* node = std::get_if<promql::NumberLiteral>(&expr.node)) return node->value;
  if (const auto* node = std::get_if<promql::Paren>(&expr.node)) return seconds(*node->expr);
  if (const auto* node = std::get_if<promql::Unary>(&expr.node)) {
    return TRY(seconds(*node->expr)) * (node->negative ? -1 : 1);
  }
  if (const auto* node = std::get_if<promql::Binary>(&expr.node)) {
    return naive_operation(node->op, TRY(seconds(*node->lhs)), TRY(seconds(*node->rhs)));
  }
  const auto& call = std::get<promql::Call>(expr.node);
  if (call.function->name == "step") return static_cast<double>(step_) / 1000;
  if (call.function->name == "range") return static_cast<double>(end_ - start_) / 1000;
  const double a = TRY(seconds(*call.args[0]));
  const double b = TRY(seconds(*call.args[1]));
  return naive_extreme_of_two(a, b, call.function->name == "max_of");
}

Result<NaiveValue> NaiveEngine::unary(const promql::Unary& unary, TimestampMs t) const {
  NaiveValue value = TRY(eval(*unary.expr, t));
  if (!unary.negative) return value;
  if (double* scalar = std::get_if<double>(&value)) return -*scalar;
  auto& vector = std::get<NaiveVector>(value);
  for (NaiveSample& sample : vector) sample = {without_name(sample.labels), t, -sample.v};
  TRY(check_unique(vector));
  return value;
}

Result<NaiveValue> NaiveEngine::binary(const promql::Binary& binary, TimestampMs t) const {
  const NaiveValue lhs = TRY(eval(*binary.lhs, t));
  const NaiveValue rhs = TRY(eval(*binary.rhs, t));
  const double* left = std::get_if<double>(&lhs);
  const double* right = std::get_if<double>(&rhs);
  if (left != nullptr && right != nullptr) return naive_operation(binary.op, *left, *right);
  NaiveVector result;
  if (left != nullptr) {
    result = TRY(naive_scalar_operation(binary, std::get<NaiveVector>(rhs), *left, true, t));
  } else if (right != nullptr) {
    result = TRY(naive_scalar_operation(binary, std::get<NaiveVector>(lhs), *right, false, t));
  } else if (promql::is_set_operator(binary.op)) {
    result =
        TRY(naive_set_operation(binary, std::get<NaiveVector>(lhs), std::get<NaiveVector>(rhs)));
  } else {
    result = TRY(
        naive_vector_operation(binary, std::get<NaiveVector>(lhs), std::get<NaiveVector>(rhs), t));
  }
  TRY(check_unique(result));
  return result;
}

Result<NaiveValue> NaiveEngine::call(const promql::Call& call, TimestampMs t) const {
  NaiveCall naive{call, {}, t, start_, end_, step_};
  for (const promql::ExprPtr& arg : call.args) naive.args.push_back(TRY(eval(*arg, t)));
  // Samples keep their own time only directly under timestamp().
  if (call.function->name == "timestamp" &&
      !std::holds_alternative<promql::VectorSelector>(promql::without_parens(*call.args[0]).node)) {
    for (NaiveSample& sample : std::get<NaiveVector>(naive.args[0])) sample.t = t;
  }
  NaiveValue value = TRY(naive_call(naive));
  if (const auto* vector = std::get_if<NaiveVector>(&value)) TRY(check_unique(*vector));
  return value;
}

}  // namespace silverback::testing
