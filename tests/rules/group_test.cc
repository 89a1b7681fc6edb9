#include "rules/group.h"

#include <atomic>
#include <string>

#include <gtest/gtest.h>

#include "base/thread_pool.h"
#include "tests/rules/rule_fixture.h"

namespace silverback::rules {
namespace {

class GroupTest : public RuleFixture {
 protected:
  void evaluate(Group& group, TimestampMs t) {
    clock_.set(t);
    group.evaluate(t * 1'000'000, Labels{{"region", "eu"}});
  }
};

const Labels kOut{{"__name__", "r:up"}, {"job", "a"}, {"team", "x"}};

TEST_F(GroupTest, RecordsUnderItsNameWithItsLabels) {
  const auto g = group(R"yaml(
groups:
- name: g
  rules:
  - record: r:up
    expr: up
    labels: {team: x, instance: ""}
  - record: r:one
    expr: 1 + 1
)yaml");
  add({{"__name__", "up"}, {"job", "a"}, {"instance", "i"}}, 1'000, 5);
  evaluate(*g, 2'000);
  EXPECT_EQ(stored(kOut), "2000:5");
  EXPECT_EQ(stored({{"__name__", "r:one"}}), "2000:2");
  const GroupStatus status = g->status();
  EXPECT_EQ(status.rules.at(0).health, RuleHealth::kOk);
  EXPECT_EQ(status.rules.at(0).last_evaluation, 2'000);
  EXPECT_EQ(status.last_evaluation, 2'000);
  EXPECT_EQ(metric("prometheus_rule_evaluations_total", {{"rule_group", "r.yml;g"}}), 2);
  EXPECT_EQ(metric("prometheus_rule_group_last_evaluation_samples", {{"rule_group", "r.yml;g"}}),
            2);
}

TEST_F(GroupTest, EndsSeriesThatVanish) {
  const auto g = group("groups:\n- name: g\n  rules:\n  - {record: r:up, expr: up > 1}\n");
  const Labels in{{"__name__", "up"}};
  const Labels out{{"__name__", "r:up"}};
  add(in, 1'000, 5);
  evaluate(*g, 1'000);
  add(in, 2'000, 0);
  evaluate(*g, 2'000);
  evaluate(*g, 3'000);
  add(in, 4'000, 6);
  evaluate(*g, 4'000);
  EXPECT_EQ(stored(out), "1000:5 2000:stale 4000:6");
}

TEST_F(GroupTest, AnErrorEndsNothing) {
  const auto g =
      group("groups:\n- name: g\n  rules:\n  - {record: r:up, expr: up / on () group_left () z}\n");
  add({{"__name__", "up"}, {"i", "1"}}, 1'000, 4);
  add({{"__name__", "z"}, {"i", "1"}}, 1'000, 2);
  evaluate(*g, 1'000);
  add({{"__name__", "z"}, {"i", "2"}}, 2'000, 2);
  evaluate(*g, 2'000);
  EXPECT_EQ(stored({{"__name__", "r:up"}, {"i", "1"}}), "1000:2");
  const RuleStatus status = g->status().rules.at(0);
  EXPECT_EQ(status.health, RuleHealth::kError);
  EXPECT_NE(status.last_error.find("many-to-many matching not allowed"), std::string::npos)
      << status.last_error;
  EXPECT_EQ(metric("prometheus_rule_evaluation_failures_total", {{"rule_group", "r.yml;g"}}), 1);
}

TEST_F(GroupTest, LaterRulesSeeWhatEarlierOnesStored) {
  const auto g = group(R"yaml(
groups:
- name: g
  rules:
  - {record: r:c, expr: r:b + 1}
  - {record: r:a, expr: "vector(1)"}
  - {record: r:b, expr: r:a + 1}
)yaml");
  evaluate(*g, 1'000);
  evaluate(*g, 2'000);
  EXPECT_EQ(stored({{"__name__", "r:b"}}), "1000:2 2000:2");
  // The first one comes before the last: it sees what that stored the time before.
  EXPECT_EQ(stored({{"__name__", "r:c"}}), "2000:3");
}

TEST_F(GroupTest, AsksEarlierByItsOffset) {
  const auto g = group(R"yaml(
groups:
- name: g
  query_offset: 10s
  rules:
  - {record: r:t, expr: "vector(time())"}
  - alert: A
    expr: vector(1)
    annotations: {s: "{{ with query \"time()\" }}{{ . | first | value }}{{ end }}"}
)yaml");
  evaluate(*g, 100'000);
  EXPECT_EQ(stored({{"__name__", "r:t"}}), "90000:90");
  EXPECT_EQ(stored({{"__name__", "ALERTS_FOR_STATE"}, {"alertname", "A"}}), "90000:100");
  EXPECT_EQ(g->status().rules.at(1).alerts.at(0).annotations.at(0).second, "100");
}

TEST_F(GroupTest, RefusesWhatIsLaterThanStored) {
  const auto g = group("groups:\n- name: g\n  rules:\n  - {record: r:up, expr: up}\n");
  const Labels out{{"__name__", "r:up"}};
  add({{"__name__", "up"}}, 1'000, 5);
  add(out, 5'000, 9);
  evaluate(*g, 2'000);
  EXPECT_EQ(g->status().rules.at(0).last_error, "out of order sample");
  evaluate(*g, 5'000);
  EXPECT_EQ(g->status().rules.at(0).last_error, "duplicate sample for timestamp");
  EXPECT_EQ(stored(out), "5000:9");
  EXPECT_EQ(metric("prometheus_rule_evaluation_failures_total", {{"rule_group", "r.yml;g"}}), 0);
  add({{"__name__", "up"}}, 5'500, stale_marker());
  evaluate(*g, 6'000);
  EXPECT_EQ(stored(out), "5000:9") << "what was refused is not there to be ended";
  add({{"__name__", "up"}}, 6'500, 4);
  evaluate(*g, 7'000);
  EXPECT_EQ(g->status().rules.at(0).health, RuleHealth::kOk);
  EXPECT_EQ(stored(out), "5000:9 7000:4");
}

TEST_F(GroupTest, ASeriesThatCannotBeMadeHurtsNoOtherRule) {
  const auto g = group(R"yaml(
groups:
- name: g
  rules:
  - {record: r:a, expr: vector(1)}
  - {record: r:bad, expr: vector(1)}
  - {record: r:c, expr: vector(1)}
)yaml");
  evaluate(*g, 1'000);
  EXPECT_EQ(stored({{"__name__", "r:a"}}), "1000:1");
  EXPECT_EQ(stored({{"__name__", "r:c"}}), "1000:1");
  EXPECT_EQ(g->status().rules.at(1).last_error, "storing the result: no more series");
  EXPECT_EQ(metric("prometheus_rule_evaluation_failures_total", {{"rule_group", "r.yml;g"}}), 1);
}

TEST_F(GroupTest, TellsAlertsThoughTheyCannotBeStored) {
  const auto g = group("groups:\n- name: g\n  rules:\n  - {alert: A, expr: vector(1)}\n");
  commit_failure_ = "the disk is full";
  evaluate(*g, 60'000);
  EXPECT_EQ(notices_.size(), 1U);
  EXPECT_EQ(g->status().rules.at(0).last_error, "storing the result: the disk is full");
}

TEST_F(GroupTest, StopsBetweenRules) {
  const auto g = group(
      "groups:\n- name: g\n  rules:\n  - {record: r:a, expr: vector(1)}\n  - {record: r:b, expr: "
      "r:a}\n");
  g->stop();
  evaluate(*g, 1'000);
  EXPECT_EQ(stored({{"__name__", "r:a"}}), "");
  EXPECT_EQ(g->status().rules.at(0).health, RuleHealth::kUnknown);
  EXPECT_EQ(metric("prometheus_rule_evaluations_total", {{"rule_group", "r.yml;g"}}), 0);
}

TEST_F(GroupTest, CanceledQueriesAreNoFailures) {
  std::atomic<bool> canceled = true;
  environment_.canceled = &canceled;
  const auto g = group("groups:\n- name: g\n  rules:\n  - {record: r:a, expr: vector(1)}\n");
  evaluate(*g, 1'000);
  EXPECT_EQ(metric("prometheus_rule_evaluation_failures_total", {{"rule_group", "r.yml;g"}}), 0);
  EXPECT_EQ(g->status().rules.at(0).last_error, "");
}

TEST_F(GroupTest, ManyRulesAreStoredInPieces) {
  std::string text = "groups:\n- name: g\n  rules:\n";
  for (int i = 0; i < 200; ++i)
    text +=
        "  - {record: 'r:" + std::to_string(i) + "', expr: vector(" + std::to_string(i) + ")}\n";
  const auto g = group(text);
  evaluate(*g, 1'000);
  for (const int i : {0, 63, 64, 127, 128, 199})
    EXPECT_EQ(stored({{"__name__", "r:" + std::to_string(i)}}), "1000:" + std::to_string(i));
}

TEST_F(GroupTest, BlamesTheRuleWhoseSampleWasRefused) {
  const auto g = group(R"yaml(
groups:
- name: g
  rules:
  - {record: r:a, expr: x}
  - {record: r:b, expr: '"no vector"'}
  - {record: r:c, expr: x}
  - {record: r:d, expr: x}
)yaml");
  add({{"__name__", "x"}}, 1'000, 5);
  add({{"__name__", "r:c"}}, 5'000, 9);
  evaluate(*g, 2'000);
  const GroupStatus status = g->status();
  EXPECT_EQ(status.rules.at(0).health, RuleHealth::kOk);
  EXPECT_EQ(status.rules.at(1).last_error, "rule result is not a vector or scalar");
  EXPECT_EQ(status.rules.at(2).last_error, "out of order sample");
  EXPECT_EQ(status.rules.at(3).health, RuleHealth::kOk);
}

TEST_F(GroupTest, FailsOnDuplicatesAndAboveItsLimit) {
  const auto g = group(R"yaml(
groups:
- name: g
  limit: 1
  rules:
  - {record: r:up, expr: up, labels: {i: same}}
  - {record: r:many, expr: up}
  - {record: r:string, expr: '"text"'}
)yaml");
  add({{"__name__", "up"}, {"i", "1"}}, 1'000, 5);
  add({{"__name__", "up"}, {"i", "2"}}, 1'000, 5);
  evaluate(*g, 1'000);
  const GroupStatus status = g->status();
  EXPECT_EQ(status.rules.at(0).last_error,
            "vector contains metrics with the same labelset after applying rule labels");
  EXPECT_EQ(status.rules.at(1).last_error, "exceeded limit of 1 with 2 series");
  EXPECT_EQ(status.rules.at(2).last_error, "rule result is not a vector or scalar");
  EXPECT_EQ(stored({{"__name__", "r:many"}, {"i", "1"}}), "");
}

TEST_F(GroupTest, ACommitThatFailsChangesNothing) {
  const auto g = group("groups:\n- name: g\n  rules:\n  - {record: r:up, expr: up > 0}\n");
  const Labels in{{"__name__", "up"}};
  const Labels out{{"__name__", "r:up"}};
  add(in, 1'000, 1);
  evaluate(*g, 1'000);
  add(in, 2'000, 0);
  commit_failure_ = "the disk is full";
  evaluate(*g, 2'000);
  EXPECT_EQ(g->status().rules.at(0).last_error, "storing the result: the disk is full");
  commit_failure_.clear();
  evaluate(*g, 3'000);
  EXPECT_EQ(stored(out), "1000:1 3000:stale") << "the end of the series is not forgotten";
}

TEST_F(GroupTest, StoresAndTellsAlerts) {
  const auto g = group(R"yaml(
groups:
- name: g
  interval: 10s
  rules:
  - alert: Down
    expr: up == 0
    for: 10s
    labels: {severity: page}
    annotations: {s: "{{ $labels.job }} in {{ $externalLabels.region }}"}
)yaml");
  const Labels up{{"__name__", "up"}, {"job", "a"}};
  add(up, 1'000, 0);
  EXPECT_EQ(g->status().rules.at(0).state, AlertState::kUnknown);
  evaluate(*g, 10'000);
  EXPECT_EQ(g->status().rules.at(0).state, AlertState::kPending);
  EXPECT_TRUE(notices_.empty());
  evaluate(*g, 20'000);
  ASSERT_EQ(notices_.size(), 1U);
  const notifier::Alert& notice = notices_[0];
  EXPECT_EQ(notice.labels, (Labels{{"alertname", "Down"}, {"job", "a"}, {"severity", "page"}}));
  EXPECT_EQ(notice.annotations, (notifier::Annotations{{"s", "a in eu"}}));
  EXPECT_EQ(notice.starts_at, 20 * kSecondNs);
  EXPECT_EQ(notice.ends_at, (20 + 4 * 60) * kSecondNs);
  EXPECT_EQ(notice.generator_url, "http://silverback:9090/p/graph?g0.expr=up+%3D%3D+0&g0.tab=1");
  add(up, 25'000, 1);
  evaluate(*g, 30'000);
  ASSERT_EQ(notices_.size(), 2U);
  EXPECT_EQ(notices_[1].starts_at, 20 * kSecondNs);
  EXPECT_EQ(notices_[1].ends_at, 30 * kSecondNs);
  const Labels firing{{"__name__", "ALERTS"},
                      {"alertname", "Down"},
                      {"alertstate", "firing"},
                      {"job", "a"},
                      {"severity", "page"}};
  EXPECT_EQ(stored(firing), "20000:1 30000:stale");
  const Labels since{
      {"__name__", "ALERTS_FOR_STATE"}, {"alertname", "Down"}, {"job", "a"}, {"severity", "page"}};
  EXPECT_EQ(stored(since), "10000:10 20000:10 30000:stale");
}

TEST_F(GroupTest, RestoresAlertsFromTheStore) {
  const auto g = group(
      "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up, for: 20m, labels: {l: '{{ $value "
      "}}'}}\n",
      false);
  add({{"__name__", "up"}, {"i", "1"}}, 5'990'000, 1);
  add({{"__name__", "up"}, {"i", "2"}}, 5'990'000, 1);
  add({{"__name__", "up"}, {"i", "3"}}, 5'990'000, 1);
  const auto since = [](const char* i) {
    return Labels{{"__name__", "ALERTS_FOR_STATE"}, {"alertname", "A"}, {"i", i}, {"l", "1"}};
  };
  add(since("1"), 5'400'000, 1'000);
  add(since("2"), 5'400'000, 1'000);
  add(since("2"), 5'500'000, stale_marker());  // had ended
  add(since("3"), 2'000'000, 1'000);           // too long ago
  evaluate(*g, 6'000'000);
  g->restore(6'000'000);
  const std::vector<Alert> alerts = g->status().rules.at(0).alerts;
  ASSERT_EQ(alerts.size(), 3U);
  EXPECT_EQ(alerts[0].active_at, 1'000 * kSecondNs);
  EXPECT_EQ(alerts[1].active_at, 6'000 * kSecondNs);
  EXPECT_EQ(alerts[2].active_at, 6'000 * kSecondNs);
  EXPECT_EQ(stored(since("1")), "5400000:1000") << "nothing is stored before";
  evaluate(*g, 6'060'000);
  EXPECT_EQ(stored(since("1")), "5400000:1000 6060000:1000");
  EXPECT_EQ(g->status().rules.at(0).alerts.at(0).state, AlertState::kFiring);
}

TEST_F(GroupTest, TakesStateByNameAndLabels) {
  const auto old_group = group(R"yaml(
groups:
- name: g
  rules:
  - {record: r:kept, expr: up}
  - {record: r:gone, expr: up}
  - {record: r:relabelled, expr: up, labels: {a: b}}
  - {alert: A, expr: up, for: 10s}
  - {alert: A, expr: up, for: 10s, labels: {a: b}}
)yaml");
  add({{"__name__", "up"}}, 1'000, 1);
  evaluate(*old_group, 10'000);
  const auto new_group = group(R"yaml(
groups:
- name: g
  rules:
  - {alert: A, expr: up > 0, for: 20s}
  - {record: r:kept, expr: up + 1}
  - {record: r:relabelled, expr: up, labels: {a: c}}
)yaml");
  new_group->take_state(*old_group);
  EXPECT_EQ(new_group->status().last_evaluation, 10'000);
  evaluate(*new_group, 20'000);
  EXPECT_EQ(new_group->status().rules.at(0).alerts.at(0).active_at, 10 * kSecondNs);
  EXPECT_EQ(stored({{"__name__", "r:kept"}}), "10000:1 20000:2");
  EXPECT_EQ(stored({{"__name__", "r:gone"}}), "10000:1 20000:stale");
  EXPECT_EQ(stored({{"__name__", "r:relabelled"}, {"a", "b"}}), "10000:1 20000:stale");
  EXPECT_EQ(
      stored({{"__name__", "ALERTS"}, {"a", "b"}, {"alertname", "A"}, {"alertstate", "pending"}}),
      "10000:1 20000:stale");
  evaluate(*new_group, 30'000);
  EXPECT_EQ(stored({{"__name__", "r:gone"}}), "10000:1 20000:stale");
}

TEST_F(GroupTest, SeriesOfRemovedRulesEndOnceTheyCanBeStored) {
  const auto old_group = group(
      "groups:\n- name: g\n  rules:\n  - {record: r:a, expr: vector(1)}\n  - {record: r:b, expr: "
      "vector(1)}\n");
  evaluate(*old_group, 1'000);
  const auto new_group =
      group("groups:\n- name: g\n  rules:\n  - {record: r:a, expr: vector(1)}\n");
  new_group->take_state(*old_group);
  commit_failure_ = "the disk is full";
  evaluate(*new_group, 2'000);
  commit_failure_.clear();
  evaluate(*new_group, 3'000);
  EXPECT_EQ(stored({{"__name__", "r:b"}}), "1000:1 3000:stale");
}

TEST_F(GroupTest, EndsAllItsSeries) {
  const auto g = group("groups:\n- name: g\n  rules:\n  - {record: r:up, expr: up}\n");
  add({{"__name__", "up"}, {"i", "1"}}, 1'000, 5);
  add({{"__name__", "up"}, {"i", "2"}}, 1'000, 5);
  evaluate(*g, 1'000);
  // Somebody went on with one of them.
  add({{"__name__", "r:up"}, {"i", "2"}}, 9'000, 5);
  commit_failure_ = "the disk is full";
  EXPECT_FALSE(g->end_series(2'000));
  commit_failure_.clear();
  EXPECT_TRUE(g->end_series(2'000));
  EXPECT_EQ(stored({{"__name__", "r:up"}, {"i", "1"}}), "1000:5 2000:stale");
  EXPECT_EQ(stored({{"__name__", "r:up"}, {"i", "2"}}), "1000:5 9000:5");
}

TEST_F(GroupTest, GivesTheSameSideBySide) {
  std::string text = "groups:\n- name: g\n  rules:\n";
  for (int i = 0; i < 40; ++i) {
    text +=
        "  - {record: 'r:a" + std::to_string(i) + "', expr: 'up + " + std::to_string(i) + "'}\n";
    text +=
        "  - {record: 'r:b" + std::to_string(i) + "', expr: 'r:a" + std::to_string(i) + " * 2'}\n";
  }
  ThreadPool pool("rule", 4);
  environment_.rule_executor = &pool;
  const auto g = group(text);
  add({{"__name__", "up"}}, 1'000, 1);
  evaluate(*g, 2'000);
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(stored({{"__name__", "r:b" + std::to_string(i)}}),
              "2000:" + std::to_string(2 * (i + 1)));
  }
}

}  // namespace
}  // namespace silverback::rules
