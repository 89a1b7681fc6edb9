#include "discovery/discovery.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/net/client_fixture.h"
#include "tests/testing/http_test_server.h"

namespace silverback::discovery {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HttpTestServer;
using ::testing::IsEmpty;
using testing::ReceivedRequest;
using testing::ServerConnection;

// Outlives the client, whose last callbacks still count.
struct WithMetrics {
  Registry metrics_;
};

class DiscoveryTest : protected WithMetrics, public net::ClientFixture {
 protected:
  DiscoveryTest() {
    folder_ = fs::temp_directory_path() /
              ("discovery_" + std::to_string(getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
    configure_log("info", "logfmt");
  }
  ~DiscoveryTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ / name) << text;
  }

  static config::Discoveries of_files(std::vector<std::string> globs) {
    config::Discoveries wanted;
    wanted.files.push_back({std::move(globs), 300'000});
    return wanted;
  }
  static config::Discoveries of_server(std::string url) {
    config::Discoveries wanted;
    wanted.http.emplace_back().url = std::move(url);
    return wanted;
  }

  void apply(const std::map<std::string, config::Discoveries>& sets) {
    const Status status = discovery_.apply(sets, now_);
    ASSERT_TRUE(status) << status.error().message;
  }
  std::vector<std::string> tick_after(milliseconds time) { return discovery_.tick(now_ += time); }
  // Ticks at the same instant until answers of servers made a change, or not for a while.
  std::vector<std::string> wait_for_change(milliseconds patience = seconds(10)) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      std::vector<std::string> changed = discovery_.tick(now_);
      if (!changed.empty()) return changed;
      std::this_thread::sleep_for(milliseconds(2));
    }
    return {};
  }
  template <class Condition>
  static void wait_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(10);
    while (!condition() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(milliseconds(2));
    ASSERT_TRUE(condition());
  }

  // The addresses of a set.
  std::vector<std::string> addresses(const std::string& set = "a") const {
    std::vector<std::string> all;
    for (const auto& group : discovery_.targets(set))
      for (const Labels& target : group->targets) all.emplace_back(target.get("__address__"));
    return all;
  }

  double metric(std::string_view name, const Labels& labels = {}) const {
    for (const Registry::Family& family : metrics_.snapshot())
      for (const Registry::Point& point : family.points)
        if (family.name == name && point.labels == labels) return point.value;
    ADD_FAILURE() << "no metric " << name << labels.to_string();
    return -1;
  }
  double http_failures() const { return metric("prometheus_sd_http_failures_total"); }

  fs::path folder_;
  SteadyTime now_ = SteadyTime() + std::chrono::hours(1);
  Discovery discovery_{"notify", client_, metrics_};
};

bool answer_json(ServerConnection& connection, std::string_view body) {
  connection.answer(200, body, {"Content-Type: application/json"});
  return true;
}

constexpr std::string_view kOne = R"([{"targets": ["one:1"]}])";
constexpr std::string_view kTwo = R"([{"targets": ["two:2"]}])";

// ---- Sets

TEST_F(DiscoveryTest, TakesListsOfTheConfiguration) {
  config::Discoveries wanted;
  wanted.static_targets = {{{"a:1", "b:2"}, {{"zone", "x"}}}, {{"c:3"}, {}}};
  apply({{"a", wanted}});
  const TargetGroups groups = discovery_.targets("a");
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0]->source, "0");
  EXPECT_EQ(groups[0]->labels.to_string(), R"({zone="x"})");
  EXPECT_EQ(groups[1]->source, "1");
  EXPECT_THAT(addresses(), ElementsAre("a:1", "b:2", "c:3"));
  EXPECT_THAT(addresses("other"), IsEmpty());
  EXPECT_EQ(metric("prometheus_sd_discovered_targets", {{"config", "a"}, {"name", "notify"}}), 3);
}

TEST_F(DiscoveryTest, OwnLabelsOfATargetWinOverItsGroups) {
  const TargetGroup group{"0", {{"a", "group"}, {"b", "group"}}, {{{"a", "own"}}}};
  LabelsBuilder labels;
  set_target_labels(group.targets[0], group, labels);
  EXPECT_EQ(labels.build().to_string(), R"({a="own", b="group"})");
}

TEST_F(DiscoveryTest, ForgetsSetsThatAreGone) {
  config::Discoveries wanted;
  wanted.static_targets = {{{"a:1"}, {}}};
  apply({{"a", wanted}, {"b", wanted}});
  EXPECT_THAT(addresses("b"), ElementsAre("a:1"));
  apply({{"a", wanted}});
  EXPECT_THAT(addresses("b"), IsEmpty());
  EXPECT_EQ(metric("prometheus_sd_discovered_targets", {{"config", "b"}, {"name", "notify"}}), 0);
}

TEST_F(DiscoveryTest, KeepsThePointersOfWhatStays) {
  write("t.json", kOne);
  config::Discoveries wanted = of_files({path("t.json")});
  wanted.static_targets = {{{"a:1"}, {}}};
  apply({{"a", wanted}});
  const TargetGroups before = discovery_.targets("a");
  wanted.http.emplace_back().url = "http://127.0.0.1:1/";
  apply({{"a", wanted}});
  EXPECT_EQ(discovery_.targets("a"), before);
}

TEST_F(DiscoveryTest, RefusesWhatIsNotBuiltAndStaysAsItWas) {
  config::Discoveries wanted;
  wanted.static_targets = {{{"a:1"}, {}}};
  apply({{"a", wanted}});
  config::Discoveries other;
  other.others["dns_sd_configs"].emplace_back();
  const Status status = discovery_.apply({{"a", {}}, {"b", other}}, now_);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "b: dns_sd_configs is not built");
  EXPECT_THAT(addresses(), ElementsAre("a:1"));
}

TEST_F(DiscoveryTest, RefusesOptionsThatMakeNoSense) {
  config::Discoveries wanted = of_server("http://127.0.0.1:1/");
  wanted.http[0].http.oauth2.emplace().grant_type = "x";
  const Status status = discovery_.apply({{"a", wanted}}, now_);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "a: http_sd_configs: oauth2: grant_type x is not built; client_credentials is");
}

// ---- Files

TEST_F(DiscoveryTest, ReadsFilesAtOnce) {
  write("t.json", R"([{"targets": ["one:1"], "labels": {"job": "x"}}])");
  write("t.yml", "- targets: [two:2]\n");
  apply({{"a", of_files({path("t.*")})}});
  const TargetGroups groups = discovery_.targets("a");
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0]->source, path("t.json") + ":0");
  EXPECT_EQ(groups[0]->labels, (Labels{{"__meta_filepath", path("t.json")}, {"job", "x"}}));
  EXPECT_THAT(addresses(), ElementsAre("one:1", "two:2"));
}

TEST_F(DiscoveryTest, ReadsAFileOfTwoGlobsOnce) {
  write("t.json", kOne);
  apply({{"a", of_files({path("t.json"), path("*.json")})}});
  EXPECT_THAT(addresses(), ElementsAre("one:1"));
}

TEST_F(DiscoveryTest, SeesChangesOfFilesWithinSeconds) {
  write("t.json", kOne);
  apply({{"a", of_files({path("*.json")})}, {"b", of_files({path("other.json")})}});
  EXPECT_THAT(discovery_.tick(now_), IsEmpty());
  write("t.json", R"([{"targets": ["three:3"]}])");
  EXPECT_THAT(tick_after(seconds(4)), IsEmpty());
  EXPECT_THAT(tick_after(seconds(1)), ElementsAre("a"));
  EXPECT_THAT(addresses(), ElementsAre("three:3"));
  write("u.json", kTwo);
  EXPECT_THAT(tick_after(seconds(5)), ElementsAre("a"));
  EXPECT_THAT(addresses(), ElementsAre("three:3", "two:2"));
  EXPECT_EQ(metric("prometheus_sd_discovered_targets", {{"config", "a"}, {"name", "notify"}}), 2);
  fs::remove(path("t.json"));
  EXPECT_THAT(tick_after(seconds(5)), ElementsAre("a"));
  EXPECT_THAT(addresses(), ElementsAre("two:2"));
  EXPECT_THAT(tick_after(seconds(5)), IsEmpty());
  EXPECT_EQ(metric("prometheus_sd_received_updates_total", {{"name", "notify"}}), 4);
  EXPECT_EQ(metric("prometheus_sd_updates_total", {{"name", "notify"}}), 3);
}

TEST_F(DiscoveryTest, TellsNothingIfAFileChangesButItsTargetsDoNot) {
  write("t.json", kOne);
  apply({{"a", of_files({path("t.json")})}});
  const TargetGroups before = discovery_.targets("a");
  write("t.json", std::string(kOne) + "\n\n");
  EXPECT_THAT(tick_after(seconds(5)), IsEmpty());
  EXPECT_EQ(discovery_.targets("a"), before);
}

TEST_F(DiscoveryTest, LooksAtAFileOfTwoSetsOnce) {
  write("t.json", "[");
  apply({{"a", of_files({path("t.json")})}, {"b", of_files({path("t.json")})}});
  EXPECT_EQ(metric("prometheus_sd_file_read_errors_total"), 1);
  write("t.json", kOne);
  EXPECT_THAT(tick_after(seconds(5)), ElementsAre("a", "b"));
}

TEST_F(DiscoveryTest, ABrokenFileKeepsItsTargetsAndIsLoggedOnceForEachChange) {
  write("t.json", kOne);
  write("u.json", kTwo);
  apply({{"a", of_files({path("*.json")})}});
  write("t.json", "[ ");
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) EXPECT_THAT(tick_after(seconds(5)), IsEmpty());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("file_sd: " + path("t.json") +
                        ": not JSON: incomplete JSON; the targets known before stay"));
  EXPECT_THAT(addresses(), ElementsAre("one:1", "two:2"));
  EXPECT_EQ(metric("prometheus_sd_file_read_errors_total"), 1);

  // Read again every refresh_interval, but not worth another line.
  ::testing::internal::CaptureStderr();
  tick_after(seconds(300));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(metric("prometheus_sd_file_read_errors_total"), 2);

  write("t.json", "[   ");
  ::testing::internal::CaptureStderr();
  tick_after(seconds(5));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("not JSON"));

  write("t.json", R"([{"targets": ["back:1"]}])");
  EXPECT_THAT(tick_after(seconds(5)), ElementsAre("a"));
  EXPECT_THAT(addresses(), ElementsAre("back:1", "two:2"));
}

TEST_F(DiscoveryTest, AFolderThatCannotBeListedKeepsItsTargets) {
  write("t.json", kOne);
  apply({{"a", of_files({path("*.json")})}});
  // What leads to itself cannot be listed by anybody, root included.
  const fs::path aside = folder_.string() + "_aside";
  fs::rename(folder_, aside);
  fs::create_symlink(folder_, folder_);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) EXPECT_THAT(tick_after(seconds(5)), IsEmpty());
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("file_sd: " + path("*.json") + ": "));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  EXPECT_THAT(addresses(), ElementsAre("one:1"));
  EXPECT_EQ(metric("prometheus_sd_file_read_errors_total"), 3);
  fs::remove(folder_);
  fs::rename(aside, folder_);
}

TEST_F(DiscoveryTest, AFileThatCannotBeReadKeepsItsTargets) {
  write("t.json", kOne);
  apply({{"a", of_files({path("t.json")})}});
  fs::remove(path("t.json"));
  fs::create_directory(path("t.json"));
  ::testing::internal::CaptureStderr();
  tick_after(seconds(5));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("file_sd: " + path("t.json")));
  EXPECT_THAT(addresses(), ElementsAre("one:1"));
}

TEST_F(DiscoveryTest, AFileThatIsTooLargeIsNotRead) {
  write("t.json", "");
  fs::resize_file(path("t.json"), (std::size_t{32} << 20) + 1);
  ::testing::internal::CaptureStderr();
  apply({{"a", of_files({path("t.json")})}});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("more than 33554432 bytes"));
}

// ---- Servers

TEST_F(DiscoveryTest, AsksServers) {
  std::promise<std::string> asked;
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest& request) {
    asked.set_value(request.method + " " + request.target + " " + request.header("accept") + " " +
                    request.header("x-prometheus-refresh-interval-seconds"));
    return answer_json(connection, R"([{"targets": ["one:1"], "labels": {"job": "x"}}])");
  });
  apply({{"a", of_server(server.url("/sd?x=1"))}});
  EXPECT_THAT(wait_for_change(), ElementsAre("a"));
  EXPECT_EQ(asked.get_future().get(), "GET /sd?x=1 application/json 60");
  const TargetGroups groups = discovery_.targets("a");
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0]->source, server.url("/sd?x=1") + ":0");
  EXPECT_EQ(groups[0]->labels, (Labels{{"__meta_url", server.url("/sd?x=1")}, {"job", "x"}}));
  EXPECT_EQ(http_failures(), 0);
}

TEST_F(DiscoveryTest, AsksAgainEveryRefreshInterval) {
  std::atomic<int> asked = 0;
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest&) {
    return answer_json(connection, ++asked == 1 ? kOne : kTwo);
  });
  apply({{"a", of_server(server.url("/"))}});
  wait_for_change();
  EXPECT_THAT(addresses(), ElementsAre("one:1"));
  tick_after(milliseconds(59'999));
  EXPECT_EQ(asked, 1);
  now_ += milliseconds(1);  // the tick that asks may see the answer already
  EXPECT_THAT(wait_for_change(), ElementsAre("a"));
  EXPECT_THAT(addresses(), ElementsAre("two:2"));
}

TEST_F(DiscoveryTest, AsksForTwoSetsOnce) {
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest&) {
    return answer_json(connection, kOne);
  });
  apply({{"a", of_server(server.url("/"))}, {"b", of_server(server.url("/"))}});
  EXPECT_THAT(wait_for_change(), ElementsAre("a", "b"));
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(DiscoveryTest, TellsWhenAllServersHaveAnsweredWellOrNot) {
  std::promise<void> let_go;
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest& request) {
    if (request.target == "/good") return answer_json(connection, kOne);
    let_go.get_future().wait();
    connection.answer(500, "");
    return true;
  });
  EXPECT_TRUE(discovery_.has_all_answers());  // to nothing
  config::Discoveries both = of_server(server.url("/good"));
  both.http.emplace_back().url = server.url("/bad");
  apply({{"a", both}});
  wait_for_change();
  EXPECT_FALSE(discovery_.has_all_answers());
  let_go.set_value();
  wait_until([&] { return discovery_.has_all_answers(); });
  EXPECT_THAT(addresses(), ElementsAre("one:1"));
}

TEST_F(DiscoveryTest, WhatIsNotADocumentOfTargetsChangesNothing) {
  struct Answer {
    int status;
    std::string_view type, body, want;
  };
  static constexpr Answer kAnswers[] = {
      {200, "application/json", kOne, ""},
      {503, "application/json", kTwo, "server returned HTTP status 503"},
      {204, "application/json", "", "server returned HTTP status 204"},
      {200, "text/html", kTwo, "unsupported content type \\\"text/html\\\""},
      {200, "application/jsonp", kTwo, "unsupported content type \\\"application/jsonp\\\""},
      {200, "application/json; charset=latin1", kTwo,
       "unsupported content type \\\"application/json; charset=latin1\\\""},
      {200, "application/json", "[", "not JSON: incomplete JSON"},
      {200, "application/json", "[null]", "group 1: expected a mapping"},
  };
  std::atomic<std::size_t> next = 0;
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest&) {
    const Answer& answer = kAnswers[next];
    connection.answer(answer.status, answer.body, {"Content-Type: " + std::string(answer.type)});
    return true;
  });
  // The password must not be in the log.
  std::string url = server.url("/");
  url.insert(7, "user:hunter2@");
  apply({{"a", of_server(url)}});
  wait_for_change();
  const Labels kLabels = {{"config", "a"}, {"mechanism", "http"}};
  for (const Answer& answer : kAnswers) {
    if (answer.want.empty()) continue;
    next = static_cast<std::size_t>(&answer - kAnswers);
    const double failures = http_failures();
    ::testing::internal::CaptureStderr();
    tick_after(seconds(60));
    wait_until([&] { return http_failures() > failures; });
    EXPECT_THAT(::testing::internal::GetCapturedStderr(),
                HasSubstr("http_sd: " + server.url("/") + ": " + std::string(answer.want) +
                          "; the targets known before stay"));
    EXPECT_THAT(addresses(), ElementsAre("one:1"));
    EXPECT_EQ(metric("prometheus_sd_refresh_failures_total", kLabels), failures + 1);
  }
}

TEST_F(DiscoveryTest, TakesJsonHoweverItsCharsetIsWritten) {
  constexpr std::string_view kTypes[] = {" application/json ", "Application/JSON;charset=utf-8",
                                         "application/json; charset=\"UTF-8\""};
  for (const std::string_view type : kTypes) {
    HttpTestServer server([type](ServerConnection& connection, const ReceivedRequest&) {
      connection.answer(200, kOne, {"Content-Type:" + std::string(type)});
      return true;
    });
    apply({{"a", of_server(server.url("/"))}});
    EXPECT_THAT(wait_for_change(), ElementsAre("a")) << type;
  }
}

TEST_F(DiscoveryTest, AServerThatIsNotThereIsLoggedOnce) {
  ::testing::internal::CaptureStderr();
  apply({{"a", of_server("http://127.0.0.1:1/sd")}});
  wait_until([&] { return http_failures() == 1; });
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("dial tcp 127.0.0.1:1: connect: connection refused"));
  ::testing::internal::CaptureStderr();
  tick_after(seconds(60));
  wait_until([&] { return http_failures() == 2; });
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(DiscoveryTest, AnAnswerThatIsTooLongIsNotRead) {
  const std::string body(std::size_t{33} << 20, ' ');
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest&) {
    return answer_json(connection, body);
  });
  ::testing::internal::CaptureStderr();
  apply({{"a", of_server(server.url("/"))}});
  wait_until([&] { return http_failures() == 1; });
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("body size limit exceeded"));
}

TEST_F(DiscoveryTest, AnAnswerMayTakeOneRefreshInterval) {
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest&) {
    while (!connection.read_some().empty()) {
    }
    return false;
  });
  config::Discoveries wanted = of_server(server.url("/"));
  wanted.http[0].refresh_interval = 50;
  ::testing::internal::CaptureStderr();
  apply({{"a", wanted}});
  // No second request while one is under way.
  for (int i = 0; i < 20; ++i) tick_after(milliseconds(50));
  wait_until([&] { return http_failures() == 1; });
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("context deadline exceeded"));
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(DiscoveryTest, AReloadKeepsWhatServersSaid) {
  std::atomic<int> asked = 0;
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest&) {
    return answer_json(connection, ++asked == 1 ? kOne : kTwo);
  });
  apply({{"a", of_server(server.url("/"))}});
  wait_for_change();
  const TargetGroups before = discovery_.targets("a");
  apply({{"a", of_server(server.url("/"))}, {"b", of_server(server.url("/"))}});
  EXPECT_EQ(discovery_.targets("a"), before);
  EXPECT_EQ(discovery_.targets("b"), before);
  EXPECT_EQ(asked, 1);

  // Asked in another way, the same URL is asked at once; until then its targets stay.
  config::Discoveries other = of_server(server.url("/"));
  other.http[0].refresh_interval = 30'000;
  apply({{"a", other}});
  wait_until([&] { return addresses() == std::vector<std::string>{"two:2"}; });
  EXPECT_EQ(asked, 2);

  apply({{"a", of_server(server.url("/elsewhere"))}});
  EXPECT_THAT(wait_for_change(), ElementsAre("a"));
}

TEST_F(DiscoveryTest, ItsTargetsStayUntilAUrlAskedInAnotherWayAnswers) {
  std::atomic<int> asked = 0;
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest&) {
    if (++asked == 1) return answer_json(connection, kOne);
    while (!connection.read_some().empty()) {
    }
    return false;
  });
  apply({{"a", of_server(server.url("/"))}});
  wait_for_change();
  config::Discoveries other = of_server(server.url("/"));
  other.http[0].refresh_interval = 30'000;
  apply({{"a", other}});
  wait_until([&] { return asked == 2; });
  EXPECT_THAT(addresses(), ElementsAre("one:1"));
}

TEST_F(DiscoveryTest, MayEndWhileAServerIsAsked) {
  std::atomic<bool> asked = false;
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest&) {
    asked = true;
    while (!connection.read_some().empty()) {
    }
    return false;
  });
  {
    Discovery ending("scrape", client_, metrics_);
    ASSERT_TRUE(ending.apply({{"a", of_server(server.url("/"))}}, now_));
    wait_until([&] { return asked.load(); });
  }
  EXPECT_EQ(http_failures(), 0);
}

}  // namespace
}  // namespace silverback::discovery
