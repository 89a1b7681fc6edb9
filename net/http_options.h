// How to reach and convince other servers: Prometheus's HTTP client options (its `basic_auth`,
// `authorization`, `oauth2`, `tls_config`, `proxy_url`, `http_headers`, …) as plain structs. The
// same block stands in scrape jobs, discoveries, Alertmanagers and remote endpoints. `x_file`
// members name files whose content, with blanks around it cut off, is used instead of `x`; they are
// read again when they change (net/http_secrets.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace silverback::net {

struct HttpHeader {
  std::string name, value;
};

struct BasicAuth {
  std::string username, username_file;
  std::string password, password_file;
};

// `Authorization: type credentials`.
struct Authorization {
  std::string type = "Bearer";
  std::string credentials, credentials_file;
};

enum class TlsVersion : std::uint8_t { kDefault, kTls10, kTls11, kTls12, kTls13 };

// PEM texts, inline or in files.
struct TlsOptions {
  std::string ca, ca_file;  // replaces the system's authorities
  std::string cert, cert_file;
  std::string key, key_file;
  std::string server_name;  // asked for and verified, instead of the URL's host
  bool insecure_skip_verify = false;
  TlsVersion min_version = TlsVersion::kDefault;  // kDefault: 1.2
  TlsVersion max_version = TlsVersion::kDefault;  // kDefault: the newest
};

struct ProxyOptions {
  std::string url;                          // http, https, socks5 or socks5h
  std::string no_proxy;                     // who is reached without it: hosts, domains, CIDRs
  bool from_environment = false;            // HTTP_PROXY, HTTPS_PROXY, NO_PROXY
  std::vector<HttpHeader> connect_headers;  // for the proxy, when it is asked for a tunnel
};

// One configured header. Each value, secret and file is a header line of its own.
struct CustomHeader {
  std::string name;
  std::vector<std::string> values, secrets, files;
};

// OAuth 2.0, grant type client_credentials (net/oauth2.h).
struct OAuth2Options {
  std::string client_id;
  std::string client_secret, client_secret_file;
  std::string token_url;
  std::vector<std::string> scopes;
  std::vector<std::pair<std::string, std::string>> endpoint_params;
  TlsOptions tls;
  ProxyOptions proxy;
};

struct HttpOptions {
  // At most one of these three.
  std::optional<BasicAuth> basic_auth;
  std::optional<Authorization> authorization;
  std::optional<OAuth2Options> oauth2;

  TlsOptions tls;
  ProxyOptions proxy;
  bool follow_redirects = true;
  bool enable_http2 = true;  // over TLS, if the server offers it
  std::vector<CustomHeader> headers;
};

// What contradicts itself is kInvalidArgument, with Prometheus's words. Reads no file.
Status check(const HttpOptions& options);

// Whether a header line can be made of it without breaking out of the line.
bool is_header_name(std::string_view name);
bool is_header_value(std::string_view value);

// ASCII, as header names are compared.
std::string to_lower(std::string_view text);

}  // namespace silverback::net
