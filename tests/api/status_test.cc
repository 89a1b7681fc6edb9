#include <gtest/gtest.h>

#include "tests/api/api_fixture.h"

namespace silverback::api {
namespace {

using silverback::testing::ApiCase;
using silverback::testing::HttpAnswer;
using silverback::testing::HttpClient;
using silverback::testing::inflate_body;

class StatusTest : public silverback::testing::ApiTest {};

TEST_F(StatusTest, AnswersNothingButItsStateUntilItIsReady) {
  listen();
  for (const char* path : {"/-/healthy", "/metrics", "/version", "/", "/status", "/alerts",
                           "/api/v1/status/walreplay", "/api/v1/notifications"}) {
    EXPECT_EQ(get(path).status, 200) << path;
  }
  for (const char* path : {"/-/ready", "/api/v1/query?query=1", "/api/v1/labels", "/api/v1/rules",
                           "/api/v1/status/buildinfo", "/graph?g0.expr=1"}) {
    const HttpAnswer answer = get(path);
    EXPECT_EQ(answer.status, 503) << path;
    EXPECT_EQ(answer.body, "Service Unavailable") << path;
    EXPECT_EQ(answer.header("x-prometheus-stopping"), "false") << path;
  }
  EXPECT_EQ(client_->request("POST", "/api/v1/write", {}, "x").status, 503);
  open_storage();
  EXPECT_EQ(get("/-/ready").body, "Prometheus Server is Ready.\n");
  EXPECT_EQ(get("/-/healthy").body, "Prometheus Server is Healthy.\n");
  EXPECT_EQ(get("/api/v1/labels").status, 200);
  EXPECT_EQ(client_->request("HEAD", "/-/ready").status, 200);
  EXPECT_EQ(client_->request("HEAD", "/-/healthy").status, 200);
}

TEST_F(StatusTest, AnswersAWrongMethodWith405AndAllow) {
  start();
  struct Case {
    std::string_view method, target, allow;
  };
  const Case cases[] = {
      {"POST", "/api/v1/status/buildinfo", "GET"},
      {"POST", "/api/v1/rules", "GET"},
      {"POST", "/api/v1/label/job/values", "GET"},
      {"PUT", "/api/v1/query", "GET, POST"},
      {"HEAD", "/api/v1/query", "GET, POST"},
      {"DELETE", "/api/v1/series", "GET, POST"},
      {"GET", "/api/v1/write", "POST"},
      {"GET", "/api/v1/admin/tsdb/flush", "POST, PUT"},
      {"GET", "/-/reload", "POST, PUT"},
      {"POST", "/-/healthy", "GET, HEAD"},
      {"PATCH", "/metrics", "GET"},
  };
  for (const Case& wanted : cases) {
    const HttpAnswer answer = client_->request(wanted.method, wanted.target);
    EXPECT_EQ(answer.status, 405) << wanted.method << " " << wanted.target;
    EXPECT_EQ(answer.header("allow"), wanted.allow) << wanted.method << " " << wanted.target;
  }
  // Grafana asks by POST with a body first and goes on with GET on the same connection.
  EXPECT_EQ(post("/api/v1/status/buildinfo", "a=b").status, 405);
  EXPECT_EQ(get("/api/v1/status/buildinfo").status, 200);
}

TEST_F(StatusTest, DoesNotKnowOtherPaths) {
  start();
  for (const char* path : {"/api/v1/rules/test/test", "/api/v1/nothing", "/nothing",
                           "/api/v2/query", "/api/v1/label//values", "/api/v1/label/a/b/values",
                           "//", "/api/v1/query/", "/%2e%2e/etc/passwd", "*"}) {
    const HttpAnswer answer = get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body, "404 page not found\n") << path;
  }
}

TEST_F(StatusTest, ReportsAVersionThatGrafanaTakesForPrometheus) {
  start();
  const std::string body = get("/api/v1/status/buildinfo").body;
  EXPECT_TRUE(body.starts_with(R"({"status":"success","data":{"version":"3.14.0",)")) << body;
  EXPECT_EQ(body.find("features"), std::string::npos);
  EXPECT_NE(body.find(R"("application":"Silverback","applicationVersion":"0.1.0")"),
            std::string::npos);
  EXPECT_NE(get("/version").body.find("3.14.0"), std::string::npos);
}

TEST_F(StatusTest, ShowsFlagsConfigurationAndRuntime) {
  config_status_.yaml = "global:\n  a: \"b\"\n";
  start();
  EXPECT_EQ(
      get("/api/v1/status/flags").body,
      R"({"status":"success","data":{"storage.tsdb.retention.time":"15d","web.listen-address":"x<y>"}})");
  EXPECT_EQ(get("/api/v1/status/config").body,
            R"({"status":"success","data":{"yaml":"global:\n  a: \"b\"\n"}})");
  const std::string runtime = get("/api/v1/status/runtimeinfo").body;
  for (const char* part :
       {R"("startTime":"2026-11-21T00:00:00Z")", R"("CWD":"/)", R"("hostname":"host.example")",
        R"("serverTime":"2026-11-21T00:00:00Z")", R"("reloadConfigSuccess":true)",
        R"("lastConfigTime":"2026-11-20T23:59:59Z")", R"("corruptionCount":0)",
        R"("goroutineCount":)", R"("GOMAXPROCS":)", R"("GOMEMLIMIT":)", R"("GOGC":)",
        R"("GODEBUG":)", R"("storageRetention":"15d")"}) {
    EXPECT_NE(runtime.find(part), std::string::npos) << part << " in " << runtime;
  }
}

TEST_F(StatusTest, ShowsWhatIsInTheHead) {
  start();
  const std::string body = get("/api/v1/status/tsdb?limit=1").body;
  for (const char* part :
       {R"("headStats":{"numSeries":5,"numLabelPairs":)", R"("maxTime":1795219200000)",
        R"("seriesCountByMetricName":[{"name":")", R"("value":2}],"labelValueCountByLabelName":[)",
        R"("memoryInBytesByLabelName":[)", R"("seriesCountByLabelValuePair":[)"}) {
    EXPECT_NE(body.find(part), std::string::npos) << part << " in " << body;
  }
  for (const char* bad : {"0", "-1", "x", "10001"}) {
    EXPECT_EQ(get("/api/v1/status/tsdb?limit=" + std::string(bad)).status, 400) << bad;
  }
}

TEST_F(StatusTest, AnswersEmptyListsInTheirShapes) {
  start();
  const ApiCase cases[] = {
      {"/api/v1/rules", 200, R"({"status":"success","data":{"groups":[]}})"},
      {"/api/v1/rules?type=alert&exclude_alerts=&file=&rule_group[]=", 200,
       R"({"status":"success","data":{"groups":[]}})"},
      {"/api/v1/rules?type=x", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"type\": not supported value \"x\""})"},
      {"/api/v1/alerts", 200, R"({"status":"success","data":{"alerts":[]}})"},
      {"/api/v1/alertmanagers", 200,
       R"({"status":"success","data":{"activeAlertmanagers":[],"droppedAlertmanagers":[]}})"},
      {"/api/v1/targets", 200,
       R"({"status":"success","data":{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}})"},
      {"/api/v1/targets/metadata", 200, R"({"status":"success","data":[]})"},
      {"/api/v1/scrape_pools", 200, R"({"status":"success","data":{"scrapePools":[]}})"},
  };
  for (const ApiCase& wanted : cases) {
    const HttpAnswer answer = get(wanted.target);
    EXPECT_EQ(answer.status, wanted.status) << wanted.target;
    EXPECT_EQ(answer.body, wanted.body) << wanted.target;
  }
}

TEST_F(StatusTest, CompressesWithTheFirstEncodingItKnows) {
  start();
  const std::string plain = get("/api/v1/labels").body;
  struct Case {
    std::string_view accept, encoding;
  };
  const Case cases[] = {{"gzip", "gzip"},
                        {"deflate, gzip", "deflate"},
                        {"br, zstd, gzip", "gzip"},
                        {"GZIP;q=0.5", "gzip"},
                        {"br", ""},
                        {"", ""},
                        {"gzipped", ""},
                        {" deflate ;q=1,gzip", "deflate"}};
  for (const Case& wanted : cases) {
    const HttpAnswer answer =
        get("/api/v1/labels", {"Accept-Encoding: " + std::string(wanted.accept)});
    EXPECT_EQ(answer.header("content-encoding"), wanted.encoding) << wanted.accept;
    EXPECT_EQ(wanted.encoding.empty() ? answer.body : inflate_body(answer.body), plain)
        << wanted.accept;
  }
  for (const char* path : {"/metrics", "/api/v1/status/buildinfo", "/api/v1/query?query=1&time=4",
                           "/api/v1/query?query=sum("}) {
    const HttpAnswer packed = get(path, {"Accept-Encoding: gzip"});
    EXPECT_EQ(packed.header("content-encoding"), "gzip") << path;
    EXPECT_FALSE(inflate_body(packed.body).empty()) << path;
  }
}

TEST_F(StatusTest, LetsBrowsersOfEveryOriginRead) {
  start();
  const HttpAnswer answer = get("/api/v1/labels", {"Origin: http://x.example"});
  EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
  EXPECT_EQ(answer.header("access-control-allow-headers"),
            "Accept, Authorization, Content-Type, Origin");
  EXPECT_EQ(answer.header("access-control-allow-methods"), "GET, POST, OPTIONS");
  EXPECT_EQ(answer.header("access-control-expose-headers"), "Date");
  EXPECT_EQ(answer.header("vary"), "Origin");
  EXPECT_EQ(get("/api/v1/labels").header("access-control-allow-origin"), "");
  const HttpAnswer preflight =
      client_->request("OPTIONS", "/api/v1/query", {"Origin: http://x.example"});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("access-control-allow-origin"), "*");
  EXPECT_EQ(preflight.header("content-length"), "");
  EXPECT_EQ(client_->request("OPTIONS", "/api/v1/write").status, 204);
}

TEST_F(StatusTest, LetsOnlyTheConfiguredOriginsRead) {
  options_.cors_origin = "https?://(a|b)\\.example";
  start();
  EXPECT_EQ(
      get("/api/v1/labels", {"Origin: http://a.example"}).header("access-control-allow-origin"),
      "http://a.example");
  for (const char* other : {"http://c.example", "http://a.example.evil", "null"}) {
    EXPECT_EQ(get("/api/v1/labels", {"Origin: " + std::string(other)})
                  .header("access-control-allow-origin"),
              "")
        << other;
  }
}

TEST_F(StatusTest, AnswersUnderThePrefixOnly) {
  options_.external_path = options_.route_prefix = "/prom/a";
  start();
  EXPECT_EQ(get("/prom/a/-/healthy").status, 200);
  EXPECT_EQ(get("/prom/a/api/v1/query?query=1&time=4").status, 200);
  EXPECT_EQ(get("/prom/a/api/v1/label/job/values").status, 200);
  EXPECT_EQ(get("/-/healthy").status, 404);
  EXPECT_EQ(get("/prom/ab/-/healthy").status, 404);
  EXPECT_EQ(get("/prom/a").status, 200);
  const HttpAnswer redirect = get("/");
  EXPECT_EQ(redirect.status, 302);
  EXPECT_EQ(redirect.header("location"), "/prom/a");
  EXPECT_NE(get("/prom/a/graph").body.find("action=\"/prom/a/graph\""), std::string::npos);
}

// Behind a proxy that takes the path away: what comes in has none, what a browser asks for has.
TEST_F(StatusTest, LinksToTheExternalPathWhateverTheRoutePrefix) {
  options_.external_path = "/prom";
  start();
  EXPECT_EQ(get("/-/healthy").status, 200);
  EXPECT_EQ(get("/prom/-/healthy").status, 404);
  const HttpAnswer page = get("/graph");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("action=\"/prom/graph\""), std::string::npos);
  EXPECT_NE(page.body.find("href=\"/prom/alerts\""), std::string::npos);
}

TEST_F(StatusTest, TellsOfAConfigurationThatWasRefused) {
  config_status_.reload_success = false;
  config_status_.storage_retention = "";
  start();
  const std::string runtime = get("/api/v1/status/runtimeinfo").body;
  EXPECT_NE(runtime.find(R"("reloadConfigSuccess":false)"), std::string::npos) << runtime;
  EXPECT_NE(runtime.find(R"("storageRetention":"")"), std::string::npos) << runtime;
}

TEST_F(StatusTest, SealsAndCompactsOnlyIfTheAdminApiIsOn) {
  start();
  for (const char* path : {"flush", "compact", "delete_series", "snapshot", "clean_tombstones"}) {
    const HttpAnswer off = client_->request("POST", "/api/v1/admin/tsdb/" + std::string(path));
    EXPECT_EQ(off.status, 500) << path;
    EXPECT_TRUE(off.body.starts_with(
        R"({"status":"error","errorType":"unavailable","error":"admin APIs disabled)"))
        << off.body;
  }
}

TEST_F(StatusTest, KeepsEverySampleWhenTheHeadIsSealed) {
  options_.enable_admin_api = true;
  start();
  const std::string query = "/api/v1/query?query=requests_total%5B1h%5D&time=1795219200";
  const std::string before = get(query).body;
  EXPECT_EQ(client_->request("POST", "/api/v1/admin/tsdb/flush").status, 204);
  EXPECT_EQ(get(query).body, before);
  EXPECT_EQ(client_->request("PUT", "/api/v1/admin/tsdb/compact").status, 204);
  EXPECT_EQ(get(query).body, before);
  const HttpAnswer missing = client_->request("POST", "/api/v1/admin/tsdb/delete_series");
  EXPECT_EQ(missing.status, 500);
  EXPECT_NE(missing.body.find("delete_series is not supported"), std::string::npos);
}

TEST_F(StatusTest, ReloadsAndQuitsOnlyIfTheLifecycleIsOn) {
  bool reloaded = false, ended = false;
  reload_ = [&] {
    reloaded = true;
    return Status{};
  };
  quit_ = [&] { ended = true; };
  start();
  EXPECT_EQ(client_->request("POST", "/-/reload").status, 403);
  EXPECT_EQ(client_->request("POST", "/-/quit").status, 403);
  EXPECT_FALSE(reloaded);
  EXPECT_FALSE(ended);
}

TEST_F(StatusTest, TellsWhyAReloadFailed) {
  options_.enable_lifecycle = true;
  bool good = true, ended = false;
  reload_ = [&]() -> Status {
    if (good) return {};
    return fail(ErrorCode::kInvalidArgument, "line 3: no");
  };
  quit_ = [&] { ended = true; };
  start();
  EXPECT_EQ(client_->request("POST", "/-/reload").status, 200);
  good = false;
  const HttpAnswer failed = client_->request("PUT", "/-/reload");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body, "failed to reload config: line 3: no\n");
  EXPECT_EQ(client_->request("POST", "/-/quit").status, 200);
  EXPECT_TRUE(ended);
}

TEST_F(StatusTest, ReloadsNothingWithoutAConfiguration) {
  options_.enable_lifecycle = true;
  start();
  EXPECT_EQ(client_->request("POST", "/-/reload").status, 200);
}

TEST_F(StatusTest, CountsItsRequests) {
  start();
  get("/api/v1/query?query=1&time=4");
  get("/api/v1/query?query=sum(");
  get("/api/v1/label/job/values");
  const HttpAnswer page = get("/metrics");
  EXPECT_EQ(page.body.find("handler=\"/api/v1/series\""), std::string::npos) << "not asked for";
  EXPECT_EQ(page.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"# TYPE prometheus_http_requests_total counter\n",
        "prometheus_http_requests_total{code=\"200\",handler=\"/api/v1/query\"} 1\n",
        "prometheus_http_requests_total{code=\"400\",handler=\"/api/v1/query\"} 1\n",
        "prometheus_http_requests_total{code=\"200\",handler=\"/api/v1/label/:name/values\"} 1\n",
        "prometheus_http_request_duration_seconds_count{handler=\"/api/v1/query\"} 2\n",
        "prometheus_http_response_size_bytes_count{handler=\"/api/v1/query\"} 2\n",
        "prometheus_engine_queries_concurrent_max 20\n",
        "prometheus_engine_query_duration_seconds_count{slice=\"inner_eval\"} 1\n"}) {
    EXPECT_NE(page.body.find(line), std::string::npos) << line << page.body;
  }
}

TEST_F(StatusTest, EscapesAllTextInItsPages) {
  start();
  const HttpAnswer result = get("/graph?g0.expr=odd&g0.tab=1");
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.header("content-type"), "text/html; charset=utf-8");
  EXPECT_TRUE(result.header("content-security-policy").starts_with("default-src 'none';"));
  EXPECT_EQ(result.body.find("<b>&"), std::string::npos);
  EXPECT_NE(result.body.find("a\\&#34;&lt;b&gt;&amp;&#39;\\n"), std::string::npos) << result.body;

  const HttpAnswer attack = get("/graph?g0.expr=%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
  EXPECT_EQ(attack.body.find("<script"), std::string::npos);
  EXPECT_NE(attack.body.find("value=\"&#34;&gt;&lt;script&gt;"), std::string::npos);

  const HttpAnswer status = get("/status");
  EXPECT_NE(status.body.find("x&lt;y&gt;"), std::string::npos);
  EXPECT_EQ(status.body.find("x<y>"), std::string::npos);
}

TEST_F(StatusTest, ShowsAnExpressionsValueAsATable) {
  start();
  struct Case {
    std::string_view expression, shows;
  };
  const Case cases[] = {
      {"up", "<tr><td>up{instance=&#34;h:1&#34;, job=&#34;a&#34;}</td><td class=\"value\">1</td>"},
      {"1%2B1", "<tr><td>scalar</td><td class=\"value\">2</td>"},
      {"%22a%22", "<tr><td>string</td><td class=\"value\">a</td>"},
      {"requests_total%7Bjob=%22a%22%7D%5B30s%5D", "127 @1795219185\n130 @1795219200"},
      {"nothing", "Empty query result."},
      {"sum(", "class=\"error\">1:"},
      {"rate(up%5B5m%5D)", "class=\"note\">PromQL info: "},
  };
  for (const Case& wanted : cases) {
    const HttpAnswer answer = get("/graph?g0.expr=" + std::string(wanted.expression));
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.body.find(wanted.shows), std::string::npos)
        << wanted.expression << answer.body;
  }
  for (const char* path : {"/", "/graph", "/query", "/alerts", "/targets", "/status"}) {
    const HttpAnswer answer = get(path);
    EXPECT_EQ(answer.status, 200) << path;
    for (const char* link : {"href=\"/alerts\"", "href=\"/targets\"", "href=\"/status\""}) {
      EXPECT_NE(answer.body.find(link), std::string::npos) << path;
    }
    EXPECT_EQ(answer.body.find("<script"), std::string::npos) << path;
  }
}

TEST_F(StatusTest, RefusesOptionsThatMakeNoSense) {
  ThreadPool pool("any", 1);
  const auto listens = [&] {
    Server server(options_, {.clock = &clock_,
                             .metrics = &metrics_,
                             .queries = &pool,
                             .work = &pool,
                             .config_status = {},
                             .reload = {},
                             .quit = {}});
    return server.listen().has_value();
  };
  EXPECT_TRUE(listens());
  options_.cors_origin = "(";
  EXPECT_FALSE(listens());
}

}  // namespace
}  // namespace silverback::api
