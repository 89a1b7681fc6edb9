#include <gtest/gtest.h>

#include "tests/api/api_fixture.h"

namespace silverback::api {
namespace {

using silverback::testing::ApiCase;
using silverback::testing::HttpAnswer;

class SeriesTest : public silverback::testing::ApiTest {
 protected:
  void SetUp() override { start(); }
  void expect(const ApiCase& wanted) {
    const HttpAnswer answer = get(wanted.target);
    EXPECT_EQ(answer.status, wanted.status) << wanted.target;
    EXPECT_EQ(answer.body, wanted.body) << wanted.target;
  }
};

TEST_F(SeriesTest, ListsSeriesNamesAndValues) {
  const ApiCase cases[] = {
      {"/api/v1/series?match[]=up", 200,
       R"({"status":"success","data":[{"__name__":"up","instance":"h:1","job":"a"},{"__name__":"up","instance":"h:2","job":"b"}]})"},
      {"/api/v1/series?match%5B%5D=up%7Bjob=%22b%22%7D&match[]=odd", 200,
       R"({"status":"success","data":[{"__name__":"odd","http.status":"a\"<b>&'\n"},{"__name__":"up","instance":"h:2","job":"b"}]})"},
      {"/api/v1/series?match[]=up%7Bjob=%22a%22%7D&match[]=%7Binstance=%22h:1%22%7D", 200,
       R"({"status":"success","data":[{"__name__":"up","instance":"h:1","job":"a"}]})"},
      {"/api/v1/series?match[]=nothing", 200, R"({"status":"success","data":[]})"},
      {"/api/v1/labels", 200,
       R"({"status":"success","data":["__name__","code","http.status","instance","job"]})"},
      {"/api/v1/labels?match[]=up&match[]=odd", 200,
       R"({"status":"success","data":["__name__","http.status","instance","job"]})"},
      {"/api/v1/label/job/values", 200, R"({"status":"success","data":["a","b"]})"},
      {"/api/v1/label/__name__/values", 200,
       R"({"status":"success","data":["odd","requests_total","up"]})"},
      {"/api/v1/label/job/values?match[]=up%7Binstance=%22h:2%22%7D", 200,
       R"({"status":"success","data":["b"]})"},
      {"/api/v1/label/job/values?match[]=%7Bcode=%22200%22%7D&match[]=%7Bcode=%22500%22%7D", 200,
       R"({"status":"success","data":["a","b"]})"},
      {"/api/v1/label/absent/values", 200, R"({"status":"success","data":[]})"},
      {"/api/v1/label/U__http_2e_status/values", 200,
       R"({"status":"success","data":["a\"<b>&'\n"]})"},
      {"/api/v1/label/http.status/values", 200, R"({"status":"success","data":["a\"<b>&'\n"]})"},
      {"/api/v1/label/http%2Estatus/values", 200, R"({"status":"success","data":["a\"<b>&'\n"]})"},
  };
  for (const ApiCase& wanted : cases) expect(wanted);
}

TEST_F(SeriesTest, HonoursStartAndEnd) {
  const ApiCase cases[] = {
      {"/api/v1/series?match[]=up&start=1&end=2", 200, R"({"status":"success","data":[]})"},
      {"/api/v1/labels?start=1&end=2", 200, R"({"status":"success","data":[]})"},
      {"/api/v1/label/job/values?start=1&end=2", 200, R"({"status":"success","data":[]})"},
      {"/api/v1/label/job/values?start=1795219000&end=1795219200", 200,
       R"({"status":"success","data":["a","b"]})"},
  };
  for (const ApiCase& wanted : cases) expect(wanted);
}

TEST_F(SeriesTest, CutsListsAtTheLimitAndSaysSo) {
  const ApiCase cases[] = {
      {"/api/v1/series?match[]=up&limit=1", 200,
       R"({"status":"success","data":[{"__name__":"up","instance":"h:1","job":"a"}],"warnings":["results truncated due to limit"]})"},
      {"/api/v1/series?match[]=up&limit=2", 200,
       R"({"status":"success","data":[{"__name__":"up","instance":"h:1","job":"a"},{"__name__":"up","instance":"h:2","job":"b"}]})"},
      {"/api/v1/series?match[]=odd&match[]=up&limit=1", 200,
       R"({"status":"success","data":[{"__name__":"odd","http.status":"a\"<b>&'\n"}],"warnings":["results truncated due to limit"]})"},
      {"/api/v1/labels?limit=2", 200,
       R"({"status":"success","data":["__name__","code"],"warnings":["results truncated due to limit"]})"},
      {"/api/v1/labels?limit=5", 200,
       R"({"status":"success","data":["__name__","code","http.status","instance","job"]})"},
      {"/api/v1/labels?match[]=up&match[]=odd&limit=3", 200,
       R"({"status":"success","data":["__name__","http.status","instance"],"warnings":["results truncated due to limit"]})"},
      {"/api/v1/label/job/values?limit=1", 200,
       R"({"status":"success","data":["a"],"warnings":["results truncated due to limit"]})"},
      {"/api/v1/label/job/values?limit=0", 200, R"({"status":"success","data":["a","b"]})"},
      {"/api/v1/label/job/values?limit=2", 200, R"({"status":"success","data":["a","b"]})"},
  };
  for (const ApiCase& wanted : cases) expect(wanted);
}

TEST_F(SeriesTest, RefusesBadSelectorsAndTimes) {
  const ApiCase cases[] = {
      {"/api/v1/series", 400,
       R"({"status":"error","errorType":"bad_data","error":"no match[] parameter provided"})"},
      {"/api/v1/series?match[]=up&start=2&end=1", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"end\": end timestamp must not be before start time"})"},
      {"/api/v1/labels?limit=x", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"limit\": cannot parse \"x\" as a number"})"},
      {"/api/v1/label/%FF/values", 400,
       R"({"status":"error","errorType":"bad_data","error":"invalid label name: \"\\xff\""})"},
  };
  for (const ApiCase& wanted : cases) expect(wanted);
  for (const char* selector : {"%7B%7D", "%7Bjob=~%22.*%22%7D", "rate(up[5m])", "up%7B", ""}) {
    for (const char* path : {"/api/v1/series", "/api/v1/labels", "/api/v1/label/job/values"}) {
      const HttpAnswer answer = get(std::string(path) + "?match[]=" + selector);
      EXPECT_EQ(answer.status, 400) << path << " " << selector;
      EXPECT_TRUE(answer.body.starts_with(
          R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"match[]\": )"))
          << answer.body;
    }
  }
}

TEST_F(SeriesTest, TakesFormsByPost) {
  EXPECT_EQ(post("/api/v1/labels", "match[]=up&limit=40000").body,
            R"({"status":"success","data":["__name__","instance","job"]})");
  EXPECT_EQ(post("/api/v1/labels", "").status, 200);
  EXPECT_EQ(post("/api/v1/series?match[]=odd", "match%5B%5D=up").body,
            get("/api/v1/series?match[]=up&match[]=odd").body);
}

TEST_F(SeriesTest, TellsMetadata) {
  const ApiCase cases[] = {
      {"/api/v1/metadata", 200,
       R"({"status":"success","data":{"requests_total":[{"type":"counter","help":"Requests.","unit":"requests"}],"up":[{"type":"gauge","help":"Is it \"up\"?","unit":""}]}})"},
      {"/api/v1/metadata?metric=up", 200,
       R"({"status":"success","data":{"up":[{"type":"gauge","help":"Is it \"up\"?","unit":""}]}})"},
      {"/api/v1/metadata?metric=nothing", 200, R"({"status":"success","data":{}})"},
      {"/api/v1/metadata?limit=1", 200,
       R"({"status":"success","data":{"requests_total":[{"type":"counter","help":"Requests.","unit":"requests"}]}})"},
      {"/api/v1/metadata?limit=x", 400,
       R"({"status":"error","errorType":"bad_data","error":"limit must be a number"})"},
      {"/api/v1/metadata?limit=0", 200, R"({"status":"success","data":{}})"},
  };
  for (const ApiCase& wanted : cases) expect(wanted);
}

}  // namespace
}  // namespace silverback::api
