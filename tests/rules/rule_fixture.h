// Rules over a naive store, with a clock that tests move.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/memory_storage.h"
#include "base/metrics.h"
#include "base/number_text.h"
#include "config/rule_file.h"
#include "promql/engine.h"
#include "rules/group.h"
#include "rules/rule_set.h"
#include "tests/testing/manual_clock.h"

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

// Like another, but its commits fail with a text that is not empty, and so do series of one name.
class FailingAppender final : public Appender {
 public:
  FailingAppender(std::unique_ptr<Appender> appender, const std::string& failure)
      : appender_(std::move(appender)), failure_(failure) {}
  Result<SeriesRef> series(const Labels& labels) override {
    if (labels.metric_name() == "r:bad") return fail(ErrorCode::kUnavailable, "no more series");
    return appender_->series(labels);
  }
  bool known(SeriesRef ref) const override { return appender_->known(ref); }
  void append(SeriesRef ref, Sample sample, AppendOptions options) override {
    appender_->append(ref, sample, options);
  }
  void append(SeriesRef ref, HistogramSample sample, AppendOptions options) override {
    appender_->append(ref, std::move(sample), options);
  }
  void append(SeriesRef ref, Exemplar exemplar) override {
    appender_->append(ref, std::move(exemplar));
  }
  void append_metadata(std::string_view metric, Metadata metadata) override {
    appender_->append_metadata(metric, std::move(metadata));
  }
  Result<CommitResult> commit() override {
    if (failure_.empty()) return appender_->commit();
    appender_->rollback();
    return fail(ErrorCode::kUnavailable, failure_);
  }
  void rollback() override { appender_->rollback(); }

 private:
  const std::unique_ptr<Appender> appender_;
  const std::string& failure_;
};

class RuleFixture : public ::testing::Test {
 protected:
  RuleFixture() : engine_(promql::EngineOptions{}) {
    environment_.storage = &storage_;
    environment_.engine = &engine_;
    environment_.appender = [this] {
      return std::make_unique<FailingAppender>(storage_.appender(), commit_failure_);
    };
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
  // All samples of a series, as `t:value` with blanks between; a marker is `stale`.
  std::string stored(const Labels& labels) const {
    std::vector<Matcher> matchers;
    for (const Label& label : labels)
      matchers.push_back(Matcher::equal(std::string(label.name), std::string(label.value)));
    const auto selection = storage_.select(matchers, {});
    SampleColumns columns;
    for (std::size_t i = 0; i < (*selection)->size(); ++i) {
      if ((*selection)->labels(i) != labels) continue;
      EXPECT_TRUE((*selection)->read(i, columns));
    }
    std::string text;
    for (std::size_t i = 0; i < columns.t.size(); ++i) {
      text += (i == 0 ? "" : " ") + std::to_string(columns.t[i]) + ":";
      text += is_stale(columns.v[i]) ? "stale" : format_float(columns.v[i]);
    }
    return text;
  }
  // The value of a metric now; -1 if there is none.
  double metric(const std::string& name, const Labels& labels = {}) const {
    for (const Registry::Family& family : metrics_.snapshot()) {
      for (const Registry::Point& point : family.points) {
        if (family.name == name && point.labels == labels) return point.value;
      }
    }
    return -1;
  }

  MemoryStorage storage_;
  std::string commit_failure_;  // commits fail with it, if not empty
  testing::ManualClock clock_{1'000'000};
  Registry metrics_;
  promql::Engine engine_;
  Environment environment_;
  std::vector<notifier::Alert> notices_;
};

}  // namespace silverback::rules
