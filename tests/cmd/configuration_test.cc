#include "cmd/configuration.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/manual_clock.h"
#include "tests/testing/memory_file_system.h"

namespace silverback::cmd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Apply = Configuration::Apply;

constexpr DurationMs kDay = 86'400'000;

class ConfigurationTest : public ::testing::Test {
 protected:
  void write(const std::string& path, std::string_view text) {
    ASSERT_TRUE(files_.create_directories(std::filesystem::path(path).parent_path()));
    ASSERT_TRUE(files_.remove_all(path));
    const Result<std::unique_ptr<File>> file = files_.create(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(std::as_bytes(std::span(text.data(), text.size()))));
  }

  // Parts that write down what is done with them; one refuses what a label tells it to.
  void add_parts(Configuration& configuration) {
    for (const std::string part : {"a", "b"}) {
      configuration.add([this, part](const config::PrometheusConfig& config) -> Result<Apply> {
        const auto& labels = config.global.external_labels;
        const std::string x = labels.contains("x") ? labels.at("x") : "";
        done_.push_back("prepare " + part);
        if (x == "bad") return fail(ErrorCode::kInvalidArgument, part + " cannot take it");
        return Apply([this, part, x] { done_.push_back("apply " + part + " " + x); });
      });
    }
  }

  // What was done since the last call.
  std::vector<std::string> done() { return std::exchange(done_, {}); }

  double metric(const std::string& name, const std::string& section = "") const {
    for (const Registry::Family& family : metrics_.snapshot()) {
      if (family.name != name) continue;
      for (const Registry::Point& point : family.points)
        if (point.labels.get("section") == section) return point.value;
    }
    return -1;
  }

  testing::MemoryFileSystem files_;
  testing::ManualClock clock_{1'700'000'000'000};
  Registry metrics_;
  std::vector<std::string> done_;
  ConfigurationOptions options_{.path = "/c/p.yml",
                                .retention = 15 * kDay,
                                .files = &files_,
                                .clock = &clock_,
                                .metrics = &metrics_};
};

TEST_F(ConfigurationTest, RunsWithoutAFileByTheDefaults) {
  options_.path.clear();
  Configuration configuration(options_);
  add_parts(configuration);
  ASSERT_TRUE(configuration.load());
  EXPECT_EQ(configuration.current()->global.evaluation_interval, 60'000);
  EXPECT_EQ(configuration.current()->storage.tsdb->retention.time, 15 * kDay);
  configuration.apply();
  EXPECT_THAT(done(), ElementsAre("prepare a", "prepare b", "apply a ", "apply b "));
  EXPECT_TRUE(configuration.reload());
  EXPECT_THAT(done(), IsEmpty());
  EXPECT_EQ(configuration.status().yaml, "");
  EXPECT_EQ(configuration.status().storage_retention, "15d");
  EXPECT_EQ(metric("prometheus_config_last_reload_successful"), 1);
}

TEST_F(ConfigurationTest, AppliesNothingBeforeEverythingIsChecked) {
  write("/c/p.yml", "global: {external_labels: {x: one}}");
  Configuration configuration(options_);
  add_parts(configuration);
  ASSERT_TRUE(configuration.load());
  EXPECT_THAT(done(), ElementsAre("prepare a", "prepare b"));
  EXPECT_EQ(configuration.reload().error().code, ErrorCode::kUnavailable) << "not before apply()";
  configuration.apply();
  EXPECT_THAT(done(), ElementsAre("apply a one", "apply b one"));
  write("/c/p.yml", "global: {external_labels: {x: two}}");
  ASSERT_TRUE(configuration.reload());
  EXPECT_THAT(done(), ElementsAre("prepare a", "prepare b", "apply a two", "apply b two"));
}

TEST_F(ConfigurationTest, LeavesEverythingAsItWasWhenItRefuses) {
  write("/c/p.yml", "global: {external_labels: {x: one}}");
  Configuration configuration(options_);
  add_parts(configuration);
  ASSERT_TRUE(configuration.load());
  configuration.apply();
  const api::ConfigStatus before = configuration.status();
  EXPECT_TRUE(before.reload_success);
  EXPECT_EQ(before.loaded, 1'700'000'000'000);
  EXPECT_THAT(before.yaml, HasSubstr("x: one"));
  clock_.set(1'700'000'100'000);

  constexpr std::pair<std::string_view, std::string_view> cases[] = {
      {"globl: {}",
       "couldn't load configuration (--config.file=\"/c/p.yml\"): /c/p.yml:1:1: globl: unknown "
       "key"},
      {"global: {external_labels: {x: bad}}\nremote_read: [{url: 'http://h'}]",
       "/c/p.yml: remote_read: reading from another server is not built\n"
       "a cannot take it\nb cannot take it"},
  };
  for (const auto& [yaml, message] : cases) {
    done();
    write("/c/p.yml", yaml);
    const Status reloaded = configuration.reload();
    ASSERT_FALSE(reloaded);
    EXPECT_EQ(reloaded.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(reloaded.error().message, message);
    for (const std::string& step : done()) EXPECT_THAT(step, Not(HasSubstr("apply")));
    EXPECT_EQ(configuration.current()->global.external_labels.at("x"), "one");
    EXPECT_EQ(configuration.status().yaml, before.yaml);
    EXPECT_EQ(configuration.status().loaded, before.loaded);
    EXPECT_FALSE(configuration.status().reload_success);
    EXPECT_EQ(metric("prometheus_config_last_reload_successful"), 0);
    EXPECT_EQ(metric("prometheus_config_last_reload_success_timestamp_seconds"), 1'700'000'000);
  }
  ASSERT_TRUE(files_.remove_all("/c/p.yml"));
  EXPECT_THAT(configuration.reload().error().message, HasSubstr("/c/p.yml"));

  write("/c/p.yml", "global: {external_labels: {x: two}}");
  ASSERT_TRUE(configuration.reload());
  EXPECT_TRUE(configuration.status().reload_success);
  EXPECT_EQ(configuration.status().loaded, 1'700'000'100'000);
  EXPECT_EQ(metric("prometheus_config_last_reload_successful"), 1);
  EXPECT_EQ(metric("prometheus_config_last_reload_success_timestamp_seconds"), 1'700'000'100);
}

TEST_F(ConfigurationTest, RefusesToStartWithTheSameWords) {
  write("/c/p.yml",
        "scrape_configs: [{job_name: a, dns_sd_configs: [{names: [x]}]}]\n"
        "storage: {tsdb: {retention: {size: 1GB}}}");
  Configuration configuration(options_);
  const Status loaded = configuration.load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kInvalidArgument);
  const std::string& text = loaded.error().message;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_THAT(text,
              HasSubstr("/c/p.yml: scrape_configs[0].dns_sd_configs: this discovery is not built"));
  EXPECT_THAT(text, HasSubstr("storage.tsdb.retention.size: retention by size is not built"));
}

TEST_F(ConfigurationTest, PrefersTheRetentionOfTheFile) {
  const auto retention = [&](std::string_view yaml) {
    write("/c/p.yml", yaml);
    Configuration configuration(options_);
    EXPECT_TRUE(configuration.load());
    EXPECT_THAT(configuration.status().yaml, HasSubstr("retention"));
    return std::to_string(*configuration.current()->storage.tsdb->retention.time / kDay) + " " +
           configuration.status().storage_retention;
  };
  EXPECT_EQ(retention("storage: {tsdb: {retention: {time: 30d}}}"), "30 30d");
  EXPECT_EQ(retention("storage: {tsdb: {retention: {time: 0s}}}"), "0 ");
  for (const char* silent :
       {"", "storage: {}", "storage: {tsdb: {}}", "storage: {tsdb: {retention: {}}}"})
    EXPECT_EQ(retention(silent), "15 15d") << silent;
}

TEST_F(ConfigurationTest, CountsWhatItIgnores) {
  write("/c/p.yml", "tracing: {endpoint: x}\nglobal: {query_log_file: q}");
  Configuration configuration(options_);
  ASSERT_TRUE(configuration.load());
  configuration.apply();
  EXPECT_EQ(metric("silverback_config_ignored", "tracing"), 1);
  EXPECT_EQ(metric("silverback_config_ignored", "global.query_log_file"), 1);
  write("/c/p.yml", "tracing: {endpoint: x}");
  ASSERT_TRUE(configuration.reload());
  EXPECT_EQ(metric("silverback_config_ignored", "tracing"), 1);
  EXPECT_EQ(metric("silverback_config_ignored", "global.query_log_file"), 0);
}

TEST_F(ConfigurationTest, SeesWhenAFileHasChanged) {
  write("/c/p.yml",
        "rule_files: [r/*.yml]\nscrape_config_files: [s.yml]\n"
        "global: {external_labels: {x: one}}");
  write("/c/r/1.yml", "groups: []");
  write("/c/s.yml", "scrape_configs: []");
  Configuration configuration(options_);
  add_parts(configuration);
  ASSERT_TRUE(configuration.load());
  configuration.apply();
  const auto reloads = [&] {
    done();
    static_cast<void>(configuration.reload_if_changed());
    return !done().empty();
  };
  EXPECT_FALSE(reloads());
  write("/c/r/1.yml", "groups: [{name: a}]");
  EXPECT_TRUE(reloads());
  EXPECT_FALSE(reloads());
  write("/c/r/2.yml", "groups: []");
  EXPECT_TRUE(reloads()) << "a new file";
  ASSERT_TRUE(files_.remove_all("/c/r/1.yml"));
  EXPECT_TRUE(reloads()) << "one less";
  write("/c/s.yml", "scrape_configs: []\n");
  EXPECT_TRUE(reloads());
  write("/c/p.yml", "rule_files: [r/*.yml]\nglobal: {external_labels: {x: bad}}");
  EXPECT_TRUE(reloads());
  EXPECT_FALSE(configuration.status().reload_success);
  EXPECT_FALSE(reloads()) << "what was refused is not tried again";
  write("/c/r/2.yml", "groups: []\n");
  EXPECT_TRUE(reloads()) << "but when a file that it names is mended";
  write("/c/p.yml", "rule_files: [r/*.yml]");
  EXPECT_TRUE(reloads());
  EXPECT_TRUE(configuration.status().reload_success);
  write("/c/p.yml", "rule_files: []");
  ASSERT_TRUE(configuration.reload());
  EXPECT_FALSE(reloads()) << "somebody else asked for it already";
}

}  // namespace
}  // namespace silverback::cmd
