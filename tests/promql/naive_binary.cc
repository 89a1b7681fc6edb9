#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tests/promql/naive_engine.h"

namespace silverback::testing {
namespace {

using promql::Binary;
using promql::BinaryOp;
using promql::VectorMatching;

// What has to be equal on both sides.
Labels match_group(const VectorMatching& matching, const Labels& labels) {
  LabelsBuilder builder(labels);
  if (matching.on) return builder.keep_only(matching.labels).build();
  return builder.remove_all(matching.labels).remove(kMetricName).build();
}

bool drops_name(const Binary& binary) {
  return binary.return_bool || !promql::is_comparison(binary.op);
}

Labels result_labels(const Binary& binary, const Labels& many, const Labels& one) {
  const VectorMatching& matching = binary.matching;
  LabelsBuilder builder(many);
  if (drops_name(binary)) builder.remove(kMetricName);
  if (matching.card == VectorMatching::Card::kOneToOne) {
    if (matching.on) {
      builder.keep_only(matching.labels);
    } else {
      builder.remove_all(matching.labels);
    }
  }
  for (const std::string& label : matching.include) builder.set(label, one.get(label));
  return builder.build();
}

tl::unexpected<Error> error(std::string message) {
  return fail(ErrorCode::kExecution, std::move(message));
}

}  // namespace

double naive_operation(BinaryOp op, double lhs, double rhs) {
  switch (op) {
    case BinaryOp::kAdd:
      return lhs + rhs;
    case BinaryOp::kSub:
      return lhs - rhs;
    case BinaryOp::kMul:
      return lhs * rhs;
    case BinaryOp::kDiv:
      return lhs / rhs;
    case BinaryOp::kMod:
      return std::fmod(lhs, rhs);
    case BinaryOp::kPow:
      return std::pow(lhs, rhs);
    case BinaryOp::kAtan2:
      return std::atan2(lhs, rhs);
    case BinaryOp::kEqual:
      return lhs == rhs;
    case BinaryOp::kNotEqual:
      return lhs != rhs;
    case BinaryOp::kGreater:
      return lhs > rhs;
    case BinaryOp::kLess:
      return lhs < rhs;
    case BinaryOp::kGreaterEqual:
      return lhs >= rhs;
    case BinaryOp::kLessEqual:
      return lhs <= rhs;
    default:
      return normal_nan();
  }
}

Result<NaiveVector> naive_set_operation(const Binary& binary, const NaiveVector& lhs,
                                        const NaiveVector& rhs) {
  const auto groups_of = [&](const NaiveVector& vector) {
    std::set<Labels> groups;
    for (const NaiveSample& sample : vector) {
      groups.insert(match_group(binary.matching, sample.labels));
    }
    return groups;
  };
  const std::set<Labels> left = groups_of(lhs), right = groups_of(rhs);
  NaiveVector result;
  for (const NaiveSample& sample : lhs) {
    const bool matched = right.contains(match_group(binary.matching, sample.labels));
    if (binary.op == BinaryOp::kOr || matched == (binary.op == BinaryOp::kAnd)) {
      result.push_back(sample);
    }
  }
  if (binary.op != BinaryOp::kOr) return result;
  for (const NaiveSample& sample : rhs) {
    if (!left.contains(match_group(binary.matching, sample.labels))) result.push_back(sample);
  }
  return result;
}

Result<NaiveVector> naive_vector_operation(const Binary& binary, const NaiveVector& lhs,
                                           const NaiveVector& rhs, TimestampMs t) {
  const VectorMatching& matching = binary.matching;
  const bool one_is_left = matching.card == VectorMatching::Card::kOneToMany;
  const bool one_to_one = matching.card == VectorMatching::Card::kOneToOne;
  const NaiveVector& many = one_is_left ? rhs : lhs;
  const NaiveVector& one = one_is_left ? lhs : rhs;

  NaiveVector result;
  if (many.empty() || one.empty()) return result;
  std::map<Labels, const NaiveSample*> ones;
  for (const NaiveSample& sample : one) {
    if (!ones.emplace(match_group(matching, sample.labels), &sample).second) {
      return error("found duplicate series for the match group");
    }
  }
  std::map<Labels, std::set<Labels>> results_of_group;
  for (const NaiveSample& sample : many) {
    const Labels group = match_group(matching, sample.labels);
    const auto partner = ones.find(group);
    if (partner == ones.end()) continue;
    const NaiveSample& other = *partner->second;
    const double left = one_is_left ? other.v : sample.v;
    const double right = one_is_left ? sample.v : other.v;
    double v = naive_operation(binary.op, left, right);
    if (promql::is_comparison(binary.op) && !binary.return_bool) {
      if (v == 0) continue;
      v = left;
    }
    const Labels labels = result_labels(binary, sample.labels, other.labels);
    std::set<Labels>& results = results_of_group[group];
    if (one_to_one && !results.empty()) return error("multiple matches for labels: many-to-one");
    if (!results.insert(labels).second) return error("multiple matches for labels: grouping");
    result.push_back({labels, t, v});
  }
  return result;
}

Result<NaiveVector> naive_scalar_operation(const Binary& binary, const NaiveVector& vector,
                                           double scalar, bool scalar_is_left, TimestampMs t) {
  NaiveVector result;
  for (const NaiveSample& sample : vector) {
    const double left = scalar_is_left ? scalar : sample.v;
    const double right = scalar_is_left ? sample.v : scalar;
    double v = naive_operation(binary.op, left, right);
    if (promql::is_comparison(binary.op) && !binary.return_bool) {
      if (v == 0) continue;
      v = sample.v;
    }
    result.push_back({drops_name(binary) ? without_name(sample.labels) : sample.labels, t, v});
  }
  return result;
}

}  // namespace silverback::testing
