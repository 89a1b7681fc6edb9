#include "net/proxy.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace silverback::net {
namespace {

TEST(BypassesProxy, ByTheRulesOfGo) {
  struct Case {
    std::string_view no_proxy, host, port;
    bool want;
  };
  constexpr Case kCases[] = {
      {"example.org", "example.org", "80", true},
      {"example.org", "www.EXAMPLE.org", "80", true},
      {"example.org", "badexample.org", "80", false},
      {".example.org", "example.org", "80", false},
      {".example.org", "www.example.org", "80", true},
      {"*.example.org", "www.example.org", "80", true},
      {"*.example.org", "example.org", "80", false},
      {"a, b:81 ,c", "b", "81", true},
      {"a, b:81 ,c", "b", "80", false},
      {"*", "anything", "80", true},
      {"10.0.0.0/8", "10.1.2.3", "80", true},
      {"10.0.0.0/8", "11.1.2.3", "80", false},
      {"10.0.0.0/9", "10.128.0.1", "80", false},
      {"fd00::/8", "fd12::1", "80", true},
      {"fd00::/8", "10.0.0.1", "80", false},
      {"::/0", "10.0.0.1", "80", false},
      {"[::2]:80", "::2", "80", true},
      {"10.0.0.1", "10.0.0.1", "80", true},
      {"10.0.0.1/99", "10.0.0.1", "80", false},
      {"", "localhost", "80", true},
      {"", "127.9.9.9", "80", true},
      {"", "::1", "80", true},
      {"", "example.org", "80", false},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(bypasses_proxy(c.no_proxy, c.host, c.port), c.want) << c.no_proxy << " " << c.host;
  }
}

TEST(ProxyFor, TakesTheOptionsOrTheEnvironment) {
  ProxyOptions options;
  EXPECT_EQ(proxy_for(options, "http", "x", "80"), "");
  options.url = "proxy:3128";
  EXPECT_EQ(proxy_for(options, "http", "x", "80"), "http://proxy:3128");
  EXPECT_EQ(proxy_for(options, "http", "localhost", "80"), "http://proxy:3128");
  options.no_proxy = "x";
  EXPECT_EQ(proxy_for(options, "http", "x", "80"), "");
  EXPECT_EQ(proxy_for(options, "http", "localhost", "80"), "");
  options.url = "socks5://proxy";
  EXPECT_EQ(proxy_for(options, "http", "y", "80"), "socks5h://proxy");

  setenv("HTTP_PROXY", "http://plain", 1);
  setenv("https_proxy", "http://tls", 1);
  unsetenv("HTTPS_PROXY");
  setenv("NO_PROXY", "direct", 1);
  ProxyOptions environment;
  environment.from_environment = true;
  EXPECT_EQ(proxy_for(environment, "http", "x", "80"), "http://plain");
  EXPECT_EQ(proxy_for(environment, "https", "x", "443"), "http://tls");
  EXPECT_EQ(proxy_for(environment, "https", "direct", "443"), "");
  for (const char* name : {"HTTP_PROXY", "https_proxy", "NO_PROXY"}) unsetenv(name);
}

}  // namespace
}  // namespace silverback::net
