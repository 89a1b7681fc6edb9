#include "scrape/job.h"

#include <algorithm>
#include <utility>

#include "base/number_text.h"
#include "config/http_options.h"
#include "ingest/exposition_format.h"

namespace silverback::scrape {
namespace {

SampleRules sample_rules_of(const config::ScrapeConfig& config, config::Relabeling relabeling) {
  SampleRules rules;
  rules.honor_labels = config.honor_labels;
  rules.honor_timestamps = config.honor_timestamps;
  rules.track_timestamps_staleness = config.track_timestamps_staleness;
  rules.extra_report = config.extra_scrape_metrics.value_or(false);
  rules.relabeling = std::move(relabeling);
  rules.names = config::name_scheme(config.metric_name_validation_scheme);
  rules.limits = config.limits;
  return rules;
}

// Discovery would refuse it later, when a reload cannot be refused any more.
Status check_discoveries(const config::Discoveries& discoveries) {
  for (const config::HttpDiscovery& http : discoveries.http) {
    const net::HttpOptions options = TRY(config::http_options(http.http));
    TRY(net::check(options));
  }
  return {};
}

// The largest body that is not too large. Prometheus compatibility: one of exactly the limit is.
std::uint64_t body_bytes_max_of(std::uint64_t limit, std::uint64_t server_max) {
  return limit == 0 ? server_max : std::min(limit - 1, server_max);
}

}  // namespace

Result<std::shared_ptr<const Job>> make_job(const config::ScrapeConfig& config,
                                            std::shared_ptr<FailureLog> failure_log,
                                            net::HttpClient& client) {
  auto job = std::make_shared<Job>();
  job->config = std::make_shared<const config::ScrapeConfig>(config);
  job->target_rules = TRY(target_rules(config));
  auto relabeling = TRY(config::Relabeling::make(config.metric_relabel_configs));
  job->sample_rules =
      std::make_shared<const SampleRules>(sample_rules_of(config, std::move(relabeling)));
  TRY(check_discoveries(config.discoveries));
  const net::HttpOptions options = TRY(config::http_options(config.http));
  job->session = TRY(client.open(options));
  job->failure_log = std::move(failure_log);
  return job;
}

net::HttpRequest scrape_request(const Job& job, const Target& target,
                                std::uint64_t body_bytes_max) {
  const config::ScrapeConfig& config = *job.config;
  net::HttpRequest request;
  request.url = target.url;
  request.unix_socket = target.unix_socket;
  request.headers = {{"Accept", ingest::accept_header(config.scrape_protocols,
                                                      config.metric_name_escaping_scheme)},
                     {"X-Prometheus-Scrape-Timeout-Seconds",
                      format_float(static_cast<double>(target.timeout) / 1000)}};
  request.timeout = std::chrono::milliseconds(target.timeout);
  request.body_bytes_max = body_bytes_max_of(config.limits.body_size_limit, body_bytes_max);
  request.accept_gzip = config.enable_compression;
  if (!config.enable_compression) request.headers.push_back({"Accept-Encoding", "identity"});
  return request;
}

}  // namespace silverback::scrape
