#include "rules/notifier/notifier.h"

#include <filesystem>
#include <fstream>
#include <optional>

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/net/client_fixture.h"
#include "tests/rules/notifier/fake_alertmanager.h"

namespace silverback::notifier {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Outlives the client, whose last callbacks still count.
struct WithMetrics {
  Registry metrics_;
};

class NotifierTest : protected WithMetrics, public net::ClientFixture {
 protected:
  NotifierTest() { configure_log("info", "logfmt"); }

  static Alert alert(std::string_view name, const Labels& more = {}) {
    LabelsBuilder labels(more);
    Alert made;
    made.labels = labels.set("alertname", name).build();
    made.starts_at = 1'000'000'000;
    made.ends_at = 2'000'000'000;
    return made;
  }
  static std::vector<Alert> alerts(std::initializer_list<std::string_view> names) {
    std::vector<Alert> made;
    for (const std::string_view name : names) made.push_back(alert(name));
    return made;
  }
  static config::AlertmanagerConfig section(std::vector<std::string> addresses) {
    config::AlertmanagerConfig made;
    made.discoveries.static_targets = {{std::move(addresses), {}}};
    return made;
  }
  static config::AlertingConfig alerting(std::vector<config::AlertmanagerConfig> sections) {
    return {{}, std::move(sections)};
  }

  Notifier& notifier() {
    if (!notifier_) notifier_.emplace(options_, client_, metrics_);
    return *notifier_;
  }
  void apply(const config::AlertingConfig& config, const Labels& external_labels = {}) {
    const Status status = notifier().apply(config, external_labels, now_);
    ASSERT_TRUE(status) << status.error().message;
  }

  double metric(std::string_view name, const Labels& labels) const {
    for (const Registry::Family& family : metrics_.snapshot())
      for (const Registry::Point& point : family.points)
        if (family.name == name && point.labels == labels)
          return family.type == MetricType::kHistogram
                     ? static_cast<double>(point.distribution.cumulative.back())
                     : point.value;
    return -1;
  }
  double count(std::string_view what, const FakeAlertmanager& of) const {
    return metric("prometheus_notifications_" + std::string(what), {{"alertmanager", of.url()}});
  }
  template <class Condition>
  static void wait_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(10);
    while (!condition() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(milliseconds(2));
    ASSERT_TRUE(condition());
  }
  // Until all requests of that Alertmanager are answered and counted.
  void settle(const FakeAlertmanager& of) const {
    const auto all = static_cast<double>(sent_);
    wait_until([&] { return count("sent_total", of) + count("dropped_total", of) >= all; });
  }
  void send(std::vector<Alert> more) {
    sent_ += more.size();
    notifier().send(std::move(more));
  }

  NotifierOptions options_;
  SteadyTime now_ = SteadyTime() + std::chrono::hours(1);
  std::size_t sent_ = 0;
  std::optional<Notifier> notifier_;
};

// ---- What is sent

TEST_F(NotifierTest, PostsAlertsAsJson) {
  FakeAlertmanager alertmanager;
  apply(alerting({section({alertmanager.address()})}));
  Alert one = alert("A");
  one.annotations = {{"summary", "x"}};
  one.generator_url = "http://x/graph";
  send({one});
  ASSERT_EQ(alertmanager.wait_for("A"), "A");
  const testing::ReceivedRequest request = alertmanager.requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/api/v2/alerts");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("user-agent"), "silverback");
  EXPECT_EQ(request.body,
            R"([{"annotations":{"summary":"x"},"endsAt":"1970-01-01T00:00:02.000Z",)"
            R"("startsAt":"1970-01-01T00:00:01.000Z","generatorURL":"http://x/graph",)"
            R"("labels":{"alertname":"A"}}])");
  settle(alertmanager);
  EXPECT_EQ(count("sent_total", alertmanager), 1);
  EXPECT_EQ(count("errors_total", alertmanager), 0);
  EXPECT_EQ(count("dropped_total", alertmanager), 0);
  EXPECT_EQ(count("queue_length", alertmanager), 0);
  EXPECT_EQ(count("latency_seconds", alertmanager), 1);
  EXPECT_EQ(metric("prometheus_notifications_queue_capacity", {}), 10'000);
  EXPECT_EQ(metric("prometheus_notifications_alertmanagers_discovered", {}), 1);
}

TEST_F(NotifierTest, AddsExternalLabelsWhereThereAreNone) {
  FakeAlertmanager alertmanager;
  apply(alerting({section({alertmanager.address()})}), {{"region", "eu"}, {"team", "x"}});
  send({alert("A", {{"team", "own"}})});
  alertmanager.wait_for("A");
  EXPECT_THAT(alertmanager.requests()[0].body,
              HasSubstr(R"("labels":{"alertname":"A","region":"eu","team":"own"})"));
}

TEST_F(NotifierTest, RelabelsForAllAndThenForEachSection) {
  FakeAlertmanager first, second;
  config::AlertingConfig config =
      alerting({section({first.address()}), section({second.address()})});
  // External labels are there to be seen by it.
  config.alert_relabel_configs = {
      {.source_labels = {"region"}, .target_label = "seen", .replacement = "$1"},
      {.source_labels = {"alertname"}, .regex = "C", .action = config::RelabelAction::kDrop}};
  config.alertmanagers[1].alert_relabel_configs = {
      {.source_labels = {"alertname"}, .regex = "B", .action = config::RelabelAction::kDrop},
      {.regex = "region", .action = config::RelabelAction::kLabelDrop}};
  apply(config, {{"region", "eu"}});
  send(alerts({"A", "B", "C"}));
  EXPECT_EQ(first.wait_for("A B"), "A B");
  EXPECT_EQ(second.wait_for("A"), "A");
  EXPECT_THAT(first.requests()[0].body,
              HasSubstr(R"("labels":{"alertname":"A","region":"eu","seen":"eu"})"));
  EXPECT_THAT(second.requests()[0].body, HasSubstr(R"("labels":{"alertname":"A","seen":"eu"})"));
  EXPECT_EQ(metric("silverback_notifications_invalid_total", {}), 0);
}

TEST_F(NotifierTest, LeavesOutWhatAnAlertmanagerWouldRefuse) {
  FakeAlertmanager alertmanager;
  config::AlertmanagerConfig relabeled = section({alertmanager.address()});
  relabeled.alert_relabel_configs = {
      {.regex = "only", .action = config::RelabelAction::kLabelDrop}};
  apply(alerting({relabeled}));
  Alert nameless, bare, backwards = alert("B");
  bare.labels = {{"only", "x"}};
  backwards.ends_at = backwards.starts_at - 1;
  send({nameless, bare, backwards, alert("A")});
  EXPECT_EQ(alertmanager.wait_for("A"), "A");
  EXPECT_EQ(metric("silverback_notifications_invalid_total", {}), 3);
}

TEST_F(NotifierTest, WithoutAlertmanagersAlertsAreGone) {
  send(alerts({"A"}));
  FakeAlertmanager alertmanager;
  apply(alerting({section({alertmanager.address()})}));
  send(alerts({"B"}));
  EXPECT_EQ(alertmanager.wait_for("B"), "B");
}

// ---- Queues

TEST_F(NotifierTest, SendsInBatchesOneAtATime) {
  options_.batch_size = 2;
  FakeAlertmanager alertmanager;
  alertmanager.hold();
  apply(alerting({section({alertmanager.address()})}));
  send(alerts({"A", "B", "C"}));
  EXPECT_EQ(alertmanager.wait_for("A B"), "A B");
  send(alerts({"D", "E"}));
  EXPECT_EQ(count("queue_length", alertmanager), 3);
  EXPECT_EQ(alertmanager.received(), "A B");
  alertmanager.release();
  EXPECT_EQ(alertmanager.wait_for("A B|C D|E"), "A B|C D|E");
}

TEST_F(NotifierTest, AFullQueueDropsItsOldest) {
  options_.queue_capacity = 3;
  FakeAlertmanager alertmanager;
  alertmanager.hold();
  apply(alerting({section({alertmanager.address()})}));
  send(alerts({"A"}));
  alertmanager.wait_for("A");
  send(alerts({"B", "C"}));
  ::testing::internal::CaptureStderr();
  send(alerts({"D", "E"}));
  send(alerts({"F"}));
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("notifier: " + alertmanager.url() +
                             ": the queue is full, dropping its oldest"));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  EXPECT_EQ(count("dropped_total", alertmanager), 2);
  EXPECT_EQ(count("queue_length", alertmanager), 3);
  alertmanager.release();
  EXPECT_EQ(alertmanager.wait_for("A|D E F"), "A|D E F");
}

TEST_F(NotifierTest, MoreAtOnceThanTheQueueHoldsDropsTheFirstOfThem) {
  options_.queue_capacity = 2;
  FakeAlertmanager alertmanager;
  apply(alerting({section({alertmanager.address()})}));
  send(alerts({"A", "B", "C"}));
  EXPECT_EQ(alertmanager.wait_for("B C"), "B C");
  EXPECT_EQ(count("dropped_total", alertmanager), 1);
}

TEST_F(NotifierTest, OneThatIsSlowHoldsUpNoOther) {
  FakeAlertmanager slow, quick;
  slow.hold();
  apply(alerting({section({slow.address(), quick.address()})}));
  send(alerts({"A"}));
  send(alerts({"B"}));
  EXPECT_EQ(quick.wait_for("A|B"), "A|B");
  EXPECT_EQ(slow.wait_for("A"), "A");
  EXPECT_EQ(count("queue_length", slow), 1);
}

TEST_F(NotifierTest, WhatFailsIsNotTriedAgain) {
  FakeAlertmanager alertmanager;
  alertmanager.answer_with(400, "no good");
  apply(alerting({section({alertmanager.address()})}));
  ::testing::internal::CaptureStderr();
  send(alerts({"A", "B"}));
  settle(alertmanager);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("notifier: " + alertmanager.url() +
                        ": 2 alerts not sent: bad response status 400: no good"));
  EXPECT_EQ(count("errors_total", alertmanager), 2);
  EXPECT_EQ(count("dropped_total", alertmanager), 2);
  EXPECT_EQ(count("sent_total", alertmanager), 0);
  EXPECT_EQ(count("latency_seconds", alertmanager), 0);

  // The same failure again is no news; that it works again is.
  ::testing::internal::CaptureStderr();
  send(alerts({"C"}));
  settle(alertmanager);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  alertmanager.answer_with(204);
  ::testing::internal::CaptureStderr();
  send(alerts({"D"}));
  settle(alertmanager);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("notifier: " + alertmanager.url() + ": takes alerts again"));
  EXPECT_EQ(alertmanager.received(), "A B|C|D");
}

TEST_F(NotifierTest, OnlyStatusesOf200AreGood) {
  for (const int status : {200, 202, 299}) {
    FakeAlertmanager alertmanager;
    alertmanager.answer_with(status);
    apply(alerting({section({alertmanager.address()})}));
    send(alerts({"A"}));
    wait_until([&] { return count("sent_total", alertmanager) == 1; });
  }
  for (const int status : {300, 404, 500}) {
    FakeAlertmanager alertmanager;
    alertmanager.answer_with(status);
    apply(alerting({section({alertmanager.address()})}));
    ::testing::internal::CaptureStderr();
    send(alerts({"A"}));
    wait_until([&] { return count("errors_total", alertmanager) == 1; });
    EXPECT_THAT(::testing::internal::GetCapturedStderr(),
                HasSubstr("1 alerts not sent: bad response status " + std::to_string(status)));
  }
}

TEST_F(NotifierTest, WaitsAsLongAsTheSectionSays) {
  FakeAlertmanager alertmanager;
  alertmanager.hold();
  config::AlertmanagerConfig impatient = section({alertmanager.address()});
  impatient.timeout = 50;
  apply(alerting({impatient}));
  ::testing::internal::CaptureStderr();
  send(alerts({"A"}));
  settle(alertmanager);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("context deadline exceeded"));
  EXPECT_EQ(count("errors_total", alertmanager), 1);
}

TEST_F(NotifierTest, OneThatIsNotThereIsCounted) {
  apply(alerting({section({"127.0.0.1:1"})}));
  const Labels labels = {{"alertmanager", "http://127.0.0.1:1/api/v2/alerts"}};
  ::testing::internal::CaptureStderr();
  send(alerts({"A"}));
  wait_until([&] { return metric("prometheus_notifications_errors_total", labels) == 1; });
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("dial tcp 127.0.0.1:1: connect: connection refused"));
}

TEST_F(NotifierTest, AClientThatEndedDropsAll) {
  options_.batch_size = 1;
  FakeAlertmanager alertmanager;
  net::HttpClient ended(nullptr);
  ended.stop();
  ended.run();
  Notifier last(options_, ended, metrics_);
  ASSERT_TRUE(last.apply(alerting({section({alertmanager.address()})}), {}, now_));
  // Its callbacks come from inside its send(): as many as there are batches.
  last.send(std::vector<Alert>(10'000, alert("A")));
  EXPECT_EQ(count("dropped_total", alertmanager), 10'000);
  EXPECT_EQ(count("queue_length", alertmanager), 0);
}

// ---- Who is sent alerts

TEST_F(NotifierTest, ListsAlertmanagers) {
  config::AlertmanagerConfig first = section({"a:1", "old:1", "a:1"});
  first.relabel_configs = {
      {.source_labels = {"__address__"}, .regex = "old.*", .action = config::RelabelAction::kDrop}};
  apply(alerting({first, section({"b:2", "a:1"})}));
  const Alertmanagers list = notifier().alertmanagers();
  // What two sections name is sent alerts by both: they may relabel them differently.
  EXPECT_THAT(list.active, ElementsAre("http://a:1/api/v2/alerts", "http://b:2/api/v2/alerts",
                                       "http://a:1/api/v2/alerts"));
  EXPECT_THAT(list.dropped, ElementsAre("http://old:1/api/v2/alerts"));
  EXPECT_EQ(metric("prometheus_notifications_alertmanagers_discovered", {}), 3);
  EXPECT_EQ(
      metric("prometheus_sd_discovered_targets", {{"config", "config-1"}, {"name", "notify"}}), 2);
}

TEST_F(NotifierTest, SaysWhatIsNoAlertmanager) {
  ::testing::internal::CaptureStderr();
  apply(alerting({section({"a:1", "user@b:2"})}));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr(R"(notifier: alertmanagers[0]: 0: \"user@b:2\" is not a valid address)"));
  EXPECT_THAT(notifier().alertmanagers().active, ElementsAre("http://a:1/api/v2/alerts"));
}

TEST_F(NotifierTest, FindsAlertmanagersInFiles) {
  FakeAlertmanager first, second;
  const std::string path = (std::filesystem::temp_directory_path() /
                            ("alertmanagers_" + std::to_string(getpid()) + ".json"))
                               .string();
  const auto write = [&](const FakeAlertmanager& one) {
    std::ofstream(path) << R"([{"targets": [")" << one.address() << "\"]}]";
  };
  write(first);
  config::AlertmanagerConfig found;
  found.discoveries.files.push_back({{path}, 300'000});
  apply(alerting({found}));
  send(alerts({"A"}));
  EXPECT_EQ(first.wait_for("A"), "A");
  write(second);
  notifier().tick(now_ += seconds(5));
  send(alerts({"B"}));
  EXPECT_EQ(second.wait_for("B"), "B");
  EXPECT_EQ(first.received(), "A");
  EXPECT_EQ(metric("prometheus_notifications_alertmanagers_discovered", {}), 1);
  std::filesystem::remove(path);
}

TEST_F(NotifierTest, FindsAlertmanagersByServers) {
  FakeAlertmanager alertmanager;
  testing::HttpTestServer server(
      [&](testing::ServerConnection& connection, const testing::ReceivedRequest&) {
        connection.answer(200, R"([{"targets": [")" + alertmanager.address() + "\"]}]",
                          {"Content-Type: application/json"});
        return true;
      });
  config::AlertmanagerConfig found;
  found.discoveries.http.emplace_back().url = server.url("/");
  apply(alerting({found}));
  wait_until([&] {
    notifier().tick(now_);
    return !notifier().alertmanagers().active.empty();
  });
  send(alerts({"A"}));
  EXPECT_EQ(alertmanager.wait_for("A"), "A");
}

// ---- Reload

TEST_F(NotifierTest, AReloadKeepsTheQueuesOfAlertmanagersThatStay) {
  FakeAlertmanager stays, other;
  stays.hold();
  apply(alerting({section({stays.address()})}));
  send(alerts({"A"}));
  stays.wait_for("A");
  send(alerts({"B"}));
  // Reached in another way, and in another place of the configuration.
  config::AlertmanagerConfig changed = section({stays.address()});
  changed.http.basic_auth = config::BasicAuth{"me", "", "secret", ""};
  apply(alerting({section({other.address()}), changed}));
  send(alerts({"C"}));
  stays.release();
  EXPECT_EQ(stays.wait_for("A|B C"), "A|B C");
  EXPECT_EQ(other.wait_for("C"), "C");
  EXPECT_EQ(stays.requests()[0].header("authorization"), "");
  EXPECT_EQ(stays.requests()[1].header("authorization"), "Basic bWU6c2VjcmV0");
}

TEST_F(NotifierTest, AReloadKeepsConnections) {
  FakeAlertmanager alertmanager;
  apply(alerting({section({alertmanager.address()})}));
  send(alerts({"A"}));
  settle(alertmanager);
  apply(alerting({section({alertmanager.address()})}), {{"x", "y"}});
  send(alerts({"B"}));
  settle(alertmanager);
  EXPECT_EQ(alertmanager.connections(), 1);
}

TEST_F(NotifierTest, AnAlertmanagerThatIsGoneIsSentWhatWaits) {
  FakeAlertmanager gone;
  gone.hold();
  apply(alerting({section({gone.address()})}));
  send(alerts({"A"}));
  gone.wait_for("A");
  send(alerts({"B"}));
  apply(alerting({}));
  send(alerts({"C"}));
  EXPECT_THAT(notifier().alertmanagers().active, IsEmpty());
  gone.release();
  EXPECT_EQ(gone.wait_for("A|B"), "A|B");
  wait_until([&] { return count("sent_total", gone) == 2; });
  wait_until([&] {
    notifier().tick(now_);
    return count("sent_total", gone) == -1;
  });
  EXPECT_EQ(count("latency_seconds", gone), -1) << "its series end with it";
  EXPECT_EQ(gone.received(), "A|B");
}

TEST_F(NotifierTest, WhatMakesNoSenseChangesNothing) {
  FakeAlertmanager alertmanager;
  apply(alerting({section({alertmanager.address()})}));
  const auto refused = [&](const config::AlertingConfig& config) {
    const Status status = notifier().apply(config, {}, now_);
    return status ? "taken" : status.error().message;
  };
  config::AlertingConfig config = alerting({section({}), section({})});
  config.alert_relabel_configs = {{.regex = "(", .target_label = "x"}};
  EXPECT_THAT(refused(config), HasSubstr("("));
  config = alerting({section({}), section({})});
  config.alertmanagers[1].relabel_configs = {{.regex = "(", .target_label = "x"}};
  EXPECT_THAT(refused(config), ::testing::StartsWith("alertmanagers[1]: "));
  config = alerting({section({}), section({})});
  config.alertmanagers[1].alert_relabel_configs = {{.regex = "(", .target_label = "x"}};
  EXPECT_THAT(refused(config), ::testing::StartsWith("alertmanagers[1]: "));
  config = alerting({section({})});
  config.alertmanagers[0].http.oauth2.emplace().grant_type = "x";
  EXPECT_EQ(refused(config),
            "alertmanagers[0]: oauth2: grant_type x is not built; client_credentials is");
  config = alerting({section({})});
  config.alertmanagers[0].discoveries.others["dns_sd_configs"].emplace_back();
  EXPECT_EQ(refused(config), "config-0: dns_sd_configs is not built");

  send(alerts({"A"}));
  EXPECT_EQ(alertmanager.wait_for("A"), "A");
}

// ---- The end

TEST_F(NotifierTest, StopSendsWhatWaits) {
  options_.batch_size = 1;
  FakeAlertmanager alertmanager;
  apply(alerting({section({alertmanager.address()})}));
  send(alerts({"A", "B", "C"}));
  notifier().stop(seconds(10));
  EXPECT_EQ(alertmanager.received(), "A|B|C");
  EXPECT_EQ(count("sent_total", alertmanager), 3);
  send(alerts({"D"}));
  EXPECT_EQ(alertmanager.received(), "A|B|C");
  EXPECT_EQ(count("dropped_total", alertmanager), 1);
}

TEST_F(NotifierTest, StopDropsWhatWaitsIfItIsNotToBeSent) {
  options_.batch_size = 1;
  options_.drain_on_shutdown = false;
  FakeAlertmanager alertmanager;
  alertmanager.hold();
  apply(alerting({section({alertmanager.address()})}));
  send(alerts({"A", "B", "C"}));
  alertmanager.wait_for("A");
  std::thread releases([&] {
    wait_until([&] { return count("dropped_total", alertmanager) == 2; });
    alertmanager.release();
  });
  // What is under way is waited for.
  notifier().stop(seconds(10));
  releases.join();
  EXPECT_EQ(alertmanager.received(), "A");
  EXPECT_EQ(count("sent_total", alertmanager), 1);
  EXPECT_EQ(count("dropped_total", alertmanager), 2);
}

TEST_F(NotifierTest, StopWaitsNoLongerThanItIsGiven) {
  options_.batch_size = 1;
  FakeAlertmanager alertmanager, gone;
  alertmanager.hold();
  gone.hold();
  apply(alerting({section({gone.address()})}));
  send(alerts({"X", "Y"}));
  gone.wait_for("X");
  apply(alerting({section({alertmanager.address()})}));
  notifier().send(alerts({"A", "B"}));
  alertmanager.wait_for("A");
  const auto since = std::chrono::steady_clock::now();
  notifier().stop(milliseconds(50));
  EXPECT_LT(std::chrono::steady_clock::now() - since, seconds(5));
  wait_until([&] { return count("dropped_total", alertmanager) == 2; });
  wait_until([&] { return count("dropped_total", gone) == 2; });
  EXPECT_EQ(count("sent_total", alertmanager), 0);
}

TEST_F(NotifierTest, AfterStopNothingIsFoundAnyMore) {
  FakeAlertmanager alertmanager;
  notifier().stop(milliseconds(0));
  EXPECT_FALSE(notifier().apply(alerting({section({alertmanager.address()})}), {}, now_));
  notifier().tick(now_);
  EXPECT_THAT(notifier().alertmanagers().active, IsEmpty());
}

TEST_F(NotifierTest, ManyThreadsMayUseIt) {
  FakeAlertmanager first, second;
  options_.batch_size = 7;
  apply(alerting({section({first.address()})}));
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) notifier().send(alerts({"A", "B"}));
    });
  threads.emplace_back([&] {
    for (int n = 0; n < 50; ++n) {
      EXPECT_TRUE(notifier().apply(
          alerting(n % 2 == 0 ? std::vector{section({first.address()}), section({second.address()})}
                              : std::vector{section({first.address()})}),
          {}, now_));
      notifier().tick(now_);
      notifier().alertmanagers();
    }
  });
  for (std::thread& thread : threads) thread.join();
  notifier().stop(seconds(10));
  EXPECT_EQ(count("sent_total", first), 800);
  EXPECT_EQ(count("queue_length", first), 0);
  EXPECT_LE(count("queue_length", second), 0) << "or it is gone";
}

}  // namespace
}  // namespace silverback::notifier
