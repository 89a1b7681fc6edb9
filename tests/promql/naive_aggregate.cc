#include <algorithm>
#include <cmath>
#include <map>

#include "base/number_text.h"
#include "tests/promql/naive_engine.h"

namespace silverback::testing {
namespace {

using promql::Aggregate;
using promql::AggregateOp;

// Neumaier's compensated sum.
struct Compensated {
  double sum = 0, c = 0;
  void add(double v) {
    const double t = sum + v;
    if (std::isinf(t)) {
      c = 0;
    } else if (std::abs(sum) >= std::abs(v)) {
      c += (sum - t) + v;
    } else {
      c += (v - t) + sum;
    }
    sum = t;
  }
  double value() const { return sum + c; }
};

Labels group_labels(const Aggregate& aggregate, const Labels& labels) {
  LabelsBuilder builder(labels);
  if (!aggregate.without) return builder.keep_only(aggregate.grouping).build();
  return builder.remove_all(aggregate.grouping).remove(kMetricName).build();
}

std::vector<double> values_of(const NaiveVector& vector) {
  std::vector<double> values;
  for (const NaiveSample& sample : vector) values.push_back(sample.v);
  return values;
}

// Welford's, and not the textbook's two passes: rounded up or compared, the last bit shows. Over
// time it is compensated (naive_variance), over series it is not, as in Prometheus.
double variance_of_group(const std::vector<double>& values) {
  double mean = 0, squares = 0, count = 0;
  for (const double v : values) {
    ++count;
    const double delta = v - mean;
    mean += delta / count;
    squares += delta * (v - mean);
  }
  return squares / count;
}

double aggregate_group(AggregateOp op, double param, const std::vector<double>& values) {
  switch (op) {
    case AggregateOp::kSum:
      return naive_sum(values);
    case AggregateOp::kAvg:
      return naive_average(values);
    case AggregateOp::kCount:
      return static_cast<double>(values.size());
    case AggregateOp::kMin:
      return naive_extreme(values, false);
    case AggregateOp::kMax:
      return naive_extreme(values, true);
    case AggregateOp::kStddev:
      return std::sqrt(variance_of_group(values));
    case AggregateOp::kStdvar:
      return variance_of_group(values);
    case AggregateOp::kQuantile:
      return naive_quantile(param, values);
    default:
      return 1;  // group
  }
}

// The k largest, or smallest, of a group, NaN last. Open where the border runs between equals.
Result<NaiveVector> extremes(NaiveVector group, double k, bool largest) {
  if (!(k >= 1)) return NaiveVector{};
  const auto count = static_cast<std::size_t>(std::min(k, 1e6));
  std::stable_sort(group.begin(), group.end(), [&](const NaiveSample& a, const NaiveSample& b) {
    if (std::isnan(a.v) || std::isnan(b.v)) return !std::isnan(a.v);
    return largest ? a.v > b.v : a.v < b.v;
  });
  if (count >= group.size()) return group;
  const double last = group[count - 1].v, next = group[count].v;
  if (last == next || (std::isnan(last) && std::isnan(next))) {
    return fail(ErrorCode::kUnsupported, "equals at the border of topk");
  }
  group.resize(count);
  return group;
}

NaiveVector count_values(const Aggregate& aggregate, const std::string& label,
                         const NaiveVector& vector, TimestampMs t) {
  Aggregate by_value{.op = aggregate.op,
                     .expr = nullptr,
                     .param = nullptr,
                     .grouping = aggregate.grouping,
                     .without = aggregate.without};
  if (!by_value.without) by_value.grouping.push_back(label);
  std::map<Labels, double> counts;
  for (const NaiveSample& sample : vector) {
    const Labels labelled = LabelsBuilder(sample.labels).set(label, format_float(sample.v)).build();
    ++counts[group_labels(by_value, labelled)];
  }
  NaiveVector result;
  for (const auto& [labels, count] : counts) result.push_back({labels, t, count});
  return result;
}

}  // namespace

double naive_sum(const std::vector<double>& values) {
  Compensated sum;
  for (const double v : values) sum.add(v);
  return std::isinf(sum.sum) ? sum.sum : sum.value();
}

double naive_average(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  const double sum = naive_sum(values);
  const bool finite =
      std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  if (std::isfinite(sum) || !finite) return sum / count;
  double average = 0;  // the sum overflows: divide first
  for (const double v : values) average += v / count;
  return average;
}

double naive_variance(const std::vector<double>& values) {
  Compensated mean, squares;
  double count = 0;
  for (const double v : values) {
    ++count;
    const double delta = v - mean.value();
    mean.add(delta / count);
    squares.add(delta * (v - mean.value()));
  }
  return squares.value() / count;
}

double naive_quantile(double q, std::vector<double> values) {
  if (std::isnan(q)) return q;
  if (q < 0) return -std::numeric_limits<double>::infinity();
  if (q > 1) return std::numeric_limits<double>::infinity();
  std::stable_sort(values.begin(), values.end(), [](double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
    return a < b;
  });
  const double rank = q * static_cast<double>(values.size() - 1);
  const double lower = std::floor(rank);
  const double upper = std::min(lower + 1, static_cast<double>(values.size() - 1));
  const double weight = rank - lower;
  return values[static_cast<std::size_t>(lower)] * (1 - weight) +
         values[static_cast<std::size_t>(upper)] * weight;
}

double naive_extreme(const std::vector<double>& values, bool largest) {
  double extreme = normal_nan();
  for (const double v : values) {
    if (std::isnan(extreme) || (largest ? v > extreme : v < extreme)) extreme = v;
  }
  return extreme;
}

Result<NaiveValue> NaiveEngine::aggregate(const Aggregate& aggregate, TimestampMs t) const {
  const NaiveValue value = TRY(eval(*aggregate.expr, t));
  const auto& vector = std::get<NaiveVector>(value);
  double param = 0;
  if (aggregate.param != nullptr) {
    const NaiveValue evaluated = TRY(eval(*aggregate.param, t));
    if (const auto* label = std::get_if<std::string>(&evaluated)) {
      return count_values(aggregate, *label, vector, t);
    }
    param = std::get<double>(evaluated);
  }
  std::map<Labels, NaiveVector> groups;
  for (const NaiveSample& sample : vector) {
    groups[group_labels(aggregate, sample.labels)].push_back(sample);
  }
  const bool top = aggregate.op == AggregateOp::kTopk;
  const bool bottom = aggregate.op == AggregateOp::kBottomk;
  if ((top || bottom) && std::isnan(param)) {
    return fail(ErrorCode::kExecution, "Parameter value is NaN");
  }
  NaiveVector result;
  for (auto& [labels, group] : groups) {
    if (top || bottom) {
      for (NaiveSample& sample : TRY(extremes(std::move(group), param, top))) {
        result.push_back({sample.labels, t, sample.v});
      }
    } else {
      result.push_back({labels, t, aggregate_group(aggregate.op, param, values_of(group))});
    }
  }
  return result;
}

}  // namespace silverback::testing
