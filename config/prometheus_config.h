// prometheus.yml, all of it: read, checked, and printed as /api/v1/status/config shows it.
//
//   Result<PrometheusConfig> config = load_config(FileSystem::posix(), "prometheus.yml");
//   if (!config) … config.error().message …   // a line for each problem, at most 20
//
//   prometheus.yml:7:17: scrape_configs[0].scrape_timeout: cannot be above scrape_interval, 15s
//
// What is read is what Prometheus reads; what we do not run is told by not_built(), because a
// checker must take the whole format and a server must not stay silent.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (3.14).
// Prometheus compatibility: stricter where it cannot be meant (a key twice, a URL without a host,
// an unknown scheme); a key with an empty value is as if it were not there. Threads: value types.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"
#include "config/fields.h"
#include "config/http_client_config.h"
#include "config/relabel.h"
#include "config/remote_config.h"
#include "config/scrape_config.h"

namespace silverback::config {

struct RuntimeConfig {
  std::int64_t gogc = 75;
  bool operator==(const RuntimeConfig&) const = default;
};

// Servers that alerts are sent to.
struct AlertmanagerConfig {
  HttpClientConfig http;
  std::optional<SigV4> sigv4;
  std::string scheme = "http";
  std::string path_prefix;  // empty or "/": none
  DurationMs timeout = 10'000;
  std::string api_version = "v2";
  std::vector<RelabelRule> relabel_configs;        // of the servers found
  std::vector<RelabelRule> alert_relabel_configs;  // of the alerts sent to these
  Discoveries discoveries;
  bool operator==(const AlertmanagerConfig&) const = default;
};

struct AlertingConfig {
  std::vector<RelabelRule> alert_relabel_configs;
  std::vector<AlertmanagerConfig> alertmanagers;
  bool operator==(const AlertingConfig&) const = default;
};

// What is nothing here is what the command line says.
struct RetentionConfig {
  std::optional<DurationMs> time;     // 0: for ever
  std::optional<std::uint64_t> size;  // bytes; 0: no limit
  std::optional<double> percentage;   // of the disk; 0: no limit
  bool operator==(const RetentionConfig&) const = default;
};

struct TsdbConfig {
  DurationMs out_of_order_time_window = 0;
  double stale_series_compaction_threshold = 0;
  std::string chunk_encoding_floats;  // xor, xor2
  RetentionConfig retention;
  bool operator==(const TsdbConfig&) const = default;
};

struct ExemplarsConfig {
  std::int64_t max_exemplars = 0;
  bool operator==(const ExemplarsConfig&) const = default;
};

struct StorageConfig {
  std::optional<TsdbConfig> tsdb;
  std::optional<ExemplarsConfig> exemplars;
  bool operator==(const StorageConfig&) const = default;
};

struct TracingConfig {
  std::string client_type = "grpc";  // or http
  std::string endpoint;
  double sampling_fraction = 0;
  bool insecure = false;
  TlsConfig tls;
  std::map<std::string, std::string> headers;  // secret values
  std::string compression;                     // gzip
  DurationMs timeout = 0;                      // 0: the client's
  bool operator==(const TracingConfig&) const = default;
};

struct OtlpConfig {
  bool promote_all_resource_attributes = false;
  std::vector<std::string> promote_resource_attributes, ignore_resource_attributes;
  std::string translation_strategy = "UnderscoreEscapingWithSuffixes";
  bool keep_identifying_resource_attributes = false;
  bool convert_histograms_to_nhcb = false;
  bool promote_scope_metadata = false;
  bool label_name_underscore_sanitization = true;
  bool label_name_preserve_multiple_underscores = true;
  bool operator==(const OtlpConfig&) const = default;
};

struct PrometheusConfig {
  GlobalConfig global;
  RuntimeConfig runtime;
  AlertingConfig alerting;
  std::vector<std::string> rule_files;           // globs
  std::vector<std::string> scrape_config_files;  // globs
  std::vector<ScrapeConfig> scrape_configs;
  std::vector<ScrapeConfig> included_scrape_configs;  // from scrape_config_files; not printed
  StorageConfig storage;
  std::optional<TracingConfig> tracing;
  std::vector<RemoteWriteConfig> remote_write;
  std::vector<RemoteReadConfig> remote_read;
  OtlpConfig otlp;
  bool operator==(const PrometheusConfig&) const = default;
};

// `global.external_labels` as a label set.
Labels external_labels(const PrometheusConfig& config);

// The process's own.
Environment process_environment();

// The file and the scrape_config_files that it names. Relative paths in a file are from its folder.
// Errors: kInvalidArgument with all problems; kNotFound and kIo for `path` itself.
Result<PrometheusConfig> load_config(FileSystem& files, const std::filesystem::path& path,
                                     const Environment& environment = process_environment());
// One text, as if it were in the file `path`; scrape_config_files are not read.
Result<PrometheusConfig> parse_config(std::string_view text, const std::filesystem::path& path,
                                      const Environment& environment = process_environment());

// As YAML, with all defaults that Prometheus shows, `<secret>` for secrets. Reading it again gives
// the same text. It is Prometheus's text but for these: long texts stay on one line; values of
// tracing's headers and passwords in URLs of discoveries are hidden; filter_external_labels is
// shown if it is false, too.
std::string print_config(const PrometheusConfig& config);

// A part of the format that this server does not run.
struct NotBuilt {
  std::string path;     // scrape_configs, alerting.alertmanagers[0].dns_sd_configs
  std::string message;  // why, and what to do instead
  bool refused;         // a server must not start; else it is ignored
  bool operator==(const NotBuilt&) const = default;
};
std::vector<NotBuilt> not_built(const PrometheusConfig& config);

// The files that `globs` (rule_files, scrape_config_files) name, in their order, each once. As in
// Prometheus none is no error, not even for a path without a wildcard. Errors: those of
// expand_glob.
Result<std::vector<std::string>> files_matching(FileSystem& files,
                                                const std::vector<std::string>& globs);
// What of that somebody should know, a sentence each: a glob that names no file, and one that
// Prometheus would refuse.
std::vector<std::string> notices(FileSystem& files, const PrometheusConfig& config);

}  // namespace silverback::config
