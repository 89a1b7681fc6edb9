// /api/v1/rules, /alerts and /alertmanagers, as Prometheus's own clients and Grafana read them.
#include <string>

#include "config/rule_file.h"
#include "rules/manager.h"
#include "rules/rule_set.h"
#include "rules/schedule.h"
#include "tests/api/api_fixture.h"

namespace silverback::testing {
namespace {

constexpr std::string_view kRules = R"yaml(
groups:
- name: alerts
  interval: 10s
  rules:
  - alert: Up
    expr: up   == 1
    for: 5s
    keep_firing_for: 1m
    labels: {severity: page, team: "{{ $labels.job }}"}
    annotations: {summary: "{{ $value }} \"quoted\"", empty: ""}
  - alert: Never
    expr: up > 1
- name: records
  limit: 1
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
    labels: {team: x}
  - record: one
    expr: "1"
- name: more
  rules:
  - {record: two, expr: "2"}
)yaml";

class RulesTest : public ApiTest {
 protected:
  void open_rules() override {
    rules::Environment environment;
    environment.storage = db_.get();
    environment.engine = engine_.get();
    environment.appender = [this] { return db_->appender(); };
    environment.clock = &clock_;
    environment.metrics = &metrics_;
    rules_ = std::make_unique<rules::Manager>(environment, nullptr);
    const auto file = config::parse_rule_file(kRules, "r.yml");
    ASSERT_TRUE(file) << file.error().message;
    rules_->update(rules::make_groups(*file, "r.yml", {}, {}).value(), {});
  }
  // Until the alert fires.
  void evaluate() {
    for (int i = 0; i < 13; ++i) {
      clock_.advance(10'000);
      rules_->run_due();
    }
  }
  std::string body(const std::string& query) { return get("/api/v1/rules?" + query).body; }
  // How often a text stands in the answer.
  std::size_t count(const std::string& query, std::string_view text) {
    const std::string answer = body(query);
    std::size_t found = 0;
    for (std::size_t at = answer.find(text); at != answer.npos; at = answer.find(text, at + 1))
      ++found;
    return found;
  }
};

TEST_F(RulesTest, ShowsRulesThatWereNeverEvaluated) {
  start();
  EXPECT_EQ(
      body("rule_group[]=more"),
      R"({"status":"success","data":{"groups":[{"name":"more","file":"r.yml","rules":[{"name":"two","query":"2","labels":{},"health":"unknown","evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z","type":"recording"}],"interval":60,"limit":0,"evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z"}]}})");
  EXPECT_EQ(count("", R"("state":"unknown")"), 2U);
}

TEST_F(RulesTest, ShowsAlertsInTheTypesThatGrafanaReads) {
  start();
  evaluate();
  const TimestampNs interval = 10'000'000'000;
  const TimestampNs first =
      slot_at(kNow * 1'000'000, rules::slot_offset("r.yml", "alerts", interval), interval) +
      interval;
  const std::string alert =
      R"({"labels":{"alertname":"Up","instance":"h:1","job":"a","severity":"page","team":"a"},)"
      R"("annotations":{"empty":"","summary":"1 \"quoted\""},"state":"firing","activeAt":")" +
      format_rfc3339_ns(first) + R"(","value":"1e+00"})";
  const std::string all = body("rule_name[]=Up");
  for (const std::string& part :
       {std::string(R"("name":"Up","query":"up == 1","duration":5,"keepFiringFor":60,)"
                    R"("labels":{"severity":"page","team":"{{ $labels.job }}"},)"
                    R"("annotations":{"empty":"","summary":"{{ $value }} \"quoted\""},"alerts":[)"),
        std::string(R"({"state":"firing","name":"Up")"), "[" + alert + "]",
        std::string(R"("health":"ok","evaluationTime":)"), std::string(R"("type":"alerting")"),
        std::string(R"("interval":10,"limit":0,)")}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << "\n" << all;
  }
  EXPECT_EQ(get("/api/v1/alerts").body,
            R"({"status":"success","data":{"alerts":[)" + alert + "]}}");
  EXPECT_EQ(count("rule_name[]=Never", R"("state":"inactive")"), 1U);
  EXPECT_EQ(count("exclude_alerts=true", R"("alerts":[])"), 2U);
}

TEST_F(RulesTest, ShowsWhatIsWrongWithARule) {
  start();
  evaluate();
  EXPECT_EQ(count("rule_name[]=job:up:sum",
                  R"("health":"err","lastError":"exceeded limit of 1 with 2 series")"),
            1U);
}

TEST_F(RulesTest, Filters) {
  start();
  struct Case {
    const char* query;
    const char* names;  // of the rules that are left
  };
  const Case cases[] = {
      {"", "Up Never job:up:sum one two "},
      {"type=alert", "Up Never "},
      {"type=record", "job:up:sum one two "},
      {"type=RECORD&rule_group[]=more", "two "},
      {"rule_name[]=Up&rule_name[]=two", "Up two "},
      {"rule_group[]=alerts&rule_group[]=more", "Up Never two "},
      {"file[]=r.yml", "Up Never job:up:sum one two "},
      {"file[]=other.yml", ""},
      {"match[]={severity=\"page\"}", "Up "},
      {"match[]={team=\"x\"}&match[]={severity=\"page\"}", "Up job:up:sum "},
      {"match[]={team=~\".%2B\",severity=\"\"}", "job:up:sum "},
      // As Grafana sends them: names without brackets and empty values ask for nothing.
      {"file=&file[]=&rule_group=x&rule_group[]=&rule_name=&rule_name[]=&exclude_alerts=&group_"
       "limit=&group_next_token=",
       "Up Never job:up:sum one two "},
  };
  for (const Case& wanted : cases) {
    const std::string answer = body(wanted.query);
    std::string names;
    for (const char* name : {"Up", "Never", "job:up:sum", "one", "two"}) {
      if (answer.find("\"name\":\"" + std::string(name) + "\",\"query\"") != answer.npos)
        names.append(name).append(" ");
    }
    EXPECT_EQ(names, wanted.names) << wanted.query << "\n" << answer;
  }
}

TEST_F(RulesTest, Pages) {
  start();
  std::string names, query = "group_limit=1", token;
  for (int page = 0; page < 5; ++page) {
    const std::string answer = body(query);
    for (const char* name : {"alerts", "records", "more"}) {
      if (answer.find("[{\"name\":\"" + std::string(name) + "\"") != answer.npos)
        names.append(name).append(" ");
    }
    const std::size_t at = answer.find("\"groupNextToken\":\"");
    if (at == answer.npos) break;
    query = "group_limit=1&group_next_token=" + answer.substr(at + 18, 64);
  }
  EXPECT_EQ(names, "alerts more records ") << "by file, then name";
  EXPECT_EQ(count("group_limit=3", "groupNextToken"), 0U);
  EXPECT_EQ(count("group_limit=1&rule_group[]=records", "groupNextToken"), 0U);
}

TEST_F(RulesTest, SaysWhatIsWrongWithAParameter) {
  start();
  struct Case {
    const char* query;
    const char* error;
  };
  const Case cases[] = {
      {"type=x", R"(invalid parameter \"type\": not supported value \"x\")"},
      {"exclude_alerts=x",
       R"(invalid parameter \"exclude_alerts\": error converting exclude_alerts: \"x\" is neither true nor false)"},
      {"group_limit=0",
       R"(invalid parameter \"group_limit\": group_limit needs to be a number greater than 0, not \"0\")"},
      {"group_limit=x",
       R"(invalid parameter \"group_limit\": group_limit needs to be a number greater than 0, not \"x\")"},
      {"group_next_token=x",
       R"(invalid parameter \"group_next_token\": group_limit needs to be present in order to paginate over the groups)"},
      {"group_limit=1&group_next_token=x",
       R"(invalid parameter \"group_next_token\": invalid group_next_token 'x'. were rule groups changed?)"},
  };
  for (const Case& wanted : cases) {
    const HttpAnswer answer = get("/api/v1/rules?" + std::string(wanted.query));
    EXPECT_EQ(answer.status, 400) << wanted.query;
    EXPECT_EQ(answer.body, R"({"status":"error","errorType":"bad_data","error":")" +
                               std::string(wanted.error) + "\"}");
  }
  EXPECT_EQ(get("/api/v1/rules?match[]={a=").status, 400);
}

TEST_F(RulesTest, StoresTheSeriesOfAlerts) {
  start();
  evaluate();
  const HttpAnswer answer =
      post("/api/v1/query", "query=ALERTS&time=" + std::to_string(clock_.now() / 1000));
  EXPECT_NE(
      answer.body.find(
          R"({"__name__":"ALERTS","alertname":"Up","alertstate":"firing","instance":"h:1","job":"a","severity":"page","team":"a"})"),
      std::string::npos)
      << answer.body;
}

TEST_F(RulesTest, HasAPageForPeople) {
  start();
  evaluate();
  const std::string page = get("/alerts").body;
  for (const char* part : {"<h2>alerts</h2>", "/graph?g0.expr=up+%3D%3D+1&amp;g0.tab=1", "firing",
                           "exceeded limit of 1 with 2 series", "{alertname=&#34;Up&#34;"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part << "\n" << page;
  }
}

}  // namespace
}  // namespace silverback::testing
