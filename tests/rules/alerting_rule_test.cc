#include "rules/alerting_rule.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/rules/rule_fixture.h"

namespace silverback::rules {
namespace {

constexpr TimestampNs kMinuteNs = 60 * kSecondNs;

class AlertingRuleTest : public ::testing::Test {
 protected:
  void rule(const std::string& fields, bool restored = true) {
    groups_ = groups_of("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: x\n    " + fields);
    rule_ = std::make_unique<AlertingRule>(groups_.at(0).rules.at(0), restored);
  }
  // What is stored, by their labels, with blanks between; or the error.
  std::string evaluate(int minute, const promql::Vector& result, std::uint64_t limit = 0) {
    const TimestampNs slot = minute * kMinuteNs;
    auto samples = rule_->evaluate(result, {slot, slot / 1'000'000, limit}, context_);
    if (!samples) return samples.error().message;
    std::vector<std::string> lines;
    for (const OutputSample& sample : *samples)
      lines.push_back(sample.labels.to_string() + "=" + std::to_string(static_cast<int>(sample.v)));
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : " ") + line;
    return text;
  }
  // States of the alerts, `pending@0` by labels, resolved ones left out.
  std::string active() const {
    std::string text;
    for (const Alert& alert : rule_->active()) {
      text.append(text.empty() ? "" : " ").append(to_string(alert.state));
      text += "@" + std::to_string(alert.active_at / kMinuteNs);
    }
    return text;
  }
  std::size_t unsent(int minute) {
    return rule_->take_unsent(minute * kMinuteNs, kMinuteNs, kMinuteNs).size();
  }
  static promql::Vector one(double v = 1) {
    return {{Labels{{"__name__", "x"}, {"i", "1"}}, 0, v, nullptr}};
  }

  std::vector<GroupSpec> groups_;
  std::unique_ptr<AlertingRule> rule_;
  TemplateContext context_{.external_labels = Labels{{"region", "eu"}},
                           .external_url = "http://u",
                           .query = [](std::string_view, TimestampMs) -> Result<promql::Vector> {
                             return promql::Vector{{Labels{{"q", "y"}}, 0, 7, nullptr}};
                           }};
};

TEST_F(AlertingRuleTest, WaitsForItsForThenFiresThenResolves) {
  rule("for: 2m");
  EXPECT_EQ(rule_->state(), AlertState::kInactive);
  EXPECT_EQ(evaluate(0, one()),
            "ALERTS_FOR_STATE{alertname=\"A\", i=\"1\"}=0 "
            "ALERTS{alertname=\"A\", alertstate=\"pending\", i=\"1\"}=1");
  EXPECT_EQ(rule_->state(), AlertState::kPending);
  EXPECT_EQ(unsent(0), 0U);
  evaluate(1, one());
  EXPECT_EQ(active(), "pending@0");
  EXPECT_EQ(evaluate(2, one()),
            "ALERTS_FOR_STATE{alertname=\"A\", i=\"1\"}=0 "
            "ALERTS{alertname=\"A\", alertstate=\"firing\", i=\"1\"}=1");
  EXPECT_EQ(rule_->active().at(0).fired_at, 2 * kMinuteNs);
  EXPECT_EQ(rule_->state(), AlertState::kFiring);
  EXPECT_EQ(unsent(2), 1U);
  EXPECT_EQ(evaluate(3, {}), "");
  EXPECT_EQ(active(), "");
  const std::vector<Alert> resolved = rule_->take_unsent(3 * kMinuteNs, kMinuteNs, kMinuteNs);
  ASSERT_EQ(resolved.size(), 1U);
  EXPECT_EQ(resolved[0].resolved_at, 3 * kMinuteNs);
  EXPECT_EQ(resolved[0].state, AlertState::kInactive);
}

TEST_F(AlertingRuleTest, FiresAtOnceWithoutFor) {
  rule("");
  evaluate(0, one());
  EXPECT_EQ(active(), "firing@0");
}

TEST_F(AlertingRuleTest, ForgetsPendingAlertsThatAreGone) {
  rule("for: 2m");
  evaluate(0, one());
  evaluate(1, {});
  evaluate(2, one());
  EXPECT_EQ(active(), "pending@2");
}

TEST_F(AlertingRuleTest, KeepsFiringForAsLongAsAsked) {
  rule("keep_firing_for: 3m");
  evaluate(0, one());
  evaluate(1, {});
  EXPECT_EQ(rule_->active().at(0).keep_firing_since, kMinuteNs);
  evaluate(2, one());
  EXPECT_EQ(rule_->active().at(0).keep_firing_since, kNever) << "it was back";
  for (const int minute : {3, 4, 5}) evaluate(minute, {});
  EXPECT_EQ(active(), "firing@0");
  evaluate(6, {});
  EXPECT_EQ(active(), "");
}

TEST_F(AlertingRuleTest, TellsFiringAlertsAgainAfterTheDelay) {
  rule("");
  evaluate(10, one());
  const auto told = rule_->take_unsent(10 * kMinuteNs, kMinuteNs, 2 * kMinuteNs);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].valid_until, (10 + 4 * 2) * kMinuteNs);
  EXPECT_EQ(unsent(10), 0U);
  EXPECT_EQ(unsent(11), 0U) << "not longer ago than the delay";
  EXPECT_EQ(unsent(12), 1U);
}

TEST_F(AlertingRuleTest, TellsResolvedAlertsForFifteenMinutes) {
  rule("");
  evaluate(1, one());
  EXPECT_EQ(unsent(1), 1U);
  evaluate(2, {});
  EXPECT_EQ(unsent(2), 1U) << "at once";
  int told = 0;
  for (int minute = 3; minute <= 30; ++minute) {
    evaluate(minute, {});
    if (unsent(minute) > 0) {
      ++told;
      EXPECT_LE(minute, 17);
    }
  }
  EXPECT_EQ(told, 7) << "every second minute";
}

TEST_F(AlertingRuleTest, BeginsAnewAfterItWasResolved) {
  rule("for: 1m");
  evaluate(1, one());
  evaluate(2, one());
  evaluate(3, {});
  evaluate(5, one());
  EXPECT_EQ(active(), "pending@5");
}

// As Prometheus: `for` holds for alerts that fire already.
TEST_F(AlertingRuleTest, WaitsAgainIfItsForBecameLonger) {
  rule("for: 1m");
  for (const int minute : {10, 11, 12}) evaluate(minute, one());
  EXPECT_EQ(unsent(12), 1U);
  const std::vector<GroupSpec> old_groups = std::move(groups_);
  const std::unique_ptr<AlertingRule> old_rule = std::move(rule_);
  rule("for: 10m");
  rule_->take_state(*old_rule);
  EXPECT_EQ(active(), "firing@10");
  evaluate(13, one());
  EXPECT_EQ(active(), "pending@10");
  EXPECT_EQ(unsent(13), 0U);
  for (int minute = 14; minute <= 20; ++minute) evaluate(minute, one());
  EXPECT_EQ(active(), "firing@10");
  EXPECT_EQ(rule_->active().at(0).fired_at, 20 * kMinuteNs);
  EXPECT_EQ(unsent(20), 1U) << "at once: it was not told since it began to wait again";
}

TEST_F(AlertingRuleTest, ExpandsLabelsAndAnnotations) {
  rule(
      "labels: {severity: '{{ $labels.i }}/{{ $value }}', i: ''}\n"
      "    annotations: {a: '{{ $externalLabels.region }} {{ $externalURL }} "
      "{{ query \"y\" | first | value }}', c: '{{ .Foo }}', e: ''}");
  evaluate(0, one(3));
  const Alert alert = rule_->active().at(0);
  EXPECT_EQ(alert.labels, (Labels{{"alertname", "A"}, {"severity", "1/3"}}));
  const notifier::Annotations want = {
      {"a", "eu http://u 7"},
      {"c",
       "<error expanding template: error executing template __alert_A: template: __alert_A:1:120: "
       "executing \"__alert_A\" at <.Foo>: can't evaluate field Foo in type struct { Labels "
       "map[string]string; ExternalLabels map[string]string; ExternalURL string; Value "
       "interface {} }>"},
      {"e", ""}};
  ASSERT_EQ(alert.annotations.size(), 3U);
  EXPECT_EQ(alert.annotations[0], want[0]);
  EXPECT_EQ(alert.annotations[1].second.substr(0, 60), want[1].second.substr(0, 60));
  EXPECT_EQ(alert.annotations[2], want[2]);
  evaluate(1, one(4));
  ASSERT_EQ(rule_->active().size(), 1U) << "the value is in its labels: another alert";
  EXPECT_EQ(rule_->active().at(0).labels.get("severity"), "1/4");
}

TEST_F(AlertingRuleTest, FailsIfTwoAlertsBecomeOne) {
  rule("labels: {i: same}");
  evaluate(0, one());
  const promql::Vector two = {{Labels{{"i", "1"}}, 0, 1, nullptr},
                              {Labels{{"i", "2"}}, 0, 1, nullptr}};
  EXPECT_EQ(evaluate(1, two),
            "vector contains metrics with the same labelset after applying alert labels");
  EXPECT_EQ(active(), "firing@0") << "it stays as it was";
}

TEST_F(AlertingRuleTest, ForgetsAllAboveItsLimit) {
  rule("");
  const promql::Vector two = {{Labels{{"i", "1"}}, 0, 1, nullptr},
                              {Labels{{"i", "2"}}, 0, 1, nullptr}};
  evaluate(0, two, 2);
  EXPECT_EQ(rule_->active().size(), 2U);
  EXPECT_EQ(evaluate(1, two, 1), "exceeded limit of 1 with 2 alerts");
  EXPECT_EQ(active(), "");
}

TEST_F(AlertingRuleTest, StoresNothingUntilItIsRestored) {
  rule("for: 20m", false);
  EXPECT_EQ(evaluate(100, one()), "");
  EXPECT_FALSE(rule_->is_restored());
  EXPECT_EQ(active(), "pending@100");
  rule_->restore({}, 100 * 60'000, 600'000);
  EXPECT_NE(evaluate(101, one()), "");
}

// now is minute 100, the grace period 10 minutes.
TEST_F(AlertingRuleTest, IsRestoredAsIfTimeHadStoodStill) {
  struct Case {
    const char* what;
    int hold, active_at, stored_at, want;  // minutes
  };
  constexpr Case cases[] = {
      {"fired already", 20, 60, 90, 60},
      {"as long as its for", 20, 70, 90, 70},
      {"little was left: waits for the grace period", 20, 75, 90, 90},
      {"much was left: the outage does not count", 60, 70, 90, 80},
      {"exactly the grace period was left", 20, 80, 90, 90},
      {"a short for begins again", 5, 60, 90, 100},
  };
  for (const auto& [what, hold, active_at, stored_at, want] : cases) {
    rule("for: " + std::to_string(hold) + "m", false);
    evaluate(100, one());
    rule_->restore(
        {{Labels{{"alertname", "A"}, {"i", "1"}}, stored_at * 60'000LL, active_at * 60.0},
         {Labels{{"alertname", "A"}, {"i", "other"}}, 90 * 60'000LL, 0}},
        100 * 60'000LL, 600'000);
    EXPECT_EQ(active(), "pending@" + std::to_string(want)) << what;
  }
}

TEST_F(AlertingRuleTest, SurvivesADamagedMemory) {
  rule("for: 20m", false);
  evaluate(100, one());
  const Labels labels{{"alertname", "A"}, {"i", "1"}};
  for (const double v : {normal_nan(), std::numeric_limits<double>::infinity(), 1e300, -1e300}) {
    rule_->restore({{labels, 90 * 60'000LL, v}}, 100 * 60'000LL, 600'000);
    EXPECT_EQ(rule_->active().at(0).active_at, 100 * kMinuteNs) << v;
  }
}

}  // namespace
}  // namespace silverback::rules
