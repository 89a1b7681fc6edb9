// The evaluator's naive twin: one instant at a time, one recursive function per kind of node, every
// label set a map, nothing shared between steps. It is slow and meant to be obviously right; the
// engine is compared with it on random data and expressions. Floats only, metric names dropped at
// once. Source: https://prometheus.io/docs/prometheus/latest/querying/
#pragma once

#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/labels.h"
#include "base/queryable.h"
#include "base/result.h"
#include "base/sample.h"
#include "promql/ast.h"
#include "promql/engine.h"

namespace silverback::testing {

struct NaiveSample {
  Labels labels;
  TimestampMs t;  // of the stored sample where it is one, for timestamp()
  double v;
};
using NaiveVector =
    std::vector<NaiveSample>;  // in order of their labels where they come from storage

struct NaiveSeries {
  Labels labels;
  std::vector<Sample> samples;  // never empty
};
struct NaiveMatrix {
  std::vector<NaiveSeries> series;
  TimestampMs start, end;  // the window: (start, end]
};
using NaiveValue = std::variant<double, std::string, NaiveVector, NaiveMatrix>;

class NaiveEngine {
 public:
  // For a query over [start, end] with `step`, 0 if it is an instant query.
  NaiveEngine(const Queryable& storage, const promql::EngineOptions& options, TimestampMs start,
              TimestampMs end, DurationMs step)
      : storage_(storage), options_(options), start_(start), end_(end), step_(step) {}

  // Errors: kExecution; kUnsupported where the answer is open (which of equals is in topk).
  Result<NaiveValue> eval(const promql::Expr& expr, TimestampMs t) const;

 private:
  using Args = std::vector<NaiveValue>;

  Result<NaiveVector> select(const promql::VectorSelector& selector, TimestampMs t) const;
  Result<NaiveMatrix> select_range(const promql::MatrixSelector& matrix, TimestampMs t) const;
  Result<std::vector<NaiveSeries>> read(const promql::VectorSelector& selector, TimestampMs after,
                                        TimestampMs until) const;
  Result<NaiveMatrix> subquery(const promql::Subquery& subquery, TimestampMs t) const;
  Result<TimestampMs> shifted(const promql::AtModifier& at, const promql::DurationValue& offset,
                              TimestampMs t) const;
  Result<DurationMs> duration(const promql::DurationValue& duration, bool positive) const;
  Result<double> seconds(const promql::Expr& expr) const;
  Result<NaiveValue> unary(const promql::Unary& unary, TimestampMs t) const;
  Result<NaiveValue> binary(const promql::Binary& binary, TimestampMs t) const;
  Result<NaiveValue> aggregate(const promql::Aggregate& aggregate, TimestampMs t) const;
  Result<NaiveValue> call(const promql::Call& call, TimestampMs t) const;

  const Queryable& storage_;
  const promql::EngineOptions& options_;
  const TimestampMs start_, end_;
  const DurationMs step_;
};

// Errors: kExecution, if two elements have the same labels.
Status check_unique(const NaiveVector& vector);

Labels without_name(const Labels& labels);

// naive_binary.cc
Result<NaiveVector> naive_set_operation(const promql::Binary& binary, const NaiveVector& lhs,
                                        const NaiveVector& rhs);
Result<NaiveVector> naive_vector_operation(const promql::Binary& binary, const NaiveVector& lhs,
                                           const NaiveVector& rhs, TimestampMs t);
Result<NaiveVector> naive_scalar_operation(const promql::Binary& binary, const NaiveVector& vector,
                                           double scalar, bool scalar_is_left, TimestampMs t);
double naive_operation(promql::BinaryOp op, double lhs, double rhs);

// naive_aggregate.cc: of one group. Requires values not empty.
double naive_sum(const std::vector<double>& values);
double naive_average(const std::vector<double>& values);
double naive_variance(const std::vector<double>& values);
double naive_quantile(double q, std::vector<double> values);
// NaN only if all are.
double naive_extreme(const std::vector<double>& values, bool largest);

// naive_functions.cc
struct NaiveCall {
  const promql::Call& call;
  std::vector<NaiveValue> args;
  TimestampMs t;  // the step
  TimestampMs query_start, query_end;
  DurationMs query_step;
};
// As Go's math.Max and math.Min: NaN if either is and the other is not the infinity on that side.
double naive_extreme_of_two(double a, double b, bool largest);
Result<NaiveValue> naive_call(const NaiveCall& call);

}  // namespace silverback::testing
