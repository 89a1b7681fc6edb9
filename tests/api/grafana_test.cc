// What Grafana's Prometheus data source needs of a server, one test per need: each of them has
// broken dashboards somewhere.
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "tests/api/api_fixture.h"

namespace silverback::api {
namespace {

using silverback::testing::http_request;
using silverback::testing::HttpAnswer;
using silverback::testing::HttpClient;
using silverback::testing::inflate_body;

class GrafanaTest : public silverback::testing::ApiTest {
 protected:
  void SetUp() override { start(); }
};

TEST_F(GrafanaTest, SaveAndTestAsksForOnePlusOneIn1970) {
  EXPECT_EQ(post("/api/v1/query", "query=1%2B1&time=4&timeout=60s").body,
            R"({"status":"success","data":{"resultType":"scalar","result":[4,"2"]}})");
}

TEST_F(GrafanaTest, ProbesByPostAndGoesOnByGet) {
  for (const char* path : {"/api/v1/status/buildinfo", "/api/v1/rules", "/api/v1/metadata",
                           "/api/v1/label/job/values"}) {
    const HttpAnswer answer = post(path, "limit=10");
    EXPECT_EQ(answer.status, 405) << path;
    EXPECT_EQ(answer.header("allow"), "GET") << path;
    EXPECT_EQ(get(path).status, 200) << path;
  }
}

TEST_F(GrafanaTest, FindsNoFeaturesAndAVersionInBuildinfo) {
  const std::string body = get("/api/v1/status/buildinfo").body;
  EXPECT_EQ(body.find("\"features\""), std::string::npos);
  EXPECT_NE(body.find(R"("version":"3.)"), std::string::npos);
}

TEST_F(GrafanaTest, FindsPageNotFoundWhereMimirHasItsRuler) {
  const HttpAnswer answer = get("/api/v1/rules/test/test");
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.body.find("page not found"), std::string::npos);
}

TEST_F(GrafanaTest, KeepsExemplarsOnAfterItsProbeInMilliseconds) {
  EXPECT_EQ(
      post("/api/v1/query_exemplars", "query=test&start=1795209095484&end=1795212695484").body,
      R"({"status":"success","data":[]})");
}

TEST_F(GrafanaTest, AsksRangesWithFractionalStepsAndTimes) {
  const HttpAnswer answer =
      post("/api/v1/query_range", "query=vector(1)&start=1795219199.5&end=1795219200&step=0.25");
  EXPECT_NE(
      answer.body.find(R"("values":[[1795219199.500,"1"],[1795219199.750,"1"],[1795219200,"1"]])"),
      std::string::npos)
      << answer.body;
}

TEST_F(GrafanaTest, SendsGoDurations) {
  for (const char* query : {"rate(requests_total[1m0s])", "rate(requests_total[3600s])",
                            "rate(requests_total[1h0m0s])"}) {
    EXPECT_EQ(get("/api/v1/query?query=" + std::string(query)).status, 200) << query;
  }
}

TEST_F(GrafanaTest, SendsATimeoutWithEveryQuery) {
  for (const char* timeout : {"60s", "60", "1m30s", "0.5"}) {
    EXPECT_EQ(post("/api/v1/query", "query=up&timeout=" + std::string(timeout)).status, 200)
        << timeout;
  }
  EXPECT_EQ(post("/api/v1/query", "query=up&timeout=1ns").status, 400);
}

TEST_F(GrafanaTest, AddsParametersThatNobodyKnows) {
  EXPECT_EQ(post("/api/v1/query?customer=7", "query=up&max_source_resolution=auto").status, 200);
  EXPECT_EQ(get("/api/v1/labels?dedup=true").status, 200);
}

TEST_F(GrafanaTest, KeepsTheUrlsQueryStringOnPost) {
  const HttpAnswer answer = post("/api/v1/query?time=4", "query=1");
  EXPECT_NE(answer.body.find("[4,\"1\"]"), std::string::npos);
}

TEST_F(GrafanaTest, SendsUrlsOf64KilobytesAndMore) {
  std::string list = "h:1";
  while (list.size() < 70'000) list += "|instance-" + std::to_string(list.size()) + ":9100";
  const HttpAnswer answer =
      get("/api/v1/query?time=1795219200&query=up%7Binstance=~%22" + list + "%22%7D");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("h:1"), std::string::npos);
}

TEST_F(GrafanaTest, PostsQueriesOfMegabytes) {
  const HttpAnswer answer =
      post("/api/v1/query", "time=4&query=1%23" + std::string(2'000'000, 'x'));
  EXPECT_EQ(answer.status, 200) << answer.body.substr(0, 200);
}

TEST_F(GrafanaTest, ReadsErrorsWithoutData) {
  for (const char* target : {"/api/v1/query?query=sum(", "/api/v1/query?query=up%20*%20on()%20up",
                             "/api/v1/series", "/api/v1/query_range?query=up"}) {
    const HttpAnswer answer = get(target);
    EXPECT_GE(answer.status, 400) << target;
    EXPECT_TRUE(answer.body.starts_with(R"({"status":"error","errorType":")")) << answer.body;
    EXPECT_EQ(answer.body.find("\"data\""), std::string::npos) << answer.body;
  }
}

TEST_F(GrafanaTest, SeesAPanelNoticeWhenALimitCutsAList) {
  for (const char* target : {"/api/v1/labels?limit=1", "/api/v1/label/job/values?limit=1",
                             "/api/v1/series?match[]=up&limit=1"}) {
    EXPECT_NE(get(target).body.find(R"("warnings":["results truncated due to limit"])"),
              std::string::npos)
        << target;
  }
  EXPECT_EQ(get("/api/v1/label/job/values?limit=0").body.find("warnings"), std::string::npos);
}

TEST_F(GrafanaTest, FiltersVariablesByMatchAndTime) {
  EXPECT_EQ(get("/api/v1/label/job/values?match[]=up%7Binstance=%22h:1%22%7D&start=1795218000&end="
                "1795219200")
                .body,
            R"({"status":"success","data":["a"]})");
  EXPECT_EQ(get("/api/v1/label/job/values?start=1000&end=2000").body,
            R"({"status":"success","data":[]})");
}

TEST_F(GrafanaTest, AsksForAllLabelsWithoutAnyParameter) {
  EXPECT_EQ(client_
                ->request("POST", "/api/v1/labels",
                          {"Content-Type: application/x-www-form-urlencoded", "Content-Length: 0"})
                .status,
            200);
}

TEST_F(GrafanaTest, EscapesUtf8LabelNamesInPaths) {
  EXPECT_EQ(get("/api/v1/label/U__http_2e_status/values").body,
            R"({"status":"success","data":["a\"<b>&'\n"]})");
}

TEST_F(GrafanaTest, ReceivesEveryAnswerCompressed) {
  for (const char* target :
       {"/api/v1/query?query=up",
        "/api/v1/query_range?query=up&start=1795219100&end=1795219200&step=15", "/api/v1/labels",
        "/api/v1/label/job/values", "/api/v1/series?match[]=up", "/api/v1/metadata",
        "/api/v1/status/buildinfo", "/api/v1/rules", "/api/v1/query?query=sum("}) {
    const HttpAnswer answer = get(target, {"Accept-Encoding: gzip"});
    EXPECT_EQ(answer.header("content-encoding"), "gzip") << target;
    EXPECT_TRUE(inflate_body(answer.body).starts_with("{\"status\":")) << target;
  }
}

TEST_F(GrafanaTest, SendsAllPanelsOverOneConnection) {
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(post("/api/v1/query", "query=up&time=1795219200").status, 200);
  }
  EXPECT_NE(get("/metrics").body.find("silverback_http_connections_accepted_total 1\n"),
            std::string::npos);
}

TEST_F(GrafanaTest, FindsRulesAndAlertsInTheTypesItReads) {
  EXPECT_EQ(get("/api/v1/rules?file=&file[]=&rule_group=&rule_group[]=&rule_name=&exclude_alerts="
                "&group_limit=40&group_next_token=")
                .body,
            R"({"status":"success","data":{"groups":[]}})");
  const HttpAnswer alerts = get("/api/v1/alerts");
  EXPECT_EQ(alerts.header("content-type"), "application/json");
}

// A query far too long for the test, which ends because its client has hung up.
TEST_F(GrafanaTest, LeavesDashboardsWhoseQueriesThenEnd) {
  HttpClient client(address_);
  client.send(http_request(
      "GET",
      "/api/v1/query?timeout=120s&query="
      "count_over_time((sum_over_time((sum_over_time(requests_total[60d:1s]))[60d:1s]))[60d:1s])"));
  const auto running = [this] {
    return get("/metrics").body.find("prometheus_engine_queries 1\n") != std::string::npos;
  };
  for (int i = 0; i < 200 && !running(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  client.disconnect();
  const auto before = std::chrono::steady_clock::now();
  while (running() && std::chrono::steady_clock::now() - before < std::chrono::seconds(20)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(running());
}

}  // namespace
}  // namespace silverback::api
