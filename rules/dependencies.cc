#include "rules/dependencies.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/labels.h"
#include "promql/functions.h"
#include "rules/alerting_rule.h"

namespace silverback::rules {
namespace {

using promql::VectorSelector;

// What a rule reads.
struct Reads {
  std::vector<const VectorSelector*> selectors;
  bool everything = false;
};

// As deep as the tree, which the parser bounds.
void collect(const promql::Expr* expr, Reads& reads) {
  if (expr == nullptr) return;
  std::visit(
      [&reads](const auto& node) {
        using Node = std::decay_t<decltype(node)>;
        if constexpr (std::is_same_v<Node, VectorSelector>) {
          reads.selectors.push_back(&node);
        } else if constexpr (std::is_same_v<Node, promql::MatrixSelector>) {
          collect(node.selector.get(), reads);
        } else if constexpr (std::is_same_v<Node, promql::Binary>) {
          collect(node.lhs.get(), reads);
          collect(node.rhs.get(), reads);
        } else if constexpr (std::is_same_v<Node, promql::Aggregate>) {
          collect(node.expr.get(), reads);
          collect(node.param.get(), reads);
        } else if constexpr (std::is_same_v<Node, promql::Call>) {
          // It reads metrics that no selector of it names.
          if (node.function->name == "info") reads.everything = true;
          for (const promql::ExprPtr& argument : node.args) collect(argument.get(), reads);
        } else if constexpr (std::is_same_v<Node, promql::Subquery> ||
                             std::is_same_v<Node, promql::Paren> ||
                             std::is_same_v<Node, promql::Unary>) {
          collect(node.expr.get(), reads);
        }
      },
      expr->node);
}

Reads reads_of(const RuleSpec& spec) {
  Reads reads;
  collect(spec.expr.get(), reads);
  for (const NamedTemplates* texts : {&spec.labels, &spec.annotations}) {
    for (const auto& [name, text] : *texts) {
      if (text.may_call("query")) reads.everything = true;
    }
  }
  return reads;
}

std::vector<std::string_view> writes_of(const RuleSpec& spec) {
  if (spec.text.is_alert()) return {kAlertsMetric, kAlertsForStateMetric};
  return {spec.text.record};
}

bool may_select(const VectorSelector& selector, std::string_view metric) {
  return std::all_of(selector.matchers.begin(), selector.matchers.end(),
                     [metric](const Matcher& matcher) {
                       return matcher.name() != kMetricName || matcher.matches(metric);
                     });
}

// The one metric that a selector reads; "" if it may read several.
std::string_view only_metric(const VectorSelector& selector) {
  for (const Matcher& matcher : selector.matchers) {
    if (matcher.name() == kMetricName && matcher.type() == Matcher::Type::kEqual)
      return matcher.value();
  }
  return {};
}

// Which batches the rules so far are in, by what they read and write. Batches count from 1; 0 is
// none.
class Batches {
 public:
  std::size_t add(const RuleSpec& spec) {
    const Reads reads = reads_of(spec);
    const std::vector<std::string_view> writes = writes_of(spec);
    const std::size_t after = std::max(last_written(reads), last_read(writes));
    const std::size_t batch = 1 + std::max(after, last_written_again(spec));
    note(reads, writes, batch);
    return batch;
  }

 private:
  std::size_t last_written(const Reads& reads) const {
    std::size_t last = 0;
    if (reads.everything) {
      for (const auto& [metric, batch] : written_) last = std::max(last, batch);
      return last;
    }
    for (const VectorSelector* selector : reads.selectors) {
      const std::string_view only = only_metric(*selector);
      if (!only.empty()) {
        last = std::max(last, batch_of(written_, only));
        continue;
      }
      for (const auto& [metric, batch] : written_) {
        if (batch > last && may_select(*selector, metric)) last = batch;
      }
    }
    return last;
  }

  // What a rule writes was read by earlier ones: they are to see what was written the last time.
  std::size_t last_read(const std::vector<std::string_view>& writes) const {
    std::size_t last = read_everything_;
    for (const std::string_view metric : writes) {
      last = std::max(last, batch_of(read_, metric));
      for (const auto& [selector, batch] : read_widely_) {
        if (batch > last && may_select(*selector, metric)) last = batch;
      }
    }
    return last;
  }

  // Of two rules that write the same series the first one wins.
  std::size_t last_written_again(const RuleSpec& spec) const {
    return spec.text.is_alert() ? 0 : batch_of(written_, spec.text.record);
  }

  void note(const Reads& reads, const std::vector<std::string_view>& writes, std::size_t batch) {
    for (const std::string_view metric : writes)
      written_[metric] = std::max(written_[metric], batch);
    if (reads.everything) read_everything_ = std::max(read_everything_, batch);
    for (const VectorSelector* selector : reads.selectors) {
      const std::string_view only = only_metric(*selector);
      if (only.empty()) {
        read_widely_.emplace_back(selector, batch);
      } else {
        read_[only] = std::max(read_[only], batch);
      }
    }
  }

  using BatchOf = std::map<std::string_view, std::size_t>;
  static std::size_t batch_of(const BatchOf& batches, std::string_view metric) {
    const auto found = batches.find(metric);
    return found == batches.end() ? 0 : found->second;
  }

  BatchOf written_, read_;  // the last batch by metric
  std::vector<std::pair<const VectorSelector*, std::size_t>> read_widely_;
  std::size_t read_everything_ = 0;
};

}  // namespace

std::vector<std::vector<std::size_t>> evaluation_batches(const std::vector<RuleSpec>& rules) {
  Batches batch_of;
  std::vector<std::vector<std::size_t>> batches;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::size_t batch = batch_of.add(rules[i]);
    if (batches.size() < batch) batches.resize(batch);
    batches[batch - 1].push_back(i);
  }
  return batches;
}

}  // namespace silverback::rules
