// How an HTTP client reaches its server: the fields that scraping, discovery, remote storage and
// alerting share, and that stand among the fields of the section they belong to.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"

namespace silverback::config {

struct TlsConfig {
  std::string ca, cert, key;  // as text, or as a file
  std::string ca_file, cert_file, key_file;
  std::string server_name;
  bool insecure_skip_verify = false;
  std::string min_version, max_version;  // TLS10 … TLS13; empty: the library's

  bool operator==(const TlsConfig&) const = default;
};

struct BasicAuth {
  std::string username, username_file, password, password_file;
  bool operator==(const BasicAuth&) const = default;
};

struct Authorization {
  std::string type = "Bearer";
  std::string credentials, credentials_file;
  bool operator==(const Authorization&) const = default;
};

struct ProxyConfig {
  std::string proxy_url, no_proxy;
  bool proxy_from_environment = false;
  std::map<std::string, std::vector<std::string>> proxy_connect_header;  // secret values
  bool operator==(const ProxyConfig&) const = default;
};

inline constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

struct OAuth2 {
  std::string client_id;
  std::string grant_type;  // client_credentials or kJwtBearer; empty: client_credentials
  std::string client_secret, client_secret_file;
  std::string client_certificate_key, client_certificate_key_file, client_certificate_key_id;
  std::string signature_algorithm;  // empty: RS256
  std::string iss, audience;
  std::map<std::string, std::string> claims;
  std::vector<std::string> scopes;
  std::string token_url;
  std::map<std::string, std::string> endpoint_params;
  TlsConfig tls;
  ProxyConfig proxy;
  bool operator==(const OAuth2&) const = default;
};

// A header's values, in three ways that add up.
struct HttpHeader {
  std::vector<std::string> values, secrets, files;
  bool operator==(const HttpHeader&) const = default;
};

// At most one of basic_auth, authorization and oauth2; `bearer_token` and `bearer_token_file` are
// read as an authorization.
struct HttpClientConfig {
  std::optional<BasicAuth> basic_auth;
  std::optional<Authorization> authorization;
  std::optional<OAuth2> oauth2;
  TlsConfig tls;
  bool follow_redirects = true;
  bool enable_http2 = true;
  ProxyConfig proxy;
  std::map<std::string, HttpHeader> http_headers;
  bool operator==(const HttpClientConfig&) const = default;
};

void describe(Fields& f, TlsConfig& tls);
void describe(Fields& f, BasicAuth& auth);
void describe(Fields& f, Authorization& auth);
void describe(Fields& f, ProxyConfig& proxy);
void describe(Fields& f, OAuth2& oauth2);
void describe(Fields& f, HttpHeader& header);
void describe(Fields& f, HttpClientConfig& http);
// `tls_config`, printed only where something is set.
void describe_tls(Fields& f, TlsConfig& tls);

}  // namespace silverback::config
