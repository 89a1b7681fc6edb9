#include "cmd/query.h"

#include <gmock/gmock.h>

#include "base/mutex.h"
#include "tests/cmd/verb_run.h"
#include "tests/testing/http_test_server.h"

namespace silverback::cmd {
namespace {

using silverback::testing::HttpTestServer;
using silverback::testing::ReceivedRequest;
using silverback::testing::ServerConnection;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class Query : public testing::VerbTest {
 protected:
  struct Answer {
    int status = 200;
    std::string body;
  };

  testing::VerbRun ask(std::vector<std::string> arguments) {
    {
      const MutexLock lock(mutex_);
      requests_.clear();
    }
    return run(&query, arguments);
  }
  // `query instant` where the server answers that data.
  testing::VerbRun instant(const std::string& data, const std::string& format = "promql") {
    answer_ = {200, R"({"status":"success","data":)" + data + "}"};
    return ask({"instant", server_.url(""), "up", "--format=" + format});
  }

  // What the server was asked since: `POST /path body`, or the header that the test names.
  std::vector<std::string> requests() {
    const MutexLock lock(mutex_);
    return requests_;
  }

  // Set while nobody asks.
  Answer answer_;
  bool takes_post_ = true;
  std::string header_;
  Mutex mutex_;
  std::vector<std::string> requests_ GUARDED_BY(mutex_);
  HttpTestServer server_{[this](ServerConnection& connection, const ReceivedRequest& request) {
    {
      const MutexLock lock(mutex_);
      requests_.push_back(header_.empty()
                              ? request.method + " " + request.target + " " + request.body
                              : request.header(header_));
    }
    if (request.method == "POST" && !takes_post_) {
      connection.answer(405, "no");
    } else {
      connection.answer(answer_.status, answer_.body);
    }
    return true;
  }};
};

TEST_F(Query, ShowsResultsAsPromtoolDoes) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"resultType":"vector","result":[
           {"metric":{"__name__":"up","job":"a","b c":"x\ny"},"value":[1435781451.781,"1"]},
           {"metric":{},"value":[1435781451,"NaN"]},
           {"metric":{"job":"b"},"value":[1435781451.5,"1e+21"]}]})",
       "up{\"b c\"=\"x\\ny\", job=\"a\"} => 1 @[1435781451.781]\n"
       "{} => NaN @[1435781451]\n"
       "{job=\"b\"} => 1000000000000000000000 @[1435781451.5]\n"},
      {R"({"resultType":"matrix","result":[
           {"metric":{"__name__":"b"},"values":[[1435781430.781,"1"],[1435781445.781,"0.1"]]},
           {"metric":{"__name__":"a"},"values":[[1435781430,"1e-07"],[1435781445,"+Inf"]]}]})",
       "a =>\n0.0000001 @[1435781430]\n+Inf @[1435781445]\n"
       "b =>\n1 @[1435781430.781]\n0.1 @[1435781445.781]\n"},
      {R"({"resultType":"scalar","result":[1435781451.781,"1.5"]})",
       "scalar: 1.5 @[1435781451.781]\n"},
      {R"({"resultType":"string","result":[1435781451.781,"a\nb"]})", "a\nb\n"},
      {R"({"resultType":"vector","result":[]})", "\n"},
      {R"({"resultType":"vector","result":[{"metric":{"__name__":"h"},"histogram":[1435781451.781,
           {"count":"9","sum":"33","buckets":[[3,"-1","1","4"],[0,"1","2","5"]]}]}]})",
       "h => Count: 9, Sum: 33, Buckets: [[-1,1]:4 (1,2]:5] @[1435781451.781]\n"},
  };
  for (const auto& [data, want] : cases) {
    const auto got = instant(data);
    EXPECT_EQ(got.exit_code, 0) << data;
    EXPECT_EQ(got.out, want);
    EXPECT_EQ(got.err, "") << data;
  }
}

TEST_F(Query, ShowsJsonAsItCame) {
  EXPECT_EQ(instant(R"({"resultType":"vector","result":[
                        {"metric":{"__name__":"up"},"value":[1435781451.781,"1e+21"]}]})",
                    "json")
                .out,
            "[{\"metric\":{\"__name__\":\"up\"},\"value\":[1435781451.781,\"1e+21\"]}]\n");
  EXPECT_EQ(instant(R"({"resultType":"matrix","result":[]})", "json").out, "[]\n");
}

TEST_F(Query, SaysWhyThereIsNoAnswer) {
  struct Case {
    Answer answer;
    const char* err;
  };
  const Case cases[] = {
      {{400, R"({"status":"error","errorType":"bad_data","error":"1:1: parse error: x"})"},
       "query error: bad_data: 1:1: parse error: x\n"},
      {{422, R"({"status":"error","errorType":"execution","error":"boom"})"},
       "query error: execution: boom\n"},
      {{500, "oops\n"}, "query error: server_error: server error: 500 (detail: oops)\n"},
      {{404, ""}, "query error: client_error: client error: 404\n"},
      {{400, "oops"}, "query error: client_error: client error: 400 (detail: oops)\n"},
      {{200, "<html>"}, "query error: bad_response: the answer is not JSON of the API\n"},
      {{200, "{}"}, "query error: bad_response: the answer has no data\n"},
      {{200, R"({"status":"success","data":[]})"},
       "query error: bad_response: that is no result of a query\n"},
      {{200, R"({"status":"success","data":{"resultType":"cube","result":[]}})"},
       "query error: bad_response: that is no result of a query\n"},
  };
  for (const Case& c : cases) {
    answer_ = c.answer;
    const auto got = ask({"instant", server_.url(""), "up"});
    EXPECT_EQ(got.exit_code, 1) << c.answer.body;
    EXPECT_EQ(got.out, "") << c.answer.body;
    EXPECT_EQ(got.err, c.err);
  }
  EXPECT_EQ(ask({"instant", "http://127.0.0.1:1", "up"}).err,
            "query error: Post \"http://127.0.0.1:1/api/v1/query\": dial tcp 127.0.0.1:1: connect: "
            "connection refused\n");
}

TEST_F(Query, SendsWhatWasAsked) {
  answer_.body = R"({"status":"success","data":{"resultType":"vector","result":[]}})";
  const std::string url = server_.url("/prefix/");
  ask({"instant", url, "up + 1", "--time=2015-07-01T20:10:51.781Z"});
  EXPECT_THAT(requests(),
              ElementsAre("POST /prefix/api/v1/query query=up%20%2B%201&time=1435781451.781"));
  ask({"range", url, "up", "--start=1435781430", "--end=1435781931"});
  EXPECT_THAT(requests(), ElementsAre("POST /prefix/api/v1/query_range "
                                      "query=up&start=1435781430&end=1435781931&step=2"));
  ask({"range", url, "up", "--end=1435781430", "--step=1m30s"});
  EXPECT_THAT(requests(), ElementsAre("POST /prefix/api/v1/query_range "
                                      "query=up&start=1435781130&end=1435781430&step=90"));
  ask({"instant", url, "up"});
  EXPECT_THAT(requests(), ElementsAre(MatchesRegex(".*query=up&time=1[0-9]{9}(\\.[0-9]{3})?")));
  takes_post_ = false;
  ask({"instant", url, "up", "--time=7"});
  EXPECT_THAT(requests(), ElementsAre("POST /prefix/api/v1/query query=up&time=7",
                                      "GET /prefix/api/v1/query?query=up&time=7 "));
}

TEST_F(Query, SendsHeadersAndCredentials) {
  answer_.body = R"({"status":"success","data":{"resultType":"vector","result":[]}})";
  header_ = "x-a";
  ask({"instant", server_.url(""), "up", "--header", "X-A=b=c"});
  EXPECT_THAT(requests(), ElementsAre("b=c"));
  write("http.yml", "authorization: {credentials_file: token}");
  write("token", "secret\n");
  header_ = "authorization";
  ask({"--http.config.file=http.yml", "instant", server_.url(""), "up"});
  EXPECT_THAT(requests(), ElementsAre("Bearer secret"));
}

TEST_F(Query, ListsSeriesAndLabelValues) {
  answer_.body = R"({"status":"success","warnings":["careful"],
                     "data":[{"job":"a","__name__":"up"},{"a b":"c"}]})";
  auto got = ask(
      {"series", server_.url(""), "--match=up", "--match", "{a=\"b\"}", "--start=1", "--end=2"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.out, "{__name__=\"up\", job=\"a\"}\n{\"a b\"=\"c\"}\n");
  EXPECT_EQ(got.err, "query warning: careful\n");
  EXPECT_THAT(requests(), ElementsAre("GET /api/v1/series?start=1&end=2&match%5B%5D=up&"
                                      "match%5B%5D=%7Ba%3D%22b%22%7D "));
  EXPECT_EQ(ask({"series", server_.url(""), "--match=up", "-o", "json"}).out,
            "[{\"job\":\"a\",\"__name__\":\"up\"},{\"a b\":\"c\"}]\n");

  answer_.body = R"({"status":"success","data":["a","b c"]})";
  got = ask({"labels", server_.url(""), "job", "--start=1", "--end=2"});
  EXPECT_EQ(got.out, "a\nb c\n");
  EXPECT_THAT(requests(), ElementsAre("GET /api/v1/label/job/values?start=1&end=2 "));
  EXPECT_EQ(ask({"labels", server_.url(""), "job", "-o", "json"}).out, "[\"a\",\"b c\"]\n");
}

TEST_F(Query, RefusesWhatItCannotAsk) {
  write("bad.yml", "basic_auth: {}\nfoo: 1");
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, "subcommand"},
      {{"everything"}, "everything"},
      {{"instant", "http://h"}, "expr"},
      {{"series", "http://h"}, "--match"},
      {{"-o", "xml", "instant", "http://h", "up"}, "xml"},
      {{"instant", "http://h", "up", "--time=soon"},
       "error parsing evaluation time: cannot parse \"soon\" to a valid timestamp"},
      {{"range", "http://h", "up", "--start=x"}, "error parsing start time: cannot parse"},
      {{"range", "http://h", "up", "--step=x"}, "error parsing step: "},
      {{"range", "http://h", "up", "--start=2", "--end=2"}, "start time is not before end time"},
      {{"instant", "http://h", "up", "--header=x"}, "--header: expected name=value, not \"x\""},
      {{"instant", "http://h", "up", "--http.config.file=bad.yml"}, "bad.yml:2:1: foo: unknown"},
      {{"instant", "http://h", "up", "--http.config.file=no.yml"}, "no.yml"},
      {{"instant", "http://h h", "up"}, "h h"},
  };
  for (const auto& [arguments, named] : cases) {
    const auto got = ask(arguments);
    EXPECT_EQ(got.exit_code, 1) << named;
    EXPECT_EQ(got.out, "") << named;
    EXPECT_THAT(got.err, HasSubstr(named));
    EXPECT_THAT(requests(), ElementsAre());
  }
}

}  // namespace
}  // namespace silverback::cmd
