#include "rules/dependencies.h"

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/labels.h"
#include "rules/alerting_rule.h"

namespace silverback::rules {
namespace {

using Selectors = std::vector<const promql::VectorSelector*>;

// As deep as the tree, which the parser bounds.
void collect(const promql::Expr* expr, Selectors& found) {
  if (expr == nullptr) return;
  std::visit(
      [&found](const auto& node) {
        using Node = std::decay_t<decltype(node)>;
        if constexpr (std::is_same_v<Node, promql::VectorSelector>) {
          found.push_back(&node);
        } else if constexpr (std::is_same_v<Node, promql::MatrixSelector>) {
          collect(node.selector.get(), found);
        } else if constexpr (std::is_same_v<Node, promql::Binary>) {
          collect(node.lhs.get(), found);
          collect(node.rhs.get(), found);
        } else if constexpr (std::is_same_v<Node, promql::Aggregate>) {
          collect(node.expr.get(), found);
          collect(node.param.get(), found);
        } else if constexpr (std::is_same_v<Node, promql::Call>) {
          for (const promql::ExprPtr& argument : node.args) collect(argument.get(), found);
        } else if constexpr (std::is_same_v<Node, promql::Subquery> ||
                             std::is_same_v<Node, promql::Paren> ||
                             std::is_same_v<Node, promql::Unary>) {
          collect(node.expr.get(), found);
        }
      },
      expr->node);
}

// `info(…)` reads metrics that no selector of it names.
bool calls_info(const RuleSpec& rule) { return rule.query.find("info(") != std::string::npos; }

struct Rule {
  Selectors selectors;
  bool reads_everything = false;
  std::vector<std::string_view> writes;
};

Rule describe(const RuleSpec& spec) {
  Rule rule;
  collect(spec.expr.get(), rule.selectors);
  rule.reads_everything = calls_info(spec);
  for (const NamedTemplates* texts : {&spec.labels, &spec.annotations}) {
    for (const auto& [name, text] : *texts) {
      if (text.may_call("query")) rule.reads_everything = true;
    }
  }
  if (spec.text.is_alert()) {
    rule.writes = {kAlertsMetric, kAlertsForStateMetric};
  } else {
    rule.writes = {spec.text.record};
  }
  return rule;
}

bool may_select(const promql::VectorSelector& selector, std::string_view metric) {
  return std::all_of(selector.matchers.begin(), selector.matchers.end(),
                     [metric](const Matcher& matcher) {
                       return matcher.name() != kMetricName || matcher.matches(metric);
                     });
}

bool reads_from(const Rule& reader, const Rule& writer) {
  if (reader.reads_everything) return true;
  for (const promql::VectorSelector* selector : reader.selectors) {
    for (const std::string_view metric : writer.writes) {
      if (may_select(*selector, metric)) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<std::vector<std::size_t>> evaluation_batches(const std::vector<RuleSpec>& specs) {
  std::vector<Rule> rules;
  rules.reserve(specs.size());
  for (const RuleSpec& spec : specs) rules.push_back(describe(spec));

  std::vector<std::vector<std::size_t>> batches;
  std::vector<std::size_t> batch_of(rules.size(), 0);
  for (std::size_t later = 0; later < rules.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      if (batch_of[earlier] < batch_of[later]) continue;
      if (reads_from(rules[later], rules[earlier]) || reads_from(rules[earlier], rules[later])) {
        batch_of[later] = batch_of[earlier] + 1;
      }
    }
    if (batches.size() <= batch_of[later]) batches.resize(batch_of[later] + 1);
    batches[batch_of[later]].push_back(later);
  }
  return batches;
}

}  // namespace silverback::rules
