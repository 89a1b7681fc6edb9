#include "config/http_options.h"

namespace silverback::config {
namespace {

net::TlsVersion tls_version(const std::string& name) {
  if (name == "TLS10") return net::TlsVersion::kTls10;
  if (name == "TLS11") return net::TlsVersion::kTls11;
  if (name == "TLS12") return net::TlsVersion::kTls12;
  if (name == "TLS13") return net::TlsVersion::kTls13;
  return net::TlsVersion::kDefault;
}

net::TlsOptions tls_options(const TlsConfig& config) {
  net::TlsOptions tls;
  tls.ca = config.ca;
  tls.ca_file = config.ca_file;
  tls.cert = config.cert;
  tls.cert_file = config.cert_file;
  tls.key = config.key;
  tls.key_file = config.key_file;
  tls.server_name = config.server_name;
  tls.insecure_skip_verify = config.insecure_skip_verify;
  tls.min_version = tls_version(config.min_version);
  tls.max_version = tls_version(config.max_version);
  return tls;
}

net::ProxyOptions proxy_options(const ProxyConfig& config) {
  net::ProxyOptions proxy;
  proxy.url = config.proxy_url;
  proxy.no_proxy = config.no_proxy;
  proxy.from_environment = config.proxy_from_environment;
  for (const auto& [name, values] : config.proxy_connect_header)
    for (const std::string& value : values) proxy.connect_headers.push_back({name, value});
  return proxy;
}

Result<net::OAuth2Options> oauth2_options(const OAuth2& config) {
  if (!config.grant_type.empty() && config.grant_type != "client_credentials")
    return fail(ErrorCode::kInvalidArgument,
                "oauth2: grant_type " + config.grant_type + " is not built; client_credentials is");
  net::OAuth2Options oauth2;
  oauth2.client_id = config.client_id;
  oauth2.client_secret = config.client_secret;
  oauth2.client_secret_file = config.client_secret_file;
  oauth2.token_url = config.token_url;
  oauth2.scopes = config.scopes;
  oauth2.endpoint_params.assign(config.endpoint_params.begin(), config.endpoint_params.end());
  oauth2.tls = tls_options(config.tls);
  oauth2.proxy = proxy_options(config.proxy);
  return oauth2;
}

}  // namespace

Result<net::HttpOptions> http_options(const HttpClientConfig& config) {
  net::HttpOptions options;
  if (const auto& basic = config.basic_auth)
    options.basic_auth = {basic->username, basic->username_file, basic->password,
                          basic->password_file};
  if (const auto& authorization = config.authorization)
    options.authorization = {authorization->type, authorization->credentials,
                             authorization->credentials_file};
  if (config.oauth2) options.oauth2 = TRY(oauth2_options(*config.oauth2));
  options.tls = tls_options(config.tls);
  options.proxy = proxy_options(config.proxy);
  options.follow_redirects = config.follow_redirects;
  options.enable_http2 = config.enable_http2;
  for (const auto& [name, header] : config.http_headers)
    options.headers.push_back({name, header.values, header.secrets, header.files});
  TRY(net::check(options));
  return options;
}

}  // namespace silverback::config
