// A recording rule: the result of its expression under another name.
// Source: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
#pragma once

#include <vector>

#include "base/result.h"
#include "promql/value.h"
#include "rules/rule.h"
#include "rules/rule_set.h"

namespace silverback::rules {

// What `result` becomes: the rule's name and labels over each sample's own. Errors: kExecution (two
// samples of the same labels, more than the limit).
Result<std::vector<OutputSample>> record(const RuleSpec& spec, const promql::Vector& result,
                                         const Evaluation& evaluation);

}  // namespace silverback::rules
