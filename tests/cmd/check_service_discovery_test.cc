#include "cmd/check_service_discovery.h"

#include <gmock/gmock.h>

#include "cmd/check.h"
#include "tests/cmd/verb_run.h"
#include "tests/testing/http_test_server.h"

namespace silverback::cmd {
namespace {

using silverback::testing::HttpTestServer;
using silverback::testing::ReceivedRequest;
using silverback::testing::ServerConnection;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CheckServiceDiscovery : public testing::VerbTest {
 protected:
  static testing::VerbRun check_job(std::string_view yaml, const std::string& job,
                                    const std::vector<std::string>& flags = {}) {
    write("p.yml", yaml);
    std::vector<std::string> arguments = {"service-discovery", "p.yml", job};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return run(&check, arguments);
  }
};

TEST_F(CheckServiceDiscovery, PrintsLabelsBeforeAndAfterRelabelling) {
  const auto got = check_job(R"(
scrape_configs:
- job_name: other
- job_name: node
  params: {module: [a, b]}
  relabel_configs:
  - {source_labels: [__address__], regex: 'drop:1', action: drop}
  - {source_labels: [env], target_label: stage}
  static_configs:
  - targets: ['host:9100', 'drop:1']
    labels: {env: "a\"b", __meta_x: y}
)",
                             "node");
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_EQ(got.err, "");
  const std::string how = R"("__always_scrape_classic_histograms__": "false",
      "__convert_classic_histograms_to_nhcb__": "false",
)";
  EXPECT_EQ(got.out, R"([
  {
    "discoveredLabels": {
      "__address__": "host:9100",
      )" + how + R"(      "__meta_x": "y",
      "__metrics_path__": "/metrics",
      "__param_module": "a",
      "__scheme__": "http",
      "__scrape_interval__": "1m",
      "__scrape_native_histograms__": "false",
      "__scrape_timeout__": "10s",
      "env": "a\"b",
      "job": "node"
    },
    "labels": {
      "__address__": "host:9100",
      )" + how + R"(      "__metrics_path__": "/metrics",
      "__param_module": "a",
      "__scheme__": "http",
      "__scrape_interval__": "1m",
      "__scrape_native_histograms__": "false",
      "__scrape_timeout__": "10s",
      "env": "a\"b",
      "instance": "host:9100",
      "job": "node",
      "stage": "a\"b"
    }
  },
  {
    "discoveredLabels": {
      "__address__": "drop:1",
      )" + how + R"(      "__meta_x": "y",
      "__metrics_path__": "/metrics",
      "__param_module": "a",
      "__scheme__": "http",
      "__scrape_interval__": "1m",
      "__scrape_native_histograms__": "false",
      "__scrape_timeout__": "10s",
      "env": "a\"b",
      "job": "node"
    },
    "labels": {}
  }
])");
  EXPECT_EQ(check_job("scrape_configs: [{job_name: a}]", "a").out, "[]");
}

TEST_F(CheckServiceDiscovery, PrintsWhyATargetIsNone) {
  const auto got = check_job(
      "scrape_configs: [{job_name: a, relabel_configs: [{target_label: __scrape_interval__, "
      "replacement: 5s}], static_configs: [{targets: ['a:1']}]}]",
      "a");
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_THAT(got.out, HasSubstr("    \"labels\": {},\n    \"error\": \"scrape timeout cannot be "
                                 "greater than scrape interval (\\\"10s\\\" > \\\"5s\\\")\"\n  }"));
}

TEST_F(CheckServiceDiscovery, ShowsATargetOnceInAGroup) {
  const auto count = [](const std::string& groups) {
    const auto got =
        check_job("scrape_configs: [{job_name: a, static_configs: [" + groups + "]}]", "a");
    std::size_t shown = 0;
    for (std::size_t at = 0; (at = got.out.find("discoveredLabels", at)) != std::string::npos; ++at)
      ++shown;
    return shown;
  };
  EXPECT_EQ(count("{targets: ['a:1', 'b:1', 'a:1']}"), 2);
  EXPECT_EQ(count("{targets: ['a:1']}, {targets: ['a:1']}"), 2);
}

TEST_F(CheckServiceDiscovery, ReadsFilesAndAsksServers) {
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest& request) {
    const bool good = request.target == "/good";
    connection.answer(good ? 200 : 500, R"([{"targets": ["http:1"]}])",
                      {"Content-Type: application/json"});
    return true;
  });
  write("t.json", R"([{"targets": ["file:1"], "labels": {"x": "y"}}])");
  const auto got = check_job(
      "scrape_configs: [{job_name: a, file_sd_configs: [{files: ['*.json', "
      "no.yml]}], http_sd_configs: [{url: '" +
          server.url("/good") + "'}, {url: '" + server.url("/bad") + "'}]}]",
      "a");
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_THAT(got.out, AllOf(HasSubstr("\"__meta_filepath\": "), HasSubstr("\"x\": \"y\""),
                             HasSubstr("\"__meta_url\": "), HasSubstr("\"instance\": \"http:1\"")));
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(CheckServiceDiscovery, WaitsOnlySoLong) {
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest&) {
    connection.read_some();  // until the client goes
    return false;
  });
  const auto got = check_job(
      "scrape_configs: [{job_name: a, static_configs: [{targets: ['a:1']}], "
      "http_sd_configs: [{url: '" +
          server.url("/") + "'}]}]",
      "a", {"--timeout=100ms"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_THAT(got.out, HasSubstr("\"instance\": \"a:1\""));
}

TEST_F(CheckServiceDiscovery, FindsJobsOfIncludedFiles) {
  write("jobs/a.yml", "scrape_configs: [{job_name: a, static_configs: [{targets: ['a:1']}]}]");
  EXPECT_THAT(check_job("scrape_config_files: ['jobs/*.yml']", "a").out,
              HasSubstr("\"job\": \"a\""));
}

TEST_F(CheckServiceDiscovery, SaysWhatItCannotDo) {
  constexpr std::string_view kJobs = "scrape_configs: [{job_name: a}, {job_name: b}]";
  const auto unknown = check_job(kJobs, "c");
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_EQ(unknown.out, "");
  EXPECT_EQ(unknown.err, "Job c not found. Select one of:\n\ta\n\tb\n");

  const auto not_built = check_job(
      "scrape_configs: [{job_name: a, dns_sd_configs: [{names: [x]}], consul_sd_configs: []}, "
      "{job_name: b}]",
      "a");
  EXPECT_EQ(not_built.exit_code, 1);
  EXPECT_EQ(not_built.err,
            "scrape job \"a\": dns_sd_configs: this discovery is not built; http_sd_configs is the "
            "bridge to it: a small server that lists the targets as JSON\n");
  EXPECT_THAT(check_job("foo: 1", "a").err, HasSubstr("p.yml:1:1: foo: unknown key"));

  struct Case {
    std::vector<std::string> arguments;
    const char* named;
  };
  const Case cases[] = {
      {{"service-discovery"}, "config-file"},
      {{"service-discovery", "p.yml"}, "job"},
      {{"service-discovery", "no.yml", "a"}, "path 'no.yml' does not exist"},
      {{"service-discovery", "p.yml", "a", "--timeout=soon"}, "--timeout"},
      {{"service-discovery", "p.yml", "a", "b"}, "b"},
  };
  write("p.yml", kJobs);
  for (const Case& c : cases) {
    const auto got = run(&check, c.arguments);
    EXPECT_EQ(got.exit_code, 1) << c.named;
    EXPECT_EQ(got.out, "") << c.named;
    EXPECT_THAT(got.err, AllOf(HasSubstr("silverback: error: "), HasSubstr(c.named)));
  }
}

}  // namespace
}  // namespace silverback::cmd
