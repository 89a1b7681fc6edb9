// A group of rules, evaluated together at one instant: what a rule stores, later ones see.
//
//   Group group(spec, environment, /*restored=*/true);
//   group.evaluate(slot);            // at each slot (schedule.h)
//   GroupStatus status = group.status();
//
// Rules that need nothing of each other share one commit, and run side by side if there is an
// executor for that (dependencies.h).
// Threads: evaluate(), restore() and the functions that move state from one thread at a time;
// status() from any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/appender.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/queryable.h"
#include "base/result.h"
#include "promql/engine.h"
#include "rules/alerting_rule.h"
#include "rules/notifier/alert.h"
#include "rules/rule.h"
#include "rules/rule_output.h"
#include "rules/rule_set.h"

namespace silverback::rules {

// What all groups of a server share. Borrowed; outlives them.
struct Environment {
  const Queryable* storage = nullptr;
  const promql::Engine* engine = nullptr;
  std::function<std::unique_ptr<Appender>()> appender;
  const Clock* clock = nullptr;
  Registry* metrics = nullptr;
  Executor* rule_executor = nullptr;  // for the rules of one group; null: one after the other
  std::string external_url;           // without a slash at its end
  std::function<void(std::vector<notifier::Alert>)> notify;  // may be empty
  const std::atomic<bool>* canceled = nullptr;  // set to true, running queries end; may be null
  DurationMs outage_tolerance = 3'600'000;      // --rules.alert.for-outage-tolerance
  DurationMs grace_period = 600'000;            // --rules.alert.for-grace-period
  DurationMs resend_delay = 60'000;             // --rules.alert.resend-delay
};

enum class RuleHealth : std::uint8_t { kUnknown, kOk, kError };
std::string_view to_string(RuleHealth health);

struct RuleStatus {
  RuleHealth health = RuleHealth::kUnknown;
  std::string last_error;
  TimestampMs last_evaluation = 0;  // when it began; 0: never
  double evaluation_seconds = 0;
  AlertState state = AlertState::kUnknown;  // of an alerting rule
  std::vector<Alert> alerts;                // pending and firing
};

struct GroupStatus {
  std::shared_ptr<const GroupSpec> spec;
  std::vector<RuleStatus> rules;    // of spec->rules
  TimestampMs last_evaluation = 0;  // when it began; 0: never
  double evaluation_seconds = 0;
};

class Group {
 public:
  // With `restored` false, alerts are told but not stored until restore() was called.
  Group(std::shared_ptr<const GroupSpec> spec, const Environment& environment, bool restored);
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // One evaluation, for what was due at `slot`. `external_labels` are what templates see.
  void evaluate(TimestampNs slot, const Labels& external_labels) EXCLUDES(mutex_);
  // Alerts go on waiting where ALERTS_FOR_STATE says they were, if that is not older than
  // outage_tolerance.
  void restore(TimestampMs now);

  // The group as it was before its rules were changed: active alerts and written series of rules
  // with the same name and labels go on; series of the others end at the next evaluation.
  void take_state(Group& old) EXCLUDES(mutex_);
  // Ends all series that the rules wrote last, as of an evaluation that is due `at`; to be called
  // again if it fails. Errors: those of the store.
  Status end_series(TimestampMs at);
  // A running evaluation ends after the rules that are being evaluated, and there is to be no
  // other. From any thread.
  void stop() { stopped_ = true; }

  // For the metrics: `scheduled` slots have passed, `missed` of them without an evaluation.
  void count_iterations(std::uint64_t scheduled, std::uint64_t missed);
  // The group is gone for good.
  void remove_metrics();

  const GroupSpec& spec() const { return *spec_; }
  GroupStatus status(bool with_alerts = true) const EXCLUDES(mutex_);

 private:
  struct RunningRule;
  struct Outcome;
  struct Totals;

  void run_batch(const std::vector<std::size_t>& batch, const Evaluation& evaluation,
                 const TemplateContext& context, Totals& totals) EXCLUDES(mutex_);
  void run(Outcome& outcome, const Evaluation& evaluation, const TemplateContext& context) const;
  void store(std::vector<Outcome>& outcomes, TimestampMs t);
  void take_verdicts(std::span<Outcome> outcomes, const Result<CommitResult>& committed);
  void note(const Outcome& outcome, Totals& totals) EXCLUDES(mutex_);
  void tell(const RunningRule& rule, TimestampNs slot) const;
  Status end_orphans(TimestampMs t);
  bool is_stopped() const;
  promql::QueryOptions query_options() const;
  std::vector<AlertingRule::Remembered> remembered_alerts(const AlertingRule& rule,
                                                          TimestampMs now) const;
  TemplateContext template_context(const Labels& external_labels) const;

  const std::shared_ptr<const GroupSpec> spec_;
  const Environment& environment_;
  const std::vector<std::vector<std::size_t>> batches_;
  std::vector<std::unique_ptr<RunningRule>> rules_;
  RuleOutput orphans_;  // series of rules that are no more
  std::atomic<bool> stopped_{false};

  struct Metrics;
  const std::unique_ptr<Metrics> metrics_;

  mutable Mutex mutex_;
  std::vector<RuleStatus> statuses_ GUARDED_BY(mutex_);
  TimestampMs last_evaluation_ GUARDED_BY(mutex_) = 0;
  double evaluation_seconds_ GUARDED_BY(mutex_) = 0;
};

// An instant query as rules and their templates make it: vectors and scalars only. Errors: those of
// the engine, kExecution.
Result<promql::Vector> instant_vector(Result<promql::QueryResult> result);

}  // namespace silverback::rules
