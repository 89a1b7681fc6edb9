#include <gtest/gtest.h>

#include "tests/api/api_fixture.h"

namespace silverback::api {
namespace {

using silverback::testing::ApiCase;
using silverback::testing::HttpAnswer;
using silverback::testing::HttpClient;
using silverback::testing::inflate_body;
using silverback::testing::kNow;

class QueryTest : public silverback::testing::ApiTest {
 protected:
  void SetUp() override { start(); }
  void expect(const ApiCase& wanted) {
    const HttpAnswer answer = get(wanted.target);
    EXPECT_EQ(answer.status, wanted.status) << wanted.target;
    EXPECT_EQ(answer.body, wanted.body) << wanted.target;
    EXPECT_EQ(answer.header("content-type"), "application/json") << wanted.target;
  }
};

TEST_F(QueryTest, WritesEveryResultType) {
  const ApiCase cases[] = {
      {"/api/v1/query?query=1%2B1&time=4", 200,
       R"({"status":"success","data":{"resultType":"scalar","result":[4,"2"]}})"},
      {"/api/v1/query?query=%22a%5C%22b%22&time=4.5", 200,
       R"({"status":"success","data":{"resultType":"string","result":[4.500,"a\"b"]}})"},
      {"/api/v1/query?query=up%7Bjob=%22a%22%7D&time=1795219200", 200,
       R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","instance":"h:1","job":"a"},"value":[1795219200,"1"]}]}})"},
      {"/api/v1/query?query=requests_total%7Bjob=%22a%22%7D%5B30s%5D&time=1795219200", 200,
       R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"requests_total","code":"200","job":"a"},"values":[[1795219185,"127"],[1795219200,"130"]]}]}})"},
      {"/api/v1/query?query=nothing", 200,
       R"({"status":"success","data":{"resultType":"vector","result":[]}})"},
      {"/api/v1/"
       "query_range?query=up%7Bjob=%22b%22%7D%2B0.5&start=1795219170.25&end=1795219200&step=15",
       200,
       R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{"instance":"h:2","job":"b"},"values":[[1795219170.250,"0.5"],[1795219185.250,"0.5"]]}]}})"},
      {"/api/v1/query_range?query=nothing&start=0&end=1&step=1", 200,
       R"({"status":"success","data":{"resultType":"matrix","result":[]}})"},
  };
  for (const ApiCase& wanted : cases) expect(wanted);
}

TEST_F(QueryTest, WritesNumbersAsPrometheusDoes) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"1e-7", "1e-07"},
      {"1e-6", "0.000001"},
      {"1e20", "100000000000000000000"},
      {"1e21", "1e+21"},
      {"NaN", "NaN"},
      {"-Inf", "-Inf"},
      {"%2BInf", "+Inf"},
      {"0.1%2B0.2", "0.30000000000000004"}};
  for (const auto& [expression, text] : cases) {
    const HttpAnswer answer = get("/api/v1/query?time=0&query=" + std::string(expression));
    EXPECT_EQ(answer.body, R"({"status":"success","data":{"resultType":"scalar","result":[0,")" +
                               std::string(text) + R"("]}})");
  }
}

TEST_F(QueryTest, RefusesBadParametersByName) {
  const ApiCase cases[] = {
      {"/api/v1/query?query=up&time=x", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"time\": cannot parse \"x\" to a valid timestamp"})"},
      {"/api/v1/query?query=up&timeout=x", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"timeout\": cannot parse \"x\" to a valid duration"})"},
      {"/api/v1/query?query=up&limit=-1", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"limit\": limit must be non-negative"})"},
      {"/api/v1/query?query=up&lookback_delta=x", 400,
       R"({"status":"error","errorType":"bad_data","error":"error parsing lookback delta duration: cannot parse \"x\" to a valid duration"})"},
      {"/api/v1/query?query=%zz", 400,
       R"({"status":"error","errorType":"bad_data","error":"error parsing form values: invalid URL escape \"%zz\""})"},
      {"/api/v1/query_range?query=up&end=1&step=1", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"start\": cannot parse \"\" to a valid timestamp"})"},
      {"/api/v1/query_range?query=up&start=2&end=1&step=1", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"end\": end timestamp must not be before start time"})"},
      {"/api/v1/query_range?query=up&start=1&end=2", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"step\": cannot parse \"\" to a valid duration"})"},
      {"/api/v1/query_range?query=up&start=1&end=2&step=0", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"})"},
      {"/api/v1/query_range?query=up&start=1&end=2&step=-1m", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"step\": cannot parse \"-1m\" to a valid duration"})"},
      {"/api/v1/query_range?query=up&start=0&end=11001&step=1", 400,
       R"json({"status":"error","errorType":"bad_data","error":"exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"})json"},
      {"/api/v1/query_range?query=up&start=0&end=1&step=1e20", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"step\": cannot parse \"1e20\" to a valid duration. It overflows int64"})"},
  };
  for (const ApiCase& wanted : cases) expect(wanted);
  EXPECT_EQ(get("/api/v1/query_range?query=up&start=0&end=11000&step=1").status, 200);
  EXPECT_EQ(get("/api/v1/query_range?query=up&start=0&end=600&step=1m").status, 200);
}

TEST_F(QueryTest, SurvivesTheEdgesOfTime) {
  for (const char* range :
       {"start=-4e15&end=4e15&step=1", "start=-1e300&end=1e300&step=1", "start=NaN&end=1&step=1",
        "start=0&end=4e15&step=4e14", "start=0&end=1&step=0.0001", "start=0&end=1&step=9e9"}) {
    for (const char* query :
         {"up", "vector(1)", "up%20offset%201000y", "up%5B1000y:1s%5D%40end()"}) {
      const HttpAnswer answer = get("/api/v1/query_range?" + std::string(range) +
                                    "&timeout=2s&query=" + std::string(query));
      EXPECT_GE(answer.status, 200) << range << query;
    }
  }
  for (const char* time : {"-4e15", "4e15", "9e15", "-292273086-05-16T16:47:06Z",
                           "292277025-08-18T07:12:54.999999999Z", "9999-12-31T23:59:59Z"}) {
    for (const char* query :
         {"up", "time()", "up%5B5m%5D%20offset%20-1y", "timestamp(vector(1))"}) {
      const HttpAnswer answer =
          get("/api/v1/query?time=" + std::string(time) + "&query=" + std::string(query));
      EXPECT_GE(answer.status, 200) << time << query;
      EXPECT_LT(answer.status, 500) << time << query << answer.body;
    }
    EXPECT_EQ(get("/api/v1/labels?start=" + std::string(time)).status % 100, 0);
  }
}

TEST_F(QueryTest, NamesThePlaceOfASyntaxError) {
  const HttpAnswer answer = get("/api/v1/query?query=sum(");
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(answer.body.starts_with(
      R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:)"))
      << answer.body;
  EXPECT_EQ(get("/api/v1/query?query=").status, 400);
  EXPECT_EQ(get("/api/v1/query_range?query=up%5B1m%5D&start=0&end=1&step=1").status, 400);
}

TEST_F(QueryTest, AnswersFailedEvaluationsWith422AndWithoutData) {
  const HttpAnswer answer = get("/api/v1/query?query=up%20%2B%20on()%20up&time=1795219200");
  EXPECT_EQ(answer.status, 422);
  EXPECT_TRUE(answer.body.starts_with(R"({"status":"error","errorType":"execution","error":")"));
  EXPECT_EQ(answer.body.find("\"data\""), std::string::npos);
}

TEST_F(QueryTest, CutsResultsAtTheLimitAndSaysSo) {
  const std::string_view truncated = R"(,"warnings":["results truncated due to limit"]})";
  const HttpAnswer one = get("/api/v1/query?query=up&limit=1&time=1795219200");
  EXPECT_TRUE(one.body.ends_with(truncated)) << one.body;
  EXPECT_EQ(one.body.find("h:2"), std::string::npos);
  const HttpAnswer range =
      get("/api/v1/query_range?query=up&limit=1&start=1795219100&end=1795219200&step=50");
  EXPECT_TRUE(range.body.ends_with(truncated)) << range.body;
  for (const char* limit : {"0", "2", "3", ""}) {
    const HttpAnswer all =
        get("/api/v1/query?query=up&time=1795219200&limit=" + std::string(limit));
    EXPECT_EQ(all.body.find("warnings"), std::string::npos) << limit;
    EXPECT_NE(all.body.find("h:2"), std::string::npos) << limit;
  }
}

TEST_F(QueryTest, WritesStatisticsAfterTheResultWhenAsked) {
  EXPECT_EQ(get("/api/v1/query?query=up").body.find("stats"), std::string::npos);
  for (const char* stats : {"true", "all"}) {
    const std::string body =
        get("/api/v1/query?query=up&time=1795219200&stats=" + std::string(stats)).body;
    const std::size_t at = body.find(R"(,"stats":{"timings":{"evalTotalTime":)");
    EXPECT_NE(at, std::string::npos) << body;
    EXPECT_GT(at, body.find("\"result\"")) << body;
    EXPECT_NE(body.find(R"("samples":{"totalQueryableSamples":)"), std::string::npos) << body;
    EXPECT_NE(body.find("\"peakSamples\":"), std::string::npos) << body;
  }
}

TEST_F(QueryTest, TakesItsOwnLookback) {
  const std::string later = "/api/v1/query?query=up&time=1795219260";  // a minute after the end
  EXPECT_NE(get(later).body.find("h:1"), std::string::npos);
  EXPECT_EQ(get(later + "&lookback_delta=30s").body.find("h:1"), std::string::npos);
  EXPECT_NE(get(later + "&lookback_delta=61").body.find("h:1"), std::string::npos);
}

TEST_F(QueryTest, AsksForNowWithoutATime) {
  const HttpAnswer answer = get("/api/v1/query?query=time()");
  EXPECT_NE(answer.body.find(R"([1795219200,"1795219200"])"), std::string::npos) << answer.body;
  const HttpAnswer rfc3339 = get("/api/v1/query?query=time()&time=2026-11-21T00:00:00Z");
  EXPECT_EQ(rfc3339.body, answer.body);
}

TEST_F(QueryTest, AnswersATimeoutWith503) {
  const HttpAnswer answer = get("/api/v1/query?query=up&timeout=0");
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(answer.body.starts_with(R"({"status":"error","errorType":"timeout","error":")"))
      << answer.body;
}

TEST_F(QueryTest, ShowsAnnotationsAsInfosAndWarnings) {
  const HttpAnswer info = get("/api/v1/query?query=rate(up%5B5m%5D)&time=1795219200");
  EXPECT_EQ(info.status, 200);
  EXPECT_NE(info.body.find(R"("infos":["PromQL info: )"), std::string::npos) << info.body;
  const HttpAnswer warning = get("/api/v1/query?query=quantile(2,up)&time=1795219200");
  EXPECT_NE(warning.body.find(R"("warnings":["PromQL warning: )"), std::string::npos)
      << warning.body;
}

TEST_F(QueryTest, MergesTheUrlWithTheFormAndPrefersTheForm) {
  const HttpAnswer merged = post("/api/v1/query?time=4&query=2", "query=1%2B1");
  EXPECT_EQ(merged.body, R"({"status":"success","data":{"resultType":"scalar","result":[4,"2"]}})");
  const HttpAnswer unknown = get("/api/v1/query?query=1&time=4&custom=x&format=table");
  EXPECT_EQ(unknown.status, 200);
  const HttpAnswer with_charset = client_->request(
      "POST", "/api/v1/query", {"Content-Type: application/x-www-form-urlencoded ; charset=UTF-8"},
      "query=1&time=4");
  EXPECT_EQ(with_charset.status, 200);
  const HttpAnswer no_form = client_->request("POST", "/api/v1/query?query=1&time=4",
                                              {"Content-Type: text/plain"}, "query=2");
  EXPECT_NE(no_form.body.find("[4,\"1\"]"), std::string::npos) << no_form.body;
}

TEST_F(QueryTest, AnswersExemplarsWithAnEmptyList) {
  const std::string_view empty = R"({"status":"success","data":[]})";
  // As Grafana probes: milliseconds where seconds belong.
  const HttpAnswer probe =
      post("/api/v1/query_exemplars", "query=test&start=1795209095484&end=1795212695484");
  EXPECT_EQ(probe.status, 200);
  EXPECT_EQ(probe.body, empty);
  EXPECT_EQ(get("/api/v1/query_exemplars?query=sum(rate(a[5m:1m]))%2B1").body, empty);
  for (const char* without_selectors : {"1", "vector(1)%2Btime()", "%22text%22"}) {
    const HttpAnswer none = get("/api/v1/query_exemplars?query=" + std::string(without_selectors));
    EXPECT_EQ(none.status, 204) << without_selectors;
    EXPECT_EQ(none.body, "");
  }
  EXPECT_EQ(get("/api/v1/query_exemplars?query=sum(").status, 400);
  EXPECT_EQ(get("/api/v1/query_exemplars?query=up&start=2&end=1").status, 400);
}

TEST_F(QueryTest, FormatsExpressions) {
  expect({"/api/v1/format_query?query=sum%20by(job)%20%20(up)", 200,
          R"json({"status":"success","data":"sum by (job) (up)"})json"});
  EXPECT_EQ(get("/api/v1/format_query?query=sum(").status, 400);
}

TEST_F(QueryTest, ShowsTheTreeOfAnExpression) {
  expect(
      {"/api/v1/parse_query?query=sum%20by(job)(rate(up%5B5m%5D%20offset%201m))%20%3E%20bool%201",
       200,
       R"json({"status":"success","data":{"type":"binaryExpr","op":">","lhs":{"type":"aggregation","op":"sum","expr":{"type":"call","func":{"name":"rate","argTypes":["matrix"],"variadic":0,"returnType":"vector"},"args":[{"type":"matrixSelector","range":300000,"name":"up","offset":60000,"matchers":[{"name":"__name__","value":"up","type":"="}],"timestamp":null,"startOrEnd":null,"anchored":false,"smoothed":false}]},"param":null,"grouping":["job"],"without":false},"rhs":{"type":"numberLiteral","val":"1"},"bool":true,"matching":null}})json"});
  EXPECT_EQ(get("/api/v1/parse_query?query=sum(").status, 400);
}

TEST_F(QueryTest, RunsNoMoreQueriesAtOnceThanAllowedButAllOfThem) {
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(std::make_unique<HttpClient>(address_));
    clients.back()->send(
        silverback::testing::http_request("GET", "/api/v1/query?query=vector(1)&time=4"));
  }
  for (const auto& client : clients) EXPECT_EQ(client->receive().status, 200);
}

// A store whose select waits until the query is canceled.
class StuckStorage final : public Queryable {
 public:
  Result<std::unique_ptr<Selection>> select(std::span<const Matcher>,
                                            const SelectHints&) const override {
    MutexLock lock(mutex_);
    entered_ = true;
    changed_.notify_all();
    while (!released_) changed_.wait(mutex_);
    return fail(ErrorCode::kCanceled, "released");
  }
  Result<Names> label_names(std::span<const Matcher>, TimeRange, std::size_t) const override {
    return Names{};
  }
  Result<Names> label_values(std::string_view, std::span<const Matcher>, TimeRange,
                             std::size_t) const override {
    return Names{};
  }
  void wait_until_entered() const {
    MutexLock lock(mutex_);
    while (!entered_) changed_.wait(mutex_);
  }
  void release() const {
    MutexLock lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  mutable Mutex mutex_;
  mutable CondVar changed_;
  mutable bool entered_ GUARDED_BY(mutex_) = false;
  mutable bool released_ GUARDED_BY(mutex_) = false;
};

class BusyTest : public silverback::testing::ApiTest {};

TEST_F(BusyTest, AnswersEverythingElseWhileAllQuerySlotsAreTaken) {
  StuckStorage stuck;
  samples_ = &stuck;
  options_.queries_max = 1;
  start();
  HttpClient slow(address_);
  slow.send(silverback::testing::http_request("GET", "/api/v1/query?query=up"));
  stuck.wait_until_entered();
  HttpClient waiting(address_);
  waiting.send(silverback::testing::http_request("GET", "/api/v1/query?query=1&timeout=50ms"));
  for (const char* path : {"/-/healthy", "/-/ready", "/metrics", "/api/v1/status/buildinfo",
                           "/api/v1/status/tsdb", "/api/v1/rules"}) {
    EXPECT_EQ(get(path).status, 200) << path;
  }
  EXPECT_NE(get("/metrics").body.find("prometheus_engine_queries 2"), std::string::npos);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  stuck.release();
  EXPECT_EQ(slow.receive().status, 499);
  const HttpAnswer late = waiting.receive();
  EXPECT_EQ(late.status, 503);
  EXPECT_NE(late.body.find("query timed out in query queue"), std::string::npos) << late.body;
}

}  // namespace
}  // namespace silverback::api
