// An alerting rule: every series of its result is an alert, which is pending until it has lasted
// for `for`, then firing, and inactive (resolved) once the series is gone.
//
//   inactive ──seen──▶ pending ──`for` has passed──▶ firing ──gone for keep_firing_for──▶ inactive
//                         └──gone──▶ forgotten                       resolved: told for 15 minutes
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
// Threads: evaluate(), restore() and take_state() from one at a time; the rest from any.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "promql/value.h"
#include "rules/notifier/alert.h"
#include "rules/rule.h"
#include "rules/rule_set.h"

namespace silverback::rules {

// The series that alerting rules write: 1 while pending or firing (label alertstate), and since
// when, in seconds.
inline constexpr std::string_view kAlertsMetric = "ALERTS";
inline constexpr std::string_view kAlertsForStateMetric = "ALERTS_FOR_STATE";

enum class AlertState : std::uint8_t {
  kUnknown,  // of a rule that was never evaluated
  kInactive,
  kPending,
  kFiring,
};
std::string_view to_string(AlertState state);

// The time of what has not come.
inline constexpr TimestampNs kNever = std::numeric_limits<TimestampNs>::min() / 2;

struct Alert {
  AlertState state = AlertState::kPending;
  Labels labels;
  notifier::Annotations annotations;
  double value = 0;
  TimestampNs active_at = kNever, fired_at = kNever, resolved_at = kNever;
  TimestampNs keep_firing_since = kNever;
  TimestampNs last_sent_at = kNever;
  TimestampNs valid_until = kNever;  // told with the last notice
};

// What the templates of labels and annotations see.
struct TemplateContext {
  Labels external_labels;
  std::string external_url;
  // An instant query.
  std::function<Result<promql::Vector>(std::string_view query, TimestampMs t)> query;
};

class AlertingRule {
 public:
  // `spec` outlives this. With `restored` false nothing is stored until restore() was called: the
  // series of a run before would be overwritten by those of alerts that seem new.
  AlertingRule(const RuleSpec& spec, bool restored) : spec_(spec), restored_(restored) {}

  // Takes over `result` and answers what is to be stored. Errors: kExecution (two alerts of the
  // same labels, more than the limit; then no alert is active any more).
  Result<std::vector<OutputSample>> evaluate(const promql::Vector& result,
                                             const Evaluation& evaluation,
                                             const TemplateContext& context) EXCLUDES(mutex_);

  // The alerts that are due to be told at `slot`: firing or resolved ones that are new, or were
  // told longer than `resend_delay` ago. Each is valid for four times the larger of `resend_delay`
  // and `interval`. They count as told.
  std::vector<Alert> take_unsent(TimestampNs slot, TimestampNs resend_delay, TimestampNs interval)
      EXCLUDES(mutex_);

  // An alert that was active before the program started, as its ALERTS_FOR_STATE series says.
  struct Remembered {
    Labels labels;  // of the alert
    TimestampMs stored_at;
    double active_at_seconds;
  };
  // `grace`: what an alert must at least still wait for after a restart, if it was pending. Rules
  // whose `for` is shorter forget, and wait again.
  void restore(const std::vector<Remembered>& alerts, TimestampMs now, DurationMs grace)
      EXCLUDES(mutex_);
  bool is_restored() const EXCLUDES(mutex_);

  // The active alerts of a rule that this one replaces.
  void take_state(AlertingRule& old) EXCLUDES(mutex_, old.mutex_);

  // The most urgent one of its alerts'; inactive if there is none.
  AlertState state() const EXCLUDES(mutex_);
  // Pending and firing ones, by their labels.
  std::vector<Alert> active() const EXCLUDES(mutex_);

  const RuleSpec& spec() const { return spec_; }

 private:
  using Alerts = std::unordered_map<Labels, Alert>;

  // What the result is made of; `failure` becomes what is wrong with a template, if anything is.
  Result<Alerts> alerts_of(const promql::Vector& result, const Evaluation& evaluation,
                           const TemplateContext& context, std::string& failure) const;
  // Moves one alert on; false if it is to be forgotten.
  bool advance(Alert& alert, bool seen, TimestampNs slot) const;
  void set_pending_or_firing(Alert& alert, TimestampNs slot) const;

  const RuleSpec& spec_;
  mutable Mutex mutex_;
  bool restored_ GUARDED_BY(mutex_);
  Alerts active_ GUARDED_BY(mutex_);                 // resolved ones too, while they are told
  std::string template_failure_ GUARDED_BY(mutex_);  // of the last evaluation
};

}  // namespace silverback::rules
