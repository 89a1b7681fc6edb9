#include "config/http_options.h"

#include <gmock/gmock.h>

namespace silverback::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(HttpOptions, CarryEveryField) {
  HttpClientConfig config;
  config.tls = {"ca",        "cert",    "key", "/ca_file", "/cert_file",
                "/key_file", "example", true,  "TLS10",    "TLS13"};
  config.follow_redirects = false;
  config.enable_http2 = false;
  config.http_headers["X-Scope"] = {{"a", "b"}, {"c"}, {"/d"}};
  config.proxy.proxy_url = "http://proxy:3128";
  config.proxy.no_proxy = "localhost";
  config.proxy.proxy_connect_header["X-Key"] = {"1", "2"};
  // A text next to its file is what no client takes; the two are looked at one after the other.
  HttpClientConfig files = config;
  config.tls.ca_file = config.tls.cert_file = config.tls.key_file = "";
  files.tls.ca = files.tls.cert = files.tls.key = "";

  const auto options = http_options(config);
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->tls.ca, "ca");
  EXPECT_EQ(options->tls.cert, "cert");
  EXPECT_EQ(options->tls.key, "key");
  EXPECT_EQ(options->tls.server_name, "example");
  EXPECT_TRUE(options->tls.insecure_skip_verify);
  EXPECT_EQ(options->tls.min_version, net::TlsVersion::kTls10);
  EXPECT_EQ(options->tls.max_version, net::TlsVersion::kTls13);
  EXPECT_FALSE(options->follow_redirects);
  EXPECT_FALSE(options->enable_http2);
  ASSERT_EQ(options->headers.size(), 1u);
  EXPECT_EQ(options->headers[0].name, "X-Scope");
  EXPECT_THAT(options->headers[0].values, ElementsAre("a", "b"));
  EXPECT_THAT(options->headers[0].secrets, ElementsAre("c"));
  EXPECT_THAT(options->headers[0].files, ElementsAre("/d"));
  EXPECT_EQ(options->proxy.url, "http://proxy:3128");
  EXPECT_EQ(options->proxy.no_proxy, "localhost");
  EXPECT_FALSE(options->proxy.from_environment);
  ASSERT_EQ(options->proxy.connect_headers.size(), 2u);
  EXPECT_EQ(options->proxy.connect_headers[1].name, "X-Key");
  EXPECT_EQ(options->proxy.connect_headers[1].value, "2");

  const auto with_files = http_options(files);
  ASSERT_TRUE(with_files) << with_files.error().message;
  EXPECT_EQ(with_files->tls.ca_file, "/ca_file");
  EXPECT_EQ(with_files->tls.cert_file, "/cert_file");
  EXPECT_EQ(with_files->tls.key_file, "/key_file");
}

TEST(HttpOptions, CarryWhoAsks) {
  HttpClientConfig config;
  config.basic_auth = BasicAuth{"", "/user", "secret", ""};
  auto options = http_options(config);
  ASSERT_TRUE(options && options->basic_auth);
  EXPECT_EQ(options->basic_auth->username_file, "/user");
  EXPECT_EQ(options->basic_auth->password, "secret");

  config = {};
  config.authorization = Authorization{"Token", "", "/credentials"};
  options = http_options(config);
  ASSERT_TRUE(options && options->authorization);
  EXPECT_EQ(options->authorization->type, "Token");
  EXPECT_EQ(options->authorization->credentials_file, "/credentials");

  config = {};
  config.oauth2.emplace();
  config.oauth2->client_id = "me";
  config.oauth2->client_secret_file = "/secret";
  config.oauth2->token_url = "http://tokens/";
  config.oauth2->scopes = {"read"};
  config.oauth2->endpoint_params = {{"audience", "x"}};
  config.oauth2->tls.server_name = "tokens";
  config.oauth2->proxy.proxy_from_environment = true;
  options = http_options(config);
  ASSERT_TRUE(options && options->oauth2);
  EXPECT_EQ(options->oauth2->client_id, "me");
  EXPECT_EQ(options->oauth2->client_secret_file, "/secret");
  EXPECT_EQ(options->oauth2->token_url, "http://tokens/");
  EXPECT_THAT(options->oauth2->scopes, ElementsAre("read"));
  EXPECT_THAT(options->oauth2->endpoint_params, ElementsAre(Pair("audience", "x")));
  EXPECT_EQ(options->oauth2->tls.server_name, "tokens");
  EXPECT_TRUE(options->oauth2->proxy.from_environment);
}

TEST(HttpOptions, RefuseJwtBearer) {
  HttpClientConfig config;
  config.oauth2.emplace();
  config.oauth2->grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  const auto options = http_options(config);
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(options.error().message,
            "oauth2: grant_type urn:ietf:params:oauth:grant-type:jwt-bearer is not built; "
            "client_credentials is");
}

TEST(HttpOptions, RefuseWhatTheClientRefuses) {
  HttpClientConfig config;
  config.http_headers["Accept"] = {{"a"}, {}, {}};
  const auto options = http_options(config);
  ASSERT_FALSE(options);
  EXPECT_THAT(options.error().message, HasSubstr("Accept"));
}

}  // namespace
}  // namespace silverback::config
