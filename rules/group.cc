#include "rules/group.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <utility>

#include "base/log.h"
#include "promql/parser.h"
#include "rules/dependencies.h"
#include "rules/recording_rule.h"
#include "rules/template/escape.h"

namespace silverback::rules {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

std::string_view rejection_text(SampleVerdict verdict) {
  switch (verdict) {
    case SampleVerdict::kOutOfOrder:
      return "out of order sample";
    case SampleVerdict::kDuplicateValue:
      return "duplicate sample for timestamp";
    case SampleVerdict::kOutOfBounds:
      return "out of bounds";
    case SampleVerdict::kUnsupported:
      return "native histograms are not stored";
    case SampleVerdict::kStored:
    case SampleVerdict::kIdenticalDuplicate:
      break;
  }
  return "";
}

notifier::Alert notice_of(const Alert& alert, const std::string& url) {
  return {.labels = alert.labels,
          .annotations = alert.annotations,
          .starts_at = alert.fired_at,
          .ends_at = alert.resolved_at != kNever ? alert.resolved_at : alert.valid_until,
          .generator_url = url};
}

// What tells a rule from the others of its group when the group is changed.
std::string identity(const RuleSpec& spec) {
  std::string key = spec.text.name();
  for (const auto& [name, value] : spec.text.labels)
    key.append(1, '\0').append(name).append(1, '\0').append(value);
  return key;
}

}  // namespace

std::string_view to_string(RuleHealth health) {
  switch (health) {
    case RuleHealth::kUnknown:
      return "unknown";
    case RuleHealth::kOk:
      return "ok";
    case RuleHealth::kError:
      return "err";
  }
  return "";
}

Result<promql::Vector> instant_vector(Result<promql::QueryResult> result) {
  if (!result) return fail(std::move(result).error());
  if (auto* vector = std::get_if<promql::Vector>(&result->value)) return std::move(*vector);
  if (const auto* scalar = std::get_if<promql::Scalar>(&result->value))
    return promql::Vector{{Labels(), scalar->t, scalar->v, nullptr}};
  return fail(ErrorCode::kExecution, "rule result is not a vector or scalar");
}

struct Group::RunningRule {
  RunningRule(const RuleSpec& rule_spec, bool restored) : spec(rule_spec) {
    if (spec.text.is_alert()) alerting = std::make_unique<AlertingRule>(spec, restored);
  }

  const RuleSpec& spec;
  std::unique_ptr<AlertingRule> alerting;  // null: a recording rule
  RuleOutput output;
};

// Of one rule, one evaluation.
struct Group::Outcome {
  std::size_t rule = 0;
  bool ran = false;
  bool evaluated = false;  // there is a result
  bool failed = false;     // that a sample was refused is an error, but no failure
  std::string error;       // "": none
  std::vector<OutputSample> samples;
  std::uint32_t first_append = 0;  // where the samples are in their commit; markers follow
  TimestampMs began = 0;
  double seconds = 0;
};

// Of all rules, one evaluation.
struct Group::Totals {
  std::size_t samples = 0;
  double rule_seconds = 0;
};

struct Group::Metrics {
  Metrics(Registry& registry, const std::string& group)
      : labels{{"rule_group", group}},
        evaluations(registry.counter("prometheus_rule_evaluations_total",
                                     "The total number of rule evaluations.", labels)),
        failures(registry.counter("prometheus_rule_evaluation_failures_total",
                                  "The total number of rule evaluation failures.", labels)),
        samples(registry.gauge("prometheus_rule_group_last_evaluation_samples",
                               "Samples that the last evaluation of a group gave.", labels)),
        last_seconds(registry.gauge("prometheus_rule_group_last_duration_seconds",
                                    "How long the last evaluation of a group took.", labels)),
        rule_seconds_sum(registry.gauge(
            "prometheus_rule_group_last_rule_duration_sum_seconds",
            "How long the rules of a group took the last time, all together.", labels)),
        last_evaluation(registry.gauge("prometheus_rule_group_last_evaluation_timestamp_seconds",
                                       "When a group was evaluated last.", labels)),
        restore_seconds(registry.gauge("prometheus_rule_group_last_restore_duration_seconds",
                                       "How long restoring the alerts of a group took.", labels)),
        interval(registry.gauge("prometheus_rule_group_interval_seconds",
                                "The interval of a group.", labels)),
        rules(registry.gauge("prometheus_rule_group_rules", "The number of rules of a group.",
                             labels)),
        iterations(registry.counter("prometheus_rule_group_iterations_total",
                                    "The total number of scheduled evaluations of a group, "
                                    "executed or missed.",
                                    labels)),
        missed(registry.counter("prometheus_rule_group_iterations_missed_total",
                                "The total number of evaluations of a group that were missed, "
                                "because the one before took too long.",
                                labels)),
        rule_seconds(registry.distribution("prometheus_rule_evaluation_duration_seconds",
                                           "How long rules took.",
                                           {.001, .01, .1, .5, 1, 5, 10, 60})),
        group_seconds(registry.distribution("prometheus_rule_group_duration_seconds",
                                            "How long groups took.",
                                            {.001, .01, .1, .5, 1, 5, 10, 60})) {}

  const Labels labels;
  Counter& evaluations;
  Counter& failures;
  Gauge& samples;
  Gauge& last_seconds;
  Gauge& rule_seconds_sum;
  Gauge& last_evaluation;
  Gauge& restore_seconds;
  Gauge& interval;
  Gauge& rules;
  Counter& iterations;
  Counter& missed;
  Distribution& rule_seconds;
  Distribution& group_seconds;
};

Group::Group(std::shared_ptr<const GroupSpec> spec, const Environment& environment, bool restored)
    : spec_(std::move(spec)),
      environment_(environment),
      batches_(evaluation_batches(spec_->rules)),
      metrics_(std::make_unique<Metrics>(*environment.metrics, spec_->file + ";" + spec_->name)),
      statuses_(spec_->rules.size()) {
  for (const RuleSpec& rule : spec_->rules)
    rules_.push_back(std::make_unique<RunningRule>(rule, restored));
  metrics_->interval.set(static_cast<double>(spec_->interval) / 1000);
  metrics_->rules.set(static_cast<double>(rules_.size()));
}

Group::~Group() = default;

bool Group::is_stopped() const {
  return stopped_ || (environment_.canceled != nullptr && *environment_.canceled);
}

void Group::count_iterations(std::uint64_t scheduled, std::uint64_t missed) {
  metrics_->iterations.add(scheduled);
  metrics_->missed.add(missed);
}

void Group::remove_metrics() {
  for (const std::string_view name :
       {"prometheus_rule_evaluations_total", "prometheus_rule_evaluation_failures_total",
        "prometheus_rule_group_last_evaluation_samples",
        "prometheus_rule_group_last_duration_seconds",
        "prometheus_rule_group_last_rule_duration_sum_seconds",
        "prometheus_rule_group_last_evaluation_timestamp_seconds",
        "prometheus_rule_group_last_restore_duration_seconds",
        "prometheus_rule_group_interval_seconds", "prometheus_rule_group_rules",
        "prometheus_rule_group_iterations_total",
        "prometheus_rule_group_iterations_missed_total"}) {
    environment_.metrics->remove(name, metrics_->labels);
  }
}

promql::QueryOptions Group::query_options() const {
  promql::QueryOptions options;
  options.canceled = environment_.canceled;
  return options;
}

TemplateContext Group::template_context(const Labels& external_labels) const {
  return {.external_labels = external_labels,
          .external_url = environment_.external_url,
          .query = [this](std::string_view text, TimestampMs t) {
            return instant_vector(
                environment_.engine->instant(*environment_.storage, text, t, query_options()));
          }};
}

void Group::evaluate(TimestampNs slot, const Labels& external_labels) {
  const auto start = SteadyClock::now();
  const TimestampMs began = environment_.clock->now();
  const Evaluation evaluation{
      .slot = slot, .query_at = slot / 1'000'000 - spec_->query_offset, .limit = spec_->limit};
  const TemplateContext context = template_context(external_labels);
  Totals totals;
  for (const std::vector<std::size_t>& batch : batches_)
    run_batch(batch, evaluation, context, totals);
  if (orphans_.series() > 0 && !is_stopped()) {
    if (const Status ended = end_orphans(evaluation.query_at); !ended) {
      log_error("Ending the series of removed rules of group " + quote(spec_->name) +
                " failed: " + ended.error().message);
    }
  }
  const double seconds = seconds_since(start);
  metrics_->samples.set(static_cast<double>(totals.samples));
  metrics_->rule_seconds_sum.set(totals.rule_seconds);
  metrics_->last_seconds.set(seconds);
  metrics_->group_seconds.observe(seconds);
  metrics_->last_evaluation.set(static_cast<double>(began) / 1000);
  const MutexLock lock(mutex_);
  last_evaluation_ = began;
  evaluation_seconds_ = seconds;
}

// In pieces: a group of thousands of rules is not to be held in memory whole.
void Group::run_batch(const std::vector<std::size_t>& batch, const Evaluation& evaluation,
                      const TemplateContext& context, Totals& totals) {
  constexpr std::size_t kRulesAtOnce = 64;
  for (std::size_t first = 0; first < batch.size(); first += kRulesAtOnce) {
    std::vector<Outcome> outcomes(std::min(kRulesAtOnce, batch.size() - first));
    parallel_for(environment_.rule_executor, outcomes.size(), [&](std::size_t i) {
      outcomes[i].rule = batch[first + i];
      if (!is_stopped()) run(outcomes[i], evaluation, context);
    });
    std::erase_if(outcomes, [](const Outcome& outcome) { return !outcome.ran; });
    store(outcomes, evaluation.query_at);
    for (const Outcome& outcome : outcomes) note(outcome, totals);
  }
}

void Group::run(Outcome& outcome, const Evaluation& evaluation,
                const TemplateContext& context) const {
  const auto start = SteadyClock::now();
  const RunningRule& rule = *rules_[outcome.rule];
  outcome.began = environment_.clock->now();
  Result<promql::Vector> result = instant_vector(
      environment_.engine->instant(*environment_.storage, *rule.spec.expr, rule.spec.text.expr,
                                   evaluation.query_at, query_options()));
  Result<std::vector<OutputSample>> samples;
  if (!result) {
    samples = fail(std::move(result).error());
  } else if (rule.alerting) {
    samples = rule.alerting->evaluate(*result, evaluation, context);
  } else {
    samples = record(rule.spec, *result, evaluation);
  }
  // Before anything is stored: a disk that hangs is not to hold back who tells of it.
  if (samples && rule.alerting) tell(rule, evaluation.slot);
  outcome.evaluated = samples.has_value();
  // An evaluation that was canceled says nothing about the rule.
  outcome.ran = samples || samples.error().code != ErrorCode::kCanceled || !is_stopped();
  if (samples) {
    outcome.samples = *std::move(samples);
  } else {
    outcome.error = std::move(samples).error().message;
    outcome.failed = true;
  }
  outcome.seconds = seconds_since(start);
}

void Group::store(std::vector<Outcome>& outcomes, TimestampMs t) {
  // More in one commit would only take more memory.
  constexpr std::uint32_t kSamplesPerCommit = 64 * 1024;
  for (std::size_t next = 0; next < outcomes.size();) {
    const std::unique_ptr<Appender> appender = environment_.appender();
    RuleBatch batch{*appender};
    const std::size_t first = next;
    for (; next < outcomes.size() && batch.appended < kSamplesPerCommit; ++next) {
      Outcome& outcome = outcomes[next];
      outcome.first_append = batch.appended;
      if (!outcome.evaluated) continue;
      RuleOutput& output = rules_[outcome.rule]->output;
      if (const Status added = output.add(outcome.samples, t, batch); !added) {
        output.committed(false);
        outcome.evaluated = false;
        outcome.failed = true;
        outcome.error = "storing the result: " + added.error().message;
      }
    }
    Result<CommitResult> committed;
    if (batch.appended > 0) committed = appender->commit();
    take_verdicts(std::span(outcomes).subspan(first, next - first), committed);
  }
}

void Group::take_verdicts(std::span<Outcome> outcomes, const Result<CommitResult>& committed) {
  if (committed) {
    for (const Rejection& rejection : committed->rejections) {
      const auto after = std::upper_bound(
          outcomes.begin(), outcomes.end(), rejection.index,
          [](std::uint32_t index, const Outcome& outcome) { return index < outcome.first_append; });
      Outcome& outcome = *std::prev(after);
      const std::size_t sample = rejection.index - outcome.first_append;
      // What follows the samples are markers. That one came too late is what it is refused for.
      if (sample >= outcome.samples.size()) continue;
      rules_[outcome.rule]->output.refused(outcome.samples[sample].labels);
      outcome.error = rejection_text(rejection.verdict);
    }
  }
  for (Outcome& outcome : outcomes) {
    if (!outcome.evaluated) continue;
    rules_[outcome.rule]->output.committed(committed.has_value());
    if (committed) continue;
    outcome.failed = true;
    outcome.error = "storing the result: " + committed.error().message;
  }
}

void Group::note(const Outcome& outcome, Totals& totals) {
  const RuleSpec& spec = rules_[outcome.rule]->spec;
  metrics_->evaluations.add();
  metrics_->rule_seconds.observe(outcome.seconds);
  totals.rule_seconds += outcome.seconds;
  if (outcome.failed) metrics_->failures.add();
  if (!outcome.failed) totals.samples += outcome.samples.size();
  const MutexLock lock(mutex_);
  RuleStatus& status = statuses_[outcome.rule];
  if (!outcome.error.empty() && status.last_error != outcome.error) {
    log_warn("Evaluating rule " + quote(spec.text.name()) + " of group " + quote(spec_->name) +
             " in " + spec_->file + " failed: " + outcome.error);
  }
  status.health = outcome.error.empty() ? RuleHealth::kOk : RuleHealth::kError;
  status.last_error = outcome.error;
  status.last_evaluation = outcome.began;
  status.evaluation_seconds = outcome.seconds;
}

void Group::tell(const RunningRule& rule, TimestampNs slot) const {
  if (!environment_.notify) return;
  constexpr TimestampNs kNsPerMs = 1'000'000;
  const std::vector<Alert> unsent = rule.alerting->take_unsent(
      slot, environment_.resend_delay * kNsPerMs, spec_->interval * kNsPerMs);
  if (unsent.empty()) return;
  const std::string url = environment_.external_url + templates::table_link(rule.spec.query);
  std::vector<notifier::Alert> notices;
  notices.reserve(unsent.size());
  for (const Alert& alert : unsent) notices.push_back(notice_of(alert, url));
  environment_.notify(std::move(notices));
}

void Group::restore(TimestampMs now) {
  const auto start = SteadyClock::now();
  for (const std::unique_ptr<RunningRule>& rule : rules_) {
    if (rule->alerting)
      rule->alerting->restore(remembered_alerts(*rule->alerting, now), now,
                              environment_.grace_period);
  }
  metrics_->restore_seconds.set(seconds_since(start));
}

std::vector<AlertingRule::Remembered> Group::remembered_alerts(const AlertingRule& rule,
                                                               TimestampMs now) const {
  const RuleSpec& spec = rule.spec();
  if (spec.text.hold < environment_.grace_period) return {};
  std::vector<Matcher> matchers = {
      Matcher::equal(std::string(kMetricName), std::string(kAlertsForStateMetric)),
      Matcher::equal("alertname", spec.text.alert)};
  for (const auto& [name, text] : spec.text.labels) {
    const bool is_plain = text.find("{{") == std::string::npos && name != "alertname";
    if (is_plain && !text.empty()) matchers.push_back(Matcher::equal(name, text));
  }
  SelectHints hints;
  hints.range = {now - environment_.outage_tolerance, now};
  const auto read_all = [&]() -> Result<std::vector<AlertingRule::Remembered>> {
    const std::unique_ptr<Selection> selection = TRY(environment_.storage->select(matchers, hints));
    std::vector<AlertingRule::Remembered> alerts;
    SampleColumns columns;
    LabelsBuilder builder;
    for (std::size_t i = 0; i < selection->size(); ++i) {
      TRY(selection->read(i, columns));
      // An alert that had ended is not remembered.
      if (columns.t.empty() || is_stale(columns.v.back())) continue;
      builder.reset(selection->labels(i));
      builder.remove(kMetricName);
      alerts.push_back({builder.build(), columns.t.back(), columns.v.back()});
    }
    return alerts;
  };
  Result<std::vector<AlertingRule::Remembered>> alerts = read_all();
  if (alerts) return *std::move(alerts);
  log_error("Restoring alert " + quote(spec.text.alert) + " of group " + quote(spec_->name) +
            " failed: " + alerts.error().message);
  return {};
}

void Group::take_state(Group& old) {
  std::multimap<std::string, std::size_t> old_rules;
  for (std::size_t i = 0; i < old.rules_.size(); ++i)
    old_rules.emplace(identity(old.rules_[i]->spec), i);
  for (const std::unique_ptr<RunningRule>& rule : rules_) {
    // Of several alike the first ones come first: multimap keeps the order of insertion.
    const auto found = old_rules.lower_bound(identity(rule->spec));
    if (found == old_rules.end() || found->first != identity(rule->spec)) continue;
    RunningRule& before = *old.rules_[found->second];
    old_rules.erase(found);
    rule->output.take(before.output);
    if (rule->alerting && before.alerting) rule->alerting->take_state(*before.alerting);
  }
  for (const std::unique_ptr<RunningRule>& before : old.rules_) orphans_.take(before->output);
  orphans_.take(old.orphans_);
  const GroupStatus status = old.status(false);
  const MutexLock lock(mutex_);
  last_evaluation_ = status.last_evaluation;
  evaluation_seconds_ = status.evaluation_seconds;
}

Status Group::end_orphans(TimestampMs t) {
  const std::unique_ptr<Appender> appender = environment_.appender();
  RuleBatch batch{*appender};
  TRY(orphans_.add_ends(t, batch));
  // That a marker came too late is what it is refused for.
  if (batch.appended > 0) TRY(appender->commit());
  orphans_.forget();
  return {};
}

Status Group::end_series(TimestampMs at) {
  for (const std::unique_ptr<RunningRule>& rule : rules_) orphans_.take(rule->output);
  return end_orphans(at - spec_->query_offset);
}

GroupStatus Group::status(bool with_alerts) const {
  GroupStatus status;
  status.spec = spec_;
  {
    const MutexLock lock(mutex_);
    status.rules = statuses_;
    status.last_evaluation = last_evaluation_;
    status.evaluation_seconds = evaluation_seconds_;
  }
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const AlertingRule* alerting = rules_[i]->alerting.get();
    if (alerting == nullptr) continue;
    RuleStatus& rule = status.rules[i];
    if (rule.health != RuleHealth::kUnknown) rule.state = alerting->state();
    if (with_alerts) rule.alerts = alerting->active();
  }
  return status;
}

}  // namespace silverback::rules
