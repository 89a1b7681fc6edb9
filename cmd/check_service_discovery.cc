#include "cmd/check_service_discovery.h"

#include <chrono>
#include <csignal>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "api/json_writer.h"
#include "base/labels.h"
#include "base/metrics.h"
#include "config/prometheus_config.h"
#include "config/scrape_config.h"
#include "discovery/discovery.h"
#include "net/http_client.h"
#include "scrape/target.h"

namespace silverback::cmd {
namespace {

using config::PrometheusConfig;
using config::ScrapeConfig;

Result<ScrapeConfig> find_job(const PrometheusConfig& config, const std::string& name) {
  std::string names;
  for (const auto* jobs : {&config.scrape_configs, &config.included_scrape_configs}) {
    for (const ScrapeConfig& job : *jobs) {
      if (job.job_name == name) return job;
      names += "\n\t" + job.job_name;
    }
  }
  return fail(ErrorCode::kNotFound, "Job " + name + " not found. Select one of:" + names);
}

// Everything that the job finds its targets by.
Status check_built(const ScrapeConfig& job) {
  constexpr std::string_view kPrefix = "scrape_configs[0].";
  PrometheusConfig alone;
  alone.scrape_configs = {job};
  for (const config::NotBuilt& part : not_built(alone)) {
    if (!part.refused || !part.path.starts_with(kPrefix)) continue;
    return fail(ErrorCode::kInvalidArgument, "scrape job " + quote(job.job_name) + ": " +
                                                 part.path.substr(kPrefix.size()) + ": " +
                                                 part.message);
  }
  return {};
}

// A client whose thread ends with it.
class RunningClient {
 public:
  RunningClient() : thread_([this] { client_.run(); }) {}
  ~RunningClient() {
    client_.stop();
    thread_.join();
  }
  RunningClient(const RunningClient&) = delete;
  RunningClient& operator=(const RunningClient&) = delete;
  net::HttpClient& operator*() { return client_; }

 private:
  net::HttpClient client_{nullptr};
  std::thread thread_;
};

Result<discovery::TargetGroups> discover(const ScrapeConfig& job, DurationMs timeout) {
  constexpr std::chrono::milliseconds kLookInterval{10};
  using Clock = std::chrono::steady_clock;
  std::signal(SIGPIPE, SIG_IGN);  // net wants it
  Registry metrics;
  RunningClient client;
  discovery::Discovery discovery("scrape", *client, metrics);
  const Clock::time_point deadline = Clock::now() + std::chrono::milliseconds(timeout);
  TRY(discovery.apply({{job.job_name, job.discoveries}}, Clock::now()));
  while (!discovery.has_all_answers() && Clock::now() < deadline)
    std::this_thread::sleep_for(kLookInterval);
  return discovery.targets(job.job_name);
}

struct Finding {
  Labels discovered, labels;
  std::string error;
};

Finding relabeled(const scrape::TargetRules& rules, const Labels& target,
                  const discovery::TargetGroup& group) {
  Finding finding;
  finding.discovered = scrape::discovered_labels(rules, target, group);
  const auto made = scrape::make_target(rules, target, group);
  if (!made) {
    finding.error = made.error().message;
  } else if (*made) {
    finding.labels = (*made)->labels;
  }
  return finding;
}

std::vector<Finding> findings_of(const scrape::TargetRules& rules,
                                 const discovery::TargetGroups& groups) {
  std::vector<Finding> all;
  for (const auto& group : groups) {
    std::set<Labels> seen;  // before relabelling: the same then is the same after it
    for (const Labels& target : group->targets) {
      Finding finding = relabeled(rules, target, *group);
      if (seen.insert(finding.discovered).second) all.push_back(std::move(finding));
    }
  }
  return all;
}

// Indented as promtool's: two blanks a level.
std::string json_of(const Labels& labels) {
  std::string json;
  for (const Label& label : labels) {
    json += json.empty() ? "{\n      " : ",\n      ";
    api::append_json_string(json, label.name);
    json += ": ";
    api::append_json_string(json, label.value);
  }
  return json.empty() ? "{}" : json + "\n    }";
}

std::string json_of(const std::vector<Finding>& findings) {
  std::string json;
  for (const Finding& finding : findings) {
    json += json.empty() ? "[\n  {" : ",\n  {";
    json += "\n    \"discoveredLabels\": " + json_of(finding.discovered);
    json += ",\n    \"labels\": " + json_of(finding.labels);
    if (!finding.error.empty()) {
      json += ",\n    \"error\": ";
      api::append_json_string(json, finding.error);
    }
    json += "\n  }";
  }
  return json.empty() ? "[]" : json + "\n]";
}

}  // namespace

Status check_service_discovery(FileSystem& files, const std::string& path, const std::string& job,
                               DurationMs timeout, Console& console) {
  const PrometheusConfig config = TRY(config::load_config(files, path));
  const ScrapeConfig found = TRY(find_job(config, job));
  TRY(check_built(found));
  const scrape::TargetRules rules = TRY(scrape::target_rules(found));
  const discovery::TargetGroups groups = TRY(discover(found, timeout));
  console.out << json_of(findings_of(rules, groups));
  return {};
}

}  // namespace silverback::cmd
