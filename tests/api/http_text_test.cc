#include <gtest/gtest.h>

#include "api/escaped_name.h"
#include "api/html.h"
#include "api/http_wire.h"
#include "api/request.h"
#include "api/router.h"
#include "base/url_escape.h"

namespace silverback::api {
namespace {

TEST(PercentDecode, TakesEscapesAndRefusesBrokenOnes) {
  struct Case {
    std::string_view text;
    std::optional<std::string> want;
  };
  const Case cases[] = {{"", ""},
                        {"a%20b+c", "a b c"},
                        {"%41%7a", "Az"},
                        {"%", std::nullopt},
                        {"%4", std::nullopt},
                        {"a%zzb", std::nullopt},
                        {"%00", std::string(1, '\0')},
                        {"%e4%b8%96", "世"}};
  for (const auto& [text, want] : cases) {
    const Result<std::string> decoded = percent_decode(text, true);
    ASSERT_EQ(decoded.has_value(), want.has_value()) << text;
    if (want) {
      EXPECT_EQ(*decoded, *want) << text;
    }
  }
  EXPECT_EQ(percent_decode("a+b", false).value(), "a+b");
  EXPECT_EQ(percent_decode("%4", true).error().message, "invalid URL escape \"%4\"");
}

TEST(PercentDecode, IsTheReverseOfEncoding) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all), true).value(), all);
}

TEST(Form, KeepsTheFirstValueAndAllOfThem) {
  Form form;
  ASSERT_TRUE(form.add_encoded("a=1&&b&c=%3D=&a=2&=x"));
  EXPECT_EQ(form.get("a"), "1");
  EXPECT_EQ(form.get("b"), "");
  EXPECT_EQ(form.get("c"), "==");
  EXPECT_EQ(form.get("none"), "");
  EXPECT_EQ(form.all("a"), (std::vector<std::string_view>{"1", "2"}));
  EXPECT_FALSE(form.add_encoded("x=%f"));
}

TEST(UnescapeName, FollowsTheValuesScheme) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"job", "job"},
      {"U__http_2e_status", "http.status"},
      {"U__a__b", "a_b"},
      {"U___4e16_", "世"},
      {"U___1f600_x", "\U0001F600x"},
      {"U__", ""},
      // Not made by these rules: as they are.
      {"U__a_b", "U__a_b"},
      {"U__a_zz_", "U__a_zz_"},
      {"U___d800_", "U___d800_"},
      {"U___110000_", "U___110000_"},
      {"U___00000041_", "U___00000041_"},
      {"U_a", "U_a"},
  };
  for (const auto& [name, want] : cases) EXPECT_EQ(unescape_name(name), want) << name;
}

TEST(EscapeHtml, LeavesNoMarkup) {
  EXPECT_EQ(escape_html("<a href=\"x\" title='y'>&amp;"),
            "&lt;a href=&#34;x&#34; title=&#39;y&#39;&gt;&amp;amp;");
}

TEST(SplitTarget, SeparatesPathAndQuery) {
  struct Case {
    std::string_view target, path, query;
  };
  const Case cases[] = {{"/a/b?c=d?e", "/a/b", "c=d?e"}, {"/a", "/a", ""}, {"/?", "/", ""},
                        {"http://h:1/a?b", "/a", "b"},   {"*", "*", ""},   {"http://h", "", ""}};
  for (const auto& [target, want_path, want_query] : cases) {
    std::string path, query;
    split_target(target, path, query);
    EXPECT_EQ(path, want_path) << target;
    EXPECT_EQ(query, want_query) << target;
  }
}

TEST(ResponseHead, KeepsHeaderValuesOnTheirLine) {
  Response response = text_response(200, "x");
  response.headers.push_back({"X", "a\r\nSet-Cookie: b"});
  const std::string head = response_head(response, true, std::chrono::system_clock::time_point{});
  EXPECT_EQ(head,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "X: a  Set-Cookie: b\r\nContent-Length: 1\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            "X-Content-Type-Options: nosniff\r\n\r\n");
}

TEST(Routes, AreUniqueAndWellFormed) {
  for (const Route& route : routes()) {
    EXPECT_TRUE(route.pattern.starts_with('/')) << route.pattern;
    EXPECT_NE(route.handler, nullptr) << route.pattern;
    EXPECT_NE(route.methods, 0) << route.pattern;
    const Router router(routes(), "");
    EXPECT_EQ(router.match(route.pattern).route, &route) << route.pattern;
  }
}

TEST(Form, TakesTenThousandParametersAndNoMore) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "a=1&";
  Form form;
  ASSERT_TRUE(form.add_encoded(text));
  EXPECT_EQ(form.all("a").size(), 10'000U);
  const Status beyond = form.add_encoded("b");
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(beyond.error().message.find("10000"), std::string::npos);
}

}  // namespace
}  // namespace silverback::api
