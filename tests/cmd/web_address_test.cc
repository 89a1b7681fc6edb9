#include "cmd/web_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace silverback::cmd {
namespace {

using ::testing::HasSubstr;

TEST(WebAddress, IsWhatPrometheusMakesOfTheFlags) {
  struct Case {
    std::string_view external_url, route_prefix, url, path, prefix;
  };
  constexpr Case cases[] = {
      {"", "", "http://box:9090", "", ""},
      {"", "/prom/", "http://box:9090", "", "/prom"},
      {"http://h.example/", "", "http://h.example", "", ""},
      {"http://h.example", "", "http://h.example", "", ""},
      {"https://h.example:8443/prom/a//", "", "https://h.example:8443/prom/a", "/prom/a",
       "/prom/a"},
      {"http://h.example/prom", "/", "http://h.example/prom", "/prom", ""},
      {"http://h.example/prom", "//x/y/", "http://h.example/prom", "/prom", "/x/y"},
      {"http://h.example/prom", "x", "http://h.example/prom", "/prom", "/x"},
      {"/prom", "", "/prom", "/prom", "/prom"},
      {"prom/", "", "/prom", "/prom", "/prom"},
      {"//h.example/prom", "", "//h.example/prom", "/prom", "/prom"},
      {"h.example:9090", "", "h.example:9090", "", ""},
      {"http://[::1]:9090/a", "", "http://[::1]:9090/a", "/a", "/a"},
      {"http://u:p@h.example/a%20b/", "", "http://u:p@h.example/a%20b", "/a%20b", "/a%20b"},
      {"http://h.example/a/?x=1#y", "", "http://h.example/a?x=1#y", "/a", "/a"},
  };
  for (const Case& c : cases) {
    const auto address = web_address(c.external_url, c.route_prefix, "box", "0.0.0.0:9090");
    ASSERT_TRUE(address) << c.external_url << ": " << address.error().message;
    EXPECT_EQ(address->url, c.url) << c.external_url;
    EXPECT_EQ(address->path, c.path) << c.external_url;
    EXPECT_EQ(address->prefix, c.prefix) << c.external_url << " " << c.route_prefix;
  }
}

TEST(WebAddress, TellsWhatIsWrongWithAUrl) {
  constexpr std::pair<std::string_view, std::string_view> cases[] = {
      {"'http://h.example'", "must not begin or end with quotes"},
      {"http://h.example\"", "must not begin or end with quotes"},
      {"h.example/\x01", "invalid control character"},
      {"http://h.example/%zz", "invalid URL escape \"%zz\""},
      {"http://h.example/%2", "invalid URL escape \"%2\""},
      {"http://h example/", "invalid character in host name"},
      {"http://h.example:http/", "invalid port \":http\" after host"},
      {"http://[::1]:x", "invalid port \":x\" after host"},
      {"127.0.0.1:9090", "first path segment in URL cannot contain colon"},
      {":9090", "missing protocol scheme"},
  };
  for (const auto& [url, message] : cases) {
    const auto address = web_address(url, "", "box", "0.0.0.0:9090");
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(address.error().message, HasSubstr("--web.external-url")) << url;
    EXPECT_THAT(address.error().message, HasSubstr(std::string(message))) << url;
  }
  const auto nowhere = web_address("", "", "box", "nowhere");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().message, "--web.listen-address: \"nowhere\" has no port");
}

}  // namespace
}  // namespace silverback::cmd
