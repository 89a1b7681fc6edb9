#include "rules/manager.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/thread_pool.h"
#include "rules/schedule.h"
#include "tests/rules/rule_fixture.h"

namespace silverback::rules {
namespace {

std::string record(const std::string& group, const std::string& name,
                   const std::string& expr = "vector(1)") {
  return "- name: " + group + "\n  interval: 10s\n  rules:\n  - {record: '" + name + "', expr: '" +
         expr + "'}\n";
}

class ManagerTest : public RuleFixture {
 protected:
  ManagerTest() : manager_(environment_, nullptr) {}

  void update(const std::string& groups) { manager_.update(groups_of("groups:\n" + groups), {}); }
  // Runs what is due at `t`, the slots of group `g` being at offset_ + k · 10 s.
  void run_at(TimestampMs t) {
    clock_.set(t);
    manager_.run_due();
  }
  // The first millisecond at or after the k-th slot of group `g`.
  static TimestampMs slot(int k) {
    const TimestampNs offset = slot_offset("r.yml", "g", 10 * kSecondNs);
    return k * 10'000 + (offset + 999'999) / 1'000'000;
  }
  // When a slot's samples are stored.
  static std::string at(int k) {
    return std::to_string(k * 10'000 + slot_offset("r.yml", "g", 10 * kSecondNs) / 1'000'000);
  }

  Manager manager_;
};

const Labels kOut{{"__name__", "r:a"}};
const Labels kGroup{{"rule_group", "r.yml;g"}};

TEST_F(ManagerTest, EvaluatesAtSlotsFromTheNextOneOn) {
  clock_.set(slot(5) + 1);
  update(record("g", "r:a"));
  run_at(slot(6) - 1);
  EXPECT_EQ(stored(kOut), "");
  run_at(slot(6));
  EXPECT_EQ(stored(kOut), at(6) + ":1");
  run_at(slot(6) + 9'000);
  EXPECT_EQ(stored(kOut), at(6) + ":1");
  run_at(slot(7) + 3);
  EXPECT_EQ(stored(kOut), at(6) + ":1 " + at(7) + ":1") << "of the slot's time, however late";
  EXPECT_EQ(metric("prometheus_rule_group_iterations_total", kGroup), 2);
  EXPECT_EQ(metric("prometheus_rule_group_iterations_missed_total", kGroup), 0);
}

TEST_F(ManagerTest, SaysWhenItWantsToComeBack) {
  clock_.set(slot(5));
  update(record("g", "r:a"));
  clock_.set(slot(6) - 200);
  const TimestampNs next = manager_.run_due();
  EXPECT_EQ(next, 60 * kSecondNs + slot_offset("r.yml", "g", 10 * kSecondNs));
}

TEST_F(ManagerTest, CountsMissedSlots) {
  clock_.set(slot(5));
  update(record("g", "r:a"));
  run_at(slot(9) + 1);
  EXPECT_EQ(stored(kOut), at(9) + ":1");
  EXPECT_EQ(metric("prometheus_rule_group_iterations_total", kGroup), 4);
  EXPECT_EQ(metric("prometheus_rule_group_iterations_missed_total", kGroup), 3);
}

TEST_F(ManagerTest, GoesOnAfterTheClockWasSetBack) {
  clock_.set(slot(1'000));
  update(record("g", "r:a"));
  run_at(slot(1'001));
  run_at(slot(10));
  run_at(slot(11));
  EXPECT_EQ(metric("prometheus_rule_evaluations_total", kGroup), 2);
}

TEST_F(ManagerTest, NoGroupSleepsBecauseTheClockWasSetBack) {
  clock_.set(10'000'000);
  update(record("g", "r:a") +
         "- name: hourly\n  interval: 1h\n  rules:\n  - {record: r:h, expr: vector(1)}\n");
  run_at(10'015'000);
  const double before = metric("prometheus_rule_evaluations_total", kGroup);
  // Less than an hour: no slot of the hourly group is too far away.
  run_at(9'400'000);
  run_at(9'415'000);
  EXPECT_GT(metric("prometheus_rule_evaluations_total", kGroup), before);
}

TEST_F(ManagerTest, AGroupThatRanWhileTheClockWasSetBackDoesNotSleep) {
  bool set_back = false;
  environment_.appender = [&] {
    if (set_back) clock_.set(clock_.now() - 3'600'000);
    set_back = false;
    return storage_.appender();
  };
  Manager manager(environment_, nullptr);
  clock_.set(slot(1'000));
  manager.update(groups_of("groups:\n" + record("g", "r:a")), {});
  clock_.set(slot(1'001));
  set_back = true;
  manager.run_due();
  clock_.advance(11'000);
  manager.run_due();
  EXPECT_EQ(metric("prometheus_rule_evaluations_total", kGroup), 2);
}

TEST_F(ManagerTest, LeavesUnchangedGroupsAlone) {
  clock_.set(slot(5));
  const std::string alerts =
      "- name: g\n  interval: 10s\n  rules:\n  - {alert: A, expr: vector(1), for: 25s}\n";
  update(alerts);
  run_at(slot(6));
  update(alerts + record("other", "r:b"));
  run_at(slot(7));
  const std::vector<GroupStatus> groups = manager_.groups();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].spec->name, "g");
  EXPECT_EQ(groups[0].rules.at(0).alerts.at(0).active_at / 1'000'000, std::stoll(at(6)));
  EXPECT_EQ(metric("prometheus_rule_group_iterations_total", kGroup), 2);
}

TEST_F(ManagerTest, ChangedGroupsKeepTheirAlertsAndMissNoSlot) {
  const auto alert = [](const std::string& expr) {
    return "- name: g\n  interval: 10s\n  rules:\n  - {alert: A, expr: '" + expr + "', for: 25s}\n";
  };
  clock_.set(slot(5));
  update(alert("vector(1)"));
  run_at(slot(6));
  clock_.set(slot(6) + 5'000);
  update(alert("vector(2)"));
  run_at(slot(7));
  const Alert now = manager_.groups().at(0).rules.at(0).alerts.at(0);
  EXPECT_EQ(now.value, 2);
  EXPECT_EQ(now.active_at / 1'000'000, std::stoll(at(6)));
}

TEST_F(ManagerTest, EndsTheSeriesOfGroupsThatAreGone) {
  clock_.set(slot(5));
  update(record("g", "r:a") + record("h", "r:h"));
  run_at(slot(6));
  EXPECT_EQ(metric("prometheus_rule_group_rules", kGroup), 1);
  clock_.set(slot(6) + 1'000);
  update(record("h", "r:h"));
  EXPECT_EQ(manager_.groups().size(), 1U);
  EXPECT_EQ(metric("prometheus_rule_group_rules", kGroup), -1);
  run_at(slot(7) + 5'000);
  EXPECT_EQ(stored(kOut), at(6) + ":1") << "whoever took its place may go on with them";
  run_at(slot(9) + 1'000);
  EXPECT_EQ(stored(kOut), at(6) + ":1 " + std::to_string(slot(6) + 1'000) + ":stale");
}

TEST_F(ManagerTest, SeriesOfARenamedGroupGoOn) {
  clock_.set(slot(5));
  update(record("g", "r:a"));
  run_at(slot(6));
  update(record("renamed", "r:a"));
  for (int k = 7; k < 12; ++k) run_at(slot(k) + 9'000);
  EXPECT_EQ(stored(kOut).find("stale"), std::string::npos) << stored(kOut);
}

TEST_F(ManagerTest, SeriesOfARenamedGroupGoOnWhateverItsOffset) {
  const auto delayed = [](const std::string& name) {
    return "- name: " + name +
           "\n  interval: 10s\n  query_offset: 1m\n  rules:\n  - {record: r:a, expr: vector(1)}\n";
  };
  clock_.set(slot(105));
  update(delayed("g"));
  run_at(slot(106));
  update(delayed("renamed"));
  for (int k = 107; k < 120; ++k) run_at(slot(k) + 9'000);
  EXPECT_EQ(stored(kOut).find("stale"), std::string::npos) << stored(kOut);
  EXPECT_EQ(metric("prometheus_rule_evaluation_failures_total", {{"rule_group", "r.yml;renamed"}}),
            0);
  EXPECT_EQ(manager_.groups().at(0).rules.at(0).last_error, "");
}

TEST_F(ManagerTest, RestoresAfterTheSecondEvaluation) {
  environment_.grace_period = 0;
  Manager manager(environment_, nullptr);
  const Labels since{{"__name__", "ALERTS_FOR_STATE"}, {"alertname", "A"}};
  const std::string text =
      "- name: g\n  interval: 10s\n  rules:\n  - {alert: A, expr: vector(1), for: 1h}\n";
  add(since, slot(99), 500);
  clock_.set(slot(100));
  manager.update(groups_of("groups:\n" + text), {});
  const auto active_at = [&] {
    return manager.groups().at(0).rules.at(0).alerts.at(0).active_at / 1'000'000;
  };
  clock_.set(slot(101));
  manager.run_due();
  EXPECT_EQ(active_at(), std::stoll(at(101)));
  clock_.set(slot(102));
  manager.run_due();
  EXPECT_EQ(active_at(), 500'000 + slot(102) - slot(99));
  EXPECT_EQ(stored(since), std::to_string(slot(99)) + ":500");
  // Groups that come later remember nothing.
  clock_.set(slot(102) + 1);
  manager.update(groups_of("groups:\n- name: h\n  interval: 10s\n  rules:\n  - {alert: A, expr: "
                           "vector(1), for: 1h}\n"),
                 {});
  for (int k = 104; k < 107; ++k) {
    clock_.set(slot(k));
    manager.run_due();
  }
  EXPECT_GT(active_at(), slot(102));
}

TEST_F(ManagerTest, RulesAddedWhileTheirGroupIsRestoredAreRestoredToo) {
  const auto alerts = [](const std::string& names) {
    std::string text = "groups:\n- name: g\n  interval: 10s\n  rules:\n";
    for (const char name : names)
      text += "  - {alert: " + std::string(1, name) + ", expr: vector(1)}\n";
    return groups_of(text);
  };
  std::atomic<bool> held = false, waits = false;
  environment_.notify = [&](const std::vector<notifier::Alert>&) {
    while (held) {
      waits = true;
      std::this_thread::yield();
    }
  };
  ThreadPool pool("rules", 1);
  Manager manager(environment_, &pool);
  const auto evaluations = [&] { return metric("prometheus_rule_group_iterations_total", kGroup); };
  const auto wait_for_idle = [&] {
    // Its tasks run one after the other.
    std::atomic<bool> done = false;
    pool.run([&] { done = true; });
    while (!done) std::this_thread::yield();
  };
  clock_.set(slot(100));
  manager.update(alerts("A"), {});
  clock_.set(slot(101));
  manager.run_due();
  wait_for_idle();
  held = true;
  clock_.set(slot(110));
  manager.run_due();
  while (!waits) std::this_thread::yield();
  std::thread reload([&] { manager.update(alerts("AB"), {}); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  held = false;
  reload.join();
  EXPECT_EQ(evaluations(), 10);
  for (const int k : {111, 112}) {
    clock_.set(slot(k));
    manager.run_due();
    wait_for_idle();
  }
  EXPECT_EQ(stored({{"__name__", "ALERTS"}, {"alertname", "B"}, {"alertstate", "firing"}}),
            at(111) + ":1 " + at(112) + ":1");
}

TEST_F(ManagerTest, TemplatesSeeTheNewExternalLabels) {
  clock_.set(slot(5));
  const auto groups = groups_of(
      "groups:\n- name: g\n  interval: 10s\n  rules:\n  - {alert: A, expr: vector(1), annotations: "
      "{s: '{{ $externalLabels.r }}'}}\n");
  manager_.update(groups, Labels{{"r", "1"}});
  run_at(slot(6));
  manager_.update(groups, Labels{{"r", "2"}});
  run_at(slot(7));
  EXPECT_EQ(manager_.groups().at(0).rules.at(0).alerts.at(0).annotations.at(0).second, "2");
}

// With the real clock and threads: for the thread sanitizer above all.
TEST_F(ManagerTest, RunsOnThreadsUntilItIsStopped) {
  ThreadPool pool("rules", 3);
  const auto alert = [](int i, const char* expr) {
    return "- name: g" + std::to_string(i) +
           "\n  interval: 20ms\n  rules:\n  - {alert: A, expr: '" + expr + "'}\n";
  };
  std::string text = "groups:\n";
  for (int i = 0; i < 8; ++i) text += alert(i, "vector(1)");
  // The naive store takes one batch at a time; here nothing is stored.
  std::atomic<int> batches = 0;
  Environment environment = environment_;
  environment.clock = &Clock::system();
  environment.appender = [&]() -> std::unique_ptr<Appender> {
    ++batches;
    struct Nowhere final : Appender {
      Result<SeriesRef> series(const Labels&) override { return SeriesRef{1}; }
      bool known(SeriesRef ref) const override { return ref != SeriesRef::kNone; }
      void append(SeriesRef, Sample, AppendOptions) override {}
      void append(SeriesRef, HistogramSample, AppendOptions) override {}
      void append(SeriesRef, Exemplar) override {}
      void append_metadata(std::string_view, Metadata) override {}
      Result<CommitResult> commit() override { return CommitResult{}; }
      void rollback() override {}
    };
    return std::make_unique<Nowhere>();
  };
  environment.notify = nullptr;
  Manager threaded(environment, &pool);
  threaded.update(groups_of(text), {});
  std::thread runner([&] { threaded.run(); });
  for (int i = 0; i < 20; ++i) {
    threaded.update(groups_of(i % 2 == 0 ? text + alert(9, "vector(2)") : text), {});
    EXPECT_GE(threaded.groups().size(), 8U);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  while (batches < 40) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  threaded.stop();
  runner.join();
  const int after = batches;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(batches, after);
}

}  // namespace
}  // namespace silverback::rules
