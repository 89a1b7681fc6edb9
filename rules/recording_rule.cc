#include "rules/recording_rule.h"

#include <string>
#include <string_view>
#include <unordered_set>

namespace silverback::rules {
namespace {

bool are_unique(const std::vector<OutputSample>& samples) {
  std::unordered_set<std::string_view> seen;
  seen.reserve(samples.size());
  for (const OutputSample& sample : samples) {
    if (!seen.insert(sample.labels.bytes()).second) return false;
  }
  return true;
}

}  // namespace

Result<std::vector<OutputSample>> record(const RuleSpec& spec, const promql::Vector& result,
                                         const Evaluation& evaluation) {
  std::vector<OutputSample> samples;
  samples.reserve(result.size());
  LabelsBuilder builder;
  for (const promql::VectorSample& sample : result) {
    builder.reset(sample.metric);
    builder.set(kMetricName, spec.text.record);
    for (const auto& [name, value] : spec.text.labels) builder.set(name, value);
    samples.push_back({builder.build(), sample.v, sample.h});
  }
  if (!are_unique(samples)) {
    return fail(ErrorCode::kExecution,
                "vector contains metrics with the same labelset after applying rule labels");
  }
  if (evaluation.limit > 0 && samples.size() > evaluation.limit) {
    return fail(ErrorCode::kExecution, "exceeded limit of " + std::to_string(evaluation.limit) +
                                           " with " + std::to_string(samples.size()) + " series");
  }
  return samples;
}

}  // namespace silverback::rules
