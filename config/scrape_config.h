// What is scraped, and how: `scrape_configs`.
//
// Source:
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/discovery_config.h"
#include "config/fields.h"
#include "config/http_client_config.h"
#include "config/relabel.h"

namespace silverback::config {

// How much one scrape may bring; 0 is no limit. Jobs have the global ones unless they say
// otherwise.
struct ScrapeLimits {
  std::uint64_t body_size_limit = 0;  // bytes, uncompressed
  std::uint64_t sample_limit = 0;
  std::uint64_t target_limit = 0;
  std::uint64_t label_limit = 0;
  std::uint64_t label_name_length_limit = 0, label_value_length_limit = 0;  // bytes
  std::uint64_t keep_dropped_targets = 0;
  bool operator==(const ScrapeLimits&) const = default;
};

struct GlobalConfig {
  DurationMs scrape_interval = 60'000;
  DurationMs scrape_timeout = 10'000;
  std::vector<std::string> scrape_protocols;  // empty: a job's by its scrape_native_histograms
  DurationMs evaluation_interval = 60'000;
  DurationMs rule_query_offset = 0;
  std::string query_log_file, scrape_failure_log_file;
  std::map<std::string, std::string> external_labels;  // variables expanded
  ScrapeLimits limits;
  std::string metric_name_validation_scheme = "utf8";  // or legacy
  // As of a job; empty: by the scheme above. Prometheus compatibility: a file without `global`
  // shows it, one that says anything there does not.
  std::string metric_name_escaping_scheme = "allow-utf-8";
  bool scrape_native_histograms = false;
  bool convert_classic_histograms_to_nhcb = false;
  bool always_scrape_classic_histograms = false;
  bool extra_scrape_metrics = false;
  bool operator==(const GlobalConfig&) const = default;
};

// After reading, what a job does not say has the global value.
struct ScrapeConfig {
  std::string job_name;
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  std::map<std::string, std::vector<std::string>> params;
  DurationMs scrape_interval = 0;
  DurationMs scrape_timeout = 0;
  std::vector<std::string> scrape_protocols;
  std::string fallback_scrape_protocol;
  std::optional<bool> scrape_native_histograms;
  std::optional<bool> always_scrape_classic_histograms;
  std::optional<bool> convert_classic_histograms_to_nhcb;
  std::optional<bool> extra_scrape_metrics;
  std::string scrape_failure_log_file;
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  bool enable_compression = true;
  ScrapeLimits limits;
  std::uint64_t native_histogram_bucket_limit = 0;
  double native_histogram_min_bucket_factor = 0;
  std::string metric_name_validation_scheme;  // utf8, legacy
  std::string metric_name_escaping_scheme;    // allow-utf-8, underscores, dots, values
  HttpClientConfig http;
  std::vector<RelabelRule> relabel_configs, metric_relabel_configs;
  Discoveries discoveries;
  bool operator==(const ScrapeConfig&) const = default;
};

void describe(Fields& f, RelabelRule& rule);
void describe(Fields& f, GlobalConfig& global);
void describe(Fields& f, ScrapeConfig& job);

// The list `scrape_configs`: each has a name of its own among `names` and inherits from `global`.
void describe_jobs(Fields& f, std::vector<ScrapeConfig>& jobs, const GlobalConfig& global,
                   std::set<std::string>& names);

// The names that rules at `key` may make, known only when the sections around them are read. Their
// problems are told at `key`.
void set_names(Fields& f, std::string_view key, std::vector<RelabelRule>& rules, NameScheme names);

// What a client asks for if nothing is written.
std::vector<std::string> default_scrape_protocols(bool native_histograms);

// `$name` and `${name}` replaced by the variable, `$$` by `$`. Source: Go's os.Expand.
std::string expand_variables(std::string_view text, const Environment& environment);

}  // namespace silverback::config
