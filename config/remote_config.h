// Other servers that samples go to and come from: `remote_write` and `remote_read`. Read, checked
// and printed; the server refuses to run them (not_built in prometheus_config.h).
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/fields.h"
#include "config/http_client_config.h"
#include "config/relabel.h"

namespace silverback::config {

struct SigV4 {
  std::string region, access_key, secret_key, profile, role_arn, external_id;
  bool use_fips_sts_endpoint = false;
  bool operator==(const SigV4&) const = default;
};

// The keys that one way to sign in to Azure has.
struct AzureIdentity {
  std::string client_id, tenant_id;
  std::string client_secret;                                                 // oauth
  std::string token_file_path;                                               // workload_identity
  std::string certificate_path, certificate_key_path, certificate_password;  // certificate
  bool send_certificate_chain = false;
  bool operator==(const AzureIdentity&) const = default;
};

struct AzureAd {
  std::string cloud = "AzurePublic";
  std::optional<AzureIdentity> managed_identity, workload_identity, oauth, certificate, sdk;
  std::string scope;
  bool operator==(const AzureAd&) const = default;
};

struct GoogleIam {
  std::string credentials_file;
  bool operator==(const GoogleIam&) const = default;
};

struct QueueConfig {
  std::uint64_t capacity = 10'000;
  std::uint64_t max_shards = 50;
  std::uint64_t min_shards = 1;
  std::uint64_t max_samples_per_send = 2'000;
  DurationMs batch_send_deadline = 5'000;
  DurationMs min_backoff = 30;
  DurationMs max_backoff = 5'000;
  bool retry_on_http_429 = false;
  DurationMs sample_age_limit = 0;
  bool operator==(const QueueConfig&) const = default;
};

struct MetadataConfig {
  bool send = true;
  DurationMs send_interval = 60'000;
  std::uint64_t max_samples_per_send = 2'000;
  bool operator==(const MetadataConfig&) const = default;
};

// Senders do not use HTTP/2 unless told to.
inline HttpClientConfig http1_client() {
  HttpClientConfig http;
  http.enable_http2 = false;
  return http;
}

struct RemoteWriteConfig {
  std::string url;
  DurationMs remote_timeout = 30'000;
  std::map<std::string, std::string> headers;
  std::vector<RelabelRule> write_relabel_configs;
  std::string name;
  bool send_exemplars = false;
  bool send_native_histograms = false;
  bool round_robin_dns = false;
  bool failed_request_logging = false;
  std::string protobuf_message = "prometheus.WriteRequest";
  HttpClientConfig http = http1_client();
  QueueConfig queue;
  MetadataConfig metadata;
  std::optional<SigV4> sigv4;
  std::optional<AzureAd> azuread;
  std::optional<GoogleIam> google_iam;
  bool operator==(const RemoteWriteConfig&) const = default;
};

struct RemoteReadConfig {
  std::string url;
  DurationMs remote_timeout = 60'000;
  std::map<std::string, std::string> headers;
  std::uint64_t chunked_read_limit = 50'000'000;  // bytes of a frame
  bool read_recent = false;
  std::string name;
  HttpClientConfig http;
  std::map<std::string, std::string> required_matchers;
  bool filter_external_labels = true;
  bool operator==(const RemoteReadConfig&) const = default;
};

// A problem for each of `headers` that no section may set.
void check_headers(Fields& f, const std::map<std::string, std::string>& headers);

void describe(Fields& f, SigV4& sigv4);
void describe(Fields& f, AzureAd& azure);
void describe(Fields& f, GoogleIam& iam);
void describe(Fields& f, QueueConfig& queue);
void describe(Fields& f, MetadataConfig& metadata);
void describe(Fields& f, RemoteWriteConfig& remote);
void describe(Fields& f, RemoteReadConfig& remote);

}  // namespace silverback::config
