#include "rules/alerting_rule.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/log.h"

namespace silverback::rules {
namespace {

constexpr TimestampNs kNsPerMs = 1'000'000;
// How long a resolved alert is told: Alertmanagers that were away then hear of it too.
constexpr TimestampNs kResolvedRetention = 15 * 60'000 * kNsPerMs;
// In seconds: what nanoseconds can name.
constexpr double kInstantMax = 9.2e9;

// Texts of one alert. What cannot be expanded becomes a text that says so.
class Expansion {
 public:
  Expansion(const promql::VectorSample& sample, const Evaluation& evaluation,
            const TemplateContext& context) {
    data_.labels = sample.metric;
    data_.external_labels = context.external_labels;
    data_.external_url = context.external_url;
    data_.value = sample.v;
    environment_.now = evaluation.slot_ms();
    environment_.external_url = context.external_url;
    environment_.query = [&context, t = environment_.now](std::string_view query) {
      return query_samples(context, query, t);
    };
  }

  // `failure` becomes what is wrong with the text.
  std::string operator()(const templates::Template& text, std::string& failure) const {
    Result<std::string> expanded = text.expand(data_, environment_);
    if (expanded) return *std::move(expanded);
    failure = expanded.error().message;
    return "<error expanding template: " + failure + ">";
  }

 private:
  static Result<std::vector<templates::QuerySample>> query_samples(const TemplateContext& context,
                                                                   std::string_view query,
                                                                   TimestampMs t) {
    promql::Vector result = TRY(context.query(query, t));
    std::vector<templates::QuerySample> samples;
    samples.reserve(result.size());
    for (promql::VectorSample& sample : result)
      samples.push_back({std::move(sample.metric), sample.v});
    return samples;
  }

  templates::Data data_;
  templates::Environment environment_;
};

OutputSample state_sample(const Alert& alert, LabelsBuilder& builder) {
  builder.reset(alert.labels);
  builder.set(kMetricName, kAlertsMetric).set("alertstate", to_string(alert.state));
  return {builder.build(), 1, nullptr};
}

OutputSample for_state_sample(const Alert& alert, LabelsBuilder& builder) {
  builder.reset(alert.labels);
  builder.set(kMetricName, kAlertsForStateMetric);
  return {builder.build(), static_cast<double>(alert.active_at / 1'000'000'000), nullptr};
}

bool is_due(const Alert& alert, TimestampNs slot, TimestampNs resend_delay) {
  if (alert.state == AlertState::kPending) return false;
  // Resolved since it was told last.
  if (alert.resolved_at > alert.last_sent_at) return true;
  return alert.last_sent_at + resend_delay < slot;
}

}  // namespace

std::string_view to_string(AlertState state) {
  switch (state) {
    case AlertState::kUnknown:
      return "unknown";
    case AlertState::kInactive:
      return "inactive";
    case AlertState::kPending:
      return "pending";
    case AlertState::kFiring:
      return "firing";
  }
  return "";
}

Result<AlertingRule::Alerts> AlertingRule::alerts_of(const promql::Vector& result,
                                                     const Evaluation& evaluation,
                                                     const TemplateContext& context,
                                                     std::string& failure) const {
  Alerts alerts;
  alerts.reserve(result.size());
  LabelsBuilder builder;
  for (const promql::VectorSample& sample : result) {
    const Expansion expand(sample, evaluation, context);
    builder.reset(sample.metric);
    builder.remove(kMetricName);
    for (const auto& [name, text] : spec_.labels) builder.set(name, expand(text, failure));
    builder.set("alertname", spec_.text.alert);
    Alert alert;
    alert.labels = builder.build();
    for (const auto& [name, text] : spec_.annotations)
      alert.annotations.emplace_back(name, expand(text, failure));
    alert.value = sample.v;
    alert.active_at = evaluation.slot;
    Labels labels = alert.labels;
    if (!alerts.try_emplace(std::move(labels), std::move(alert)).second) {
      return fail(ErrorCode::kExecution,
                  "vector contains metrics with the same labelset after applying alert labels");
    }
  }
  return alerts;
}

Result<std::vector<OutputSample>> AlertingRule::evaluate(const promql::Vector& result,
                                                         const Evaluation& evaluation,
                                                         const TemplateContext& context) {
  // Outside the lock: templates may query.
  std::string failure;
  Alerts seen = TRY(alerts_of(result, evaluation, context, failure));
  const MutexLock lock(mutex_);
  // Once: it would be said for every alert at every evaluation.
  if (!failure.empty() && failure != template_failure_) {
    log_warn("Expanding a template of alert " + quote(spec_.text.alert) + " failed: " + failure);
  }
  template_failure_ = std::move(failure);
  for (auto& [labels, alert] : seen) {
    const auto known = active_.find(labels);
    if (known == active_.end()) {
      active_.emplace(labels, std::move(alert));
    } else if (known->second.state == AlertState::kInactive) {
      known->second = std::move(alert);
    } else {
      known->second.value = alert.value;
      known->second.annotations = std::move(alert.annotations);
    }
  }
  std::vector<OutputSample> samples;
  LabelsBuilder builder;
  std::uint64_t active = 0;
  for (auto it = active_.begin(); it != active_.end();) {
    Alert& alert = it->second;
    if (!advance(alert, seen.contains(it->first), evaluation.slot)) {
      it = active_.erase(it);
      continue;
    }
    ++it;
    if (alert.state == AlertState::kInactive) continue;
    ++active;
    if (!restored_) continue;
    samples.push_back(state_sample(alert, builder));
    samples.push_back(for_state_sample(alert, builder));
  }
  if (evaluation.limit > 0 && active > evaluation.limit) {
    active_.clear();
    return fail(ErrorCode::kExecution, "exceeded limit of " + std::to_string(evaluation.limit) +
                                           " with " + std::to_string(active) + " alerts");
  }
  return samples;
}

bool AlertingRule::advance(Alert& alert, bool seen, TimestampNs slot) const {
  if (seen) {
    alert.keep_firing_since = kNever;
    set_pending_or_firing(alert, slot);
    return true;
  }
  if (alert.state == AlertState::kPending) return false;
  if (alert.state == AlertState::kInactive) return slot - alert.resolved_at <= kResolvedRetention;
  if (spec_.text.keep_firing_for > 0) {
    if (alert.keep_firing_since == kNever) alert.keep_firing_since = slot;
    if (slot - alert.keep_firing_since < spec_.text.keep_firing_for * kNsPerMs) {
      set_pending_or_firing(alert, slot);
      return true;
    }
  }
  alert.state = AlertState::kInactive;
  alert.resolved_at = slot;
  return true;
}

void AlertingRule::set_pending_or_firing(Alert& alert, TimestampNs slot) const {
  const bool lasts = slot - alert.active_at >= spec_.text.hold * kNsPerMs;
  if (lasts && alert.state == AlertState::kPending) {
    alert.state = AlertState::kFiring;
    alert.fired_at = slot;
  }
  // Its `for` was made longer, or restoring found that it began later: it waits again.
  if (!lasts && alert.state == AlertState::kFiring) {
    alert.state = AlertState::kPending;
    alert.fired_at = alert.last_sent_at = alert.keep_firing_since = kNever;
  }
}

std::vector<Alert> AlertingRule::take_unsent(TimestampNs slot, TimestampNs resend_delay,
                                             TimestampNs interval) {
  std::vector<Alert> unsent;
  const MutexLock lock(mutex_);
  for (auto& [labels, alert] : active_) {
    if (!is_due(alert, slot, resend_delay)) continue;
    alert.last_sent_at = slot;
    alert.valid_until = slot + 4 * std::max(resend_delay, interval);
    unsent.push_back(alert);
  }
  return unsent;
}

void AlertingRule::restore(const std::vector<Remembered>& remembered, TimestampMs now,
                           DurationMs grace) {
  const MutexLock lock(mutex_);
  restored_ = true;
  const DurationMs hold = spec_.text.hold;
  if (hold < grace) return;
  for (const Remembered& old : remembered) {
    const auto known = active_.find(old.labels);
    if (known == active_.end() || !(std::abs(old.active_at_seconds) < kInstantMax)) continue;
    const auto active_at = static_cast<TimestampMs>(std::trunc(old.active_at_seconds)) * 1000;
    // As if time had stood still while nobody looked, but with a little left to wait: whether the
    // cause is still there must be seen more than once.
    const DurationMs remaining = hold - (old.stored_at - active_at);
    TimestampMs restored = active_at;
    if (remaining > 0 && remaining < grace) restored = now + grace - hold;
    if (remaining >= grace) restored = active_at + (now - old.stored_at);
    known->second.active_at = restored * kNsPerMs;
  }
}

bool AlertingRule::is_restored() const {
  const MutexLock lock(mutex_);
  return restored_;
}

void AlertingRule::take_state(AlertingRule& old) {
  Alerts alerts;
  bool restored = false;
  {
    const MutexLock lock(old.mutex_);
    alerts = std::move(old.active_);
    restored = old.restored_;
  }
  const MutexLock lock(mutex_);
  active_ = std::move(alerts);
  restored_ = restored;
}

AlertState AlertingRule::state() const {
  const MutexLock lock(mutex_);
  AlertState most = AlertState::kInactive;
  for (const auto& [labels, alert] : active_) most = std::max(most, alert.state);
  return most;
}

std::vector<Alert> AlertingRule::active() const {
  std::vector<Alert> alerts;
  {
    const MutexLock lock(mutex_);
    for (const auto& [labels, alert] : active_) {
      if (alert.state != AlertState::kInactive) alerts.push_back(alert);
    }
  }
  std::sort(alerts.begin(), alerts.end(),
            [](const Alert& a, const Alert& b) { return a.labels < b.labels; });
  return alerts;
}

}  // namespace silverback::rules
