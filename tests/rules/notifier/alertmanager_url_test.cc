#include "rules/notifier/alertmanager_url.h"

#include <gmock/gmock.h>

namespace silverback::notifier {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

discovery::TargetGroups targets(std::initializer_list<std::string_view> addresses,
                                Labels labels = {}) {
  discovery::TargetGroup group{"there:0", std::move(labels), {}};
  for (const std::string_view address : addresses)
    group.targets.push_back(Labels{{"__address__", address}});
  return {std::make_shared<const discovery::TargetGroup>(std::move(group))};
}

AlertmanagerUrls urls(const discovery::TargetGroups& groups,
                      const config::AlertmanagerConfig& section = {}) {
  return alertmanager_urls(groups, section, *config::Relabeling::make(section.relabel_configs));
}

TEST(AlertmanagerUrl, IsMadeOfAddressSchemeAndPath) {
  EXPECT_THAT(urls(targets({"am:9093", "[::1]:9093", "am"})).active,
              ElementsAre("http://am:9093/api/v2/alerts", "http://[::1]:9093/api/v2/alerts",
                          "http://am/api/v2/alerts"));
  config::AlertmanagerConfig section;
  section.scheme = "https";
  section.path_prefix = "/am";
  EXPECT_THAT(urls(targets({"am:9093"}), section).active,
              ElementsAre("https://am:9093/am/api/v2/alerts"));
}

TEST(AlertmanagerUrl, HasACleanEscapedPath) {
  struct Case {
    std::string_view prefix, want;
  };
  constexpr Case kCases[] = {
      {"", "/api/v2/alerts"},
      {"/", "/api/v2/alerts"},
      {"am/", "/am/api/v2/alerts"},
      {"//a//./b/", "/a/b/api/v2/alerts"},
      {"/a b/../c!(d)", "/c%21%28d%29/api/v2/alerts"},
      {"/../..", "/api/v2/alerts"},
      {"/a-b_c.d~e$f&g+h,i:j;k=l@m", "/a-b_c.d~e$f&g+h,i:j;k=l@m/api/v2/alerts"},
      {"/ü?#%", "/%C3%BC%3F%23%25/api/v2/alerts"},
  };
  for (const auto& [prefix, want] : kCases) {
    config::AlertmanagerConfig section;
    section.path_prefix = prefix;
    EXPECT_THAT(urls(targets({"am"}), section).active,
                ElementsAre("http://am" + std::string(want)));
  }
}

TEST(AlertmanagerUrl, IsForRelabellingToChange) {
  config::AlertmanagerConfig section;
  section.relabel_configs = {
      {.source_labels = {"__meta_port"}, .target_label = "__address__", .replacement = "am:$1"},
      {.source_labels = {"__scheme__"}, .target_label = "__scheme__", .replacement = "${1}s"},
      {.source_labels = {"__alerts_path__"},
       .target_label = "__alerts_path__",
       .replacement = "/x$1"},
  };
  EXPECT_THAT(urls(targets({"a", "b"}, {{"__meta_port", "93"}}), section).active,
              ElementsAre("https://am:93/x/api/v2/alerts"));
}

TEST(AlertmanagerUrl, TakesSchemeAndPathOfTheGroup) {
  EXPECT_THAT(
      urls(targets({"am"}, {{"__scheme__", "https"}, {"__alerts_path__", "/other"}})).active,
      ElementsAre("https://am/other"));
}

TEST(AlertmanagerUrl, OfDroppedTargetsIsTheOneBeforeRelabelling) {
  config::AlertmanagerConfig section;
  section.relabel_configs = {
      {.target_label = "__scheme__", .replacement = "https"},
      {.source_labels = {"__address__"}, .regex = "old.*", .action = config::RelabelAction::kDrop}};
  const AlertmanagerUrls found = urls(targets({"old:1", "am", "old:2", "old:1"}), section);
  EXPECT_THAT(found.active, ElementsAre("https://am/api/v2/alerts"));
  EXPECT_THAT(found.dropped,
              ElementsAre("http://old:1/api/v2/alerts", "http://old:2/api/v2/alerts"));
}

TEST(AlertmanagerUrl, IsThereOnce) {
  EXPECT_THAT(urls(targets({"am", "other", "am"})).active,
              ElementsAre("http://am/api/v2/alerts", "http://other/api/v2/alerts"));
}

TEST(AlertmanagerUrl, SaysWhatIsInvalidAndTakesTheRest) {
  const AlertmanagerUrls found =
      urls(targets({"am/x", "", "user@am", "am?x", "a m", "am#x", "am%31", "am"}));
  EXPECT_THAT(found.active, ElementsAre("http://am/api/v2/alerts"));
  EXPECT_THAT(found.dropped, IsEmpty());
  EXPECT_THAT(found.invalid, ElementsAre(R"(there:0: "am/x" is not a valid address)",
                                         R"(there:0: "" is not a valid address)",
                                         R"(there:0: "user@am" is not a valid address)",
                                         R"(there:0: "am?x" is not a valid address)",
                                         R"(there:0: "a m" is not a valid address)",
                                         R"(there:0: "am#x" is not a valid address)",
                                         R"(there:0: "am%31" is not a valid address)"));
  EXPECT_THAT(urls(targets({"am"}, {{"__scheme__", "ftp"}})).invalid,
              ElementsAre(R"(there:0: "ftp" is not a scheme of HTTP)"));
  EXPECT_THAT(urls(targets({"am"}, {{"__alerts_path__", "x"}})).invalid,
              ElementsAre(R"(there:0: "x" is not an absolute path)"));
}

}  // namespace
}  // namespace silverback::notifier
