// What the API and the pages tell of scraping, of made-up targets.
#include "api/targets.h"

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "api/metadata.h"
#include "api/target_pages.h"
#include "config/prometheus_config.h"
#include "net/http_client.h"
#include "scrape/manager.h"
#include "scrape/metadata_pool.h"
#include "tests/api/api_fixture.h"
#include "tests/testing/queued_executor.h"

namespace silverback::api {
namespace {

using scrape::FamilyMetadata;
using scrape::Health;
using scrape::PoolStatus;
using scrape::Target;
using scrape::TargetMetadata;
using scrape::TargetStatus;

using Parameters = std::vector<std::pair<std::string, std::string>>;

struct RequestOf : Request {
  explicit RequestOf(const Parameters& parameters) {
    for (const auto& [name, value] : parameters) form.add(name, value);
  }
};

ServerOptions own_server() {
  ServerOptions own;
  own.listen_addresses = {"0.0.0.0:9090", "[::1]:9091"};
  own.external_url = "https://metrics.example/prom";
  own.external_path = "/prom";
  return own;
}

std::shared_ptr<const Target> target(const std::string& address, const std::string& job) {
  Target made;
  made.discovered = Labels{{"__address__", address}, {"__meta_zone", "<a>"}, {"job", job}};
  made.labels = Labels{{"__address__", address},
                       {"__scrape_interval__", "60s"},
                       {"__scrape_timeout__", "10s"},
                       {"instance", address},
                       {"job", job}};
  made.own_labels = Labels{{"instance", address}, {"job", job}};
  made.url = "http://" + address + "/metrics";
  made.interval = 60'000;
  made.timeout = 10'000;
  return std::make_shared<const Target>(std::move(made));
}

// Two jobs: `node` with a target that is up and one never asked, `x<y` with one that is down.
std::vector<PoolStatus> two_pools() {
  PoolStatus node;
  node.job = "node";
  node.active.push_back(
      {target("h:9100", "node"), Health::kUp, "", 1'795'219'200'123'456'789, 0.0125});
  node.active.push_back({target("localhost:9100", "node"), Health::kUnknown, "", 0, 0});
  node.dropped = {Labels{{"__address__", "gone:1"}, {"job", "node"}}};
  node.dropped_count = 7;  // more than are kept
  PoolStatus odd;
  odd.job = "x<y";
  odd.active.push_back({target("odd:1", "x<y"), Health::kDown,
                        "Get \"http://odd:1/metrics\": dial tcp: <refused>",
                        1'795'219'200'000'000'000, 1e-05});
  return {std::move(node), std::move(odd)};
}

std::string targets_of(const Parameters& parameters) {
  const Response response = targets_answer(two_pools(), own_server(), RequestOf(parameters));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  return response.body;
}

constexpr std::string_view kActiveNode =
    R"({"discoveredLabels":{"__address__":"h:9100","__meta_zone":"<a>","job":"node"},"labels":{"instance":"h:9100","job":"node"},"scrapePool":"node","scrapeUrl":"http://h:9100/metrics","globalUrl":"http://h:9100/metrics","lastError":"","lastScrape":"2026-11-21T00:00:00.123456789Z","lastScrapeDuration":0.0125,"health":"up","scrapeInterval":"60s","scrapeTimeout":"10s"},)"
    R"({"discoveredLabels":{"__address__":"localhost:9100","__meta_zone":"<a>","job":"node"},"labels":{"instance":"localhost:9100","job":"node"},"scrapePool":"node","scrapeUrl":"http://localhost:9100/metrics","globalUrl":"http://metrics.example:9100/metrics","lastError":"","lastScrape":"0001-01-01T00:00:00Z","lastScrapeDuration":0,"health":"unknown","scrapeInterval":"60s","scrapeTimeout":"10s"})";
constexpr std::string_view kActiveOdd =
    R"({"discoveredLabels":{"__address__":"odd:1","__meta_zone":"<a>","job":"x<y"},"labels":{"instance":"odd:1","job":"x<y"},"scrapePool":"x<y","scrapeUrl":"http://odd:1/metrics","globalUrl":"http://odd:1/metrics","lastError":"Get \"http://odd:1/metrics\": dial tcp: <refused>","lastScrape":"2026-11-21T00:00:00Z","lastScrapeDuration":0.00001,"health":"down","scrapeInterval":"60s","scrapeTimeout":"10s"})";
constexpr std::string_view kDroppedNode =
    R"({"discoveredLabels":{"__address__":"gone:1","job":"node"},"scrapePool":"node"})";

std::string targets_json(const std::string& active, const std::string& dropped,
                         const std::string& counts) {
  return R"({"status":"success","data":{"activeTargets":[)" + active + R"(],"droppedTargets":[)" +
         dropped + R"(],"droppedTargetCounts":)" + counts + "}}";
}

// The members and their types are what Grafana, promtool and the npm package prometheus-query read.
TEST(Targets, AreListedAsPrometheusListsThem) {
  const std::string node(kActiveNode), odd(kActiveOdd), dropped(kDroppedNode);
  const std::string counts = R"({"node":7,"x<y":0})";
  EXPECT_EQ(targets_of({}), targets_json(node + "," + odd, dropped, counts));
  for (const char* any : {"any", "ANY", ""}) {
    EXPECT_EQ(targets_of({{"state", any}}), targets_json(node + "," + odd, dropped, counts)) << any;
  }
  EXPECT_EQ(targets_of({{"state", "Active"}}), targets_json(node + "," + odd, "", "null"));
  EXPECT_EQ(targets_of({{"state", "dropped"}}), targets_json("", dropped, counts));
  EXPECT_EQ(targets_of({{"state", "nothing"}}), targets_json("", "", "null"));
  EXPECT_EQ(targets_of({{"scrapePool", "x<y"}}), targets_json(odd, "", counts));
  EXPECT_EQ(targets_of({{"scrapePool", "node"}, {"state", "active"}}),
            targets_json(node, "", "null"));
  EXPECT_EQ(targets_of({{"scrapePool", "nothing"}}), targets_json("", "", counts));
}

TEST(GlobalUrl, ReplacesWhatMeansThisHost) {
  struct Case {
    std::string_view url, want;
  };
  constexpr Case cases[] = {
      {"http://h:1/metrics", "http://h:1/metrics"},
      {"http://localhost:1/m?a=b#c", "http://metrics.example:1/m?a=b#c"},
      {"http://127.0.0.1:1/m", "http://metrics.example:1/m"},
      {"https://[::1]:1/m", "https://metrics.example:1/m"},
      {"http://localhost/m", "http://metrics.example/m"},
      {"http://[::1]", "http://metrics.example"},
      // Our own ports: the scheme and the port of the external URL, but not its path.
      {"http://localhost:9090/metrics", "https://metrics.example/metrics"},
      {"http://127.0.0.1:9091?a", "https://metrics.example?a"},
      // Not an address of that form, or no URL.
      {"http://::1/m", "http://::1/m"},
      {"http://[::1/m", "http://[::1/m"},
      {"http://[::1]x/m", "http://[::1]x/m"},
      {"http://localhost:1:2/m", "http://localhost:1:2/m"},
      {"http://localhost.example/m", "http://localhost.example/m"},
      {"localhost:1", "localhost:1"},
      {"", ""},
  };
  for (const auto& [url, want] : cases) EXPECT_EQ(global_url(url, own_server()), want) << url;

  ServerOptions own = own_server();
  own.external_url = "http://[2001:db8::1]:80/prom";
  EXPECT_EQ(global_url("http://localhost:1/m", own), "http://[2001:db8::1]:1/m");
  EXPECT_EQ(global_url("http://localhost/m", own), "http://[2001:db8::1]/m");
  EXPECT_EQ(global_url("http://localhost:9090/m", own), "http://[2001:db8::1]:80/m");
  for (const char* unknown : {"", "/prom", "http://a:1:2"}) {
    own.external_url = unknown;
    EXPECT_EQ(global_url("http://localhost:1/m", own), "http://localhost:1/m") << unknown;
  }
}

// ---- Metadata -----------------------------------------------------------------------------------

std::shared_ptr<const FamilyMetadata> family(std::string name, MetricType type, std::string help,
                                             std::string unit = "") {
  return std::make_shared<const FamilyMetadata>(
      FamilyMetadata{std::move(name), {type, std::move(help), std::move(unit)}});
}

// Two targets that share what they say of `a` and differ about `b`; the third says nothing.
std::vector<TargetMetadata> three_targets() {
  const auto shared = family("a", MetricType::kCounter, "A\n\"a\".", "seconds");
  return {{target("h:1", "x"), {shared, family("b", MetricType::kGauge, "B.")}},
          {target("h:2", "y"),
           {shared, family("b", MetricType::kUnknown, "Another b."),
            family("c", MetricType::kInfo, "C.")}},
          {target("h:3", "y"), {}}};
}

std::string metadata_of(const Parameters& parameters, int status = 200) {
  const std::map<std::string, Metadata> stored = {
      {"a", {MetricType::kCounter, "A\n\"a\".", "seconds"}},
      {"b", {MetricType::kGauge, "From remote write.", ""}},
      {"z", {MetricType::kSummary, "Z.", ""}},
  };
  const Response response = metadata_answer(three_targets(), stored, RequestOf(parameters));
  EXPECT_EQ(response.status, status);
  return response.body;
}

TEST(MetricMetadata, JoinsWhatTargetsAndTheStoreSay) {
  const std::string a = R"("a":[{"type":"counter","help":"A\n\"a\".","unit":"seconds"}])";
  const std::string first_b = R"({"type":"gauge","help":"B.","unit":""})";
  const std::string second_b = R"({"type":"unknown","help":"Another b.","unit":""})";
  const std::string stored_b = R"({"type":"gauge","help":"From remote write.","unit":""})";
  const std::string b = R"("b":[)" + first_b + "," + second_b + "," + stored_b + "]";
  const std::string c = R"("c":[{"type":"info","help":"C.","unit":""}])";
  const std::string z = R"("z":[{"type":"summary","help":"Z.","unit":""}])";
  const auto success = [](const std::string& members) {
    return R"({"status":"success","data":{)" + members + "}}";
  };
  EXPECT_EQ(metadata_of({}), success(a + "," + b + "," + c + "," + z));
  EXPECT_EQ(metadata_of({{"limit", "2"}}), success(a + "," + b));
  EXPECT_EQ(metadata_of({{"limit", "0"}}), success(""));
  EXPECT_EQ(metadata_of({{"limit", "-1"}}), success(a + "," + b + "," + c + "," + z));
  EXPECT_EQ(metadata_of({{"limit_per_metric", "1"}, {"metric", "b"}}),
            success(R"("b":[)" + first_b + "]"));
  EXPECT_EQ(metadata_of({{"limit_per_metric", "2"}, {"metric", "b"}}),
            success(R"("b":[)" + first_b + "," + second_b + "]"));
  EXPECT_EQ(metadata_of({{"limit_per_metric", "0"}, {"metric", "b"}}), success(b));
  EXPECT_EQ(metadata_of({{"metric", "z"}}), success(z));
  EXPECT_EQ(metadata_of({{"metric", "bb"}}), success(""));
}

TEST(MetricMetadata, RefusesLimitsThatAreNoNumbers) {
  EXPECT_EQ(metadata_of({{"limit", "x"}}, 400),
            R"({"status":"error","errorType":"bad_data","error":"limit must be a number"})");
  EXPECT_EQ(
      metadata_of({{"limit_per_metric", "1x"}}, 400),
      R"({"status":"error","errorType":"bad_data","error":"limit_per_metric must be a number"})");
}

std::string targets_metadata_of(const Parameters& parameters, int status = 200) {
  const Response response = targets_metadata_answer(three_targets(), RequestOf(parameters));
  EXPECT_EQ(response.status, status);
  return response.body;
}

TEST(TargetsMetadata, ListsWhatEachTargetSays) {
  const std::string of_1 = R"({"target":{"instance":"h:1","job":"x"},)";
  const std::string of_2 = R"({"target":{"instance":"h:2","job":"y"},)";
  const std::string a = R"("type":"counter","help":"A\n\"a\".","unit":"seconds"})";
  const std::string entries[] = {
      of_1 + R"("metric":"a",)" + a,
      of_1 + R"("metric":"b","type":"gauge","help":"B.","unit":""})",
      of_2 + R"("metric":"a",)" + a,
      of_2 + R"("metric":"b","type":"unknown","help":"Another b.","unit":""})",
      of_2 + R"("metric":"c","type":"info","help":"C.","unit":""})",
  };
  const auto success = [](const std::string& list) {
    return R"({"status":"success","data":[)" + list + "]}";
  };
  const std::string last_three = entries[2] + "," + entries[3] + "," + entries[4];
  EXPECT_EQ(targets_metadata_of({}), success(entries[0] + "," + entries[1] + "," + last_three));
  EXPECT_EQ(targets_metadata_of({{"match_target", R"({job="y"})"}}), success(last_three));
  EXPECT_EQ(targets_metadata_of({{"match_target", R"({job="none"})"}}), success(""));
  // Neither all of the target at which the limit is reached, nor anything after it.
  EXPECT_EQ(targets_metadata_of({{"limit", "1"}}), success(entries[0]));
  EXPECT_EQ(targets_metadata_of({{"limit", "3"}}),
            success(entries[0] + "," + entries[1] + "," + entries[2]));
  EXPECT_EQ(targets_metadata_of({{"limit", "0"}}), success(""));
  EXPECT_EQ(targets_metadata_of({{"metric", "a"}}), success(of_1 + a + "," + of_2 + a));
  EXPECT_EQ(targets_metadata_of({{"metric", "a"}, {"limit", "1"}}), success(of_1 + a));
  EXPECT_EQ(targets_metadata_of({{"metric", "nothing"}}), success(""));
}

TEST(TargetsMetadata, RefusesWhatItCannotRead) {
  EXPECT_EQ(targets_metadata_of({{"limit", "1.5"}}, 400),
            R"({"status":"error","errorType":"bad_data","error":"limit must be a number"})");
  const std::string body = targets_metadata_of({{"match_target", "{"}}, 400);
  EXPECT_TRUE(body.starts_with(
      R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"match_target\": )"))
      << body;
}

// ---- Relabelling and configuration --------------------------------------------------------------

std::shared_ptr<const config::ScrapeConfig> find_job(const std::string& name) {
  if (name != "node") return nullptr;
  config::ScrapeConfig job;
  job.job_name = "node";
  job.scrape_interval = 60'000;
  job.scrape_timeout = 10'000;
  job.http.authorization.emplace().credentials = "geheim";
  config::RelabelRule copy;
  copy.source_labels = {"__address__", "b"};
  copy.target_label = "host";
  copy.regex = "(.*):1;.*";
  config::RelabelRule shard;
  shard.action = config::RelabelAction::kHashMod;
  shard.source_labels = {"host"};
  shard.modulus = 1;
  shard.target_label = "shard";
  config::RelabelRule keep;
  keep.action = config::RelabelAction::kKeep;
  keep.source_labels = {"keep"};
  keep.regex = "yes";
  config::RelabelRule drop_labels;
  drop_labels.action = config::RelabelAction::kLabelDrop;
  drop_labels.regex = "b";
  job.relabel_configs = {copy, shard, keep, drop_labels};
  return std::make_shared<const config::ScrapeConfig>(std::move(job));
}

std::string steps_of(const Parameters& parameters, int status = 200) {
  const Response response = relabel_steps_answer(&find_job, RequestOf(parameters));
  EXPECT_EQ(response.status, status);
  return response.body;
}

std::string bad_data(const std::string& message) {
  return R"({"status":"error","errorType":"bad_data","error":")" + message + R"("})";
}

constexpr std::string_view kRules[] = {
    R"json({"source_labels":["__address__","b"],"separator":";","regex":"(.*):1;.*","target_label":"host","replacement":"$1","action":"replace"})json",
    R"json({"source_labels":["host"],"separator":";","regex":"(.*)","modulus":1,"target_label":"shard","replacement":"$1","action":"hashmod"})json",
    R"json({"source_labels":["keep"],"separator":";","regex":"yes","replacement":"$1","action":"keep"})json",
    R"json({"separator":";","regex":"b","replacement":"$1","action":"labeldrop"})json",
};

std::string steps_json(const std::vector<std::pair<std::string, bool>>& outputs) {
  std::string json = R"({"status":"success","data":{"steps":[)";
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    json.append(i == 0 ? "" : ",").append(R"({"rule":)").append(kRules[i]).append(R"(,"output":)");
    json.append(outputs[i].first)
        .append(outputs[i].second ? R"(,"keep":true})" : R"(,"keep":false})");
  }
  return json + "]}}";
}

TEST(RelabelSteps, ShowEveryRuleAndWhatItLeaves) {
  EXPECT_EQ(
      steps_of({{"scrapePool", "node"},
                {"labels", R"({"keep":"yes","b":"2","__address__":"h:1","empty":"","nil":null})"}}),
      steps_json({{R"({"__address__":"h:1","b":"2","host":"h","keep":"yes"})", true},
                  {R"({"__address__":"h:1","b":"2","host":"h","keep":"yes","shard":"0"})", true},
                  {R"({"__address__":"h:1","b":"2","host":"h","keep":"yes","shard":"0"})", true},
                  {R"({"__address__":"h:1","host":"h","keep":"yes","shard":"0"})", true}}));
  // After the rule that drops it, nothing is left for the others.
  EXPECT_EQ(steps_of({{"scrapePool", "node"}, {"labels", R"({"a":"1"})"}}),
            steps_json({{R"({"a":"1"})", true},
                        {R"({"a":"1","shard":"0"})", true},
                        {"{}", false},
                        {"{}", false}}));
  EXPECT_EQ(steps_of({{"scrapePool", "node"}, {"labels", "null"}}),
            steps_of({{"scrapePool", "node"}, {"labels", "{}"}}));
  // The last of two counts, as in Go.
  EXPECT_EQ(steps_of({{"scrapePool", "node"}, {"labels", R"({"a":"0","a":"1"})"}}),
            steps_of({{"scrapePool", "node"}, {"labels", R"({"a":"1"})"}}));
}

TEST(RelabelSteps, RefuseWhatTheyCannotRead) {
  EXPECT_EQ(steps_of({}, 400), bad_data("no scrapePool parameter provided"));
  EXPECT_EQ(steps_of({{"scrapePool", "node"}}, 400), bad_data("no labels parameter provided"));
  EXPECT_EQ(steps_of({{"scrapePool", "a\"b"}, {"labels", "{}"}}, 400),
            bad_data(R"(error retrieving scrape config: scrape pool \"a\\\"b\" not found)"));
  const auto with = [](const std::string& labels) {
    return steps_of({{"scrapePool", "node"}, {"labels", labels}}, 400);
  };
  EXPECT_EQ(with(R"(["a"])"), bad_data("error parsing labels: expected an object of texts"));
  EXPECT_EQ(with(R"({"a":1})"),
            bad_data(R"(error parsing labels: the value of \"a\" is not a text)"));
  EXPECT_EQ(with(R"({"a":{"b":"c"}})"),
            bad_data(R"(error parsing labels: the value of \"a\" is not a text)"));
  for (const char* text : {"x", "{", R"({"a":"1"} x)", R"({"a":"b)", "{\"a\":\"\xff\"}"}) {
    EXPECT_TRUE(with(text).starts_with(
        R"({"status":"error","errorType":"bad_data","error":"error parsing labels: )"))
        << text;
  }
}

// A request's head is at most 128 KiB; these are what fits into it.
TEST(RelabelSteps, StandHostileLabels) {
  const auto with = [](const std::string& labels) {
    return relabel_steps_answer(&find_job, RequestOf({{"scrapePool", "node"}, {"labels", labels}}));
  };
  constexpr std::size_t kBytes = 128 * 1024;
  EXPECT_EQ(with(std::string(kBytes, '[')).status, 400);
  std::string deep;
  for (std::size_t i = 0; i < kBytes / 5; ++i) deep += R"({"a":)";
  EXPECT_EQ(with(deep).status, 400);
  EXPECT_EQ(with("{\"a\":\"" + std::string(kBytes, 'x') + "\"}").status, 200);
  std::string many = "{";
  for (std::size_t i = 0; many.size() < kBytes; ++i)
    many.append(i == 0 ? "\"" : ",\"").append(std::to_string(i)).append("\":\"1\"");
  EXPECT_EQ(with(many + "}").status, 200);
}

TEST(ScrapePoolConfig, IsTheJobAsYaml) {
  const auto answer = [](const Parameters& parameters) {
    return scrape_pool_config_answer(&find_job, RequestOf(parameters));
  };
  const std::string body = answer({{"scrapePool", "node"}}).body;
  EXPECT_TRUE(body.starts_with(R"({"status":"success","data":{"yaml":"job_name: node\n)")) << body;
  EXPECT_NE(body.find(R"(scrape_interval: 1m\n)"), body.npos) << body;
  EXPECT_EQ(body.find("geheim"), body.npos) << body;
  EXPECT_EQ(answer({}).body, bad_data("no scrapePool parameter provided"));
  EXPECT_EQ(answer({}).status, 400);
  EXPECT_EQ(answer({{"scrapePool", "x"}}).body,
            bad_data(R"(error retrieving scrape config: scrape pool \"x\" not found)"));
}

// ---- Pages --------------------------------------------------------------------------------------

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(TargetPages, ShowPoolsTargetsAndErrors) {
  const std::string page = targets_page(two_pools(), own_server()).body;
  for (const char* part :
       {"<h2>node</h2><p class=\"note\">1 of 2 up, 7 dropped</p>", "<h2>x&lt;y</h2>",
        "0 of 1 up</p>", "<a href=\"http://h:9100/metrics\">",
        "<a href=\"http://metrics.example:9100/metrics\">", "<td>up</td>", "<td>down</td>",
        "<td>unknown</td>", "<td>never</td>", "2026-11-21T00:00:00.123456789Z, took 0.0125 s",
        "dial tcp: &lt;refused&gt;", "{instance=&#34;odd:1&#34;, job=&#34;x&lt;y&#34;}",
        "<a href=\"/prom/service-discovery\">"}) {
    EXPECT_EQ(count(page, part), 1U) << part << " in " << page;
  }
  const std::string discovery = discovery_page(two_pools(), own_server()).body;
  for (const char* part : {"__address__=&#34;gone:1&#34;", "<td>dropped</td>",
                           "__meta_zone=&#34;&lt;a&gt;&#34;, job=&#34;x&lt;y&#34;"}) {
    EXPECT_EQ(count(discovery, part), 1U) << part << " in " << discovery;
  }
}

TEST(TargetPages, LinkOnlyToServers) {
  std::vector<PoolStatus> pools = two_pools();
  Target script = *pools[0].active[0].target;
  script.url = "javascript://h/%0aalert(1)";
  pools[0].active[0].target = std::make_shared<const Target>(script);
  const std::string page = targets_page(pools, own_server()).body;
  EXPECT_EQ(count(page, "javascript:"), 1U);
  EXPECT_EQ(count(page, "href=\"javascript:"), 0U);
}

TEST(TargetPages, ShowNoMoreRowsThanABrowserTakes) {
  std::vector<PoolStatus> pools = two_pools();
  pools[0].active.resize(5000, pools[0].active[0]);
  pools[0].dropped.resize(5000, pools[0].dropped[0]);
  for (const Response& page :
       {targets_page(pools, own_server()), discovery_page(pools, own_server())}) {
    EXPECT_EQ(count(page.body, "</tr>\n<tr>"), 998U);  // with two titles of their own, 1000
    EXPECT_EQ(count(page.body, "More are not shown."), 1U);
  }
  const std::vector<PoolStatus> many(5000, PoolStatus());
  EXPECT_EQ(count(targets_page(many, own_server()).body, "<h2>"), 1000U);
}

// ---- Of a server --------------------------------------------------------------------------------

class TargetsOfServer : public silverback::testing::ApiTest {};

TEST_F(TargetsOfServer, WithoutScrapingAreNone) {
  start();
  const silverback::testing::ApiCase cases[] = {
      {"/api/v1/targets", 200,
       R"({"status":"success","data":{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}})"},
      {"/api/v1/targets/metadata", 200, R"({"status":"success","data":[]})"},
      {"/api/v1/scrape_pools", 200, R"({"status":"success","data":{"scrapePools":[]}})"},
      {"/api/v1/scrape_pools/config?scrapePool=a", 400,
       R"({"status":"error","errorType":"bad_data","error":"error retrieving scrape config: scrape pool \"a\" not found"})"},
      {"/api/v1/targets/relabel_steps?scrapePool=a&labels=%7B%7D", 400,
       R"({"status":"error","errorType":"bad_data","error":"error retrieving scrape config: scrape pool \"a\" not found"})"},
  };
  for (const silverback::testing::ApiCase& wanted : cases) {
    const silverback::testing::HttpAnswer answer = get(wanted.target);
    EXPECT_EQ(answer.status, wanted.status) << wanted.target;
    EXPECT_EQ(answer.body, wanted.body) << wanted.target;
  }
  for (const char* path : {"/targets", "/service-discovery"}) {
    EXPECT_EQ(count(get(path).body, "No jobs are configured"), 1U) << path;
  }
  EXPECT_EQ(client_->request("HEAD", "/targets").status, 200);
  EXPECT_EQ(post("/api/v1/targets", "").status, 405);
}

// Scrapes itself, and what it answers to others.
class ScrapingServer : public silverback::testing::ApiTest {
 protected:
  ScrapingServer() : client_(&executor_), net_thread_([this] { client_.run(); }) {
    options_.external_url = "http://metrics.example";
    config_status_.external_labels = Labels{{"region", "eu"}};
  }
  void TearDown() override {
    if (manager_) manager_->stop();
    client_.stop();
    net_thread_.join();
    ApiTest::TearDown();
  }

  void open_rules() override {
    environment_.appender = [this] { return db_->appender(); };
    environment_.acceptance = &acceptance_;
    environment_.clock = &clock_;
    environment_.metrics = &metrics_;
    environment_.client = &client_;
    environment_.files = &FileSystem::posix();
    environment_.executor = &executor_;
    manager_ = std::make_unique<scrape::Manager>(environment_);
    scrape_ = manager_.get();
    const auto config = config::parse_config(jobs(), "p.yml");
    ASSERT_TRUE(config) << config.error().message;
    auto change = manager_->prepare(config->scrape_configs);
    ASSERT_TRUE(change) << change.error().message;
    manager_->apply(*std::move(change), {});
  }
  std::string jobs() const {
    return R"yaml(
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
- job_name: self
  static_configs: [{targets: [")yaml" +
           address_ + R"yaml(", "drop:1"]}]
  relabel_configs: [{source_labels: [__address__], regex: "drop:1", action: drop}]
- job_name: federate
  honor_labels: true
  metrics_path: /federate
  params: {"match[]": ["up{job=\"a\"}"]}
  static_configs: [{targets: [")yaml" +
           address_ + R"yaml("]}]
)yaml";
  }
  // Each target once.
  void scrape() {
    clock_.advance(1'000);
    manager_->run_due();
    ASSERT_TRUE(executor_.run_tasks(2));
  }
  std::size_t count_in(std::string_view path, std::string_view part) {
    return count(get(path).body, part);
  }

  silverback::testing::QueuedExecutor executor_;
  net::HttpClient client_;
  std::thread net_thread_;
  scrape::Environment environment_;
  std::unique_ptr<scrape::Manager> manager_;
};

TEST_F(ScrapingServer, TellsOfItsTargets) {
  start();
  EXPECT_EQ(count_in("/api/v1/targets", R"("health":"unknown")"), 2U);
  scrape();
  const std::string targets = get("/api/v1/targets").body;
  EXPECT_EQ(count(targets, R"("health":"up")"), 2U) << targets;
  EXPECT_EQ(count(targets, R"("globalUrl":"http://metrics.example:)"), 2U) << targets;
  EXPECT_EQ(count(targets, R"("droppedTargetCounts":{"federate":0,"self":1})"), 1U) << targets;
  EXPECT_EQ(get("/api/v1/scrape_pools").body,
            R"({"status":"success","data":{"scrapePools":["federate","self"]}})");
  EXPECT_EQ(count_in("/api/v1/scrape_pools/config?scrapePool=self", "job_name: self"), 1U);
  EXPECT_EQ(count_in("/api/v1/targets/relabel_steps?scrapePool=self&labels="
                     "%7B%22__address__%22:%22drop:1%22%7D",
                     R"("output":{},"keep":false)"),
            1U);
  // What only the store knows, and what a target says.
  EXPECT_EQ(count_in("/api/v1/metadata?metric=requests_total", R"("help":"Requests.")"), 1U);
  constexpr std::string_view kOwn = "metric=prometheus_web_federation_errors_total";
  EXPECT_EQ(count_in("/api/v1/metadata?" + std::string(kOwn), R"("type":"counter")"), 1U);
  EXPECT_EQ(count_in("/api/v1/targets/metadata?" + std::string(kOwn), R"("job":"self")"), 1U);
  EXPECT_EQ(count_in("/targets", "1 of 1 up"), 2U);
  EXPECT_EQ(count_in("/service-discovery", "<td>dropped</td>"), 1U);
}

// As the server and as the one that scrapes it.
TEST_F(ScrapingServer, FederatesWithItself) {
  start();
  scrape();
  EXPECT_EQ(
      get("/api/v1/query?query=up%7Bregion=%22eu%22%7D").body,
      R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","instance":"h:1","job":"a","region":"eu"},"value":[1795219201,"1"]}]}})");
}

}  // namespace
}  // namespace silverback::api
