#include "rules/recording_rule.h"

#include <string>

namespace silverback::rules {

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
  std::vector<const Labels*> labels;
  labels.reserve(samples.size());
  for (const OutputSample& sample : samples) labels.push_back(&sample.labels);
  TRY(check_unique(labels, "rule"));
  if (evaluation.limit > 0 && samples.size() > evaluation.limit) {
    return fail(ErrorCode::kExecution, "exceeded limit of " + std::to_string(evaluation.limit) +
                                           " with " + std::to_string(samples.size()) + " series");
  }
  return samples;
}

}  // namespace silverback::rules
