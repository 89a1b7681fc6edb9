#include "config/http_client_config.h"

#include <algorithm>

#include "base/letter_case.h"

namespace silverback::config {
namespace {

const std::vector<std::string_view> kTlsVersions = {"TLS10", "TLS11", "TLS12", "TLS13"};

// Set by the client itself, or by fields of their own.
const std::vector<std::string_view> kReservedHeaders = {"authorization",
                                                        "host",
                                                        "content-encoding",
                                                        "content-length",
                                                        "content-type",
                                                        "user-agent",
                                                        "connection",
                                                        "keep-alive",
                                                        "proxy-authenticate",
                                                        "proxy-authorization",
                                                        "www-authenticate",
                                                        "accept-encoding",
                                                        "x-prometheus-remote-write-version",
                                                        "x-prometheus-remote-read-version",
                                                        "x-prometheus-scrape-timeout-seconds"};

}  // namespace

void describe(Fields& f, TlsConfig& tls) {
  f.field("ca", kText, tls.ca);
  f.field("cert", kText, tls.cert);
  f.field("key", kSecret, tls.key);
  f.field("ca_file", kPath, tls.ca_file);
  f.field("cert_file", kPath, tls.cert_file);
  f.field("key_file", kPath, tls.key_file);
  f.field("server_name", kText, tls.server_name);
  f.field("insecure_skip_verify", kBool, tls.insecure_skip_verify, Shown::kAlways);
  f.choice("min_version", tls.min_version, kTlsVersions);
  f.choice("max_version", tls.max_version, kTlsVersions);
  f.exclude({"ca", "ca_file"});
  f.exclude({"cert", "cert_file"});
  f.exclude({"key", "key_file"});
  const bool has_cert = f.has("cert") || f.has("cert_file");
  const bool has_key = f.has("key") || f.has("key_file");
  f.require(!has_cert || has_key, "", "a client certificate needs its key or key_file");
  f.require(!has_key || has_cert, "", "a client key needs its cert or cert_file");
  f.require(
      tls.min_version.empty() || tls.max_version.empty() || tls.min_version <= tls.max_version,
      "min_version", "cannot be above max_version");
}

void describe_tls(Fields& f, TlsConfig& tls) {
  if (f.reading() || tls != TlsConfig()) f.section("tls_config", tls);
}

void describe(Fields& f, BasicAuth& auth) {
  f.field("username", kText, auth.username, Shown::kAlways);
  f.field("username_file", kPath, auth.username_file);
  f.field("password", kSecret, auth.password);
  f.field("password_file", kPath, auth.password_file);
  f.exclude({"username", "username_file"});
  f.exclude({"password", "password_file"});
}

void describe(Fields& f, Authorization& auth) {
  f.field("type", kText, auth.type, Shown::kAlways);
  f.field("credentials", kSecret, auth.credentials);
  f.field("credentials_file", kPath, auth.credentials_file);
  f.exclude({"credentials", "credentials_file"});
  f.require(to_lower(auth.type) != "basic", "type", "Basic is what basic_auth is for");
}

void describe(Fields& f, ProxyConfig& proxy) {
  f.field("proxy_url", kUrl, proxy.proxy_url);
  f.field("no_proxy", kText, proxy.no_proxy);
  f.field("proxy_from_environment", kBool, proxy.proxy_from_environment);
  f.map_of_lists("proxy_connect_header", kSecret, proxy.proxy_connect_header);
  if (proxy.proxy_from_environment) {
    f.require(proxy.proxy_url.empty(), "proxy_url", "cannot stand next to proxy_from_environment");
    f.require(proxy.no_proxy.empty(), "no_proxy", "cannot stand next to proxy_from_environment");
  } else if (proxy.proxy_url.empty()) {
    f.require(proxy.no_proxy.empty(), "no_proxy", "needs a proxy_url");
    f.require(proxy.proxy_connect_header.empty(), "proxy_connect_header", "needs a proxy_url");
  }
}

void describe(Fields& f, OAuth2& oauth2) {
  f.field("client_id", kText, oauth2.client_id, Shown::kAlways);
  f.choice("grant_type", oauth2.grant_type, {"client_credentials", kJwtBearer});
  f.field("client_secret", kSecret, oauth2.client_secret);
  f.field("client_secret_file", kPath, oauth2.client_secret_file);
  f.field("client_certificate_key", kSecret, oauth2.client_certificate_key);
  f.field("client_certificate_key_file", kPath, oauth2.client_certificate_key_file);
  f.field("client_certificate_key_id", kText, oauth2.client_certificate_key_id);
  f.choice("signature_algorithm", oauth2.signature_algorithm, {"RS256", "RS384", "RS512"});
  f.field("iss", kText, oauth2.iss);
  f.field("audience", kText, oauth2.audience);
  f.map("claims", kText, oauth2.claims);
  f.list("scopes", kText, oauth2.scopes);
  f.field("token_url", kUrl, oauth2.token_url, Shown::kAlways);
  f.map("endpoint_params", kText, oauth2.endpoint_params);
  describe_tls(f, oauth2.tls);
  describe(f, oauth2.proxy);
  f.exclude({"client_secret", "client_secret_file"});
  f.exclude({"client_certificate_key", "client_certificate_key_file"});
  f.require(!oauth2.client_id.empty(), "client_id", "expected the client's id");
  f.require(!oauth2.token_url.empty(), "token_url", "expected the URL that gives tokens");
  if (oauth2.grant_type == kJwtBearer)
    f.require(f.has("client_certificate_key") || f.has("client_certificate_key_file"), "",
              "this grant_type needs client_certificate_key or client_certificate_key_file");
}

void describe(Fields& f, HttpHeader& header) {
  f.list("values", kText, header.values);
  f.list("secrets", kSecret, header.secrets);
  f.list("files", kPath, header.files);
}

void describe(Fields& f, HttpClientConfig& http) {
  f.section("basic_auth", http.basic_auth);
  f.section("authorization", http.authorization);
  f.section("oauth2", http.oauth2);
  if (f.reading()) {
    std::optional<std::string> token, token_file;
    f.field("bearer_token", kSecret, token);
    f.field("bearer_token_file", kPath, token_file);
    f.exclude({"basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file"});
    if (token || token_file) {
      http.authorization.emplace();
      http.authorization->credentials = token.value_or("");
      http.authorization->credentials_file = token_file.value_or("");
    }
  }
  describe_tls(f, http.tls);
  f.field("follow_redirects", kBool, http.follow_redirects, Shown::kAlways);
  f.field("enable_http2", kBool, http.enable_http2, Shown::kAlways);
  describe(f, http.proxy);
  f.map_of_sections("http_headers", http.http_headers);
  for (const auto& [name, header] : http.http_headers) {
    const std::string lower = to_lower(name);
    f.require(std::find(kReservedHeaders.begin(), kReservedHeaders.end(), lower) ==
                  kReservedHeaders.end(),
              "http_headers", "the header " + name + " cannot be set here");
  }
}

}  // namespace silverback::config
