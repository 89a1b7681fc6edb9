// Rules over a naive store, with a clock that tests move.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/metrics.h"
#include "config/rule_file.h"
#include "promql/engine.h"
#include "rules/group.h"
#include "rules/rule_set.h"
#include "tests/testing/manual_clock.h"
#include "tests/testing/memory_storage.h"

namespace silverback::rules {

inline constexpr TimestampNs kSecondNs = 1'000'000'000;

// The groups of a rule file's text; their file is r.yml.
inline std::vector<GroupSpec> groups_of(const std::string& text) {
  const Result<config::RuleFile> file = config::parse_rule_file(text, "r.yml");
  EXPECT_TRUE(file.has_value()) << (file ? "" : file.error().message);
  if (!file) return {};
  Result<std::vector<GroupSpec>> groups = make_groups(*file, "r.yml", {}, {});
  EXPECT_TRUE(groups.has_value()) << (groups ? "" : groups.error().message);
  return groups ? *std::move(groups) : std::vector<GroupSpec>();
}

class RuleFixture : public ::testing::Test {
 protected:
  RuleFixture() : engine_(promql::EngineOptions{}) {
    environment_.storage = &storage_;
    environment_.engine = &engine_;
    environment_.appender = [this] { return storage_.appender(); };
    environment_.clock = &clock_;
    environment_.metrics = &metrics_;
    environment_.external_url = "http://silverback:9090/p";
    environment_.notify = [this](std::vector<notifier::Alert> alerts) {
      for (notifier::Alert& alert : alerts) notices_.push_back(std::move(alert));
    };
  }

  std::unique_ptr<Group> group(const std::string& text, bool restored = true) {
    std::vector<GroupSpec> specs = groups_of(text);
    return std::make_unique<Group>(std::make_shared<const GroupSpec>(std::move(specs.at(0))),
                                   environment_, restored);
  }
  void add(const Labels& labels, TimestampMs t, double v) { storage_.append(labels, {t, v}); }
  std::string stored(const Labels& labels) const { return storage_.samples_text(labels); }
  // The value of a metric now; -1 if there is none.
  double metric(const std::string& name, const Labels& labels = {}) const {
    for (const Registry::Family& family : metrics_.snapshot()) {
      for (const Registry::Point& point : family.points) {
        if (family.name == name && point.labels == labels) return point.value;
      }
    }
    return -1;
  }

  testing::MemoryStorage storage_;
  testing::ManualClock clock_{1'000'000};
  Registry metrics_;
  promql::Engine engine_;
  Environment environment_;
  std::vector<notifier::Alert> notices_;
};

}  // namespace silverback::rules
