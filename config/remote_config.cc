#include "config/remote_config.h"

#include <array>

#include "base/letter_case.h"
#include "config/scrape_config.h"

namespace silverback::config {
namespace {

constexpr std::string_view kAzureTokenFile = "/var/run/secrets/azure/tokens/azure-identity-token";

// Set by the client itself, or by fields of their own.
constexpr std::array<std::string_view, 9> kReservedHeaders = {
    "authorization", "host",           "content-encoding",
    "content-type",  "content-length", "x-prometheus-remote-write-version",
    "user-agent",    "connection",     "x-prometheus-remote-read-version"};

}  // namespace

void check_headers(Fields& f, const std::map<std::string, std::string>& headers) {
  for (const auto& [name, value] : headers) {
    const std::string lower = to_lower(name);
    for (const std::string_view reserved : kReservedHeaders)
      f.require(lower != reserved, "headers", "the header " + name + " cannot be set here");
  }
}

void describe(Fields& f, SigV4& sigv4) {
  f.field("region", kText, sigv4.region);
  f.field("access_key", kText, sigv4.access_key);
  f.field("secret_key", kSecret, sigv4.secret_key);
  f.field("profile", kText, sigv4.profile);
  f.field("role_arn", kText, sigv4.role_arn);
  f.field("external_id", kText, sigv4.external_id);
  f.field("use_fips_sts_endpoint", kBool, sigv4.use_fips_sts_endpoint);
  f.require(sigv4.access_key.empty() == sigv4.secret_key.empty(), "",
            "access_key and secret_key go together");
  f.require(sigv4.external_id.empty() || !sigv4.role_arn.empty(), "external_id",
            "needs a role_arn");
}

void describe(Fields& f, AzureAd& azure) {
  // The ways differ in their keys; what is needed is the first of the line.
  const auto managed = [](Fields& inner, AzureIdentity& identity) {
    inner.field("client_id", kText, identity.client_id);
  };
  const auto tenant = [](Fields& inner, AzureIdentity& identity) {
    inner.field("client_id", kText, identity.client_id);
    inner.field("tenant_id", kText, identity.tenant_id);
    inner.require(!identity.client_id.empty(), "client_id", "expected the client's id");
    inner.require(!identity.tenant_id.empty(), "tenant_id", "expected the tenant's id");
  };
  const auto workload = [&](Fields& inner, AzureIdentity& identity) {
    if (inner.reading()) identity.token_file_path = kAzureTokenFile;
    tenant(inner, identity);
    inner.field("token_file_path", kText, identity.token_file_path, Shown::kAlways);
  };
  const auto oauth = [&](Fields& inner, AzureIdentity& identity) {
    tenant(inner, identity);
    inner.field("client_secret", kSecret, identity.client_secret);
    inner.require(!identity.client_secret.empty(), "client_secret", "expected the client's secret");
  };
  const auto certificate = [&](Fields& inner, AzureIdentity& identity) {
    tenant(inner, identity);
    inner.field("certificate_path", kText, identity.certificate_path);
    inner.field("certificate_key_path", kText, identity.certificate_key_path);
    inner.field("certificate_password", kSecret, identity.certificate_password);
    inner.field("send_certificate_chain", kBool, identity.send_certificate_chain);
    inner.require(!identity.certificate_path.empty(), "certificate_path",
                  "expected the certificate's file");
  };
  const auto sdk = [](Fields& inner, AzureIdentity& identity) {
    inner.field("tenant_id", kText, identity.tenant_id);
  };
  f.choice("cloud", azure.cloud, {"AzurePublic", "AzureChina", "AzureGovernment"}, Shown::kAlways);
  f.section("managed_identity", azure.managed_identity, managed);
  f.section("workload_identity", azure.workload_identity, workload);
  f.section("oauth", azure.oauth, oauth);
  f.section("certificate", azure.certificate, certificate);
  f.section("sdk", azure.sdk, sdk);
  f.field("scope", kText, azure.scope);
  f.exclude({"managed_identity", "workload_identity", "oauth", "certificate", "sdk"});
  f.require(azure.managed_identity || azure.workload_identity || azure.oauth || azure.certificate ||
                azure.sdk,
            "", "expected managed_identity, workload_identity, oauth, certificate or sdk");
}

void describe(Fields& f, GoogleIam& iam) {
  f.field("credentials_file", kPath, iam.credentials_file);
}

void describe(Fields& f, QueueConfig& queue) {
  f.field("capacity", kCount, queue.capacity, Shown::kAlways);
  f.field("max_shards", kCount, queue.max_shards, Shown::kAlways);
  f.field("min_shards", kCount, queue.min_shards, Shown::kAlways);
  f.field("max_samples_per_send", kCount, queue.max_samples_per_send, Shown::kAlways);
  f.field("batch_send_deadline", kDuration, queue.batch_send_deadline, Shown::kAlways);
  f.field("min_backoff", kDuration, queue.min_backoff, Shown::kAlways);
  f.field("max_backoff", kDuration, queue.max_backoff, Shown::kAlways);
  f.field("retry_on_http_429", kBool, queue.retry_on_http_429);
  f.field("sample_age_limit", kDuration, queue.sample_age_limit);
  f.require(queue.capacity > 0, "capacity", "cannot be 0");
  f.require(queue.max_shards > 0, "max_shards", "cannot be 0");
  f.require(queue.min_shards > 0, "min_shards", "cannot be 0");
  f.require(queue.max_samples_per_send > 0, "max_samples_per_send", "cannot be 0");
  f.require(queue.min_shards <= queue.max_shards, "min_shards",
            "cannot be above max_shards, " + std::to_string(queue.max_shards));
  f.require(queue.min_backoff <= queue.max_backoff, "max_backoff",
            "cannot be below min_backoff, " + format_duration(queue.min_backoff));
}

void describe(Fields& f, MetadataConfig& metadata) {
  f.field("send", kBool, metadata.send, Shown::kAlways);
  f.field("send_interval", kDuration, metadata.send_interval, Shown::kAlways);
  f.field("max_samples_per_send", kCount, metadata.max_samples_per_send, Shown::kAlways);
}

void describe(Fields& f, RemoteWriteConfig& remote) {
  f.field("url", kUrl, remote.url, Shown::kAlways);
  f.field("remote_timeout", kDuration, remote.remote_timeout, Shown::kAlways);
  f.map("headers", kText, remote.headers);
  f.sections("write_relabel_configs", remote.write_relabel_configs);
  f.field("name", kText, remote.name);
  f.field("send_exemplars", kBool, remote.send_exemplars);
  f.field("send_native_histograms", kBool, remote.send_native_histograms);
  f.field("round_robin_dns", kBool, remote.round_robin_dns);
  f.choice("protobuf_message", remote.protobuf_message,
           {"prometheus.WriteRequest", "io.prometheus.write.v2.Request"}, Shown::kAlways);
  f.field("failed_request_logging", kBool, remote.failed_request_logging);
  describe(f, remote.http);
  f.section("queue_config", remote.queue);
  f.section("metadata_config", remote.metadata);
  f.section("sigv4", remote.sigv4);
  f.section("azuread", remote.azuread);
  f.section("google_iam", remote.google_iam);
  f.require(!remote.url.empty(), "url", "expected the URL to write to");
  f.exclude({"basic_auth", "authorization", "oauth2", "sigv4", "azuread", "google_iam"});
  check_headers(f, remote.headers);
}

void describe(Fields& f, RemoteReadConfig& remote) {
  f.field("url", kUrl, remote.url, Shown::kAlways);
  f.field("remote_timeout", kDuration, remote.remote_timeout, Shown::kAlways);
  f.field("chunked_read_limit", kCount, remote.chunked_read_limit);
  f.map("headers", kText, remote.headers);
  f.field("read_recent", kBool, remote.read_recent);
  f.field("name", kText, remote.name);
  describe(f, remote.http);
  f.map("required_matchers", kText, remote.required_matchers);
  f.field("filter_external_labels", kBool, remote.filter_external_labels, Shown::kAlways);
  f.require(!remote.url.empty(), "url", "expected the URL to read from");
  check_headers(f, remote.headers);
}

}  // namespace silverback::config
