#include "scrape/target.h"

#include <gmock/gmock.h>

#include "config/prometheus_config.h"

namespace silverback::scrape {
namespace {

// The rules of a job "node" with these keys besides: `scheme: https`.
TargetRules rules_of(const std::string& keys = "scheme: http") {
  const auto config = config::parse_config("scrape_configs: [{job_name: node, " + keys + "}]", "p");
  EXPECT_TRUE(config) << keys << config.error().message;
  const auto rules = target_rules(config->scrape_configs.at(0));
  EXPECT_TRUE(rules) << rules.error().message;
  return *rules;
}

Result<std::optional<Target>> make(const TargetRules& rules, const Labels& target,
                                   const Labels& group = {}) {
  return make_target(rules, target, {"0", group, {target}});
}

Target made(const TargetRules& rules, const Labels& target, const Labels& group = {}) {
  const auto one = make(rules, target, group);
  EXPECT_TRUE(one) << one.error().message;
  return one && *one ? **one : Target();
}

std::string error_of(const Labels& target) {
  const auto one = make(rules_of(), target);
  return one ? "none" : one.error().message;
}

// The URL of a target with these labels besides its address, `h:1`.
std::string url_of(const std::string& label, const std::string& value,
                   const std::string& keys = "scheme: http") {
  LabelsBuilder target(Labels{{"__address__", "h:1"}});
  target.set(label, value);
  return made(rules_of(keys), target.build()).url;
}

std::string all_ascii() {
  std::string all;
  for (char c = 1; c < 127; ++c) all += c;
  return all + '\x7f';
}

TEST(Target, HasWhatTheJobSays) {
  const Target target = made(rules_of(), {{"__address__", "h:1"}});
  EXPECT_EQ(target.discovered, (Labels{{"__address__", "h:1"},
                                       {"__always_scrape_classic_histograms__", "false"},
                                       {"__convert_classic_histograms_to_nhcb__", "false"},
                                       {"__metrics_path__", "/metrics"},
                                       {"__scheme__", "http"},
                                       {"__scrape_interval__", "1m"},
                                       {"__scrape_native_histograms__", "false"},
                                       {"__scrape_timeout__", "10s"},
                                       {"job", "node"}}));
  EXPECT_EQ(target.own_labels, (Labels{{"instance", "h:1"}, {"job", "node"}}));
  EXPECT_EQ(target.url, "http://h:1/metrics");
  EXPECT_EQ(target.unix_socket, "");
  EXPECT_EQ(target.interval, 60'000);
  EXPECT_EQ(target.timeout, 10'000);

  const Target other = made(
      rules_of("scheme: https, metrics_path: /x, scrape_interval: 90s, scrape_timeout: 1500ms, "
               "scrape_native_histograms: true, params: {a: [b, c]}"),
      {{"__address__", "h:1"}});
  EXPECT_EQ(other.url, "https://h:1/x?a=b&a=c");
  EXPECT_EQ(other.interval, 90'000);
  EXPECT_EQ(other.timeout, 1'500);
  EXPECT_EQ(other.discovered.get("__scrape_interval__"), "1m30s");
  EXPECT_EQ(other.discovered.get("__scrape_timeout__"), "1s500ms");
  EXPECT_EQ(other.discovered.get("__scrape_native_histograms__"), "true");
  EXPECT_EQ(other.discovered.get("__param_a"), "b");
}

TEST(Target, ItsLabelsWinOverItsGroupsAndTheseOverTheJobs) {
  const TargetRules rules = rules_of("params: {p: [job]}");
  const Labels group{{"job", "group"}, {"a", "group"}, {"b", "group"}, {"__param_p", "group"}};
  const Labels target{{"__address__", "h:1"}, {"b", "target"}};
  const Target both = made(rules, target, group);
  EXPECT_EQ(both.own_labels,
            (Labels{{"a", "group"}, {"b", "target"}, {"instance", "h:1"}, {"job", "group"}}));
  EXPECT_EQ(both.url, "http://h:1/metrics?p=group");
  EXPECT_EQ(discovered_labels(rules, target, {"0", group, {}}), both.discovered);
}

TEST(Target, IsWhatRelabellingMakesOfIt) {
  const auto relabeled = [](const std::string& rules, const Labels& target) {
    return make(rules_of("relabel_configs: [" + rules + "]"), target);
  };
  const auto set = [](const std::string& label, const std::string& value) {
    return "{target_label: " + label + ", replacement: '" + value + "'}";
  };
  const Labels found{{"__address__", "h:1"}, {"__meta_role", "pod"}};
  const auto target =
      relabeled(set("__address__", "other:2") + "," + set("__scheme__", "https") + "," +
                    set("__metrics_path__", "/probe") + "," + set("__scrape_interval__", "30s") +
                    "," + set("__scrape_timeout__", "5s") + "," + set("__param_target", "x y") +
                    "," + "{source_labels: [__meta_role], target_label: role}",
                found);
  ASSERT_TRUE(target && *target);
  const Target& got = **target;
  EXPECT_EQ(got.url, "https://other:2/probe?target=x+y");
  EXPECT_EQ(got.interval, 30'000);
  EXPECT_EQ(got.timeout, 5'000);
  EXPECT_EQ(got.own_labels, (Labels{{"instance", "other:2"}, {"job", "node"}, {"role", "pod"}}));
  EXPECT_EQ(got.discovered.get("__address__"), "h:1");

  const auto dropped = relabeled("{source_labels: [__meta_role], regex: pod, action: drop}", found);
  ASSERT_TRUE(dropped);
  EXPECT_FALSE(*dropped);
  // What is dropped need not make sense.
  EXPECT_TRUE(relabeled("{action: drop, source_labels: [job]}", Labels{{"a", "b"}}));
}

TEST(Target, KeepsNoMetaLabelsAndShowsNoInternalOnes) {
  const Target target = made(
      rules_of(),
      {{"__address__", "h:1"}, {"__meta_x", "y"}, {"__meta_", "y"}, {"__tmp_x", "y"}, {"_x", "y"}});
  EXPECT_FALSE(target.labels.has("__meta_x"));
  EXPECT_FALSE(target.labels.has("__meta_"));
  EXPECT_TRUE(target.discovered.has("__meta_x"));
  EXPECT_EQ(target.labels.get("__tmp_x"), "y");
  EXPECT_EQ(target.own_labels, (Labels{{"_x", "y"}, {"instance", "h:1"}, {"job", "node"}}));
}

TEST(Target, IsAnInstanceOfItsOwnNameIfItHasOne) {
  const Target target = made(rules_of(), {{"__address__", "h:1"}, {"instance", "a"}});
  EXPECT_EQ(target.own_labels.get("instance"), "a");
}

TEST(Target, MayBeBehindASocket) {
  const Labels labels{{"__address__", "h"}, {"__unix_socket__", "/run/x.sock"}};
  const Target target = made(rules_of(), labels);
  EXPECT_EQ(target.unix_socket, "/run/x.sock");
  EXPECT_EQ(target.url, "http://h/metrics");
  EXPECT_EQ(error_of({{"__unix_socket__", "/run/x.sock"}}), "no address");  // as Prometheus has it
}

TEST(Target, SaysWhyItIsNone) {
  struct Case {
    Label label;
    std::string_view want;
  };
  constexpr Case kCases[] = {
      {{"__address__", ""}, "no address"},
      {{"__address__", "http://a"}, "\"http://a\" is not a valid hostname"},
      {{"__address__", "a/b"}, "\"a/b\" is not a valid hostname"},
      {{"__scrape_interval__", "x"},
       "error parsing scrape interval: not a valid duration string: \"x\""},
      {{"__scrape_interval__", "-1s"},
       "error parsing scrape interval: not a valid duration string: \"-1s\""},
      {{"__scrape_interval__", "0"}, "scrape interval cannot be 0"},
      {{"__scrape_timeout__", "1"},
       "error parsing scrape timeout: not a valid duration string: \"1\""},
      {{"__scrape_timeout__", "0s"}, "scrape timeout cannot be 0"},
      {{"__scrape_timeout__", "61s"},
       "scrape timeout cannot be greater than scrape interval (\"61s\" > \"1m\")"},
      {{"__scrape_timeout__", "1m"}, "none"},
      {{"__convert_classic_histograms_to_nhcb__", "no"},
       "error parsing convert classic histograms to nhcb: strconv.ParseBool: parsing \"no\": "
       "invalid syntax"},
      {{"__always_scrape_classic_histograms__", "tRUE"},
       "error parsing always scrape classic histograms: strconv.ParseBool: parsing \"tRUE\": "
       "invalid syntax"},
      {{"__scrape_native_histograms__", "2"},
       "error parsing scrape native histograms: strconv.ParseBool: parsing \"2\": invalid syntax"},
      {{"__scrape_native_histograms__", "T"}, "none"},
      {{"__scrape_native_histograms__", "0"}, "none"},
      {{"a", "\xff"}, "invalid label value for \"a\": \"\\xff\""},
      {{"__meta_a", "\xff"}, "none"},
  };
  for (const Case& c : kCases) {
    LabelsBuilder labels(Labels{{"__address__", "h:1"}});
    labels.set(c.label.name, c.label.value);
    EXPECT_EQ(error_of(labels.build()), c.want);
  }
  // A label that relabelling takes away.
  const auto gone =
      make(rules_of("relabel_configs: [{action: labeldrop, regex: __scrape_interval__}]"),
           {{"__address__", "h:1"}});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().message, "error parsing scrape interval: empty duration string");
}

TEST(Target, WantsRulesThatMakeSense) {
  config::ScrapeConfig job;
  job.relabel_configs.emplace_back().regex = "(";
  EXPECT_FALSE(target_rules(job));
}

// The expected texts are what Go 1.26 prints.
TEST(Target, PrintsAddressesAsGoDoes) {
  constexpr std::pair<const char*, const char*> kCases[] = {
      {"h", "http://h/metrics"},
      {"ä:80", "http://%C3%A4:80/metrics"},
      {"[::1]:80", "http://[::1]:80/metrics"},
      {"a b", "http://a%20b/metrics"},
      {"a%b", "http://a%25b/metrics"},
      {"a\\b", "http://a%5Cb/metrics"},
      {"a@b", "http://a%40b/metrics"},
      {"a?b#c", "http://a%3Fb%23c/metrics"},
  };
  for (const auto& [address, url] : kCases) EXPECT_EQ(url_of("__address__", address), url);
  std::string all = all_ascii();
  std::erase(all, '/');
  EXPECT_EQ(url_of("__address__", all),
            "http://%01%02%03%04%05%06%07%08%09%0A%0B%0C%0D%0E%0F%10%11%12%13%14%15%16%17%18%19%1A"
            "%1B%1C%1D%1E%1F%20!\"%23$%25&'()*+,-.0123456789:;<=>%3F%40ABCDEFGHIJKLMNOPQRSTUVWXYZ["
            "%5C]%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~%7F/metrics");
}

TEST(Target, PrintsPathsAsGoDoes) {
  constexpr std::pair<const char*, const char*> kCases[] = {
      {"metrics", "http://h:1/metrics"}, {"*", "http://h:1/*"},
      {"/*", "http://h:1/%2A"},          {"//a", "http://h:1//a"},
      {"/a?b=c", "http://h:1/a%3Fb=c"},  {"/ä/ü", "http://h:1/%C3%A4/%C3%BC"},
      {"/a/../b", "http://h:1/a/../b"},  {"/%41", "http://h:1/%2541"},
      {"a:b", "http://h:1/a:b"},
  };
  for (const auto& [path, url] : kCases) EXPECT_EQ(url_of("__metrics_path__", path), url);
  EXPECT_EQ(url_of("__metrics_path__", "/" + all_ascii()),
            "http://h:1/%01%02%03%04%05%06%07%08%09%0A%0B%0C%0D%0E%0F%10%11%12%13%14%15%16%17%18%19"
            "%1A%1B%1C%1D%1E%1F%20%21%22%23$%25&%27%28%29%2A+,-./0123456789:;%3C=%3E%3F@ABCDEFGHIJK"
            "LMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~%7F");
  const std::string no_path = "relabel_configs: [{action: labeldrop, regex: __metrics_path__}]";
  EXPECT_EQ(url_of("a", "b", no_path), "http://h:1");
}

TEST(Target, PrintsParametersAsGoDoes) {
  EXPECT_EQ(url_of("a", "b", "params: {z: [1, 2], a: [x, ''], none: [], '': [e]}"),
            "http://h:1/metrics?=e&a=x&a=&z=1&z=2");
  // The label is the first value.
  EXPECT_EQ(url_of("__param_z", "new", "params: {z: [1, 2], a: [x]}"),
            "http://h:1/metrics?a=x&z=new&z=2");
  EXPECT_EQ(url_of("__param_z", "new"), "http://h:1/metrics?z=new");
  EXPECT_EQ(url_of("__param_none", "new", "params: {none: []}"), "http://h:1/metrics?none=new");
  EXPECT_EQ(url_of("__param_ü b", all_ascii()),
            "http://h:1/metrics?%C3%BC+b=%01%02%03%04%05%06%07%08%09%0A%0B%0C%0D%0E%0F%10%11%12%13"
            "%14%15%16%17%18%19%1A%1B%1C%1D%1E%1F+%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F01234567"
            "89%3A%3B%3C%3D%3E%3F%40ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60abcdefghijklmnopqrstu"
            "vwxyz%7B%7C%7D~%7F");
  // Relabelling takes the label away, not what the job says.
  EXPECT_EQ(url_of("a", "b",
                   "params: {z: [1]}, relabel_configs: [{action: labeldrop, regex: __param_z}]"),
            "http://h:1/metrics?z=1");
}

TEST(Target, PrintsAnySchemeAsGoDoes) {
  EXPECT_EQ(url_of("__scheme__", "https"), "https://h:1/metrics");
  EXPECT_EQ(url_of("__scheme__", "a b"), "a b://h:1/metrics");
  EXPECT_EQ(url_of("a", "b", "relabel_configs: [{action: labeldrop, regex: __scheme__}]"),
            "//h:1/metrics");
}

TEST(Target, IsTheSameByLabelsAndUrl) {
  const TargetRules rules = rules_of("params: {a: [b, c]}");
  const Target target = made(rules, {{"__address__", "h:1"}, {"__meta_x", "y"}});
  const Target same = made(rules, {{"__address__", "h:1"}, {"__meta_x", "z"}});
  EXPECT_TRUE(target.is_same(same));
  EXPECT_EQ(target.hash(), same.hash());
  // Only the URL tells these apart, only a label those.
  const Target other_url = made(rules_of("params: {a: [b, d]}"), {{"__address__", "h:1"}});
  EXPECT_EQ(other_url.labels, target.labels);
  const Target other_label = made(rules, {{"__address__", "h:1"}, {"__tmp_x", "y"}});
  EXPECT_EQ(other_label.url, target.url);
  for (const Target& other : {other_url, other_label}) {
    EXPECT_FALSE(target.is_same(other));
    EXPECT_NE(target.hash(), other.hash());
  }
}

TEST(Target, IsHashedAlikeEverywhere) {
  const Target target = made(rules_of(), {{"__address__", "h:1"}});
  EXPECT_EQ(target.hash(), 1493685492774219861U);
}

}  // namespace
}  // namespace silverback::scrape
