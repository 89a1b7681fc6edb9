#include "net/http_options.h"

#include <algorithm>
#include <string_view>

namespace silverback::net {
namespace {

// Headers that the client, or the options made for them, write themselves; in lower case.
constexpr std::string_view kReservedHeaders[] = {
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "www-authenticate",
    "x-prometheus-remote-read-version",
    "x-prometheus-remote-write-version",
    "x-prometheus-scrape-timeout-seconds",
};

Status refuse(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

Status at_most_one(const std::string& inline_text, const std::string& file, std::string_view name) {
  if (inline_text.empty() || file.empty()) return {};
  return refuse("at most one of " + std::string(name) + " and " + std::string(name) +
                "_file must be configured");
}

Status check_basic_auth(const BasicAuth& basic) {
  TRY(at_most_one(basic.username, basic.username_file, "basic_auth username"));
  return at_most_one(basic.password, basic.password_file, "basic_auth password");
}

Status check_authorization(const Authorization& authorization) {
  TRY(at_most_one(authorization.credentials, authorization.credentials_file,
                  "authorization credentials"));
  if (to_lower(authorization.type) == "basic") {
    return refuse(R"(authorization type cannot be set to "basic", use "basic_auth" instead)");
  }
  if (!is_header_name(authorization.type)) {
    return refuse("authorization type \"" + authorization.type + "\" is not a token");
  }
  return {};
}

Status check_tls(const TlsOptions& tls) {
  TRY(at_most_one(tls.ca, tls.ca_file, "ca"));
  TRY(at_most_one(tls.cert, tls.cert_file, "cert"));
  TRY(at_most_one(tls.key, tls.key_file, "key"));
  const bool has_cert = !tls.cert.empty() || !tls.cert_file.empty();
  const bool has_key = !tls.key.empty() || !tls.key_file.empty();
  if (has_cert && !has_key) {
    return refuse("exactly one of key or key_file must be configured with a client certificate");
  }
  if (has_key && !has_cert) {
    return refuse("exactly one of cert or cert_file must be configured with a client key");
  }
  if (tls.min_version != TlsVersion::kDefault && tls.max_version != TlsVersion::kDefault &&
      tls.max_version < tls.min_version) {
    return refuse("tls_config.max_version must be greater than or equal to tls_config.min_version");
  }
  return {};
}

Status check_proxy(const ProxyOptions& proxy) {
  if (proxy.from_environment && !proxy.url.empty()) {
    return refuse("if proxy_from_environment is configured, proxy_url must not be configured");
  }
  if (proxy.from_environment && !proxy.no_proxy.empty()) {
    return refuse("if proxy_from_environment is configured, no_proxy must not be configured");
  }
  if (proxy.url.empty() && !proxy.no_proxy.empty()) {
    return refuse("if no_proxy is configured, proxy_url must also be configured");
  }
  if (proxy.url.empty() && !proxy.from_environment && !proxy.connect_headers.empty()) {
    return refuse(
        "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be "
        "configured");
  }
  for (const HttpHeader& header : proxy.connect_headers) {
    if (!is_header_name(header.name) || !is_header_value(header.value)) {
      return refuse("proxy_connect_header \"" + header.name + "\" is not a valid header");
    }
  }
  return {};
}

Status check_oauth2(const OAuth2Options& oauth2) {
  if (oauth2.client_id.empty()) return refuse("oauth2 client_id must be configured");
  if (oauth2.token_url.empty()) return refuse("oauth2 token_url must be configured");
  TRY(at_most_one(oauth2.client_secret, oauth2.client_secret_file, "oauth2 client_secret"));
  TRY(check_tls(oauth2.tls));
  return check_proxy(oauth2.proxy);
}

Status check_header(const CustomHeader& header) {
  if (!is_header_name(header.name)) {
    return refuse("header name \"" + header.name + "\" is not a token");
  }
  const std::string name = to_lower(header.name);
  if (std::find(std::begin(kReservedHeaders), std::end(kReservedHeaders), name) !=
      std::end(kReservedHeaders)) {
    return refuse("setting header \"" + header.name + "\" is not allowed");
  }
  for (const auto* values : {&header.values, &header.secrets}) {
    if (!std::all_of(values->begin(), values->end(),
                     [](const std::string& value) { return is_header_value(value); })) {
      return refuse("header \"" + header.name + "\" has a value with a control character");
    }
  }
  return {};
}

}  // namespace

bool is_header_name(std::string_view name) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kSigns.find(c) != kSigns.npos;
  });
}

bool is_header_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Status check(const HttpOptions& options) {
  const int ways =
      (options.basic_auth ? 1 : 0) + (options.authorization ? 1 : 0) + (options.oauth2 ? 1 : 0);
  if (ways > 1) {
    return refuse("at most one of basic_auth, oauth2 & authorization must be configured");
  }
  if (options.basic_auth) TRY(check_basic_auth(*options.basic_auth));
  if (options.authorization) TRY(check_authorization(*options.authorization));
  if (options.oauth2) TRY(check_oauth2(*options.oauth2));
  TRY(check_tls(options.tls));
  TRY(check_proxy(options.proxy));
  for (const CustomHeader& header : options.headers) TRY(check_header(header));
  return {};
}

}  // namespace silverback::net
